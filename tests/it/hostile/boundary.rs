//! What no compiler makes, at the boundary between guest and host: bad texts, lists, kinds and places, and components that
//! fail before anyone can call them.

use super::{Attack, beside_healthy, host_with, let_loose};
use crate::harness::{HostBuilder, guest};

/// What the guest gives back, and what the host says of it.
const VALUES: [(&str, &str); 15] = [
    ("utf8-broken", "invalid utf-8"),
    ("beyond", "string pointer/length out of bounds of memory"),
    ("wrapping", "string pointer/length out of bounds of memory"),
    ("endless", "string"),
    ("list-beyond", "list pointer/length out of bounds of memory"),
    ("overflow", "list"),
    ("crooked", "list pointer is not aligned"),
    ("result", "invalid expected discriminant"),
    ("option", "invalid option discriminant"),
    ("finish", "unexpected discriminant: 200"),
    ("part", "unexpected discriminant: 99"),
    ("kind", "unexpected discriminant: 250"),
    ("tilted", "pointer not aligned"),
    ("outside", "pointer out of bounds of memory"),
    ("post", "unreachable"),
];

#[tokio::test]
async fn a_value_that_can_not_be_ends_its_call() {
    let mut attacks: Vec<Attack<'_>> =
        VALUES.iter().map(|&(how, told)| Attack { guest: "boundary", how, limits: "{}", told }).collect();
    attacks.push(Attack { guest: "wild-realloc", how: "", limits: "{}", told: "realloc return: beyond end of memory" });
    let_loose(&host_with(&attacks, &[]), &attacks).await;
}

/// Components that can't be loaded, and why.
const LOADING: [(&str, &str); 5] = [
    ("start-trap", "unreachable"),
    ("start-loop", "no description within 300ms"),
    ("describe-trap", "unreachable"),
    ("describe-loop", "no description within 300ms"),
    ("large-memory", "memory"),
];

#[tokio::test]
async fn a_component_that_fails_at_its_start_is_not_served_and_others_are() {
    let mut host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    for (name, _) in LOADING {
        let source = guest(&format!("hostile/{name}"));
        let yaml = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: {name} }}\nspec:\n  type: conversation.{name}\n  \
             version: v1\n  initTimeout: 300ms\n  wasm: {{ source: \"{}\" }}\n",
            source.display()
        );
        host = host.file(&format!("{name}.yaml"), yaml);
    }
    let host = host.start();
    let log = host.log();
    for (name, told) in LOADING {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&format!("{name}.wasm"))).collect();
        assert!(lines.iter().any(|line| line.contains(told)), "{name}: `{told}` is not in: {log}");
        let unknown = async { host.client.alpha2(name, "go").await.error() };
        let (status, code, _) = beside_healthy(&host.client, unknown).await;
        assert_eq!((status, code.as_str()), (400, "ERR_CONVERSATION_NOT_FOUND"), "{name}");
    }
}
