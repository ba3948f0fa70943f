//! Invariant 4: a guest's trap, loop or memory use ends that one call and no other.

use serde_json::json;

use crate::harness::{HostBuilder, guest};

/// How the guest fails, the limits that its YAML has, and what the caller is told.
const FAULTS: [(&str, &str, &str); 5] = [
    ("trap", "{}", "provider stopped: "),
    ("overflow-stack", "{}", "provider stopped: "),
    ("spin", "{ cpu: 200ms }", "used more than its 200ms of processor time; raise `spec.wasm.limits.cpu`"),
    ("eat-memory", "{ memory: 16Mi }", "more than its 16777216 bytes of memory; raise `spec.wasm.limits.memory`"),
    ("flood", "{}", "gave back more than the host takes in"),
];

#[tokio::test]
async fn a_guest_that_fails_ends_its_own_call_and_no_other() {
    let mut host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    for (how, limits, _) in FAULTS {
        host = host.wasm(how, &guest("hostile/misbehave"), &format!("limits: {limits}"), &[("how", how)]);
    }
    let host = host.start();
    let healthy = async |text: &str| {
        assert_eq!(host.client.alpha1("echo", text).await.ok(), json!({ "outputs": [{ "result": text }] }));
    };
    healthy("before").await;
    for (how, _, told) in FAULTS {
        let fail = async || {
            let (status, code, message) = host.client.alpha2(how, "go").await.error();
            assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{how}");
            assert!(message.starts_with(&format!("failed conversing with component {how}: ")), "{message}");
            assert!(message.contains(told), "{how}: {message}");
        };
        tokio::join!(fail(), fail(), fail(), fail(), healthy("during"), healthy("during"));
        healthy("after").await;
    }
}

#[tokio::test]
async fn guests_that_loop_leave_room_for_others() {
    // More than there are processors, so that each of the host's threads has one.
    let loops = 2 * std::thread::available_parallelism().unwrap().get();
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("spin", &guest("hostile/misbehave"), "limits: { cpu: 1s }", &[("how", "spin")])
        .start();
    let mut looping = tokio::task::JoinSet::new();
    for _ in 0..loops {
        let client = host.client.clone();
        looping.spawn(async move { client.alpha1("spin", "go").await.error() });
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
