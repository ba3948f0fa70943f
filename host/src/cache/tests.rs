//! What is kept and for how long, and that nobody calls twice, waits in vain or panics for others.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::{advance, sleep};

use super::*;
use crate::conversation::{
    Candidate, ErrorKind, FinishReason, Message, Part, ProviderError, Request, Role, Sampling, Tool, ToolChoice,
};
use crate::secret::Secret;

const MINUTE: Duration = Duration::from_secs(60);
const CAPACITY: u64 = 1 << 20;

fn key(number: u64) -> Key {
    Key::of(number, None, false, &Request::default())
}

fn response(text: &str, finish_reason: FinishReason) -> Response {
    let parts = vec![Part::Text(text.to_owned())];
    let candidate = Candidate { index: 0, parts, finish_reason, raw_finish_reason: None, extensions: vec![] };
    Response { candidates: vec![candidate], ..Response::default() }
}

fn failure(text: &str) -> ConverseError {
    let error = ProviderError::new(ErrorKind::Upstream, text).into();
    ConverseError::Provider { component: "c".to_owned(), error }
}

/// A provider that counts its calls.
#[derive(Default)]
struct Provider(AtomicUsize);

impl Provider {
    fn calls(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// An answer that takes a second, and says which call it is of.
    async fn answer(&self) -> Result<Response, ConverseError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(Duration::from_secs(1)).await;
        Ok(response(&format!("answer {number}"), FinishReason::Stop))
    }

    async fn fail(&self) -> Result<Response, ConverseError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(Duration::from_secs(1)).await;
        Err(failure(&format!("failure {number}")))
    }
}

async fn text(answered: Result<(Answer, Status), ConverseError>) -> Result<String, String> {
    let (answer, _) = answered.map_err(|error| error.to_string())?;
    let response = answer.into_response("c").await.unwrap();
    let Some(Part::Text(text)) = response.candidates[0].parts.first() else { panic!("no text in {response:?}") };
    Ok(text.clone())
}

fn status(answered: &Result<(Answer, Status), ConverseError>) -> Status {
    answered.as_ref().map(|(_, status)| *status).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_as_long_as_was_asked_to_the_second() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let ask = || cache.answer(key(1), MINUTE, || provider.answer());
    let first = ask().await;
    assert_eq!(status(&first), Status::Forwarded { was_stale: false, stored: Some(MINUTE) });
    for (wait, age) in [(0, 0), (30, 30), (29, 59)] {
        advance(Duration::from_secs(wait)).await;
        let again = ask().await;
        let (age, left) = (Duration::from_secs(age), Duration::from_secs(60 - age));
        assert_eq!(status(&again), Status::Hit { age, left });
        assert_eq!(text(again).await.unwrap(), "answer 1");
    }
    advance(Duration::from_secs(1)).await;
    let late = ask().await;
    assert_eq!(status(&late), Status::Forwarded { was_stale: true, stored: Some(MINUTE) });
    assert_eq!(text(late).await.unwrap(), "answer 2");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_fresher_answer_gets_one() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let ask = |ttl| cache.answer(key(1), ttl, || provider.answer());
    ask(10 * MINUTE).await.unwrap();
    advance(2 * MINUTE).await;
    assert_eq!(text(ask(3 * MINUTE).await).await.unwrap(), "answer 1");
    assert_eq!(text(ask(MINUTE).await).await.unwrap(), "answer 2");
    assert_eq!(text(ask(10 * MINUTE).await).await.unwrap(), "answer 2");
    advance(2 * MINUTE).await;
    // The last call said for how long it is kept.
    assert_eq!(text(ask(10 * MINUTE).await).await.unwrap(), "answer 3");
}

