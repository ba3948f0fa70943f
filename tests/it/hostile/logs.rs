//! What a guest says in the log and in its errors: bounded, without the key, and never as if it were the host.

use super::{ATTACKERS, beside_healthy, refused_when_told};
use crate::harness::{Host, HostBuilder, guest};

const KEY: &str = "sk-the-real-key-0123456789";
/// Lines that one call may log, the one that says so included.
const LINES: usize = 65;
/// Room for a whole line: what the guest may say, and what the host says before it.
const LENGTH: usize = 4_096 + 200;

fn host(how: &str, argument: &str) -> Host {
    HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("flood", &guest("hostile/flood"), "limits: { cpu: 10s }", &[("how", how), ("key", KEY)])
        .argument(argument)
        .start()
}

#[tokio::test]
async fn a_flood_in_the_log_is_cut_short() {
    let host = host("log", "--log-level=info");
    let flood = async {
        for _ in 0..ATTACKERS {
            host.client.alpha1("flood", "go").await.ok();
        }
    };
    beside_healthy(&host.client, flood).await;
    let log = host.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("parlor::guest")).collect();
    assert_eq!(lines.len(), ATTACKERS * LINES);
    assert!(lines.iter().all(|line| line.len() <= LENGTH));
    assert_eq!(lines.iter().filter(|line| line.contains("further lines of this call are dropped")).count(), ATTACKERS);
    assert!(lines[0].contains("parlor-secret-") && !log.contains(KEY), "{}", lines[0]);
}

#[tokio::test]
async fn a_line_of_a_guest_is_no_line_of_the_host() {
    for argument in ["--log-level=info", "--log-as-json"] {
        let host = host("forge", argument);
        let told = refused_when_told(&host.client, "flood", "go", &["forged in an error"]);
        beside_healthy(&host.client, told).await;
        let log = host.log();
        assert!(log.contains("forged by a break") && log.contains("forged in an error"), "{log}");
        assert!(!log.contains('\x1b'), "{log}");
        for line in log.lines() {
            assert!(!line.starts_with("2026-01-01") && !line.starts_with(" forged"), "{log}");
        }
    }
}

#[tokio::test]
async fn a_flood_in_an_error_is_cut_short() {
    for (how, told) in [("error", "flood flood"), ("kind", "too much")] {
        let host = host(how, "--log-level=info");
        let message = beside_healthy(&host.client, refused_when_told(&host.client, "flood", "go", &[told])).await;
        assert!(message.len() <= LENGTH, "{} bytes", message.len());
        assert!(host.log().lines().all(|line| line.len() <= LENGTH));
    }
}
