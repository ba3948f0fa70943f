//! Which web pages may call, as a browser asks and is told.

use http::{Method, Request};
use http_body_util::Full;

use crate::harness::{Answer, Host, HostBuilder};

const ALPHA1: &str = "/v1.0-alpha1/conversation/echo/converse";

fn host(origins: &str) -> Host {
    HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .environment("DAPR_API_TOKEN", "secret")
        .argument(&format!("--allowed-origins={origins}"))
        .start()
}

async fn send(host: &Host, method: Method, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(host.client.uri(ALPHA1));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    host.client.send(request.body(Full::from(r#"{"inputs":[{"content":"x"}]}"#)).unwrap()).await
}

/// What a browser asks before it sends JSON and a token to another origin.
async fn preflight(host: &Host, origin: &str) -> Answer {
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,dapr-api-token"),
    ];
    send(host, Method::OPTIONS, &asks).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

fn allowed(answer: &Answer) -> Option<&str> {
    header(answer, "access-control-allow-origin")
}

#[tokio::test]
async fn nobodys_pages_may_call_unless_it_is_said() {
    let host = host("");
    let refused = preflight(&host, "https://a.com").await;
    assert_eq!((refused.status.as_u16(), allowed(&refused), header(&refused, "vary")), (401, None, None));
    let answer = send(&host, Method::POST, &[("origin", "https://a.com"), ("dapr-api-token", "secret")]).await;
    answer.ok();
    assert_eq!((allowed(&answer), header(&answer, "vary")), (None, None));
}

#[tokio::test]
async fn a_page_asks_without_the_token_and_calls_with_it() {
    let host = host("https://a.com,http://localhost:*");
    for origin in ["https://a.com", "http://localhost:5173"] {
        let asked = preflight(&host, origin).await;
        assert_eq!((asked.status.as_u16(), allowed(&asked)), (200, Some(origin)));
        assert_eq!(header(&asked, "access-control-allow-methods"), Some("HEAD,GET,POST,PUT,PATCH,DELETE"));
        assert_eq!(header(&asked, "access-control-allow-headers"), Some("content-type,dapr-api-token"));
        let answer = send(&host, Method::POST, &[("origin", origin), ("dapr-api-token", "secret")]).await;
        answer.ok();
        assert_eq!(allowed(&answer), Some(origin));
        assert!(header(&answer, "vary").unwrap().contains("origin"));
        // Without the token it is refused, and the page may read why.
        let refused = send(&host, Method::POST, &[("origin", origin)]).await;
        assert_eq!((refused.status.as_u16(), allowed(&refused)), (401, Some(origin)));
    }
    let other = preflight(&host, "https://evil.com").await;
    assert_eq!((other.status.as_u16(), allowed(&other)), (200, None));
    assert_eq!(allowed(&send(&host, Method::POST, &[("dapr-api-token", "secret")]).await), None);
}

#[tokio::test]
async fn everybodys_pages_may_call_when_it_is_said() {
    let host = host("*");
    let asked = preflight(&host, "https://any.example").await;
    assert_eq!((asked.status.as_u16(), allowed(&asked)), (200, Some("*")));
    let answer = send(&host, Method::POST, &[("origin", "https://any.example"), ("dapr-api-token", "secret")]).await;
    answer.ok();
    assert_eq!(allowed(&answer), Some("*"));
}

#[test]
fn what_is_no_origin_is_refused_at_the_start() {
    let (_, log) = HostBuilder::new().argument("--allowed-origins=example.com").try_start().err().unwrap();
    assert!(log.contains("`example.com` is no origin; write a scheme and a host"), "{log}");
}
