//! What tests share: the host under test, a client, and places on disk. Asserts nothing by itself.

mod client;
pub(crate) mod grpc;
mod host;
mod program;
mod upstream;
mod wait;
mod wire;

pub(crate) use self::client::{Answer, Client};
pub(crate) use self::grpc::Grpc;
pub(crate) use self::host::{ANY_METRICS_PORT, Host, HostBuilder, check, parlor};
pub(crate) use self::program::{Program, in_environment_of, path, run, run_with, signal};
pub(crate) use self::upstream::{Call, Upstream};
pub(crate) use self::wait::{patiently, until};
pub(crate) use self::wire::Wire;

use std::path::{Path, PathBuf};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Cargo's target folder, found from where this test binary lies.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().find(|path| path.join("CACHEDIR.TAG").exists()).unwrap().to_path_buf()
}

/// A component that `cargo xtask guests` built, such as `providers/echo` or `samples/http`.
pub(crate) fn guest(name: &str) -> PathBuf {
    let path = target().join("components").join(format!("{name}.wasm"));
    assert!(path.exists(), "`{}` is missing: run `cargo xtask guests`", path.display());
    path
}
