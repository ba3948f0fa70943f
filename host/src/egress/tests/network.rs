//! What reaches a server, what does not, and what comes back: over plain HTTP/1.1.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::server::{Seen, Server, read_head};
use super::{Everywhere, bounds, call, egress, egress_with, exchange, grant, hello, post};
use crate::egress::resolve::Resolve;
use crate::egress::{AddressKind, Bounds, Egress, EgressConfig, EgressError, Grant, Phase, Reach, StandIns};
use crate::origin::Origin;

#[tokio::test]
async fn a_granted_call_goes_out_and_connections_are_reused() {
    let server = Server::http(None, hello).await;
    let origin = format!("http://{}", server.address);
    let (egress, grant) = (egress(), grant(&origin, Reach::Private));
    for _ in 0..5 {
        let answer = exchange(&egress, &grant, post(format!("{origin}/v1?x=1"), "ping"), &bounds()).await;
        assert_eq!(answer.unwrap(), "hello");
    }
    assert_eq!(server.connections(), 1);
    let seen = &server.take_seen()[0];
    assert_eq!((seen.uri.to_string(), &seen.body[..]), ("/v1?x=1".to_owned(), &b"ping"[..]));
    assert_eq!(seen.headers["host"], server.address.to_string());
    assert_eq!(seen.headers["content-length"], "4");
    assert!(!seen.headers.contains_key("accept-encoding"));
}

