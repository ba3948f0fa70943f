//! Every way in which people and tools change YAML.

use std::fs;
use std::io::Write;

use serde_json::json;

use super::{REPLACED, Scene, canned, edition, link};
use crate::harness::{HostBuilder, Upstream};

#[tokio::test]
async fn yaml_is_added_edited_moved_and_removed() {
    let scene = Scene::canned();
    scene.says("canned", "one, edition 0001").await;
    fs::write(scene.path("added.yaml"), canned("added", "new")).unwrap();
    scene.told("component `added` is served", 1).await;
    scene.says("added", "new, edition 0001").await;
    // In place, as `>` writes.
    fs::write(scene.path("canned.yaml"), canned("canned", "two")).unwrap();
    scene.told(REPLACED, 1).await;
    scene.says("canned", "two, edition 0001").await;
    scene.save("canned.yaml", canned("canned", "three"));
    scene.told(REPLACED, 2).await;
    scene.says("canned", "three, edition 0001").await;
    // In another file it is the same component.
    let before = scene.standing("added").await;
    fs::rename(scene.path("added.yaml"), scene.path("elsewhere.yml")).unwrap();
    assert_eq!(scene.reload().await.1["changes"], json!([]));
    assert_eq!(scene.standing("added").await, before);
    fs::remove_file(scene.path("elsewhere.yml")).unwrap();
    scene.told("component `added` is gone", 1).await;
    let (status, code, _) = scene.host.client.alpha1("added", "go").await.error();
    assert_eq!((status, code.as_str()), (400, "ERR_CONVERSATION_NOT_FOUND"));
    scene.says("canned", "three, edition 0001").await;
}

#[tokio::test]
async fn what_changes_nothing_swaps_nothing() {
    let scene = Scene::canned();
    let before = scene.standing("canned").await;
    let text = canned("canned", "one");
    for same in [format!("# a comment\n\n{text}"), text.replace("value: one", "value: \"one\""), text.clone()] {
        fs::write(scene.path("canned.yaml"), same).unwrap();
        let (status, report) = scene.reload().await;
        assert_eq!((status, &report["changes"], &report["mistakes"]), (200, &json!([]), &json!([])));
    }
    fs::write(scene.path("canned.wasm"), edition(1)).unwrap();
    assert_eq!(scene.reload().await.1["changes"], json!([]));
    assert_eq!(scene.standing("canned").await, before);
}

#[tokio::test]
async fn a_config_map_is_swapped_whole() {
    // As the kubelet does it: files are links into `..data`, which is itself replaced by a rename.
    let host = HostBuilder::new();
    let folder = host.resources();
    let version = |number: u32, answer: &str| {
        let data = folder.join(format!("..{number}"));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("canned.yaml"), canned("canned", answer)).unwrap();
        fs::write(data.join("canned.wasm"), edition(number)).unwrap();
        link(&format!("..{number}"), &folder.join("..data_tmp"));
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    version(1, "one");
    for name in ["canned.yaml", "canned.wasm"] {
        link(&format!("..data/{name}"), &folder.join(name));
    }
    let scene = Scene::start(host);
    scene.says("canned", "one, edition 0001").await;
    for (number, answer) in [(2, "two"), (3, "three"), (4, "four")] {
        version(number, answer);
        scene.told(REPLACED, number as usize - 1).await;
        scene.says("canned", &format!("{answer}, edition {number:04}")).await;
        fs::remove_dir_all(folder.join(format!("..{}", number - 1))).unwrap();
    }
}

#[tokio::test]
async fn a_folder_that_goes_away_takes_nothing_along() {
    let scene = Scene::canned();
    let aside = scene.folder.with_extension("aside");
    fs::rename(&scene.folder, &aside).unwrap();
    scene.told("can't be read", 1).await;
    scene.says("canned", "one, edition 0001").await;
    scene.says("echo", "go").await;
    assert_eq!(scene.standing("echo").await["state"], "outdated");
    // Another folder in its place is watched as the first one was.
    fs::create_dir(&scene.folder).unwrap();
    for name in ["canned.yaml", "canned.wasm", "components.yaml"] {
        fs::copy(aside.join(name), scene.path(name)).unwrap();
    }
    scene.told("component `echo` is again what its files say", 1).await;
    fs::write(scene.path("canned.yaml"), canned("canned", "two")).unwrap();
    scene.told(REPLACED, 1).await;
    scene.says("canned", "two, edition 0001").await;
}

