//! The codec against the API reference and recorded bytes, without a network.

mod decoding;
mod encoding;
