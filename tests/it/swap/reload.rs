//! A scan that somebody asks for: by `POST /v1.0/reload`, and by SIGHUP.

use std::fs;
use std::io::Write;

use http::Request;
use http_body_util::Full;
use serde_json::json;

use super::{REPLACED, Scene, canned, edition};
use crate::harness::HostBuilder;

#[tokio::test]
async fn a_caller_is_told_what_has_changed_and_what_is_wrong() {
    let scene = Scene::canned();
    assert_eq!(scene.reload().await, (200, json!({ "generation": 0, "changes": [], "mistakes": [] })));
    // As long as somebody writes, nothing is read unasked.
    let mut writing = fs::File::create(scene.path(".held.yaml")).unwrap();
    writing.write_all(b"a").unwrap();
    fs::write(scene.path("canned.yaml"), canned("canned", "two")).unwrap();
    fs::write(scene.path("new.yaml"), canned("new", "new")).unwrap();
    let (status, report) = scene.reload().await;
    let changes = json!([{ "component": "canned", "change": "replaced" }, { "component": "new", "change": "added" }]);
    assert_eq!((status, &report["changes"], &report["mistakes"]), (200, &changes, &json!([])));
    scene.says("canned", "two, edition 0001").await;
    fs::write(scene.path("new.yaml"), canned("new", "new").replace("name: answer", "name: anwser")).unwrap();
    fs::remove_file(scene.path("canned.yaml")).unwrap();
    let (status, report) = scene.reload().await;
    let changes = json!([{ "component": "canned", "change": "removed" }, { "component": "new", "change": "outdated" }]);
    assert_eq!((status, &report["changes"]), (422, &changes));
    let mistake = &report["mistakes"][0];
    assert_eq!((&mistake["severity"], &mistake["line"], &mistake["column"]), (&json!("error"), &json!(4), &json!(9)));
    drop(writing);
}

#[tokio::test]
async fn a_token_is_asked_for() {
    let host = HostBuilder::new().file("canned.wasm", edition(1)).file("canned.yaml", canned("canned", "one"));
    let scene = Scene::start(host.environment("DAPR_API_TOKEN", "sesame"));
    let client = &scene.host.client;
    let reload = |token: Option<&str>| {
        let request = Request::post(client.uri("/v1.0/reload"));
        let request = token.into_iter().fold(request, |request, token| request.header("dapr-api-token", token));
        client.send(request.body(Full::default()).unwrap())
    };
    assert_eq!(reload(None).await.status, 401);
    assert_eq!(reload(Some("sesam")).await.status, 401);
    assert_eq!(reload(Some("sesame")).await.status, 200);
    assert_eq!(client.get("/v1.0/reload").await.status, 401);
}

#[tokio::test]
async fn callers_at_one_time_each_hear_of_it() {
    let scene = Scene::canned();
    fs::write(scene.path("canned.yaml"), canned("canned", "two")).unwrap();
    let reports = futures_util::future::join_all((0..50).map(|_| scene.reload())).await;
    for (status, report) in reports {
        assert_eq!((status, &report["generation"]), (200, &json!(1)), "{report}");
    }
    scene.says("canned", "two, edition 0001").await;
}

#[tokio::test]
async fn sighup_has_the_files_read_again() {
    let scene = Scene::canned();
    scene.host.signal("HUP");
    scene.told("SIGHUP: reading the component files again", 1).await;
    fs::write(scene.path("canned.yaml"), canned("canned", "two")).unwrap();
    scene.host.signal("HUP");
    scene.told(REPLACED, 1).await;
    scene.says("canned", "two, edition 0001").await;
}
