//! nginx with OpenSSL as the TLS end of aimock, each on a port of its own.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::aimock;

/// A running nginx. It ends with the test, or at the latest with the test's thread.
pub(super) struct Nginx {
    pub(super) port: u16,
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    _folder: tempfile::TempDir,
}

/// A certificate authority of the test's own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// One request as nginx has logged it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) protocol: String,
    /// The connection's number.
    pub(super) connection: String,
    /// How many requests this connection has had, with this one.
    pub(super) requests: u64,
}

impl Nginx {
    /// Starts nginx with a certificate of `authority`. `http2` offers it by ALPN.
    pub(super) fn start(authority: &Authority, certificate: &CertificateParams, http2: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.signed_by(&key, &authority.0).unwrap();
        let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        fs::write(folder.path().join("nginx.conf"), configuration(port, http2)).unwrap();
        // nginx takes over sockets that `NGINX` lists, here its input: nobody else can take the port in between, and
        // whoever connects before nginx accepts waits. It is asked to end and not killed, so that its worker ends too.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "nginx", "-e", "error.log", "-c", "nginx.conf", "-p"])
            .arg(folder.path())
            .env("NGINX", "0;")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { port, child, log, _folder: folder }
    }

    /// The next requests in its log; waits until they are there.
    pub(super) fn logged(&mut self, count: usize) -> Vec<Logged> {
        self.log.by_ref().take(count).map(|line| Logged::parse(&line.unwrap())).collect()
    }

    fn ask_to_end(&self) {
        // It may have ended. The shell's own `kill`, because the program is not on every machine.
        let kill = format!("kill {}", self.child.id());
        let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
    }

    /// Ends nginx, and gives what is in its log and was not asked for yet.
    pub(super) fn end(mut self) -> Vec<Logged> {
        self.ask_to_end();
        self.logged(usize::MAX)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.ask_to_end();
        let _ = self.child.wait();
    }
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }
}

impl Logged {
    fn parse(line: &str) -> Self {
        let [protocol, connection, requests] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        Self { protocol: protocol.to_owned(), connection: connection.to_owned(), requests: requests.parse().unwrap() }
    }
}

fn configuration(port: u16, http2: bool) -> String {
    let http2 = if http2 { " http2" } else { "" };
    let vendor = aimock::address();
    format!(
        "daemon off;
user root;
pid nginx.pid;
events {{}}
http {{
  log_format line '$server_protocol $connection $connection_requests';
  access_log /dev/stdout line;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} ssl{http2};
    ssl_certificate certificate.pem;
    ssl_certificate_key key.pem;
    location / {{ proxy_pass {vendor}; }}
  }}
}}
"
    )
}
