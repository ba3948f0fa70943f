//! The messages of Dapr's API as they are on the wire, in JSON and in protobuf alike. All of it is made from `host/proto`
//! by `build/`: the types and the service by prost and tonic, the JSON by our own generator.

#![expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "tonic's own style"
)]

use super::protojson;

include!(concat!(env!("OUT_DIR"), "/dapr.proto.runtime.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/json.rs"));

/// The path of each method of the service.
pub const METHODS: &[&str] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// What reflection tells of the service: a `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
