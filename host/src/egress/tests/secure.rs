//! TLS, secrets and proxies: what is negotiated, what is refused, and what is never written down.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use rcgen::{CertificateParams, date_time_ymd};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::server::{Server, TestCa, read_head};
use super::{bounds, call, egress_trusting, egress_with, exchange, grant, hello, post};
use crate::egress::{
    AddressKind, Bounds, CertificateFault, Egress, EgressConfig, EgressError, Grant, ProxyConfig, Reach, RequestBody,
    StandIns,
};
use crate::origin::Origin;
use crate::secret::Secret;

#[tokio::test]
async fn tls_speaks_the_best_protocol_that_both_know_and_reuses_connections() {
    let ca = TestCa::new("ours");
    let egress = egress_trusting(&ca, EgressConfig::default());
    for (protocols, version) in
        [(&["h2", "http/1.1"][..], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11), (&[], Version::HTTP_11)]
    {
        let server = Server::http(Some(ca.server("api.test", protocols)), hello).await;
        let origin = format!("https://api.test:{}", server.address.port());
        for _ in 0..3 {
            let answer = call(&egress, &origin, Reach::Private).await.unwrap();
            assert_eq!(answer, "hello");
        }
        assert_eq!(server.connections(), 1, "{protocols:?}");
        assert!(server.take_seen().iter().all(|seen| seen.version == version), "{protocols:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_wrong_is_refused_and_said() {
    let (ca, stranger) = (TestCa::new("ours"), TestCa::new("a stranger's"));
    let egress = egress_trusting(&ca, EgressConfig::default());
    let of_year = |year| {
        let mut params = CertificateParams::new(["api.test".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(year, 1, 1), date_time_ymd(year + 1, 1, 1));
        ca.server_with(&params)
    };
    for (config, expected) in [
        (stranger.server("api.test", &[]), CertificateFault::Untrusted),
        (ca.server("other.test", &[]), CertificateFault::WrongName),
        (of_year(1990), CertificateFault::Expired),
        (of_year(4000), CertificateFault::NotValidYet),
        (ca.itself(), CertificateFault::Authority),
        (stranger.itself(), CertificateFault::Authority),
    ] {
        let server = Server::http(Some(config), hello).await;
        let origin = format!("https://api.test:{}", server.address.port());
        match call(&egress, &origin, Reach::Private).await {
            Err(EgressError::Certificate { fault, source, .. }) => {
                assert_eq!((fault, source.is_some()), (expected, expected != CertificateFault::Authority));
            }
            other => panic!("{other:?}"),
        }
        assert!(server.take_seen().is_empty());
    }
}

#[tokio::test]
async fn a_streamed_request_that_grows_too_large_is_cut_off() {
    let ca = TestCa::new("ours");
    let egress = egress_trusting(&ca, EgressConfig::default());
    for protocol in ["h2", "http/1.1"] {
        let server = Server::http(Some(ca.server("api.test", &[protocol])), hello).await;
        let origin = format!("https://api.test:{}", server.address.port());
        let body = Full::from("123456789").map_err(|never| match never {}).boxed_unsync();
        let request = Request::post(&origin).body(RequestBody::Streamed(body)).unwrap();
        let bounds = Bounds { request_bytes: 8, ..bounds() };
        let error = exchange(&egress, &grant(&origin, Reach::Private), request, &bounds).await.unwrap_err();
        assert!(matches!(error, EgressError::RequestTooLarge { limit: 8 }), "{protocol}: {error:?}");
        assert!(server.take_seen().is_empty());
    }
}

/// Everything that is logged in this thread while it lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_secret_arrives_and_is_in_no_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let ca = TestCa::new("ours");
    let egress = egress_trusting(&ca, EgressConfig::default());
    for protocol in ["h2", "http/1.1"] {
        let server = Server::http(Some(ca.server("api.test", &[protocol])), hello).await;
        let origin = format!("https://api.test:{}", server.address.port());
        let mut secrets = StandIns::default();
        let key = secrets.issue(Secret::new("sk-never-in-a-log")).unwrap();
        let grant = Grant::new([(Origin::parse(&origin).unwrap(), Reach::Private)], secrets);
        let mut request = post(&origin, "prompt-never-in-a-log");
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        egress.send(&grant, request, &bounds()).await.unwrap();
        assert_eq!(server.take_seen()[0].headers["authorization"], "Bearer sk-never-in-a-log");
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("h2::"), "trace logging is on");
    assert!(!log.contains("sk-never-in-a-log") && !log.contains("prompt-never-in-a-log"));
}

fn proxied(https: &str, http: &str) -> EgressConfig {
    let proxy = ProxyConfig { https: https.to_owned(), http: http.to_owned(), none: String::new() };
    EgressConfig { proxy, ..EgressConfig::default() }
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_the_proxy() {
    let ca = TestCa::new("ours");
    let server = Server::http(Some(ca.server("api.test", &["h2"])), hello).await;
    let target = server.address;
    let (heads, mut tunnels) = mpsc::unbounded_channel();
    let proxy = Server::raw(move |mut tcp| {
        let heads = heads.clone();
        async move {
            heads.send(read_head(&mut tcp).await).unwrap();
            let mut upstream = TcpStream::connect(target).await.unwrap();
            tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut tcp, &mut upstream).await;
        }
    })
    .await;
    let egress = egress_trusting(&ca, proxied(&format!("http://user:pass@{}", proxy.address), ""));

    let answer = call(&egress, "https://api.test", Reach::Public);
    assert_eq!(answer.await.unwrap(), "hello");
    let head = tunnels.recv().await.unwrap();
    assert!(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{head}");

    let error = call(&egress, "https://10.0.0.1", Reach::Public);
    assert!(matches!(error.await, Err(EgressError::Address { kind: AddressKind::Private, .. })));
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn plain_http_is_forwarded_by_the_proxy() {
    let proxy = Server::http(None, hello).await;
    let egress = egress_with(&proxied("", &format!("http://user:pass@{}", proxy.address)));
    let answer = call(&egress, "http://api.test", Reach::Public);
    assert_eq!(answer.await.unwrap(), "hello");
    let seen = &proxy.take_seen()[0];
    assert_eq!(seen.uri, "http://api.test/");
    assert_eq!(seen.headers["host"], "api.test");
    assert_eq!(seen.headers["proxy-authorization"], "Basic dXNlcjpwYXNz");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_as_the_cause() {
    let proxy = Server::raw(|mut tcp| async move {
        read_head(&mut tcp).await;
        tcp.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
    })
    .await;
    let egress = egress_with(&proxied(&format!("http://{}", proxy.address), ""));
    let call = call(&egress, "https://api.test", Reach::Public);
    let error = call.await.unwrap_err();
    assert!(matches!(error, EgressError::Proxy { .. }), "{error:?}");
}

#[test]
fn a_ca_file_that_cannot_be_used_is_reported() {
    let setup = |path: &std::path::Path| {
        let config = EgressConfig { extra_ca: Some(path.to_owned()), ..EgressConfig::default() };
        Egress::new(&config).err().map(|error| error.to_string())
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(setup(file.path()).unwrap().ends_with("holds no PEM certificate"));
    let missing = file.path().with_extension("missing");
    assert!(setup(&missing).unwrap().ends_with("cannot be read"));
}
