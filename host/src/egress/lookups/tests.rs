//! Lookups with a resolver whose every answer the test gives.

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{unconstrained, yield_now};

use super::*;

/// A lookup that has begun, which the test ends as it likes; it never ends by itself.
struct Begun {
    name: String,
    end: oneshot::Sender<io::Result<Vec<SocketAddr>>>,
}

struct Desk(mpsc::UnboundedSender<Begun>);

impl Resolve for Desk {
    fn resolve<'a>(&'a self, name: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let (end, ended) = oneshot::channel();
        self.0.send(Begun { name: name.to_owned(), end }).unwrap();
        Box::pin(async move { ended.await.expect("the test breaks this lookup off") })
    }
}

fn desk() -> (Arc<Lookups>, mpsc::UnboundedReceiver<Begun>) {
    let (begun, desk) = mpsc::unbounded_channel();
    (Lookups::new(Box::new(Desk(begun))), desk)
}

fn found() -> io::Result<Vec<SocketAddr>> {
    Ok(vec!["8.8.8.8:0".parse().unwrap()])
}

/// All lookups that have begun by now. A test has one thread: what can go on has gone on after a few turns.
async fn take(desk: &mut mpsc::UnboundedReceiver<Begun>) -> Vec<Begun> {
    for _ in 0..100 {
        yield_now().await;
    }
    std::iter::from_fn(|| desk.try_recv().ok()).collect()
}

fn names(begun: &[Begun]) -> Vec<&str> {
    begun.iter().map(|begun| begun.name.as_str()).collect()
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, Arc<io::Error>>> + 'a>>;

/// Asks, and goes on waiting for as long as the result is held.
fn ask<'a>(lookups: &'a Arc<Lookups>, name: &'a str, share: &'a Share) -> Asking<'a> {
    let mut asking: Asking<'a> = Box::pin(unconstrained(lookups.find(name, 443, share)));
    assert!(asking.as_mut().now_or_never().is_none());
    asking
}

#[tokio::test]
async fn those_who_ask_for_one_name_share_a_lookup_and_the_next_has_its_own() {
    let (lookups, mut desk) = desk();
    let shares = [Share::new(), Share::new()];
    for _ in 0..2 {
        let asking = join_all((1..=20).map(|port| lookups.find("a.test", port, &shares[usize::from(port % 2)])));
        let answer = async {
            let begun = take(&mut desk).await.pop().unwrap();
            begun.end.send(found()).unwrap();
        };
        let (answers, ()) = tokio::join!(asking, answer);
        let ports = answers.into_iter().map(|answer| answer.unwrap()[0].port());
        assert!(ports.eq(1..=20));
        assert!(take(&mut desk).await.is_empty());
    }
}

#[tokio::test]
async fn a_lookup_that_nobody_waits_for_counts_until_it_has_ended() {
    let (lookups, mut desk) = desk();
    let share = Share::new();
    for _ in 0..100 {
        for name in ["a.test", "b.test", "c.test", "d.test"] {
            drop(ask(&lookups, name, &share));
        }
    }
    let mut begun = take(&mut desk).await;
    assert_eq!(names(&begun), ["a.test", "b.test", "c.test", "d.test"]);

    let fifth = ask(&lookups, "e.test", &share);
    assert!(take(&mut desk).await.is_empty());
    begun.remove(0).end.send(found()).unwrap();
    let (answer, ()) = tokio::join!(fifth, async {
        let begun = take(&mut desk).await.pop().unwrap();
        assert_eq!(begun.name, "e.test");
        begun.end.send(found()).unwrap();
    });
    answer.unwrap();
}

#[tokio::test]
async fn a_component_that_waits_for_dead_names_makes_no_other_wait() {
    let (lookups, mut desk) = desk();
    let (dead, other) = (Share::new(), Share::new());
    let names: Vec<String> = (0..1_000).map(|number| format!("{number}.test")).collect();
    let _waiting: Vec<_> = names.iter().map(|name| ask(&lookups, name, &dead)).collect();
    assert_eq!(take(&mut desk).await.len(), AT_ONCE_OF_ONE);
    // Even what the first waits for a turn with is looked up at once.
    for name in ["vendor.test", "999.test"] {
        let _asking = ask(&lookups, name, &other);
        assert_eq!(take(&mut desk).await[0].name, name);
    }
}

#[tokio::test]
async fn all_components_together_have_a_bound() {
    let (lookups, mut desk) = desk();
    let names: Vec<String> = (0..1_000).map(|number| format!("{number}.test")).collect();
    let shares: Vec<Share> = (0..100).map(|_| Share::new()).collect();
    let asking = names.iter().zip(shares.iter().cycle()).map(|(name, share)| ask(&lookups, name, share));
    let mut waiting = join_all(asking);
    let mut begun = take(&mut desk).await;
    assert_eq!(begun.len(), AT_ONCE);
    begun.pop().unwrap().end.send(found()).unwrap();
    assert!(take(&mut desk).await.is_empty());
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(take(&mut desk).await.len(), 1);
}

#[tokio::test]
async fn a_lookup_that_fails_or_breaks_off_is_said_and_the_name_can_be_asked_for_again() {
    let (lookups, mut desk) = desk();
    let share = Share::new();
    for _ in 0..2 * AT_ONCE {
        let asking = ask(&lookups, "a.test", &share);
        take(&mut desk).await.pop().unwrap().end.send(Err(io::ErrorKind::NotFound.into())).unwrap();
        assert_eq!(asking.await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let asking = ask(&lookups, "a.test", &share);
        drop(take(&mut desk).await);
        assert_eq!(asking.await.unwrap_err().to_string(), "the lookup broke off");
    }
}

#[tokio::test]
async fn what_nobody_asks_for_any_more_is_forgotten() {
    let (lookups, mut desk) = desk();
    let share = Share::new();
    for number in 0..1_000 {
        drop(ask(&lookups, &format!("{number}.test"), &share));
    }
    assert_eq!(lookups.asked().len(), AT_ONCE_OF_ONE + 1);
    for begun in take(&mut desk).await {
        begun.end.send(found()).unwrap();
    }
    assert!(take(&mut desk).await.is_empty());
    assert_eq!(lookups.asked().len(), 1);
}
