//! Calls under way while what they call is swapped.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{REPLACED, Scene, canned, edition};
use crate::harness::{HostBuilder, Upstream, guest};

/// A component of each way to be a provider that calls `url`.
fn wanderer(way: &str, upstream: &Upstream, path: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {way}\nspec:\n  type: conversation.{way}\n  version: v1\n  wasm:\n    source: {}\n    allowedHosts: [\"{1}\"]\n  metadata:\n  - name: url\n    value: {1}{path}\n",
        guest(&format!("hostile/{way}")).display(),
        upstream.origin
    )
}

#[tokio::test]
async fn a_call_ends_on_what_it_began_with() {
    let mut upstream = Upstream::start().await;
    for way in ["wanderer-codec", "wanderer-http"] {
        let scene = Scene::start(HostBuilder::new().file("way.yaml", wanderer(way, &upstream, "/old")));
        let client = scene.host.client.clone();
        let call = |client: crate::harness::Client| tokio::spawn(async move { client.alpha1(way, "go").await });
        let replaced = call(client.clone());
        let old = upstream.call().await;
        assert_eq!(old.head.uri.path(), "/old");
        fs::write(scene.path("way.yaml"), wanderer(way, &upstream, "/new")).unwrap();
        scene.told(&format!("component `{way}` is replaced"), 1).await;
        let removed = call(client.clone());
        let new = upstream.call().await;
        assert_eq!(new.head.uri.path(), "/new");
        fs::remove_file(scene.path("way.yaml")).unwrap();
        scene.told(&format!("component `{way}` is gone"), 1).await;
        assert_eq!(client.alpha1(way, "go").await.status, 400);
        old.answer(200, "old");
        new.answer(200, "new");
        for (call, body) in [(replaced, "200: old"), (removed, "200: new")] {
            assert_eq!(call.await.unwrap().ok(), json!({ "outputs": [{ "result": body }] }));
        }
    }
}

#[tokio::test]
async fn nothing_that_was_kept_is_given_for_another_version() {
    let with_ttl = |answer: &str| format!("{}  - name: responseCacheTTL\n    value: 10m\n", canned("canned", answer));
    let host = HostBuilder::new().file("canned.wasm", edition(1)).file("canned.yaml", with_ttl("one"));
    let scene = Scene::start(host.file("other.yaml", with_ttl("other").replace("name: canned", "name: other")));
    let status = async |component: &str| {
        let answer = scene.host.client.alpha1(component, "go").await;
        answer.headers["cache-status"].to_str().unwrap().contains("; hit")
    };
    for component in ["canned", "other"] {
        assert_eq!((status(component).await, status(component).await), (false, true));
    }
    fs::write(scene.path("canned.yaml"), with_ttl("two")).unwrap();
    scene.told(REPLACED, 1).await;
    assert!(!status("canned").await);
    scene.says("canned", "two, edition 0001").await;
    assert!(status("other").await, "what has not changed keeps its answers");
    fs::write(scene.path("canned.wasm"), edition(2)).unwrap();
    scene.told(REPLACED, 2).await;
    assert!(!status("canned").await);
}

/// What one call says: its answer, and the build that gave it.
fn version(answer: &Value) -> (u32, u32) {
    let text = answer["outputs"][0]["result"].as_str().unwrap();
    let (answer, edition) = text.split_once(", edition ").unwrap();
    (answer.parse().unwrap(), edition.parse().unwrap())
}

/// YAML and `.wasm` in turn, and every fifth time broken.
#[tokio::test]
async fn no_call_fails_while_components_are_swapped() {
    const SWAPS: usize = 15;
    let mut upstream = Upstream::start().await;
    let host = HostBuilder::new().file("canned.wasm", edition(1)).file("canned.yaml", canned("canned", "1"));
    let slow = wanderer("wanderer-codec", &upstream, "/slow");
    let scene = Arc::new(Scene::start(host.file("slow.yaml", slow)));
    let (is_over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (client, is_over, calls) = (scene.host.client.clone(), Arc::clone(&is_over), Arc::clone(&calls));
        callers.spawn(async move {
            let mut last = (1, 1);
            while !is_over.load(Ordering::Relaxed) {
                let now = version(&client.alpha1("canned", "go").await.ok());
                assert!(now.0 >= last.0 && now.1 >= last.1, "{now:?} after {last:?}");
                last = now;
                calls.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut slow = JoinSet::new();
    for _ in 0..8 {
        let client = scene.host.client.clone();
        slow.spawn(async move { client.alpha1("wanderer-codec", "go").await.ok() });
    }
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(upstream.call().await);
    }
    let (mut answer, mut build) = (1, 1);
    for swap in 1..=SWAPS {
        match swap {
            _ if swap % 5 == 0 && swap % 2 == 0 => scene.save("canned.wasm", &edition(9999)[..1000]),
            _ if swap % 5 == 0 => scene.save("canned.yaml", "kind: ["),
            _ if swap % 2 == 0 => {
                build += 1;
                scene.save("canned.wasm", edition(build));
            }
            _ => {
                answer += 1;
                scene.save("canned.yaml", canned("canned", &answer.to_string()));
            }
        }
        let status = scene.reload().await.0;
        // A broken file stays broken until it is replaced.
        if status == 200 {
            assert_eq!(version(&scene.host.client.alpha1("canned", "go").await.ok()), (answer, build), "swap {swap}");
        }
    }
    scene.save("canned.yaml", canned("canned", "1000"));
    scene.save("canned.wasm", edition(1000));
    assert_eq!(scene.reload().await.0, 200);
    is_over.store(true, Ordering::Relaxed);
    callers.join_all().await;
    held.into_iter().for_each(|call| call.answer(200, "slow"));
    for answer in slow.join_all().await {
        assert_eq!(answer, json!({ "outputs": [{ "result": "200: slow" }] }));
    }
    assert_eq!(version(&scene.host.client.alpha1("canned", "go").await.ok()), (1000, 1000));
    assert!(calls.load(Ordering::Relaxed) >= SWAPS, "calls went on meanwhile");
}
