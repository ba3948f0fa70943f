//! Where the host listens: one address, several, or a socket file.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::harness::{Client, Host, HostBuilder, Wire};

fn builder() -> HostBuilder {
    HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--app-id=my-app")
}

fn on_socket(folder: &Path) -> HostBuilder {
    builder().argument("--unix-domain-socket").argument(folder.to_str().unwrap())
}

fn failure(builder: HostBuilder) -> String {
    let (status, log) = builder.try_start().err().unwrap();
    assert!(!status.success());
    log
}

async fn assert_answers(socket: &Path) {
    let mut wire = Wire::unix(socket).await;
    for text in ["one", "two"] {
        let body = format!(r#"{{"inputs":[{{"content":"{text}"}}]}}"#);
        let path = "/v1.0-alpha1/conversation/echo/converse";
        wire.write(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        assert_eq!(wire.answer().await.unwrap().1, format!(r#"{{"outputs":[{{"result":"{text}"}}]}}"#));
    }
}

#[tokio::test]
async fn every_address_is_served_on_the_same_port() {
    let host = builder().argument("--dapr-listen-addresses=127.0.0.1,127.0.0.2").start();
    let port = host.client.address().rsplit(':').next().unwrap();
    assert!(
        host.summary.contains(&format!("http://127.0.0.1:{port} and http://127.0.0.2:{port} and grpc://127.0.0.1:")),
        "{}",
        host.summary
    );
    for address in ["127.0.0.1", "127.0.0.2"] {
        let client = Client::new(&format!("http://{address}:{port}"));
        client.alpha1("echo", "x").await.ok();
        client.h2c().alpha2("echo", "x").await.ok();
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_ends_the_start_with_advice() {
    let log = failure(builder().argument("--dapr-listen-addresses=127.0.0.1,192.0.2.1"));
    assert!(log.contains("can't listen on 192.0.2.1:"), "{log}");
    assert!(log.contains("`--dapr-listen-addresses` wants addresses of this machine"), "{log}");
    let log = failure(builder().argument("--dapr-listen-addresses=127.0.0.1,127.0.0.1"));
    assert!(log.contains("choose another port with `--dapr-http-port`, or 0 for any"), "{log}");
    let log = failure(builder().argument("--dapr-listen-addresses=example.com"));
    assert!(log.contains("write an address such as `127.0.0.1` or `[::1]`, without a port"), "{log}");
}

#[tokio::test]
async fn a_socket_file_takes_the_place_of_the_port_and_goes_with_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("dapr-my-app-http.socket");
    let mut host = on_socket(folder.path()).start();
    let of_grpc = folder.path().join("dapr-my-app-grpc.socket");
    let places = format!("parlor is serving unix:{} and unix:{} with echo", socket.display(), of_grpc.display());
    assert!(host.summary.starts_with(&places), "{}", host.summary);
    let metadata = fs::metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_answers(&socket).await;
    host.signal("TERM");
    assert!(host.ended().await.success());
    assert!(!socket.exists() && !of_grpc.exists());
}

#[tokio::test]
async fn a_dead_hosts_socket_file_is_replaced_and_a_living_ones_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("dapr-my-app-http.socket");
    let mut dead = on_socket(folder.path()).start();
    dead.signal("KILL");
    dead.ended().await;
    assert!(socket.exists());
    let host: Host = on_socket(folder.path()).start();
    let log = failure(on_socket(folder.path()));
    assert!(log.contains(&format!("can't listen on `{}`", socket.display())), "{log}");
    assert!(log.contains("another process listens on it"), "{log}");
    assert_answers(&socket).await;
    drop(host);
}

#[test]
fn a_socket_file_that_cannot_be_made_ends_the_start_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dapr-my-app-http.socket");
    fs::write(&file, "precious").unwrap();
    let log = failure(on_socket(folder.path()));
    assert!(log.contains("there is a file of that name, which is no socket"), "{log}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let missing: PathBuf = folder.path().join("missing");
    let log = failure(on_socket(&missing));
    assert!(log.contains("`--unix-domain-socket` wants a folder that is there"), "{log}");
}
