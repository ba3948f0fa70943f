//! Requests that are not what they look like: headers that forge others, URLs that lead elsewhere, and ways to carry the
//! key off. Two puppets, one in each way to be a provider, send what the tables here say.

use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use serde_json::{Value, json};

use super::{beside_healthy, count, refused_when_told};
use crate::harness::{Client, Host, HostBuilder, Upstream, guest};

const WAYS: [&str; 2] = ["puppet-codec", "puppet-http"];
const KEY: &str = "sk-the-real-key-0123456789";
const OTHERS_KEY: &str = "sk-the-key-of-another-9876";

/// A host with the puppets, which may go to `upstream` with the key.
fn host(upstream: &Upstream) -> Host {
    let grants = format!("allowedHosts: [\"{}\"]", upstream.origin);
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    let host = WAYS.iter().fold(host, |host, way| {
        let artifact = guest(&format!("hostile/{way}"));
        let other = format!("other-{way}");
        host.wasm(way, &artifact, &grants, &[("key", KEY)]).wasm(&other, &artifact, &grants, &[("key", OTHERS_KEY)])
    });
    host.start()
}

/// Has both puppets send every request, and asserts that each is refused with the text that is given for it.
async fn all_refused(upstream: &Upstream, requests: &[(Value, [&str; 2])]) {
    let host = host(upstream);
    let calls = requests.iter().flat_map(|(request, told)| {
        let (client, request) = (&host.client, request.to_string());
        WAYS.iter().zip(told).map(move |(way, told)| {
            let request = request.clone();
            async move { refused_when_told(client, way, &request, &[told]).await }
        })
    });
    beside_healthy(&host.client, join_all(calls)).await;
    assert_eq!(upstream.connections(), 0);
    // What `wasi:http` takes from no guest never comes to the host's own checks.
    assert_eq!(count(&host, WAYS[0]).await, requests.len() as u64);
}

#[tokio::test]
async fn a_header_that_forges_another_is_refused() {
    const NAME: &str = "invalid HTTP header name";
    const VALUE: &str = "failed to parse header value";
    const SYNTAX: &str = "HeaderError::InvalidSyntax";
    const FORBIDDEN: &str = "HeaderError::Forbidden";
    const RESERVED: &str = "is set by the host; the provider must leave it out";
    const LENGTH: &str = "is not of the length that its `content-length` says";
    let upstream = Upstream::start().await;
    let with = |name: &str, value: &str, told: [&'static str; 2]| {
        (json!({ "url": upstream.origin, "headers": [[name, value]], "body": "body" }), told)
    };
    let mut requests = vec![
        with("x", "1\r\nhost: evil.test", [VALUE, SYNTAX]),
        with("x", "1\nhost: evil.test", [VALUE, SYNTAX]),
        with("x", "1\r\n\r\nGET / HTTP/1.1", [VALUE, SYNTAX]),
        with("x", "1\0", [VALUE, SYNTAX]),
        with("x\r\nhost", "evil.test", [NAME, SYNTAX]),
        with("x: 1\r\nhost", "evil.test", [NAME, SYNTAX]),
        with("host ", "evil.test", [NAME, SYNTAX]),
        with("", "evil.test", [NAME, SYNTAX]),
        with(":authority", "evil.test", [NAME, SYNTAX]),
        with("content-length", "+4", [LENGTH, "HeaderError"]),
    ];
    for name in ["Host", "Connection", "Transfer-Encoding", "Keep-Alive", "Proxy-Authorization", "Upgrade"] {
        requests.push(with(name, "evil.test", [RESERVED, FORBIDDEN]));
    }
    for name in ["TE", "Trailer", "Expect", "Proxy-Anything"] {
        requests.push(with(name, "evil.test", [RESERVED, RESERVED]));
    }
    let twice = json!([["content-length", "4"], ["content-length", "4"]]);
    requests.push((json!({ "url": upstream.origin, "headers": twice, "body": "body" }), [LENGTH, "HeaderError"]));
    for method in ["CONNECT", "TRACE"] {
        let told = "is not available to providers";
        requests.push((json!({ "url": upstream.origin, "method": method }), [told, told]));
    }
    let forged = json!({ "url": upstream.origin, "method": "GET / HTTP/1.1\r\nhost: evil.test\r\n\r\nPOST" });
    requests.push((forged, ["invalid HTTP method", "its method is malformed"]));
    all_refused(&upstream, &requests).await;
}

