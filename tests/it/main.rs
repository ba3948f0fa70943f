//! Whole-program tests. Each starts the real `parlor`, built and equipped by `cargo xtask test`, on a free port, and
//! speaks to it as a client would. One binary, so that everything is linked once.

#![cfg(test)]

mod api;
mod clients;
mod faults;
mod grants;
mod harness;
mod loading;
mod readme;
mod shutdown;
mod streams;
mod tidy;
mod vendors;
