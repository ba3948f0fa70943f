//! Requests at the edge of HTTP and beyond it: what daprd's server, Go's `net/http`, takes is taken, what it refuses is
//! refused, and whatever comes, the host serves on. Where the host is stricter than Go, a test's name says so.

use http::{Method, Request};
use http_body_util::Full;

use crate::harness::{Answer, Host, HostBuilder, Wire};

const ALPHA1: &str = "/v1.0-alpha1/conversation/echo/converse";
const HELLO: &str = r#"{"inputs":[{"content":"hello"}]}"#;
const HELLOED: &str = r#"{"outputs":[{"result":"hello"}]}"#;
const TOO_LARGE: &str = r#"{"errorCode":"ERR_BODY_READ","message":"failed to read request body: stream too large"}"#;

/// A call by HTTP/1.1 that has these lines in its head besides the usual ones.
fn call(lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!("POST {ALPHA1} HTTP/1.1\r\nhost: x\r\n{lines}content-length: {}\r\n\r\n{HELLO}", HELLO.len())
}

fn chunked(chunks: &[&str]) -> String {
    let mut request = format!("POST {ALPHA1} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in chunks {
        request += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
    }
    request + "0\r\n\r\n"
}

async fn open(host: &Host) -> Wire {
    Wire::open(host.client.address()).await
}

/// Whether the connection is still good for a call.
async fn assert_good(wire: &mut Wire) {
    wire.write(call("")).await;
    let (head, body) = wire.answer().await.unwrap();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(body, HELLOED);
}

