//! Makes Rust of the `.proto` files: the messages and the service by prost and tonic, the messages' JSON by `json.rs`.
//! protox reads the files, so no protoc is needed.

use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::json;

const PACKAGE: &str = "dapr.proto.runtime.v1";

/// Writes what `src/api/dapr/wire.rs` and `src/api/grpc/` include.
pub(super) fn generate(protos: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", protos.display());
    let descriptors = protox::compile([protos.join("dapr/proto/runtime/v1/dapr.proto")], [protos])?;
    fs::write(out.join("json.rs"), json::generate(&messages(&descriptors))?)?;
    fs::write(out.join("methods.rs"), methods(&descriptors))?;
    fs::write(out.join("descriptors.bin"), without_comments(&descriptors).encode_to_vec())?;
    tonic_prost_build::configure()
        .out_dir(out)
        .build_transport(false)
        .btree_map(".")
        .extern_path(".google.protobuf.Struct", "crate::api::dapr::object::Struct")
        .compile_fds(descriptors)?;
    Ok(())
}

/// Our own messages; those of `google.protobuf` are written by hand, because their JSON follows rules of its own.
fn messages(descriptors: &FileDescriptorSet) -> Vec<json::Message<'_>> {
    let ours = descriptors.file.iter().filter(|file| file.package() == PACKAGE);
    ours.flat_map(|file| &file.message_type).map(|descriptor| json::Message { package: PACKAGE, descriptor }).collect()
}

/// The paths of all methods, as a list in Rust.
fn methods(descriptors: &FileDescriptorSet) -> String {
    let mut paths = Vec::new();
    for file in descriptors.file.iter().filter(|file| file.package() == PACKAGE) {
        for service in &file.service {
            paths.extend(service.method.iter().map(|it| format!("/{PACKAGE}.{}/{}", service.name(), it.name())));
        }
    }
    format!("&{paths:?}")
}

/// What reflection tells: everything but where in a file it stands and what is said about it there.
fn without_comments(descriptors: &FileDescriptorSet) -> FileDescriptorSet {
    let mut bare = descriptors.clone();
    bare.file.iter_mut().for_each(|file| file.source_code_info = None);
    bare
}
