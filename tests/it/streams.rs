//! Streams through the sandbox, in both ways to be a provider. No API of this version sends them on to clients, so these
//! tests hold the sandbox's own door: built components, a real engine, a real egress, a vendor played by the test.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use parlor::answer::{Answer, Events};
use parlor::conversation::{ErrorKind, Event, Message, Part, Request, Role};
use parlor::egress::{Egress, EgressConfig, Grant, Reach, StandIns};
use parlor::error::{ConverseError, Fault};
use parlor::origin::Origin;
use parlor::sandbox::{Equipment, GuestLimits, Provider, Sandbox};

use crate::harness::{Upstream, guest, target};

const MEMORY: usize = 64 << 20;
const EVENTS: u64 = 1_000;

async fn provider(artifact: &str, endpoint: Option<&Upstream>, path: &str) -> Provider {
    let egress = Egress::new(&EgressConfig::default()).unwrap();
    let sandbox = Sandbox::new(egress, Some(&target().join("test-cache/parlor"))).unwrap();
    let bytes = std::fs::read(guest(artifact)).unwrap();
    let artifact = sandbox.load(bytes, MEMORY, Duration::from_secs(30)).await.unwrap();
    let origins = endpoint.map(|upstream| (Origin::parse(&upstream.origin).unwrap(), Reach::Private));
    let mut settings = vec![("model".to_owned(), "m".to_owned()), ("key".to_owned(), "none".to_owned())];
    settings.extend(endpoint.map(|upstream| ("endpoint".to_owned(), format!("{}{path}", upstream.origin))));
    let limits = GuestLimits {
        memory: MEMORY,
        timeout: Duration::from_secs(30),
        cpu: Duration::from_secs(10),
        concurrency: 8,
        response_bytes: 1 << 20,
        events: EVENTS,
        log: 64,
    };
    let grant = Grant::new(origins, StandIns::default());
    sandbox.provider(Arc::new(artifact), Equipment { component: "tested".to_owned(), settings, grant, limits })
}

fn request(text: &str) -> Request {
    let parts = vec![Part::Text(text.to_owned())];
    let message = Message { role: Role::User, name: None, parts, extensions: None };
    Request { messages: vec![message], streaming: true, ..Request::default() }
}

async fn open(provider: &Provider, text: &str) -> Events {
    match provider.call(request(text), None, None).await.unwrap() {
        Answer::Live(events) => events,
        Answer::Whole(events) => panic!("asked for a stream, got {events:?}"),
    }
}

/// Texts of the deltas in a batch.
fn texts(batch: &[Event]) -> String {
    batch
        .iter()
        .filter_map(|event| if let Event::Text(delta) = event { Some(delta.text.as_str()) } else { None })
        .collect()
}

/// The next text of a stream, past batches without any.
async fn next_text(events: &mut Events) -> String {
    loop {
        let batch = events.next().await.unwrap().unwrap();
        let text = texts(&batch);
        if !text.is_empty() {
            return text;
        }
    }
}

/// The text of a stream, and the error that ends it.
async fn text_and_error(mut events: Events) -> (String, ErrorKind) {
    let mut text = String::new();
    while let Some(batch) = events.next().await {
        match batch {
            Ok(batch) => text.push_str(&texts(&batch)),
            Err(ConverseError::Provider { error, .. }) => return (text, error.kind),
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the stream ended as if it were whole")
}

fn chunk(text: &str) -> String {
    serde_json::json!({ "id": "c1", "model": "m", "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] })
        .to_string()
}

const FINISH: &str = r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn a_guest_with_its_own_stream_tells_it_piece_by_piece() {
    let provider = provider("providers/echo", None, "").await;
    let answer = Answer::Live(open(&provider, "one two three").await);
    let response = answer.into_response("tested").await.unwrap();
    assert_eq!(response.candidates[0].parts, [Part::Text("one two three".to_owned())]);
}

#[tokio::test]
async fn a_codec_hands_on_each_piece_while_the_vendor_still_speaks() {
    let mut upstream = Upstream::start().await;
    let provider = provider("providers/openai", Some(&upstream), "/v1").await;
    let (mut events, vendor) = tokio::join!(open(&provider, "hi"), async {
        let call = upstream.call().await;
        assert_eq!(call.json()["stream"], true);
        call.stream()
    });
    vendor.event(&chunk("first "));
    assert_eq!(next_text(&mut events).await, "first ");
    // Cut in the middle of a line: the rest comes later.
    let (head, tail) = (format!("data: {}", &chunk("second")[..20]), format!("{}\n\n", &chunk("second")[20..]));
    vendor.send(head);
    vendor.send(tail);
    assert_eq!(next_text(&mut events).await, "second");
    vendor.event(FINISH);
    vendor.event("[DONE]");
    drop(vendor);
    while let Some(batch) = events.next().await {
        assert_eq!(texts(&batch.unwrap()), "");
    }
}

#[tokio::test]
async fn a_stream_without_an_end_is_an_error_after_all_that_came_however_it_stops() {
    let mut upstream = Upstream::start().await;
    let provider = provider("providers/openai", Some(&upstream), "/v1").await;
    for is_broken in [false, true] {
        let (mut events, vendor) = tokio::join!(open(&provider, "hi"), async { upstream.call().await.stream() });
        vendor.event(&chunk("half "));
        assert_eq!(next_text(&mut events).await, "half ");
        if is_broken {
            vendor.break_off();
        } else {
            vendor.event(&chunk("a sen"));
            drop(vendor);
        }
        let (text, kind) = text_and_error(events).await;
        assert_eq!(text, if is_broken { "" } else { "a sen" });
        assert!(matches!(kind, ErrorKind::Transport | ErrorKind::Decode), "{kind:?}");
    }
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_vendors_work() {
    let mut upstream = Upstream::start().await;
    for (artifact, path) in [("providers/openai", "/v1"), ("samples/http", "")] {
        let provider = provider(artifact, Some(&upstream), path).await;
        let (events, vendor) = tokio::join!(open(&provider, "hi"), async { upstream.call().await.stream() });
        drop(events);
        vendor.abandoned().await;
    }
}

#[tokio::test]
async fn a_stream_that_gives_too_many_events_is_ended_in_both_ways() {
    let mut upstream = Upstream::start().await;
    let codec = provider("providers/openai", Some(&upstream), "/v1").await;
    let (events, vendor) = tokio::join!(open(&codec, "hi"), async { upstream.call().await.stream() });
    for _ in 0..=EVENTS {
        vendor.event(&chunk("word "));
    }
    assert_eq!(fault(events).await, Fault::Events(EVENTS));
    vendor.abandoned().await;
    let own = provider("providers/echo", None, "").await;
    let said = "word ".repeat(usize::try_from(EVENTS).unwrap() + 1);
    assert_eq!(fault(open(&own, &said).await).await, Fault::Events(EVENTS));
}

/// The fault that ends a stream, after which nothing comes.
async fn fault(mut events: Events) -> Fault {
    loop {
        match events.next().await.unwrap() {
            Ok(_) => {}
            Err(ConverseError::Fault { fault, .. }) => {
                assert!(events.next().await.is_none());
                return fault;
            }
            Err(other) => panic!("{other}"),
        }
    }
}