#[tokio::test]
async fn a_request_that_is_not_what_its_head_says_is_not_sent_whole() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    let origin = &upstream.origin;
    let requests = [
        (json!({ "url": origin, "trailers": [["host", "{key}"]] }), "HeaderError::Forbidden"),
        (json!({ "url": origin, "trailers": [["x-late", "{key}"]] }), "the request has trailers"),
        (json!({ "url": origin, "headers": [["content-length", "400"]] }), "did not finish the request's body"),
    ];
    for (mut request, told) in requests {
        request["body"] = "body".into();
        let (said, told) = (request.to_string(), [told]);
        let told = refused_when_told(&host.client, "puppet-http", &said, &told);
        let vendor = async {
            loop {
                // What broke off has no body that anyone could take for whole.
                let call = upstream.call().await;
                assert!(call.body.is_empty() && call.header("x-late").is_empty(), "{:?}", call.head);
                call.answer(200, "");
            }
        };
        tokio::select! {
            _ = beside_healthy(&host.client, told) => {}
            () = vendor => {}
        }
    }
}

#[tokio::test]
async fn a_url_that_leads_elsewhere_is_refused() {
    const URL: &str = "a URL that cannot be called";
    const MALFORMED: &str = "can't be sent: invalid";
    const AUTHORITY: &str = "its URL has a malformed authority";
    const PATH: &str = "its URL has a malformed path";
    const NOT_GRANTED: &str = "is not granted; add it to `allowedHosts`";
    const SCHEME: &str = "HttpProtocolError";
    let upstream = Upstream::start().await;
    let port = upstream.port();
    let urls = [
        (format!("http://user:pass@127.0.0.1:{port}/"), [URL, URL]),
        (format!("http://127.0.0.1:{port}@evil.test/"), [URL, URL]),
        (format!("http://evil.test#@127.0.0.1:{port}/"), [NOT_GRANTED, PATH]),
        (format!("http://evil.test?@127.0.0.1:{port}/"), [NOT_GRANTED, NOT_GRANTED]),
        (format!("http://evil.test\\@127.0.0.1:{port}/"), [MALFORMED, AUTHORITY]),
        (format!("http://2130706433:{port}/"), [URL, URL]),
        (format!("http://0x7f000001:{port}/"), [URL, URL]),
        (format!("http://0x7f.1:{port}/"), [URL, URL]),
        (format!("http://0177.0.0.1:{port}/"), [URL, URL]),
        (format!("http://127.1:{port}/"), [URL, URL]),
        (format!("http://127.0.0.1%00:{port}/"), [MALFORMED, AUTHORITY]),
        (format!("http://%31%32%37.0.0.1:{port}/"), [MALFORMED, AUTHORITY]),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), [NOT_GRANTED, NOT_GRANTED]),
        (format!("http://[::1%25lo]:{port}/"), [URL, URL]),
        (format!("http://[::1%lo]:{port}/"), [URL, URL]),
        (format!("http://[127.0.0.1]:{port}/"), [URL, URL]),
        (format!("http://127\u{3002}0\u{3002}0\u{3002}1:{port}/"), [MALFORMED, AUTHORITY]),
        (format!("http://\u{24db}ocalhost:{port}/"), [MALFORMED, AUTHORITY]),
        (format!("http://127.0.0.1:{port}:80/"), [MALFORMED, AUTHORITY]),
        (format!("http://127.0.0.1:{port} evil.test/"), [MALFORMED, AUTHORITY]),
        ("http://127.0.0.1:/".to_owned(), [URL, URL]),
        ("http://127.0.0.1:99999/".to_owned(), [URL, URL]),
        ("http:///etc/passwd".to_owned(), [MALFORMED, AUTHORITY]),
        (format!("https://127.0.0.1:{port}/"), [NOT_GRANTED, NOT_GRANTED]),
        (format!("ftp://127.0.0.1:{port}/"), [URL, SCHEME]),
        (format!("file://127.0.0.1:{port}/etc/passwd"), [URL, SCHEME]),
        (format!("http://127.0.0.1:{port}/ HTTP/1.1\r\nhost: evil.test\r\n\r\n"), [MALFORMED, PATH]),
    ];
    let mut requests: Vec<_> = urls.iter().map(|(url, told)| (json!({ "url": url }), *told)).collect();
    for (path, told) in [("http://evil.test/", MALFORMED), ("@evil.test/", URL), (":80@evil.test/", URL)] {
        requests.push((json!({ "url": upstream.origin, "path": path }), [told, PATH]));
    }
    all_refused(&upstream, &requests).await;
}

