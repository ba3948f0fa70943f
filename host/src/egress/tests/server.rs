//! Servers on loopback for the tests of egress: HTTP with and without TLS, and raw ones that misbehave. Each counts its
//! connections and ends with the value that holds it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
pub(super) struct Seen {
    pub(super) uri: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

type Answer = fn(&Seen) -> Response<Full<Bytes>>;

impl Server {
    /// Answers in HTTP/1.1, or HTTP/2 where TLS negotiates it.
    pub(super) async fn http(tls: Option<ServerConfig>, answer: Answer) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let mut server = Self::raw(move |tcp| {
            let (log, acceptor) = (log.clone(), acceptor.clone());
            async move {
                match acceptor {
                    None => serve(tcp, log, answer).await,
                    Some(acceptor) => {
                        if let Ok(tls) = acceptor.accept(tcp).await {
                            serve(tls, log, answer).await;
                        }
                    }
                }
            }
        })
        .await;
        server.seen = seen;
        server
    }

    /// Does with each connection what the test says.
    pub(super) async fn raw<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                talks.spawn(talk(tcp));
            }
        });
        Self { address, connections, seen: Arc::default(), _tasks: tasks }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn serve(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, log: Arc<Mutex<Vec<Seen>>>, answer: Answer) {
    let service = service_fn(|request: Request<Incoming>| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let seen = Seen { uri: head.uri, version: head.version, headers: head.headers, body };
            let response = answer(&seen);
            log.lock().unwrap().push(seen);
            Ok::<_, hyper::Error>(response)
        }
    });
    // A client that leaves is what some tests want.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(io), service).await;
}

/// Reads one request's head, to its empty line.
pub(super) async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match tcp.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A certificate authority of the test's own.
pub(super) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server that shows a certificate for `name` and speaks the given protocols.
    pub(super) fn server(&self, name: &str, protocols: &[&str]) -> ServerConfig {
        let mut config = self.server_with(&CertificateParams::new([name.to_owned()]).unwrap());
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }

    /// A server that shows the authority's own certificate.
    pub(super) fn itself(&self) -> ServerConfig {
        showing(self.0.der(), self.0.key())
    }

    /// A server that shows this certificate, signed.
    pub(super) fn server_with(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        showing(params.signed_by(&key, &self.0).unwrap().der(), &key)
    }
}

/// A server that shows this certificate, whose key it has.
fn showing(certificate: &CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap()
}
