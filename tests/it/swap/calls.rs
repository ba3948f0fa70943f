//! Calls under way while what they call is swapped.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use parlor::egress::{Egress, EgressConfig, Grant, StandIns};
use parlor::registry::{Component, Registry, Snapshot, next_generation};
use parlor::sandbox::{Equipment, GuestLimits, Sandbox};
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
        let mut calls = JoinSet::new();
        let call = |calls: &mut JoinSet<Value>| {
            let client = client.clone();
            calls.spawn(async move { client.alpha1(way, "go").await.ok() });
        };
        call(&mut calls);
        let old = upstream.call().await;
        assert_eq!(old.head.uri.path(), "/old");
        fs::write(scene.path("way.yaml"), wanderer(way, &upstream, "/new")).unwrap();
        scene.told(&format!("component `{way}` is replaced"), 1).await;
        call(&mut calls);
        let new = upstream.call().await;
        assert_eq!(new.head.uri.path(), "/new");
        fs::remove_file(scene.path("way.yaml")).unwrap();
        scene.told(&format!("component `{way}` is gone"), 1).await;
        assert_eq!(client.alpha1(way, "go").await.status, 400);
        old.answer(200, "old");
        new.answer(200, "new");
        let mut answers = calls.join_all().await;
        answers.sort_by_key(Value::to_string);
        assert_eq!(answers, ["200: new", "200: old"].map(|body| json!({ "outputs": [{ "result": body }] })));
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

#[tokio::test]
async fn a_host_that_is_killed_in_the_midst_of_a_swap_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let (resources, cache) = (folder.path().join("components"), folder.path().join("cache"));
    fs::create_dir(&resources).unwrap();
    let start = || {
        let host = HostBuilder::new().resources_of(&resources);
        Scene::start(host.argument("--compile-cache").argument(cache.to_str().unwrap()))
    };
    let save = |scene: Option<&Scene>, number: u32| {
        let (wasm, yaml) = (edition(number), canned("canned", &number.to_string()));
        match scene {
            Some(scene) => {
                scene.save("canned.wasm", wasm);
                scene.save("canned.yaml", yaml);
            }
            None => {
                fs::write(resources.join("canned.wasm"), wasm).unwrap();
                fs::write(resources.join("canned.yaml"), yaml).unwrap();
            }
        }
    };
    save(None, 1);
    for number in 1..=6 {
        let mut scene = start();
        assert_eq!(version(&scene.host.client.alpha1("canned", "go").await.ok()), (number, number));
        save(Some(&scene), number + 1);
        // At some point between the noticing and the end of the compiler's work.
        let client = scene.host.client.clone();
        let mut reload = JoinSet::new();
        reload.spawn(async move {
            client.try_send(Request::post(client.uri("/v1.0/reload")).body(Full::default()).unwrap()).await
        });
        for _ in 0..number * 2 {
            scene.host.client.get("/v1.0/healthz").await;
        }
        scene.host.signal("KILL");
        assert!(!scene.host.ended().await.success());
        // Whether it was told or cut off.
        reload.join_all().await;
    }
    let scene = start();
    assert_eq!(version(&scene.host.client.alpha1("canned", "go").await.ok()), (7, 7));
    assert_eq!(scene.reload().await.1["mistakes"], json!([]));
}

#[tokio::test]
async fn the_code_of_what_is_gone_is_freed_with_its_last_call() {
    let sandbox = Sandbox::new(Egress::new(&EgressConfig::default()).unwrap(), None).unwrap();
    let artifact = sandbox.load(edition(1), 64 << 20, Duration::from_secs(30)).await.unwrap();
    let artifact = Arc::new(artifact);
    let code = Arc::downgrade(&artifact);
    let limits = GuestLimits {
        memory: 64 << 20,
        timeout: Duration::from_secs(30),
        cpu: Duration::from_secs(2),
        concurrency: 1,
        response_bytes: 1 << 20,
        events: 100,
        log: 8,
    };
    let grant = Grant::new([], StandIns::default());
    let equipment = Equipment { component: "canned".to_owned(), settings: Vec::new(), grant, limits };
    let component = Component {
        name: "canned".to_owned(),
        component_type: "conversation.canned".to_owned(),
        version: "v1".to_owned(),
        model: None,
        cache_ttl: None,
        generation: next_generation(),
        provider: sandbox.provider(artifact, equipment),
    };
    let components = BTreeMap::from([(component.name.clone(), Arc::new(component))]);
    let registry = Registry::new(Snapshot { components, ..Snapshot::default() });
    let called = registry.component("canned").unwrap();
    registry.swap(Snapshot::default());
    assert!(registry.component("canned").is_err() && code.upgrade().is_some(), "a call still has it");
    drop(called);
    assert!(code.upgrade().is_none());
}
