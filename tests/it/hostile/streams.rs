//! Streams that fail on their way or have no end. No API of this version sends streams on to clients, so these are let
//! loose behind the sandbox's own door, beside a healthy provider of the same sandbox.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use parlor::answer::Answer;
use parlor::conversation::Request;
use parlor::egress::{Egress, EgressConfig, Grant, StandIns};
use parlor::error::{ConverseError, Fault};
use parlor::sandbox::{Equipment, GuestLimits, Provider, Sandbox};

use super::HEALTHY;
use crate::harness::{guest, target};

const MEMORY: usize = 64 << 20;
const CPU: Duration = Duration::from_millis(200);
const EVENTS: u64 = 1_000;
const TIMEOUT: Duration = Duration::from_secs(20);

async fn provider(sandbox: &Sandbox, name: &str, how: Option<&str>) -> Provider {
    let bytes = std::fs::read(guest(name)).unwrap();
    let artifact = sandbox.load(bytes, MEMORY, Duration::from_secs(30)).await.unwrap();
    let settings = how.map(|how| ("how".to_owned(), how.to_owned())).into_iter().collect();
    let limits = GuestLimits {
        memory: MEMORY,
        timeout: TIMEOUT,
        cpu: CPU,
        concurrency: HEALTHY,
        response_bytes: 64 << 20,
        events: EVENTS,
        log: 64,
    };
    let grant = Grant::new([], StandIns::default());
    sandbox.provider(Arc::new(artifact), Equipment { component: name.to_owned(), settings, grant, limits })
}

/// Reads a stream to its end, which must be an error.
async fn broken(provider: &Provider) -> ConverseError {
    let request = Request { streaming: true, ..Request::default() };
    let Answer::Live(mut events) = provider.call(request, None, None).await.unwrap() else { panic!("no stream") };
    assert_eq!(events.next().await.unwrap().unwrap().len(), 1);
    loop {
        match events.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                assert!(events.next().await.is_none(), "a stream goes on after its error");
                return error;
            }
            None => panic!("the stream ended as if it were whole"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_or_never_ends_is_cut_off() {
    let egress = Egress::new(&EgressConfig::default()).unwrap();
    let sandbox = Sandbox::new(egress, Some(&target().join("test-cache/parlor"))).unwrap();
    let healthy = provider(&sandbox, "providers/echo", None).await;
    let is_trap: fn(&Fault) -> bool = |fault| matches!(fault, Fault::Trapped(_));
    let is_loop: fn(&Fault) -> bool = |fault| *fault == Fault::Processor(CPU);
    let is_crowd: fn(&Fault) -> bool = |fault| *fault == Fault::Events(EVENTS);
    let is_flood: fn(&Fault) -> bool = |fault| matches!(fault, Fault::Output(_));
    for (how, expected) in
        [("trap", is_trap), ("never", is_loop), ("empty", is_crowd), ("tiny", is_crowd), ("huge", is_flood)]
    {
        let attacker = provider(&sandbox, "hostile/torrent", Some(how)).await;
        let calls = (0..HEALTHY).map(async |_| healthy.call(Request::default(), None, None).await.is_ok());
        let (error, answered) = tokio::join!(broken(&attacker), join_all(calls));
        let ConverseError::Fault { fault, .. } = &error else { panic!("{how}: {error}") };
        assert!(expected(fault), "{how}: {error}");
        assert!(answered.into_iter().all(|answered| answered), "{how}");
    }
}
