//! Invariant 4: a guest's trap, loop or memory use ends that one call and no other.

use super::{Attack, host_with, let_loose};
use crate::harness::{HostBuilder, Upstream, guest};

const SHORT: &str = "{ cpu: 100ms, timeout: 10s }";
const SMALL: &str = "{ memory: 16Mi }";

const PROCESSOR: &str = "used more than its 100ms of processor time; raise `spec.wasm.limits.cpu`";
const MEMORY: &str = "more than its 16777216 bytes of memory; raise `spec.wasm.limits.memory`";
const OUTPUT: &str = "gave back more than the host takes in";
const STOPPED: &str = "provider stopped: ";

const fn attack<'a>(guest: &'a str, how: &'a str, limits: &'a str, told: &'a str) -> Attack<'a> {
    Attack { guest, how, limits, told }
}

#[tokio::test]
async fn a_guest_that_never_ends_is_ended() {
    let attacks = [
        attack("loops", "compute", SHORT, PROCESSOR),
        attack("loops", "log", SHORT, PROCESSOR),
        attack("loops", "clock", SHORT, PROCESSOR),
        attack("loops", "random", SHORT, PROCESSOR),
        attack("loops", "poll", SHORT, PROCESSOR),
        attack("loops", "fields", SHORT, PROCESSOR),
        // Between two naps it computes, if only a little.
        attack("loops", "nap", "{ timeout: 300ms }", "its limit of 300ms; raise `spec.wasm.limits.timeout`"),
        attack("loops", "sleep", "{ timeout: 300ms }", "its limit of 300ms; raise `spec.wasm.limits.timeout`"),
    ];
    let_loose(&host_with(&attacks, &[]), &attacks).await;
}

#[tokio::test]
async fn a_guest_that_traps_or_takes_too_much_is_stopped() {
    let attacks = [
        attack("misbehave", "trap", "{}", STOPPED),
        attack("glutton", "memory", SMALL, MEMORY),
        attack("glutton", "claim", SMALL, MEMORY),
        attack("glutton", "stack", "{}", STOPPED),
        attack("glutton", "calls", "{}", "call stack exhausted"),
        attack("glutton", "fields", "{}", STOPPED),
        attack("glutton", "headers", "{}", STOPPED),
        attack("glutton", "bodies", "{}", STOPPED),
        attack("glutton", "pollables", "{}", STOPPED),
        attack("glutton", "random", "{}", STOPPED),
        attack("table", "", "{}", "memory"),
        attack("flood", "text", "{}", OUTPUT),
        attack("flood", "parts", "{}", OUTPUT),
    ];
    let_loose(&host_with(&attacks, &[]), &attacks).await;
}

#[tokio::test]
async fn a_codec_that_fails_ends_its_own_call() {
    let mut upstream = Upstream::start().await;
    let attacks = [
        attack("saboteur", "trap-encode", "{}", STOPPED),
        attack("saboteur", "loop-encode", SHORT, PROCESSOR),
        attack("saboteur", "long-body", "{}", OUTPUT),
        attack("saboteur", "many-headers", "{}", "the request's headers take more than 65536 bytes"),
        attack("saboteur", "trap-new", "{}", STOPPED),
        attack("saboteur", "trap-feed", "{}", STOPPED),
        attack("saboteur", "loop-feed", SHORT, PROCESSOR),
        attack("saboteur", "events", "{}", OUTPUT),
        attack("saboteur", "memory", SMALL, MEMORY),
    ];
    let host = host_with(&attacks, &[("endpoint", &upstream.origin)]);
    tokio::select! {
        () = let_loose(&host, &attacks) => {}
        () = async { loop { upstream.call().await.answer(200, "well"); } } => {}
    }
}

#[tokio::test]
async fn guests_that_loop_leave_room_for_others() {
    // More than there are processors, so that each of the host's threads has one.
    let loops = 2 * std::thread::available_parallelism().unwrap().get();
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("loops", &guest("hostile/loops"), "limits: { cpu: 1s }", &[("how", "compute")])
        .start();
    let mut looping = tokio::task::JoinSet::new();
    for _ in 0..loops {
        let client = host.client.clone();
        looping.spawn(async move { client.alpha1("loops", "go").await.error() });
    }
    // The loops take a second each; that others are answered before the first of them ends is what this is about.
    for _ in 0..5 {
        host.client.alpha1("echo", "room").await.ok();
        assert!(looping.try_join_next().is_none(), "a call had to wait until a loop ended");
    }
    for (status, _, message) in looping.join_all().await {
        assert!(status == 500 && message.contains("1s of processor time"), "{message}");
    }
}
