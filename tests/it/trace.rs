//! Trace contexts and baggage as a client and an operator see them. How they are written in every detail is tested
//! beside the code.

use http::{Method, Request};
use http_body_util::Full;

use crate::harness::{Answer, Client, Host, HostBuilder, guest};

const ALPHA2: &str = "/v1.0-alpha2/conversation/echo/converse";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn send(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(client.uri(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = r#"{"inputs":[{"messages":[{"ofUser":{"content":[{"text":"x"}]}}]}]}"#;
    client.send(request.body(Full::from(body)).unwrap()).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_trace_goes_on_from_the_caller_to_the_answer() {
    let host = Host::echo();
    for client in [&host.client, &host.client.h2c()] {
        let headers = [("traceparent", PARENT), ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")];
        let answer = send(client, Method::POST, ALPHA2, &headers).await;
        answer.ok();
        let parent = header(&answer, "traceparent").unwrap();
        assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-01") && parent != PARENT, "{parent}");
        assert_eq!(header(&answer, "tracestate"), Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
        let next = send(client, Method::POST, ALPHA2, &headers).await;
        assert_ne!(header(&next, "traceparent").unwrap(), parent);
    }
}

#[tokio::test]
async fn every_answer_but_a_probes_has_a_trace() {
    let host =
        HostBuilder::new().component("echo", "conversation.echo", &[]).environment("DAPR_API_TOKEN", "secret").start();
    let token = [("dapr-api-token", "secret")];
    for (method, path, headers, status) in [
        (Method::POST, ALPHA2, &token[..], 200),
        (Method::POST, ALPHA2, &[], 401),
        (Method::GET, "/nothing", &token, 404),
        (Method::GET, "/v1.0/metadata", &token, 200),
        (Method::POST, "/v1.0-alpha2/conversation/nobody/converse", &token, 400),
    ] {
        let answer = send(&host.client, method, path, headers).await;
        assert_eq!(answer.status, status, "{path}");
        let parent = header(&answer, "traceparent").unwrap();
        assert!(parent.starts_with("00-") && parent.len() == 55, "{parent}");
    }
    for path in ["/v1.0/healthz", "/v1.0/healthz/outbound"] {
        let answer = send(&host.client, Method::GET, path, &[("traceparent", PARENT), ("baggage", "nonsense")]).await;
        assert_eq!((answer.status.as_u16(), header(&answer, "traceparent")), (204, None), "{path}");
    }
}

#[tokio::test]
async fn baggage_comes_back_or_is_refused_as_daprd_refuses_it() {
    let host = Host::echo();
    for client in [&host.client, &host.client.h2c()] {
        let answer = send(client, Method::POST, ALPHA2, &[("baggage", "key1=value1,key2=a%20b;p=1")]).await;
        answer.ok();
        assert_eq!(header(&answer, "baggage"), Some("key1=value1,key2=a%20b;p=1"));
        let answer = send(client, Method::POST, ALPHA2, &[("baggage", "key1=value1,nonsense")]).await;
        assert_eq!(answer.status, 400);
        assert_eq!(header(&answer, "content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.text(), "invalid baggage header: invalid baggage list-member: \"nonsense\"\n");
        assert_eq!(header(&answer, "baggage"), None);
    }
}

#[tokio::test]
async fn a_requests_log_lines_name_its_trace() {
    let host = |json: bool| {
        let host = HostBuilder::new().wasm("trap", &guest("hostile/misbehave"), "", &[("how", "trap")]);
        if json { host.argument("--log-as-json").start() } else { host.start() }
    };
    let path = "/v1.0-alpha2/conversation/trap/converse";
    let line = |log: &str| log.lines().find(|line| line.contains("a call has failed")).unwrap().to_owned();

    let text = host(false);
    assert_eq!(send(&text.client, Method::POST, path, &[("traceparent", PARENT)]).await.status, 500);
    let text = line(&text.log());
    assert!(text.ends_with(&format!(" trace_id={TRACE}")), "{text}");

    let json = host(true);
    assert_eq!(send(&json.client, Method::POST, path, &[("traceparent", PARENT)]).await.status, 500);
    let fields: serde_json::Value = serde_json::from_str(&line(&json.log())).unwrap();
    assert_eq!((&fields["trace_id"], &fields["component"]), (&TRACE.into(), &"trap".into()));
}
