//! Guests that attack, each let loose beside a healthy component. Every attack ends in a typed error or is refused, and
//! whoever calls the healthy component meanwhile notices nothing. Which attack ends how is in the tables of the files here.

mod boundary;
mod faults;
mod logs;
mod requests;
mod slow;
mod streams;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Client, Host, HostBuilder, guest};

/// Calls of the healthy component while an attack runs, all at one time.
const HEALTHY: usize = 200;
/// Calls of the attacker.
const ATTACKERS: usize = 3;

/// A component that attacks.
#[derive(Debug, Clone, Copy)]
struct Attack<'a> {
    /// The guest's file.
    guest: &'a str,
    /// Its setting of that name; empty where it has none.
    how: &'a str,
    /// What its YAML has for `limits`.
    limits: &'a str,
    /// What its caller is told.
    told: &'a str,
}

impl Attack<'_> {
    fn component(&self) -> String {
        format!("{}-{}", self.guest, self.how).trim_end_matches('-').to_owned()
    }

    /// The component, with settings besides `how`.
    fn add(&self, host: HostBuilder, settings: &[(&str, &str)]) -> HostBuilder {
        let how = (!self.how.is_empty()).then_some(("how", self.how));
        let settings: Vec<_> = how.into_iter().chain(settings.iter().copied()).collect();
        let artifact = guest(&format!("hostile/{}", self.guest));
        host.wasm(&self.component(), &artifact, &format!("limits: {}", self.limits), &settings)
    }
}

/// A host with the healthy component and one for each attack.
fn host_with(attacks: &[Attack<'_>], settings: &[(&str, &str)]) -> Host {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    attacks.iter().fold(host, |host, attack| attack.add(host, settings)).start()
}

/// Runs each attack beside the healthy calls.
async fn let_loose(host: &Host, attacks: &[Attack<'_>]) {
    for attack in attacks {
        let attackers = (0..ATTACKERS).map(async |_| refused(&host.client, &attack.component(), &[attack.told]).await);
        beside_healthy(&host.client, join_all(attackers)).await;
        let counted = count(host, &attack.component()).await;
        assert!(counted >= ATTACKERS as u64, "{attack:?} is counted {counted} times");
    }
}

/// How often a component has failed as a program or was refused something, or had no answer in time, by the metrics.
async fn count(host: &Host, component: &str) -> u64 {
    let text = host.metrics().get("/").await.text();
    let of = |series: &str| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with(series) && line.contains(&format!("\"{component}\"")));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    };
    of("parlor_component_faults_total") + of("parlor_component_refusals_total")
}

/// Runs an attack while the healthy component is called, and asserts that all of those calls are answered.
async fn beside_healthy<T>(client: &Client, attack: impl Future<Output = T>) -> T {
    let healthy = (0..HEALTHY).map(async |number| {
        let text = format!("healthy {number}");
        assert_eq!(client.alpha1("echo", &text).await.ok(), json!({ "outputs": [{ "result": text }] }));
    });
    tokio::join!(attack, join_all(healthy)).0
}

/// Calls a component and asserts that it ends in a typed error that says all of `told`.
async fn refused(client: &Client, component: &str, told: &[&str]) {
    refused_when_told(client, component, "go", told).await;
}

/// The same with a text of the caller's own.
async fn refused_when_told(client: &Client, component: &str, text: &str, told: &[&str]) -> String {
    let (status, code, message) = client.alpha2(component, text).await.error();
    assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{component}, {text}: {message}");
    assert!(message.starts_with(&format!("failed conversing with component {component}: ")), "{message}");
    for told in told {
        assert!(message.contains(told), "{component}, {text}: `{told}` is not in: {message}");
    }
    message
}
