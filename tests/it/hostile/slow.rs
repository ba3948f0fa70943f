//! Those who take their time and other people's connections: guests that open hundreds of them, guests and vendors whose
//! bodies come drop by drop.

use std::time::Duration;

use serde_json::json;

use super::{ATTACKERS, Attack, beside_healthy, host_with, let_loose, refused_when_told};
use crate::harness::{HostBuilder, Upstream, guest};

/// Who is late is told: the call as a whole, or a vendor that has not begun by then.
const LATE: &str = "300ms";
/// Exchanges that a call may have open.
const OPEN: usize = 16;

#[tokio::test]
async fn connections_are_counted() {
    let mut upstream = Upstream::start().await;
    let told = "a call may have 16 exchanges open at one time, and the provider wants more";
    let attacks = ["ask", "hold"].map(|how| Attack { guest: "swarm", how, limits: "{ concurrency: 12 }", told });
    let host = host_with(&attacks, &[("endpoint", &upstream.origin)]);
    let answers = async {
        let mut open = Vec::new();
        loop {
            // An answer without an end keeps its connection for as long as someone wants it.
            open.push(upstream.call().await.stream());
        }
    };
    tokio::select! {
        () = let_loose(&host, &attacks) => {}
        () = answers => {}
    }
    assert!(upstream.connections() <= attacks.len() * ATTACKERS * OPEN, "{} connections", upstream.connections());
}

#[tokio::test]
async fn a_guest_that_drips_is_given_up() {
    let mut upstream = Upstream::start().await;
    let attacks = ["drip", "sip"].map(|how| Attack { guest: "swarm", how, limits: "{ timeout: 300ms }", told: LATE });
    let host = host_with(&attacks, &[("endpoint", &upstream.origin)]);
    let answers = async {
        loop {
            // More than a guest sips in its time.
            upstream.call().await.answer(200, vec![b'x'; 1 << 10]);
        }
    };
    tokio::select! {
        () = let_loose(&host, &attacks) => {}
        () = answers => {}
    }
}

#[tokio::test]
async fn a_vendor_that_drips_is_given_up() {
    let mut upstream = Upstream::start().await;
    let block = format!("allowedHosts: [\"{}\"]\nlimits: {{ timeout: 300ms }}", upstream.origin);
    let ways = ["puppet-codec", "puppet-http"];
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    let host = ways.iter().fold(host, |host, way| host.wasm(way, &guest(&format!("hostile/{way}")), &block, &[]));
    let host = host.start();
    for way in ways {
        let said = json!({ "url": upstream.origin }).to_string();
        let told = refused_when_told(&host.client, way, &said, &[LATE]);
        let drip = async {
            let answer = upstream.call().await.stream();
            let mut drops = tokio::time::interval(Duration::from_millis(10));
            loop {
                drops.tick().await;
                answer.send("x");
            }
        };
        tokio::select! {
            _ = beside_healthy(&host.client, told) => {}
            () = drip => {}
        }
    }
}