/// The status of the first answer on a connection of its own, or nothing where there is none.
async fn status(host: &Host, request: impl AsRef<[u8]>) -> String {
    let mut wire = open(host).await;
    wire.write(&request).await;
    let (head, _) = wire.answer().await.unwrap_or_default();
    host.client.alpha1("echo", "still here").await.ok();
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// The same of a request that the client never ends: it ends the connection.
async fn status_of_cut(host: &Host, request: &str) -> String {
    let mut wire = open(host).await;
    wire.write(request).await;
    wire.finish().await;
    let rest = String::from_utf8(wire.rest().await).unwrap();
    host.client.alpha1("echo", "still here").await.ok();
    rest.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_first_token_counts_and_only_in_its_own_header() {
    let host =
        HostBuilder::new().component("echo", "conversation.echo", &[]).environment("DAPR_API_TOKEN", "right").start();
    for (headers, expected) in [
        (&[("dapr-api-token", "right"), ("dapr-api-token", "wrong")][..], 200),
        (&[("dapr-api-token", "wrong"), ("dapr-api-token", "right")], 401),
        (&[("dapr-api-token", "wrong, right")], 401),
        (&[("dapr-api-token", "")], 401),
        (&[("authorization", "Bearer right")], 401),
        (&[("authorization", "right"), ("dapr-app-token", "right")], 401),
        (&[("DAPR-API-TOKEN", "right")], 200),
        (&[("dapr-api-token", " right ")], 200),
    ] {
        for client in [&host.client, &host.client.h2c()] {
            let mut request = Request::post(client.uri(ALPHA1));
            for (name, value) in headers {
                // HTTP/2 has no space around values.
                request = request.header(name.to_ascii_lowercase(), value.trim());
            }
            let answer = client.send(request.body(Full::from(HELLO)).unwrap()).await;
            assert_eq!(answer.status.as_u16(), expected, "{headers:?}");
        }
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let mut wire = open(&host).await;
        wire.write(call(&lines)).await;
        let (head, _) = wire.answer().await.unwrap();
        assert!(head.starts_with(&format!("http/1.1 {expected} ")), "{headers:?}: {head}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_while_it_is_still_being_sent() {
    let host = Host::echo();
    // Beyond what fits into the buffers between the two.
    let body = "x".repeat(12 << 20);
    for client in [&host.client, &host.client.h2c()] {
        let answer = client.post(ALPHA1, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (400, TOO_LARGE));
        client.alpha1("echo", "x").await.ok();
    }
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--max-body-size=1Ki").start();
    let kilobyte = "x".repeat(1000);
    let mut wire = open(&host).await;
    wire.write(chunked(&[&kilobyte, &kilobyte])).await;
    let (head, told) = wire.answer().await.unwrap();
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    assert_eq!(told, TOO_LARGE);
    assert_good(&mut wire).await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_its_body_first() {
    let host =
        HostBuilder::new().component("echo", "conversation.echo", &[]).environment("DAPR_API_TOKEN", "t").start();
    let body = "x".repeat(3 << 20);
    let length = body.len();
    let escape = ALPHA1.replace("echo", "%zz");
    for (path, token, status) in [(ALPHA1, "wrong", "401"), ("/nothing", "t", "404"), (&escape, "t", "400")] {
        let mut wire = open(&host).await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ndapr-api-token: {token}\r\ncontent-length: {length}\r\n\r\n");
        wire.write(head + &body).await;
        let (head, _) = wire.answer().await.unwrap();
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_read_up_to_a_point() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--max-body-size=1Ki").start();
    let mut wire = open(&host).await;
    wire.write(format!("POST {ALPHA1} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    let mut written = 0;
    while wire.try_write(&chunk).await.is_ok() {
        written += 1;
        assert!(written < 64, "{written} MiB were taken");
    }
    assert!(!wire.rest().await.starts_with(b"HTTP/1.1 200"));
    host.client.alpha1("echo", "still here").await.ok();
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--max-body-size=0").start();
    let text = "x".repeat(5 << 20);
    let answer = host.client.alpha1("echo", &text).await.ok();
    assert_eq!(answer["outputs"][0]["result"].as_str().unwrap().len(), text.len());
}

#[tokio::test]
async fn a_client_that_waits_for_leave_gets_it_or_the_answer() {
    let host = Host::echo();
    let mut wire = open(&host).await;
    let (head, body) = (call("expect: 100-continue\n").replace(HELLO, ""), HELLO);
    wire.write(&head).await;
    assert!(wire.answer().await.unwrap().0.starts_with("http/1.1 100 "));
    wire.write(body).await;
    assert_eq!(wire.answer().await.unwrap().1, HELLOED);
    // Too large a body is not even sent.
    wire.write(format!("POST {ALPHA1} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5000000\r\n\r\n"))
        .await;
    let (head, told) = wire.answer().await.unwrap();
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    assert_eq!(told, TOO_LARGE);
}

#[tokio::test]
async fn a_head_is_read_up_to_daprds_limit() {
    let padded = |size: usize| {
        let call = call("a: \nconnection: close\n");
        let head = call.len() - HELLO.len();
        call.replace("a: ", &format!("a: {}", "x".repeat(size - head)))
    };
    let default = Host::echo();
    let larger =
        HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--read-buffer-size=1Mi").start();
    let old = ["--dapr-http-read-buffer-size", "16"];
    let old = old
        .iter()
        .fold(HostBuilder::new().component("echo", "conversation.echo", &[]), |host, argument| host.argument(argument))
        .start();
    for (host, limit) in [(&default, 8 << 10), (&larger, (1 << 20) + 4096), (&old, 20 << 10)] {
        assert_eq!(status(host, padded(limit)).await, "200");
        assert_eq!(status(host, padded(limit + 1)).await, "431");
        assert_eq!(status(host, padded(limit + 1_000_000)).await, "431");
        let request = Request::post(host.client.uri(ALPHA1)).header("a", "x".repeat(limit));
        let client = host.client.h2c();
        assert_eq!(client.send(request.body(Full::from(HELLO)).unwrap()).await.status, 431);
        client.alpha1("echo", "x").await.ok();
    }
}

#[tokio::test]
async fn old_clients_and_their_habits_are_served() {
    let host = Host::echo();
    // HTTP/1.0, which ends after each answer unless it is asked not to.
    let mut wire = open(&host).await;
    for _ in 0..2 {
        wire.write(call("connection: keep-alive\n").replace("HTTP/1.1", "HTTP/1.0")).await;
        let (head, body) = wire.answer().await.unwrap();
        assert!(head.starts_with("http/1.0 200 ") && head.contains("connection: keep-alive"), "{head}");
        assert_eq!(body, HELLOED);
    }
    wire.write(call("").replace("HTTP/1.1", "HTTP/1.0").replace("host: x\r\n", "")).await;
    let rest = String::from_utf8(wire.rest().await).unwrap();
    assert!(rest.starts_with("HTTP/1.0 200 ") && rest.ends_with(HELLOED), "{rest}");
    // An upgrade to HTTP/2, of which standards have taken leave: it is answered without.
    let mut wire = open(&host).await;
    wire.write(call("connection: Upgrade, HTTP2-Settings\nupgrade: h2c\nhttp2-settings: AAMAAABkAAQAAP__\n")).await;
    let (head, body) = wire.answer().await.unwrap();
    assert!(head.starts_with("http/1.1 200 ") && !head.contains("upgrade"), "{head}");
    assert_eq!(body, HELLOED);
    assert_good(&mut wire).await;
    // Two calls in one write, the second in the form that proxies use, and one after a stray end of line.
    let absolute = call("").replace(ALPHA1, &format!("http://example.com{ALPHA1}"));
    wire.write(call("") + &absolute + "\r\n" + &chunked(&["{", &HELLO[1..]])).await;
    for _ in 0..3 {
        assert_eq!(wire.answer().await.unwrap().1, HELLOED);
    }
    assert_good(&mut wire).await;
}

/// Requests, each with the status of its answer. Go answers the same, but for 501 to unknown encodings, 505 to unknown
/// versions, and 200 to `OPTIONS *`.
const ODD: [(&str, &str); 25] = [
    // Lengths.
    (
        "POST {} HTTP/1.1\nhost: x\ncontent-length: 32\ncontent-length: 32\n\n{\"inputs\":[{\"content\":\"hello\"}]}",
        "200",
    ),
    (
        "POST {} HTTP/1.1\nhost: x\ncontent-length: 32\ncontent-length: 33\n\n{\"inputs\":[{\"content\":\"hello\"}]} ",
        "400",
    ),
    ("POST {} HTTP/1.1\nhost: x\ncontent-length: 32, 32\n\n{\"inputs\":[{\"content\":\"hello\"}]}", "400"),
    ("POST {} HTTP/1.1\nhost: x\ncontent-length: +32\n\n{\"inputs\":[{\"content\":\"hello\"}]}", "400"),
    ("POST {} HTTP/1.1\nhost: x\ncontent-length: -1\n\n", "400"),
    ("POST {} HTTP/1.1\nhost: x\ncontent-length: 99999999999999999999\n\n", "400"),
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: identity\n\n", "400"),
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: chunked, gzip\n\n", "400"),
    // Chunks.
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: chunked\n\nzz\n", "400"),
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: chunked\n\nfffffffffffffffff\nabc", "400"),
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: chunked\n\n3\nabcdef\n", "400"),
    ("POST {} HTTP/1.1\nhost: x\ntransfer-encoding: chunked\n\n-1\nabc\n", "400"),
    // Hosts.
    ("GET /v1.0/metadata HTTP/1.1\n\n", "400"),
    ("GET /v1.0/metadata HTTP/1.1\nhost: x\nhost: y\n\n", "400"),
    ("GET http://x/v1.0/metadata HTTP/1.1\n\n", "400"),
    // Headers that hold more than they should.
    ("GET /v1.0/metadata HTTP/1.1\nhost: x\na: b\rdapr-api-token: c\n\n", "400"),
    ("GET /v1.0/metadata HTTP/1.1\nhost: x\na: b\0c\n\n", "400"),
    ("GET /v1.0/metadata HTTP/1.1\nhost : x\n\n", "400"),
    ("GET /v1.0/metadata HTTP/1.1\nhost: x\n: b\n\n", "400"),
    // First lines.
    ("GET /v1.0/metadata\n\n", "400"),
    ("GET /v1.0/meta data HTTP/1.1\nhost: x\n\n", "400"),
    ("GET /v1.0/metadata HTTP/2.0\nhost: x\n\n", "400"),
    ("G\u{e9}T /v1.0/metadata HTTP/1.1\nhost: x\n\n", "400"),
    ("OPTIONS * HTTP/1.1\nhost: x\n\n", "404"),
    ("CONNECT x:80 HTTP/1.1\nhost: x:80\n\n", "404"),
];

#[tokio::test]
async fn what_is_not_quite_http_gets_an_answer_and_the_next_call_too() {
    let host = Host::echo();
    for (request, expected) in ODD {
        let request = request.replace('\n', "\r\n").replace("{} ", &format!("{ALPHA1} "));
        assert_eq!(status(&host, &request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn a_folded_header_and_a_hundred_of_them_are_refused_where_go_takes_them() {
    let host = Host::echo();
    assert_eq!(status(&host, call("a: b\n c\n")).await, "400");
    assert_eq!(status(&host, call(&"a: b\n".repeat(95))).await, "200");
    assert_eq!(status(&host, call(&"a: b\n".repeat(150))).await, "431");
}

#[tokio::test]
async fn a_request_that_is_cut_off_ends_alone() {
    let host = Host::echo();
    let whole = call("");
    let stream = chunked(&["{", &HELLO[1..]]);
    let cuts = [1, 10, 60, whole.len() - HELLO.len() - 1].map(|length| &whole[..length]);
    for cut in cuts {
        assert_eq!(status_of_cut(&host, cut).await, "", "{cut}");
    }
    // The head is whole: whether the answer to half a body still finds its client is the network's affair.
    for cut in [
        &whole[..whole.len() - HELLO.len()],
        &whole[..whole.len() - 1],
        &stream[..stream.len() - 7],
        &stream[..stream.len() - 2],
    ] {
        let status = status_of_cut(&host, cut).await;
        assert!(status.is_empty() || status == "400", "{cut}: {status}");
    }
}

#[tokio::test]
async fn a_path_is_cleaned_before_it_is_looked_up() {
    let host = Host::echo();
    let get = async |path: &str| status(&host, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    for (path, expected) in [
        ("/v1.0/healthz", "204"),
        ("//v1.0//healthz//", "204"),
        ("/v1.0/./healthz/.", "204"),
        ("/v1.0/nothing/../healthz", "204"),
        ("/../../v1.0/healthz", "204"),
        ("/v1.0/healthz?appid=parlor&x=/../y", "204"),
        ("/v1.0/healthz#part", "204"),
        // Escapes are not read as slashes and dots.
        ("/v1.0%2Fhealthz", "404"),
        ("/v1.0/nothing/%2e%2e/healthz", "404"),
        ("/v1.0/healthz/..", "404"),
        ("/V1.0/Healthz", "404"),
        ("/v1.0/healthz;a=b", "404"),
    ] {
        assert_eq!(get(path).await, expected, "{path}");
    }
    let post = async |name: &str| host.client.post(&format!("/v1.0-alpha1/conversation/{name}/converse"), HELLO).await;
    let not_found = |answer: Answer| answer.error().2;
    assert_eq!(not_found(post("a+b").await), "failed finding conversation component a b");
    assert_eq!(not_found(post("a%2B%2Fb").await), "failed finding conversation component a+/b");
    assert_eq!(not_found(post("a%252Fb").await), "failed finding conversation component a%2Fb");
    assert_eq!(not_found(post("%2e%2e").await), "failed finding conversation component ..");
    for bad in ["a%zz", "a%2", "%ff"] {
        let answer = post(bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.text().starts_with("failed to unescape request parameter \"name\". Error: "), "{bad}");
    }
}

#[tokio::test]
async fn a_call_is_a_post_and_its_query_says_nothing() {
    let host = Host::echo();
    for client in [&host.client, &host.client.h2c()] {
        for method in [Method::GET, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            assert_eq!(client.method(method.clone(), ALPHA1).await.error().1, "ERR_DIRECT_INVOKE", "{method}");
        }
        let head = client.method(Method::HEAD, ALPHA1).await;
        assert_eq!((head.status.as_u16(), head.text().as_str()), (404, ""));
        let path = format!("{ALPHA1}?metadata.model=x&contextID=y&%zz&name=nobody");
        assert_eq!(client.post(&path, HELLO).await.text(), HELLOED);
    }
    let custom = Method::from_bytes(b"post").unwrap();
    assert_eq!(host.client.method(custom, ALPHA1).await.status, 404);
}
