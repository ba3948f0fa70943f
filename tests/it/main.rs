//! Whole-program tests. Each starts the real `parlor`, built and equipped by `cargo xtask test`, on a free port, and
//! speaks to it as a client would. One binary, so that everything is linked once.

#![cfg(test)]

mod api;
mod app_health;
mod cache;
mod check;
mod clients;
mod compile_cache;
mod cors;
mod daprd;
mod edges;
mod grants;
mod grpc;
mod harness;
mod hostile;
mod inspect;
mod limits;
mod listen;
mod loading;
mod metadata;
mod metrics;
mod parity;
mod parity_of_vendors;
mod readme;
mod run;
mod scrub;
mod shutdown;
mod streams;
mod swap;
mod third_party;
mod tidy;
mod trace;
mod vendors;
