#![doc = include_str!("../ARCHITECTURE.md")]

pub mod app;
pub mod cli;
pub mod componentize;
pub mod daprd;

pub mod api;
pub mod pipeline;
pub mod registry;

pub mod cache;
pub mod egress;
pub mod sandbox;
pub mod scrub;

pub mod app_health;
pub mod metrics;

pub mod assemble;
pub mod built_in;
pub mod components;
pub mod inspect;
pub mod swap;

pub mod launch;

pub mod answer;
pub mod conversation;
pub mod description;
pub mod digest;
pub mod duration;
pub mod error;
pub mod file;
pub mod limits;
pub mod origin;
pub mod quantity;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
pub mod version;
pub mod yaml;
