//! The one aimock that all tests share. Each test has a model name of its own, by which it finds its calls in the journal.

use std::process::Command;
use std::sync::OnceLock;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use super::server::{Server, installed, script};
use crate::harness::{Client, Host, HostBuilder};

/// What aimock lets in: the key that components have, and one that requests may bring.
pub(super) const KEY: &str = "sk-of-the-component-0815";
pub(super) const KEY_OF_A_REQUEST: &str = "sk-of-the-request-4711";

/// `http://127.0.0.1:PORT`.
pub(super) fn address() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let start = || {
        let modules = installed("node/node_modules");
        let mut node = Command::new(modules.join(".bin/node"));
        node.arg(script("aimock.cjs")).arg(script("aimock.json")).args([KEY, KEY_OF_A_REQUEST]);
        Server::start(node.env("NODE_PATH", modules))
    };
    &SERVER.get_or_init(start).address
}

/// A host with one component, `gpt`, that calls aimock with [`KEY`].
pub(super) fn host(model: &str) -> Host {
    component(HostBuilder::new(), &[("key", KEY), ("model", model)]).start()
}

/// Adds a component `gpt` that calls aimock.
pub(super) fn component(host: HostBuilder, settings: &[(&str, &str)]) -> HostBuilder {
    let endpoint = format!("{}/v1", address());
    host.component("gpt", "conversation.openai", &[settings, &[("endpoint", &endpoint)]].concat())
}

/// The calls for a model that aimock let in, oldest first: `headers`, without the key, and `body`.
pub(super) async fn journal(model: &str) -> Vec<Value> {
    let client = Client::new(address());
    let request = Request::get(client.uri("/__aimock/journal")).header("authorization", format!("Bearer {KEY}"));
    let mut calls = client.send(request.body(Full::<Bytes>::default()).unwrap()).await.ok();
    let calls = calls.as_array_mut().unwrap();
    calls.retain(|call| call["body"]["model"] == model);
    // A mark of aimock's own.
    calls.iter_mut().for_each(|call| _ = call["body"].as_object_mut().unwrap().remove("_endpointType"));
    std::mem::take(calls)
}