#[tokio::test]
async fn a_file_that_is_being_written_is_waited_for() {
    let scene = Scene::canned();
    let two = format!("{}---\n{}", canned("canned", "two"), canned("second", "second"));
    // What is there in between is right by itself, and says less.
    let (begin, rest) = two.split_at(two.find("---").unwrap());
    fs::write(scene.path("canned.yaml"), &two).unwrap();
    scene.told("component `second` is served", 1).await;
    let mut file = fs::File::create(scene.path("canned.yaml")).unwrap();
    file.write_all(begin.replace("two", "six").as_bytes()).unwrap();
    file.flush().unwrap();
    // Whatever is noticed meanwhile, a reader of the folder sees `other` come and nothing go.
    fs::write(scene.path("other.yaml"), canned("other", "other")).unwrap();
    for _ in 0..200 {
        scene.says("second", "second, edition 0001").await;
    }
    file.write_all(rest.as_bytes()).unwrap();
    drop(file);
    scene.told("component `other` is served", 1).await;
    scene.says("canned", "six, edition 0001").await;
    scene.says("second", "second, edition 0001").await;
    assert!(!scene.host.log().contains("is gone"), "{}", scene.host.log());
}

/// A component `model` at `origin`, whose key is in the secrets file `file`.
fn with_secret(origin: &str, file: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: model\nspec:\n  type: conversation.openai\n  version: v1\n  metadata:\n  - name: key\n    secretKeyRef: {{ name: key }}\n  - name: endpoint\n    value: {origin}\nauth:\n  secretStore: file\n---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: file\nspec:\n  type: secretstores.local.file\n  version: v1\n  metadata:\n  - name: secretsFile\n    value: {file}\n"
    )
}

fn secrets(key: &str) -> String {
    json!({ "key": key }).to_string()
}

/// What the component `model` authenticates itself with.
async fn seen(scene: &Scene, upstream: &mut Upstream) -> String {
    let (_, key) = tokio::join!(scene.host.client.alpha1("model", "go"), async {
        let call = upstream.call().await;
        let key = call.header("authorization").to_owned();
        call.answer(500, "no");
        key
    });
    key
}

#[tokio::test]
async fn a_secret_that_changes_is_used() {
    let mut upstream = Upstream::start().await;
    let host = HostBuilder::new().file("model.yaml", with_secret(&upstream.origin, "secrets.json"));
    let scene = Scene::start(host.file("secrets.json", secrets("sk-first")));
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-first");
    scene.save("secrets.json", secrets("sk-second"));
    scene.told("component `model` is replaced by a new version", 1).await;
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-second");
    scene.save("secrets.json", "{ not JSON");
    scene.told("component `model` is broken", 1).await;
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-second");
    assert!(!scene.host.log().contains("sk-"), "{}", scene.host.log());
}

#[tokio::test]
async fn a_secrets_file_that_is_removed_and_written_anew_is_used() {
    let mut upstream = Upstream::start().await;
    let host = HostBuilder::new();
    // A folder of its own: in that of the YAML any file that comes is noticed.
    fs::create_dir(host.resources().join("keys")).unwrap();
    let host = host.file("model.yaml", with_secret(&upstream.origin, "keys/secrets.json"));
    let scene = Scene::start(host.file("keys/secrets.json", secrets("sk-first")));
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-first");
    fs::remove_file(scene.path("keys/secrets.json")).unwrap();
    scene.told("component `model` is broken", 1).await;
    let log = scene.host.log();
    let looked_at = format!("in the working directory, or as `{}`", scene.path("keys/secrets.json").display());
    assert!(log.contains("there is no secrets file `keys/secrets.json`") && log.contains(&looked_at), "{log}");
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-first");
    fs::write(scene.path("keys/secrets.json"), secrets("sk-second")).unwrap();
    scene.told("component `model` is replaced by a new version", 1).await;
    assert_eq!(seen(&scene, &mut upstream).await, "Bearer sk-second");
}