/// Answers every request of a connection alike, byte for byte.
async fn answering(answer: &'static str) -> Server {
    Server::raw(move |mut tcp| async move {
        while !read_head(&mut tcp).await.is_empty() {
            tcp.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_is_kept_from_the_last_byte_of_its_answer_on_and_not_before() {
    let sized = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nping";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nping\r\n0\r\n\r\n";
    let empty = "HTTP/1.1 204 No Content\r\n\r\n";
    let unfinished = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nping";
    for (answer, frames, connections) in [(sized, 1, 1), (chunked, 2, 1), (empty, 0, 1), (unfinished, 1, 3)] {
        let server = answering(answer).await;
        let origin = format!("http://{}", server.address);
        let (egress, grant, bounds) = (egress(), grant(&origin, Reach::Private), bounds());
        for _ in 0..3 {
            let mut body = egress.send(&grant, post(&origin, ""), &bounds).await.unwrap().into_body();
            for _ in 0..frames {
                body.frame().await;
            }
        }
        assert_eq!(server.connections(), connections, "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_not_used_again() {
    let server = Server::raw(|mut tcp| async move {
        read_head(&mut tcp).await;
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
    })
    .await;
    let origin = format!("http://{}", server.address);
    let egress = egress();
    for connections in 1..=5 {
        assert_eq!(call(&egress, &origin, Reach::Private).await.unwrap(), "hello");
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn no_more_connections_are_kept_than_there_is_room_for() {
    let server = Server::http(None, hello).await;
    let origin = format!("http://{}", server.address);
    let egress = egress_with(&EgressConfig { idle_per_host: 1, ..EgressConfig::default() });
    for connections in [2, 3] {
        let (one, other) = tokio::join!(call(&egress, &origin, Reach::Private), call(&egress, &origin, Reach::Private));
        assert_eq!((one.unwrap(), other.unwrap()), ("hello".to_owned(), "hello".to_owned()));
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_connection_waits_only_so_long_for_its_next_call() {
    let (closed, mut is_closed) = mpsc::unbounded_channel();
    let server = Server::raw(move |mut tcp| {
        let closed = closed.clone();
        async move {
            while !read_head(&mut tcp).await.is_empty() {
                tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
            }
            closed.send(()).unwrap();
        }
    })
    .await;
    let origin = format!("http://{}", server.address);
    let egress = egress();
    call(&egress, &origin, Reach::Private).await.unwrap();
    let idle = EgressConfig::default().idle_time;
    tokio::time::pause();
    tokio::time::advance(idle - Duration::from_secs(1)).await;
    call(&egress, &origin, Reach::Private).await.unwrap();
    assert_eq!(server.connections(), 1);
    tokio::time::advance(idle * 2).await;
    is_closed.recv().await.unwrap();
    call(&egress, &origin, Reach::Private).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn what_is_not_granted_is_not_dialled() {
    let server = Server::http(None, hello).await;
    let port = server.address.port();
    let cases = [
        ("http://other.test", Reach::Private, format!("http://127.0.0.1:{port}/")),
        ("http://127.0.0.1", Reach::Private, format!("http://127.0.0.1:{port}/")),
    ];
    for (granted, reach, uri) in cases {
        let error = exchange(&egress(), &grant(granted, reach), post(&uri, ""), &bounds()).await.unwrap_err();
        assert!(matches!(error, EgressError::NotGranted { .. }), "{uri}: {error:?}");
    }
    for host in ["rebound.test", "127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let origin = format!("http://{host}:{port}");
        let error = call(&egress(), &origin, Reach::Public).await.unwrap_err();
        assert!(matches!(error, EgressError::Address { kind: AddressKind::Loopback, .. }), "{host}: {error:?}");
        assert!(error.to_string().contains("`privateNetwork: true`"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

/// A name that changes its mind: each lookup finds the next address.
struct Rebound(Mutex<Vec<[u8; 4]>>);

impl Resolve for Rebound {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let address = self.0.lock().unwrap().remove(0);
        Box::pin(async move { Ok(vec![SocketAddr::new(address.into(), port)]) })
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_judged_anew_for_each_connection() {
    let closing = |_: &Seen| Response::builder().header("connection", "close").body(Full::from("hello")).unwrap();
    let server = Server::http(None, closing).await;
    let origin = format!("http://rebound.test:{}", server.address.port());
    let found = vec![[127, 0, 0, 1], [169, 254, 169, 254], [127, 0, 0, 1], [0, 0, 0, 0]];
    let resolver = Box::new(Rebound(Mutex::new(found)));
    let egress = Egress::with_resolver(&EgressConfig::default(), resolver).unwrap();
    for refused in [None, Some(AddressKind::LinkLocal), None, Some(AddressKind::Unspecified)] {
        match (call(&egress, &origin, Reach::Private).await, refused) {
            (Ok(answer), None) => assert_eq!(answer, "hello"),
            (Err(EgressError::Address { kind, .. }), Some(refused)) => assert_eq!(kind, refused),
            (result, _) => panic!("{result:?}"),
        }
    }
    assert_eq!(server.connections(), 2);
}

/// Never answers for the names of `dead.test`, and writes down which of them it was asked for.
struct Dead(mpsc::UnboundedSender<String>);

impl Resolve for Dead {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        if name.ends_with(".dead.test") {
            self.0.send(name.to_owned()).unwrap();
            return Box::pin(pending());
        }
        Box::pin(async move { Ok(vec![SocketAddr::new([127, 0, 0, 1].into(), port)]) })
    }
}

#[tokio::test]
async fn names_without_an_answer_leave_the_lookups_of_others_alone() {
    let server = Server::http(None, hello).await;
    let (asked, mut dead) = mpsc::unbounded_channel();
    let egress = Egress::with_resolver(&EgressConfig::default(), Box::new(Dead(asked))).unwrap();
    let names: Vec<String> = (0..40).map(|number| format!("http://{number}.dead.test")).collect();
    let origins = names.iter().map(|name| (Origin::parse(name).unwrap(), Reach::Private));
    let grant = Grant::new(origins, StandIns::default());
    for name in names.iter().cycle().take(400) {
        let left = exchange(&egress, &grant, post(name, ""), &bounds()).now_or_never();
        assert!(left.is_none());
    }
    let origin = format!("http://vendor.test:{}", server.address.port());
    assert_eq!(call(&egress, &origin, Reach::Private).await.unwrap(), "hello");
    let begun: Vec<_> = std::iter::from_fn(|| dead.try_recv().ok()).collect();
    assert_eq!(begun, ["0.dead.test", "1.dead.test", "2.dead.test", "3.dead.test"]);
}

#[tokio::test]
async fn a_connection_of_a_wide_grant_never_serves_a_narrow_one() {
    let server = Server::http(None, hello).await;
    let origin = format!("http://engine.test:{}", server.address.port());
    let egress = egress();
    call(&egress, &origin, Reach::Private).await.unwrap();
    let error = call(&egress, &origin, Reach::Public).await.unwrap_err();
    assert!(matches!(error, EgressError::Address { .. }), "{error:?}");
    assert_eq!((server.connections(), server.take_seen().len()), (1, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::http(None, |_| {
        Response::builder().status(302).header("location", "/elsewhere").body(Full::default()).unwrap()
    })
    .await;
    let origin = format!("http://{}", server.address);
    let response = egress().send(&grant(&origin, Reach::Private), post(&origin, ""), &bounds()).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["location"]),
        (StatusCode::FOUND, &"/elsewhere".parse().unwrap())
    );
    assert_eq!(server.take_seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_begin_its_answer_is_left() {
    let server = Server::raw(|mut tcp| async move {
        read_head(&mut tcp).await;
        pending().await
    })
    .await;
    let origin = format!("http://{}", server.address);
    let error = call(&egress(), &origin, Reach::Private).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { phase: Phase::Head, .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("`{}` took more than 60s to begin its answer", server.address));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_finish_tls_is_left() {
    let server = Server::raw(|tcp| async move {
        let _open = tcp;
        pending().await
    })
    .await;
    let origin = format!("https://{}", server.address);
    let error = call(&egress(), &origin, Reach::Private).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { phase: Phase::Connect, .. }), "{error:?}");
}

#[tokio::test]
async fn silence_in_a_body_is_bounded_and_a_slow_body_is_not() {
    let (pieces, received) = mpsc::unbounded_channel::<&'static str>();
    let received = Arc::new(AsyncMutex::new(received));
    let server = Server::raw(move |mut tcp| {
        let received = received.clone();
        async move {
            read_head(&mut tcp).await;
            while let Some(piece) = received.lock().await.recv().await {
                tcp.write_all(piece.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let origin = format!("http://{}", server.address);
    pieces.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").unwrap();
    let response = egress().send(&grant(&origin, Reach::Private), post(&origin, ""), &bounds()).await.unwrap();
    let mut body = response.into_body();

    tokio::time::pause();
    let nearly = bounds().idle - Duration::from_secs(1);
    for _ in 0..3 {
        assert!(body.frame().now_or_never().is_none());
        tokio::time::advance(nearly).await;
        assert!(body.frame().now_or_never().is_none());
        pieces.send("piece").unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "piece");
    }
    assert!(body.frame().now_or_never().is_none());
    tokio::time::advance(bounds().idle).await;
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(matches!(error, EgressError::Timeout { phase: Phase::Idle, .. }), "{error:?}");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn an_answer_stays_within_its_bound() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n";
    for answer in [announced, chunked] {
        let server = Server::raw(move |mut tcp| async move {
            read_head(&mut tcp).await;
            tcp.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let origin = format!("http://{}", server.address);
        let (grant, limit) = (grant(&origin, Reach::Private), |response_bytes| Bounds { response_bytes, ..bounds() });
        assert_eq!(exchange(&egress(), &grant, post(&origin, ""), &limit(9)).await.unwrap(), "123456789");
        let error = exchange(&egress(), &grant, post(&origin, ""), &limit(8)).await.unwrap_err();
        assert!(matches!(error, EgressError::ResponseTooLarge { limit: 8, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_broken_answer_has_a_typed_error() {
    type Is = fn(&EgressError) -> bool;
    let is_broken: Is = |error| matches!(error, EgressError::Broken { .. });
    let is_protocol: Is = |error| matches!(error, EgressError::Protocol { .. });
    let cases = [
        ("", is_broken),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234", is_broken),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1234\r\n", is_broken),
        ("SSH-2.0-OpenSSH_9.7\r\n\r\n", is_protocol),
    ];
    for (answer, expected) in cases {
        let server = Server::raw(move |mut tcp| async move {
            read_head(&mut tcp).await;
            tcp.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let origin = format!("http://{}", server.address);
        let error = call(&egress(), &origin, Reach::Private).await.unwrap_err();
        assert!(expected(&error), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_with_too_many_headers_is_told_how_many_there_may_be() {
    let answer = |headers: usize| {
        let headers: String = (1..=headers).map(|number| format!("x-{number}: {number}\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{headers}\r\nhello")
    };
    for (headers, expected) in [(100, Ok("hello")), (101, Err("more than 100 headers")), (150, Err("or 408 KiB"))] {
        let answer = answer(headers);
        let server = Server::raw(move |mut tcp| {
            let answer = answer.clone();
            async move {
                read_head(&mut tcp).await;
                tcp.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await;
        match (call(&egress(), &format!("http://{}", server.address), Reach::Private).await, expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer, expected),
            (Err(EgressError::Protocol { source, .. }), Err(words)) => assert!(source.to_string().contains(words)),
            (result, _) => panic!("{headers}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error() {
    let address = Server::raw(|_| pending()).await.address;
    let origin = format!("http://{address}");
    let error = call(&egress(), &origin, Reach::Private).await.unwrap_err();
    assert!(matches!(error, EgressError::Connect { .. }) && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let server = Server::http(None, hello).await;
    let resolver = Everywhere(vec![[127, 0, 0, 2].into(), [127, 0, 0, 1].into()]);
    let egress = Egress::with_resolver(&EgressConfig::default(), Box::new(resolver)).unwrap();
    let origin = format!("http://engine.test:{}", server.address.port());
    assert_eq!(call(&egress, &origin, Reach::Private).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let (arrived, is_there) = oneshot::channel();
    let (closed, is_closed) = oneshot::channel();
    let signals = Arc::new(Mutex::new(Some((arrived, closed))));
    let server = Server::raw(move |mut tcp| {
        let (arrived, closed) = signals.lock().unwrap().take().unwrap();
        async move {
            read_head(&mut tcp).await;
            arrived.send(()).unwrap();
            closed.send(tcp.read(&mut [0; 1]).await.unwrap()).unwrap();
        }
    })
    .await;
    let origin = format!("http://{}", server.address);
    let (egress, grant, bounds) = (egress(), grant(&origin, Reach::Private), bounds());
    {
        let call = egress.send(&grant, post(&origin, ""), &bounds);
        tokio::select! { _ = call => panic!("no answer was sent"), result = is_there => result.unwrap() }
    }
    assert_eq!(is_closed.await.unwrap(), 0);
}
