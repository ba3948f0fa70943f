//! Whether the application beside this host is there and well: first its port is waited for, then it is asked at
//! intervals. Knows nothing of who wants to know.

mod probe;

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::limits;

/// How the application is spoken to; daprd's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AppProtocol {
    Http,
    Https,
    H2c,
    Grpc,
    Grpcs,
}

impl AppProtocol {
    /// The word itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::H2c => "h2c",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
        }
    }

    /// Whether it can be asked how it is: TLS to an application is not spoken.
    pub fn is_probed(self) -> bool {
        !matches!(self, Self::Https | Self::Grpcs)
    }
}

/// How often and how the application is asked.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    pub path: CheckPath,
    /// Between the beginnings of two probes.
    pub interval: Duration,
    /// For one probe; no longer than the interval.
    pub timeout: Duration,
    /// Failures in a row that make it unwell.
    pub threshold: u32,
}

/// The path of a URL that a probe asks for, with its first slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPath(http::uri::PathAndQuery);

impl CheckPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for CheckPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = format!("/{}", text.strip_prefix('/').unwrap_or(text));
        path.parse().map(Self).map_err(|_| "write the path of a URL such as `/healthz`".to_owned())
    }
}

/// The application: where it is, and what is known of it now.
#[derive(Debug)]
pub struct AppConnection {
    pub host: String,
    pub port: u16,
    pub protocol: AppProtocol,
    /// `None` takes it for well from the moment that it listens.
    pub check: Option<HealthCheck>,
    listens: AtomicBool,
    /// Failed probes in a row. It begins at the threshold: unwell until it has said otherwise.
    failures: AtomicU32,
}

impl AppConnection {
    /// An application that is not known to be there. `check` is for protocols that can be probed.
    pub fn new(host: String, port: u16, protocol: AppProtocol, check: Option<HealthCheck>) -> Self {
        let failures = check.as_ref().map_or(0, |check| check.threshold).into();
        Self { host, port, protocol, check, listens: AtomicBool::new(false), failures }
    }

    /// Whether its port has been found open.
    pub fn is_listening(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    /// Whether it listens and, where it is asked, its last probes did not all fail.
    pub fn is_healthy(&self) -> bool {
        let threshold = self.check.as_ref().map_or(1, |check| check.threshold);
        self.is_listening() && self.failures.load(Ordering::Relaxed) < threshold
    }

    /// Watches the application, without end where it is asked how it is.
    pub async fn watch(&self) {
        let Self { host, port, protocol, .. } = self;
        tracing::info!("application protocol: {}, waiting for it to listen on {host}:{port}", protocol.name());
        while !self.connects().await {
            sleep(limits::APP_LOOK).await;
        }
        self.listens.store(true, Ordering::Relaxed);
        tracing::info!("application discovered on port {port}");
        if let Some(check) = &self.check {
            self.probe(check).await;
        }
    }

    async fn connects(&self) -> bool {
        let connected = timeout(limits::APP_CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await;
        matches!(connected, Ok(Ok(_)))
    }

    async fn probe(&self, check: &HealthCheck) {
        let mut ticks = interval(check.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let outcome = timeout(check.timeout, probe::ask(self, &check.path)).await;
            self.note(
                outcome.unwrap_or_else(|_| Err(format!("no answer within {:?}", check.timeout))),
                check.threshold,
            );
        }
    }

    /// Counts failures in a row, and logs when they make a difference, in daprd's words.
    fn note(&self, outcome: Result<(), String>, threshold: u32) {
        match outcome {
            Ok(()) => {
                if self.failures.swap(0, Ordering::Relaxed) >= threshold {
                    tracing::info!("App entered healthy status");
                }
            }
            Err(why) => {
                let failures = self.failures.load(Ordering::Relaxed).saturating_add(1);
                self.failures.store(failures, Ordering::Relaxed);
                if failures == threshold {
                    tracing::warn!("App entered un-healthy status: {why}");
                } else {
                    tracing::debug!(failures, "a health probe of the app has failed: {why}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_make_it_unwell() {
        let path = "healthz".parse().unwrap();
        let second = Duration::from_secs(1);
        let check = HealthCheck { path, interval: second, timeout: second, threshold: 2 };
        let app = AppConnection::new("localhost".to_owned(), 1, AppProtocol::Http, Some(check));
        app.listens.store(true, Ordering::Relaxed);
        let fails = || Err("down".to_owned());
        let mut states = Vec::new();
        for outcome in [fails(), Ok(()), fails(), Ok(()), fails(), fails(), fails(), Ok(())] {
            app.note(outcome, 2);
            states.push(app.is_healthy());
        }
        assert_eq!(states, [false, true, true, true, true, false, false, true]);
    }

    #[test]
    fn a_path_has_its_slash() {
        assert_eq!("ready?full".parse::<CheckPath>().unwrap().as_str(), "/ready?full");
        assert_eq!("/a/b".parse::<CheckPath>().unwrap().as_str(), "/a/b");
        assert!("a b".parse::<CheckPath>().is_err());
    }
}