#[tokio::test(start_paused = true)]
async fn those_who_ask_the_same_at_once_are_answered_by_one_call() {
    for askers in [8, 200] {
        let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
        let all = join_all((0..askers).map(|_| cache.answer(key(1), MINUTE, || provider.answer()))).await;
        let (forwarded, collapsed): (Vec<_>, Vec<_>) =
            all.iter().map(status).partition(|status| matches!(status, Status::Forwarded { .. }));
        assert_eq!((provider.calls(), forwarded.len(), collapsed.len()), (1, 1, askers - 1));
        for answered in all {
            assert_eq!(text(answered).await.unwrap(), "answer 1");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_same_does_not_wait() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let stuck = cache.answer(key(1), MINUTE, pending);
    tokio::pin!(stuck);
    assert!(stuck.as_mut().now_or_never().is_none());
    assert_eq!(text(cache.answer(key(2), MINUTE, || provider.answer()).await).await.unwrap(), "answer 1");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept_and_is_believed_when_it_comes_again() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let all = join_all((0..200).map(|_| cache.answer(key(1), MINUTE, || provider.fail()))).await;
    assert_eq!(provider.calls(), 2);
    let mut told = Vec::new();
    for answered in all {
        told.push(text(answered).await.unwrap_err());
    }
    // One knows its own, and the others that of who took over.
    assert_eq!(told.iter().filter(|told| *told == "component `c`: failure 1").count(), 1);
    assert_eq!(told.iter().filter(|told| *told == "component `c`: failure 2").count(), 199);
    assert_eq!(text(cache.answer(key(1), MINUTE, || provider.answer()).await).await.unwrap(), "answer 3");
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_calls_fails_another_does() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let first = cache.answer(key(1), MINUTE, || provider.fail());
    let others = join_all((0..7).map(|_| cache.answer(key(1), MINUTE, || provider.answer())));
    let (first, others) = tokio::join!(first, others);
    assert_eq!(text(first).await.unwrap_err(), "component `c`: failure 1");
    for answered in others {
        assert_eq!(text(answered).await.unwrap(), "answer 2");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_calls_leaves_another_calls_however_often_that_is() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let mut leader = Box::pin(cache.answer(key(1), MINUTE, pending));
    assert!(leader.as_mut().now_or_never().is_none());
    let patient = cache.answer(key(1), MINUTE, || provider.answer());
    tokio::pin!(patient);
    assert!(patient.as_mut().now_or_never().is_none());
    for _ in 0..1_000 {
        let mut next = Box::pin(cache.answer(key(1), MINUTE, pending));
        assert!(next.as_mut().now_or_never().is_none());
        drop(leader);
        // It is woken before the patient one, and so leads.
        assert!(next.as_mut().now_or_never().is_none());
        assert!(patient.as_mut().now_or_never().is_none());
        assert_eq!(provider.calls(), 0);
        leader = next;
    }
    drop(leader);
    assert_eq!(text(patient.await).await.unwrap(), "answer 1");
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_may_leave_and_disturbs_nobody() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let ask = || cache.answer(key(1), MINUTE, || provider.answer());
    let leader = ask();
    tokio::pin!(leader);
    assert!(leader.as_mut().now_or_never().is_none());
    assert!(ask().now_or_never().is_none());
    let (led, followed) = tokio::join!(leader, ask());
    assert_eq!((text(led).await.unwrap(), text(followed).await.unwrap()), ("answer 1".into(), "answer 1".into()));
    assert_eq!(provider.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_calls_panics_another_calls() {
    let (cache, provider) = (Cache::new(CAPACITY), Provider::default());
    let panicking = async || {
        sleep(Duration::from_secs(1)).await;
        panic!("as no call should")
    };
    let first = std::panic::AssertUnwindSafe(cache.answer(key(1), MINUTE, panicking)).catch_unwind();
    let (first, second) = tokio::join!(first, cache.answer(key(1), MINUTE, || provider.answer()));
    assert!(first.is_err());
    assert_eq!(text(second).await.unwrap(), "answer 1");
}

#[tokio::test]
async fn an_answer_that_says_nothing_or_was_cut_short_is_given_and_not_kept() {
    for (told, keeps) in [
        (response("hi", FinishReason::Stop), true),
        (response("hi", FinishReason::ToolCalls), true),
        (response("hi", FinishReason::Refusal), true),
        (response("hi", FinishReason::Other("done".into())), true),
        (response("hi", FinishReason::Length), false),
        (response("hi", FinishReason::ContentFilter), false),
        (response("hi", FinishReason::Pause), false),
        (response("hi", FinishReason::Error), false),
        (response("", FinishReason::Stop), false),
        (Response::default(), false),
    ] {
        let cache = Cache::new(CAPACITY);
        let (answer, status) = cache.answer(key(1), MINUTE, async || Ok(told.clone())).await.unwrap();
        assert_eq!(status, Status::Forwarded { was_stale: false, stored: keeps.then_some(MINUTE) }, "{told:?}");
        assert_eq!(cache.state().entries, u64::from(keeps));
        assert_eq!(answer.into_response("c").await.unwrap(), told);
    }
}

#[tokio::test]
async fn the_cache_stays_within_its_bytes_whatever_passes() {
    let cache = Cache::new(CAPACITY);
    let text = "x".repeat(200);
    for number in 0..20_000 {
        let (_, status) =
            cache.answer(key(number), MINUTE, async || Ok(response(&text, FinishReason::Stop))).await.unwrap();
        assert_eq!(status, Status::Forwarded { was_stale: false, stored: Some(MINUTE) });
        assert!(cache.state().bytes <= CAPACITY, "after {number}: {:?}", cache.state());
    }
    let state = cache.state();
    assert!(state.bytes > CAPACITY - 2_000, "{state:?}");
    assert_eq!(state.evicted_for_size, 20_000 - state.entries);
}

#[tokio::test]
async fn an_answer_larger_than_the_cache_is_not_kept() {
    for (capacity, stored) in [(0, None), (CAPACITY, None), (4 * CAPACITY, Some(MINUTE))] {
        let cache = Cache::new(capacity);
        let large = response(&"x".repeat(2 << 20), FinishReason::Stop);
        let (_, status) = cache.answer(key(1), MINUTE, async || Ok(large)).await.unwrap();
        assert_eq!(status, Status::Forwarded { was_stale: false, stored });
        assert!(cache.state().bytes <= capacity);
    }
}

#[test]
fn whatever_shapes_an_answer_is_in_its_key() {
    let said = |texts: &[&str]| Message {
        role: Role::User,
        name: None,
        parts: texts.iter().map(|text| Part::Text((*text).to_owned())).collect(),
        extensions: None,
    };
    let asked = |texts: &[&str]| Request { messages: vec![said(texts)], ..Request::default() };
    let tool = |name: &str| Tool {
        name: name.to_owned(),
        description: None,
        parameters: "{}".to_owned(),
        strict: None,
        extensions: None,
    };
    let warm = |temperature| Sampling { temperature: Some(temperature), ..Sampling::default() };
    let requests = [
        asked(&["ab", "c"]),
        asked(&["a", "bc"]),
        asked(&["abc"]),
        Request { messages: vec![said(&["ab"]), said(&["c"])], ..Request::default() },
        Request { messages: vec![Message { role: Role::System, ..said(&["abc"]) }], ..Request::default() },
        Request { messages: vec![Message { name: Some("n".into()), ..said(&["abc"]) }], ..Request::default() },
        Request { model: Some("m".into()), ..asked(&["abc"]) },
        Request { tools: vec![tool("f")], ..asked(&["abc"]) },
        Request { tools: vec![tool("g")], ..asked(&["abc"]) },
        Request { tool_choice: Some(ToolChoice::Required), ..asked(&["abc"]) },
        Request { sampling: warm(0.5), ..asked(&["abc"]) },
        Request { sampling: warm(0.0), ..asked(&["abc"]) },
        Request { sampling: Sampling { top_p: Some(0.5), ..Sampling::default() }, ..asked(&["abc"]) },
        Request { metadata: vec![("a".into(), "b".into())], ..asked(&["abc"]) },
        Request { extensions: Some("{}".into()), ..asked(&["abc"]) },
    ];
    let callers = [None, Some(Secret::new("k")), Some(Secret::new("l"))];
    let mut keys = std::collections::HashSet::new();
    for generation in [1, 2] {
        for caller in &callers {
            for (request, scrubs) in requests.iter().flat_map(|request| [(request, false), (request, true)]) {
                let key = |request| Key::of(generation, caller.as_ref(), scrubs, request);
                assert!(keys.insert(key(request)), "{request:?} has another's key");
                assert!(keys.contains(&key(&request.clone())));
            }
        }
    }
    let zero = Request { sampling: warm(-0.0), ..asked(&["abc"]) };
    assert!(keys.contains(&Key::of(1, None, false, &zero)), "-0.0 is 0.0");
}
