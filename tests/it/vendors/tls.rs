//! The way to a vendor over TLS, whose other end is OpenSSL's.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use rcgen::CertificateParams;
use serde_json::{Value, json};

use super::aimock::{self, KEY};
use super::nginx::{Authority, Nginx};
use crate::harness::{Host, HostBuilder};

/// A host whose component calls nginx, which trusts `authority` if there is one.
fn host(nginx: &Nginx, model: &str, authority: Option<&Authority>) -> Host {
    let endpoint = format!("https://localhost:{}/v1", nginx.port);
    let settings = [("key", KEY), ("model", model), ("endpoint", &endpoint)];
    let host = HostBuilder::new().component("gpt", "conversation.openai", &settings);
    let Some(authority) = authority else { return host.start() };
    let file = host.resources().with_file_name("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    host.argument("--extra-ca-file").argument(file.to_str().unwrap()).start()
}

fn certificate(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

#[tokio::test]
async fn calls_one_after_another_share_a_connection_of_the_protocol_that_alpn_chose() {
    for (http2, protocol, model) in [(false, "HTTP/1.1", "http1-model"), (true, "HTTP/2.0", "http2-model")] {
        let authority = Authority::new();
        let mut nginx = Nginx::start(&authority, &certificate("localhost"), http2);
        let host = host(&nginx, model, Some(&authority));
        for _ in 0..10 {
            host.client.alpha1("gpt", "say hello").await.ok();
            host.client.alpha2("gpt", "say hello").await.ok();
        }
        let logged = nginx.logged(20);
        assert!(logged.iter().all(|call| call.protocol == protocol), "{logged:?}");
        // A call may come before the connection of the one before it is back in the pool; it then opens another.
        let connections: BTreeSet<_> = logged.iter().map(|call| &call.connection).collect();
        assert!(connections.len() <= 4, "{logged:?}");
        assert_eq!(aimock::journal(model).await.len(), 20);
    }
}

#[tokio::test]
async fn calls_at_once_share_a_connection_of_http2() {
    let authority = Authority::new();
    let mut nginx = Nginx::start(&authority, &certificate("localhost"), true);
    let host = host(&nginx, "at-once-model", Some(&authority));
    host.client.alpha2("gpt", "say hello").await.ok();
    let calls = (0..20).map(|_| host.client.alpha2("gpt", "say hello"));
    join_all(calls).await.iter().for_each(|answer| _ = answer.ok());
    let logged = nginx.logged(21);
    assert!(logged.iter().all(|call| call.connection == logged[0].connection), "{logged:?}");
}

#[tokio::test]
async fn a_wrong_certificate_is_refused_and_nothing_is_sent() {
    let mut expired = certificate("localhost");
    expired.not_after = (SystemTime::now() - Duration::from_secs(3600)).into();
    let untrusted = "is signed by no authority that is trusted here; \
                     give the PEM file of its CA to the host with `--extra-ca-file`";
    let cases = [
        (certificate("vendor.test"), true, "is for another name", "other-name-model"),
        (expired, true, "has expired", "expired-model"),
        (certificate("localhost"), false, untrusted, "untrusted-model"),
    ];
    for (certificate, trusted, fault, model) in cases {
        let authority = Authority::new();
        let nginx = Nginx::start(&authority, &certificate, true);
        let host = host(&nginx, model, trusted.then_some(&authority));
        let words =
            format!("failed conversing with component gpt: the certificate of `localhost:{}` {fault}: ", nginx.port);
        for (path, body) in super::both("say hello", &json!({})) {
            let (status, code, message) = host.client.post(path, body.to_string()).await.error();
            assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{path}");
            assert!(message.starts_with(&words), "{path}: {message}");
        }
        assert_eq!(nginx.end(), []);
        assert_eq!(aimock::journal(model).await, [] as [Value; 0]);
    }
}