#[tokio::test]
async fn a_redirect_that_is_followed_by_hand_leads_nowhere() {
    let (mut upstream, elsewhere) = (Upstream::start().await, Upstream::start().await);
    let host = host(&upstream);
    let targets = [elsewhere.origin.as_str(), "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/"];
    for (way, target) in WAYS.iter().flat_map(|way| targets.map(|target| (way, target))) {
        let ask = json!({ "url": upstream.origin }).to_string();
        let (answer, ()) = tokio::join!(host.client.alpha1(way, &ask), async {
            let redirect = Response::builder().status(307).header("location", target);
            upstream.call().await.answer_with(redirect.body(Bytes::new()).unwrap());
        });
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "307: 0 bytes" }] }));
        let follow = json!({ "url": target, "headers": [["authorization", "{key}"]] }).to_string();
        let told = refused_when_told(&host.client, way, &follow, &["is not granted; add it to `allowedHosts`"]);
        beside_healthy(&host.client, told).await;
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// Sends a request to the vendor, and gives all of it as the vendor sees it.
async fn seen(client: &Client, upstream: &mut Upstream, way: &str, request: &Value) -> String {
    let said = request.to_string();
    let (answer, seen) = tokio::join!(client.alpha1(way, &said), async {
        let call = upstream.call().await;
        let values = call.head.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        let headers: String = values.collect();
        let seen = format!("{} {}\n{headers}\n{:?}", call.head.method, call.head.uri, call.body);
        call.answer(200, "");
        seen
    });
    assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "200: 0 bytes" }] }));
    seen
}

#[tokio::test]
async fn a_stand_in_is_nothing_but_itself_outside_of_a_header() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    let origin = upstream.origin.clone();
    let header = |name: &str, value: &str| json!({ "url": origin, "headers": [[name, value]] });
    let split = json!([["x-first", "{key:first}"], ["x-second", "{key:second}"]]);
    let requests = [
        json!({ "url": upstream.origin, "body": "{key}" }),
        json!({ "url": upstream.origin, "headers": split }),
        json!({ "url": format!("{}/{{key:percent}}", upstream.origin) }),
        json!({ "url": format!("{}/?key={{key:percent}}", upstream.origin) }),
        json!({ "url": format!("{}/?key={{key:reversed}}", upstream.origin) }),
        json!({ "url": upstream.origin, "method": "{key}" }),
        header("{key}", "x"),
        header("authorization", "Basic {key:base64}"),
        header("authorization", "{key:percent}"),
        header("authorization", "{key:reversed}"),
        header("authorization", "{key:upper}"),
    ];
    let vendor = async {
        for (way, request) in WAYS.iter().flat_map(|way| requests.iter().map(move |request| (way, request))) {
            let seen = seen(&host.client, &mut upstream, way, request).await;
            assert!(!seen.contains(KEY), "{way}, {request}: {seen}");
        }
    };
    beside_healthy(&host.client, vendor).await;
    // The one place where it does become the key, which shows that the others mean something.
    for way in WAYS {
        let seen = seen(&host.client, &mut upstream, way, &header("authorization", "Bearer {key}")).await;
        assert!(seen.contains(&format!("authorization: Bearer {KEY}\n")), "{seen}");
    }
}

#[tokio::test]
async fn a_stand_in_in_a_url_is_refused() {
    let upstream = Upstream::start().await;
    let told = "the stand-in of a secret is in the URL";
    let urls = ["/{key}", "/v1?key={key}", "/v1?a=b&key=x{key}y"].map(|path| format!("{}{path}", upstream.origin));
    let requests = urls.map(|url| (json!({ "url": url }), [told, told]));
    all_refused(&upstream, &requests).await;
}

#[tokio::test]
async fn the_stand_in_of_another_component_is_nothing() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    for way in WAYS {
        let confession = json!({ "confess": true }).to_string();
        let told = refused_when_told(&host.client, &format!("other-{way}"), &confession, &["parlor-secret-"]).await;
        let stand_in = &told[told.find("parlor-secret-").unwrap()..];
        // The letters of the stand-in are known now, and a guess by the million would not come nearer.
        let stolen = json!({ "url": upstream.origin, "headers": [["authorization", stand_in]] });
        let seen = beside_healthy(&host.client, seen(&host.client, &mut upstream, way, &stolen)).await;
        assert!(seen.contains(&format!("authorization: {stand_in}\n")), "{seen}");
        assert!(!seen.contains(KEY) && !seen.contains(OTHERS_KEY), "{seen}");
    }
}

#[tokio::test]
async fn nothing_is_unpacked() {
    // What `gzip` makes of 100,000 times the letter `a`.
    const HEAD: [u8; 27] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2,
        0xa0, 0xac, 0xeb, 0x5f, 0xc2, 0x1a, 0x1e, 0x40, 0x01,
    ];
    const TAIL: [u8; 10] = [0xaf, 0x06, 0x87, 0xfa, 0xe2, 0x1b, 0xa0, 0x86, 0x01, 0x00];
    let bomb = Bytes::from([&HEAD[..], &[0; 96], &TAIL].concat());
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    for way in WAYS {
        let ask = json!({ "url": upstream.origin }).to_string();
        let (answer, ()) = tokio::join!(host.client.alpha1(way, &ask), async {
            let call = upstream.call().await;
            assert_eq!(call.header("accept-encoding"), "");
            let packed = Response::builder().header("content-encoding", "gzip");
            call.answer_with(packed.body(bomb.clone()).unwrap());
        });
        let result = format!("200: {} bytes", bomb.len());
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": result }] }));
    }
}
