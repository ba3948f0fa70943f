//! Invariant 5: bad YAML or a bad `.wasm` never replaces a good running version, and it is told everywhere.

use std::fs;
use std::io::Write;

use serde_json::json;

use super::{MENDED, OUTDATED, REPLACED, Scene, canned, edition};
use crate::harness::HostBuilder;

/// Ways to break `canned.yaml`, and what is said of each.
fn breakages() -> Vec<(String, &'static str)> {
    let good = canned("canned", "two");
    vec![
        (format!("{good}  - name: anwser\n    value: x\n"), "did you mean `answer`?"),
        (good.replace("./canned.wasm", "./other.wasm"), "other.wasm` can't be read"),
        (good.replace("source: ./canned.wasm", "source: oci://a/b"), "is not a pinned OCI reference"),
        (good.replace("  name: canned\n", "  nmae: canned\n"), "`metadata.name` is missing"),
        (good.replace("dapr.io/v1alpha1", "dapr.io/v2"), "`apiVersion` must be"),
        (good.replace("kind: Component", "kind: Componet"), "did you mean `Component`?"),
        (good.replace("kind: Component\n", ""), "the document has no `kind`"),
        (good.replace("kind: Component", "kindd: Component"), "did you mean `kind`?"),
        (good.replace("conversation.canned", "conversaton.canned"), "did you mean `conversation.canned`?"),
        (format!("{good}  - [\n"), "not YAML"),
        (good.replace("value: two", "secretKeyRef: {name: nowhere}"), "`secretKeyRef` without a secret store"),
        ("\u{0}".to_owned(), "not YAML"),
    ]
}

#[tokio::test]
async fn a_broken_change_keeps_what_runs_and_says_why() {
    let scene = Scene::canned();
    let good = scene.standing("canned").await;
    for (times, (yaml, told)) in (1..).zip(breakages()) {
        fs::write(scene.path("canned.yaml"), yaml).unwrap();
        scene.told(OUTDATED, times).await;
        scene.says("canned", "one, edition 0001").await;
        let standing = scene.standing("canned").await;
        assert_eq!((&standing["state"], &standing["generation"]), (&json!("outdated"), &good["generation"]), "{told}");
        assert_eq!(standing["digest"], good["digest"]);
        let why = standing["why"].as_str().unwrap();
        assert!(why.contains("canned.yaml") && why.contains(told), "{told}: {why}");
        let metrics = scene.host.metrics().get("/metrics").await.text();
        assert!(metrics.contains(r#"parlor_component_state{component="canned",state="outdated"} 1"#), "{metrics}");
        let (status, report) = scene.reload().await;
        assert_eq!((status, &report["changes"]), (422, &json!([])), "{told}");
        scene.save("canned.yaml", canned("canned", "one"));
        scene.told(MENDED, times).await;
        assert_eq!(scene.standing("canned").await["state"], "serving");
    }
    assert!(!scene.host.log().contains(REPLACED), "{}", scene.host.log());
    scene.says("echo", "go").await;
}

#[tokio::test]
async fn what_is_being_saved_while_the_host_starts_is_waited_for() {
    let scene = Scene::canned();
    let mut file = fs::File::create(scene.path("canned.yaml")).unwrap();
    for _ in 0..5 {
        scene.says("canned", "one, edition 0001").await;
    }
    let (broken, _) = breakages().swap_remove(0);
    file.write_all(broken.as_bytes()).unwrap();
    drop(file);
    scene.told(OUTDATED, 1).await;
    scene.says("canned", "one, edition 0001").await;
}

#[tokio::test]
async fn what_was_never_right_is_refused_and_then_served() {
    let scene = Scene::start(HostBuilder::new().file("canned.yaml", canned("canned", "one")));
    let standing = scene.standing("canned").await;
    assert_eq!((&standing["state"], &standing["digest"]), (&json!("refused"), &json!(null)));
    assert!(standing["why"].as_str().unwrap().contains("canned.wasm` can't be read"), "{standing}");
    let metadata = scene.host.client.get("/v1.0/metadata").await.ok();
    assert_eq!(metadata["components"], json!(null), "Dapr's own list has what can be called");
    assert_eq!(scene.host.client.alpha1("canned", "go").await.status, 400);
    fs::write(scene.path("canned.wasm"), edition(1)).unwrap();
    scene.told("component `canned` is served", 1).await;
    scene.says("canned", "one, edition 0001").await;
}

#[tokio::test]
async fn others_in_the_same_file_change_all_the_same() {
    let both = |first: &str, second: &str| format!("{first}---\n{second}");
    let broken = canned("canned", "two").replace("name: answer", "name: anwser");
    let host = HostBuilder::new().file("canned.wasm", edition(1));
    let scene = Scene::start(host.file("all.yaml", both(&canned("canned", "one"), &canned("other", "one"))));
    fs::write(scene.path("all.yaml"), both(&broken, &canned("other", "two"))).unwrap();
    scene.told("component `other` is replaced", 1).await;
    scene.says("other", "two, edition 0001").await;
    scene.says("canned", "one, edition 0001").await;
    // Broken as it is, it is still there; the other one is not.
    fs::write(scene.path("all.yaml"), &broken).unwrap();
    scene.told("component `other` is gone", 1).await;
    scene.says("canned", "one, edition 0001").await;
    // Nobody can tell what a document says that is no YAML, so nothing that came from its file goes.
    fs::write(scene.path("all.yaml"), both("a: [\n", &canned("third", "three"))).unwrap();
    scene.told("component `third` is served", 1).await;
    scene.says("canned", "one, edition 0001").await;
}
