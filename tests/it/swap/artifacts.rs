//! Every way in which a `.wasm` is replaced.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{MENDED, OUTDATED, REPLACED, Scene, component, edition, link};
use crate::harness::{HostBuilder, guest};

#[tokio::test]
async fn a_wasm_is_overwritten_renamed_over_and_cut_off() {
    let scene = Scene::canned();
    fs::write(scene.path("canned.wasm"), edition(2)).unwrap();
    scene.told(REPLACED, 1).await;
    scene.says("canned", "one, edition 0002").await;
    scene.save("canned.wasm", edition(3));
    scene.told(REPLACED, 2).await;
    scene.says("canned", "one, edition 0003").await;
    // Half of it, by who writes it piece by piece.
    let whole = edition(4);
    fs::write(scene.path("canned.wasm"), &whole[..whole.len() / 2]).unwrap();
    scene.told(OUTDATED, 1).await;
    scene.says("canned", "one, edition 0003").await;
    fs::write(scene.path("canned.wasm"), whole).unwrap();
    scene.told(REPLACED, 3).await;
    scene.says("canned", "one, edition 0004").await;
    fs::remove_file(scene.path("canned.wasm")).unwrap();
    scene.told(OUTDATED, 2).await;
    scene.says("canned", "one, edition 0004").await;
    // The same bytes again are nothing new.
    fs::write(scene.path("canned.wasm"), edition(4)).unwrap();
    scene.told(MENDED, 1).await;
    scene.says("canned", "one, edition 0004").await;
    assert_eq!(scene.standing("canned").await["state"], "serving");
}

#[tokio::test]
async fn a_link_to_another_version_is_followed() {
    let host = HostBuilder::new();
    let providers = host.resources().with_file_name("providers");
    for number in [1, 2, 3] {
        fs::create_dir_all(providers.join(format!("v{number}"))).unwrap();
        fs::write(providers.join(format!("v{number}/canned.wasm")), edition(number)).unwrap();
    }
    link("v1", &providers.join("current"));
    let scene = Scene::start(host.file("canned.yaml", component("canned", "../providers/current/canned.wasm", "one")));
    scene.says("canned", "one, edition 0001").await;
    for number in [2, 3] {
        link(&format!("v{number}"), &providers.join("next"));
        fs::rename(providers.join("next"), providers.join("current")).unwrap();
        scene.told(REPLACED, number - 1).await;
        scene.says("canned", &format!("one, edition {number:04}")).await;
    }
}

#[tokio::test]
async fn a_pinned_artifact_is_replaced_by_nothing_else() {
    let pinned = |number: u32, folder: &Path| {
        let file = folder.join("pinned.wasm");
        fs::write(&file, edition(number)).unwrap();
        let digest = Command::new("sha256sum").arg(file).output().unwrap().stdout;
        let digest = std::str::from_utf8(&digest[..64]).unwrap();
        component("canned", &format!("./canned.wasm\n    sha256: \"{digest}\""), "one")
    };
    let host = HostBuilder::new().file("canned.wasm", edition(1));
    let yaml = pinned(1, &host.resources());
    let host = host.file("canned.yaml", yaml);
    let scene = Scene::start(host);
    scene.save("canned.wasm", edition(2));
    scene.told(OUTDATED, 1).await;
    scene.says("canned", "one, edition 0001").await;
    scene.save("canned.yaml", pinned(2, &scene.folder));
    scene.told(REPLACED, 1).await;
    scene.says("canned", "one, edition 0002").await;
}

#[tokio::test]
async fn providers_of_a_folder_are_replaced_and_added() {
    let providers = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(providers.path().join(name), bytes).unwrap();
    write("canned.wasm", edition(1));
    let yaml = |component_type: &str| {
        component("canned", "x", "one")
            .replace("  wasm:\n    source: x\n", "")
            .replace("conversation.canned", component_type)
    };
    let host = HostBuilder::new().file("canned.yaml", yaml("conversation.canned"));
    let scene = Scene::start(host.argument("--providers-path").argument(providers.path().to_str().unwrap()));
    scene.says("canned", "one, edition 0001").await;
    write("canned.wasm", edition(2));
    scene.told(REPLACED, 1).await;
    scene.says("canned", "one, edition 0002").await;
    scene.save("canned.yaml", yaml("conversation.tinned"));
    scene.told(OUTDATED, 1).await;
    write("tinned.wasm", edition(3));
    scene.told(REPLACED, 2).await;
    scene.says("canned", "one, edition 0003").await;
}

#[tokio::test]
async fn components_share_an_artifact_and_part_again() {
    let scene = Scene::canned();
    fs::write(scene.path("twin.yaml"), component("twin", "canned.wasm", "twin")).unwrap();
    scene.told("component `twin` is served", 1).await;
    fs::copy(guest("providers/echo"), scene.path("other.wasm")).unwrap();
    scene.save(
        "twin.yaml",
        component("twin", "other.wasm", "twin").replace("  metadata:\n  - name: answer\n    value: twin\n", ""),
    );
    scene.told("component `twin` is replaced", 1).await;
    scene.says("twin", "go").await;
    scene.says("canned", "one, edition 0001").await;
    let digest = async |name: &str| scene.standing(name).await["digest"].clone();
    assert_ne!(digest("twin").await, digest("canned").await);
    assert_eq!(scene.reload().await.1["mistakes"], json!([]));
}
