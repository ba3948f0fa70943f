//! Invariant 2: a provider reaches nothing that its YAML does not grant, and never sees a secret's value. Two guests do
//! their worst, one in each way to be a provider, and both are held to the same tables.

use bytes::Bytes;
use http::Response;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::harness::{Answer, Host, HostBuilder, Upstream, guest};

const WAYS: [&str; 2] = ["wanderer-codec", "wanderer-http"];
const KEY: &str = "sk-the-real-key-0123456789";

/// What a guest is set up with.
#[derive(Clone, Copy)]
struct Trip<'a> {
    /// Where it goes.
    url: &'a str,
    /// Lines of its `wasm` block.
    grants: &'a str,
    /// Settings besides `url`.
    settings: &'a [(&'a str, &'a str)],
}

const WITH_KEY: &[(&str, &str)] = &[("key", KEY)];

impl Trip<'_> {
    /// A component `NAME-WAY` for each way.
    fn add(self, mut host: HostBuilder, name: &str) -> HostBuilder {
        for way in WAYS {
            let settings = [&[("url", self.url)], self.settings].concat();
            host = host.wasm(&format!("{name}-{way}"), &guest(&format!("hostile/{way}")), self.grants, &settings);
        }
        host
    }

    fn host(self) -> Host {
        self.add(HostBuilder::new(), "guest").start()
    }
}

/// Asserts that the answer is a typed error that says all of `told`.
fn refused(answer: &Answer, told: &[&str]) {
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{message}");
    for told in told {
        assert!(message.contains(told), "`{told}` is not in: {message}");
    }
}

/// A name other than `localhost` that the machine itself says is loopback.
fn loopback_name() -> String {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap();
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut names = lines.flat_map(|line| {
        let mut words = line.split_whitespace();
        let here = words.next().is_some_and(|address| address.starts_with("127.") || address == "::1");
        words.filter(move |name| here && *name != "localhost" && !name.ends_with(".localhost"))
    });
    names.next().expect("`/etc/hosts` gives this machine a name besides `localhost`").to_owned()
}

/// Every trip is refused with the texts given, and `tripwire` sees no connection.
async fn check_refused(host: &Host, tripwire: &Upstream, trips: &[(Trip<'_>, Vec<&str>)]) {
    for (index, (_, told)) in trips.iter().enumerate() {
        for way in WAYS {
            for answer in [
                host.client.alpha1(&format!("trip{index}-{way}"), "go").await,
                host.client.alpha2(&format!("trip{index}-{way}"), "go").await,
            ] {
                refused(&answer, told);
                assert!(!answer.text().contains(KEY));
            }
        }
    }
    assert_eq!(tripwire.connections(), 0);
}

fn with_trips(mut host: HostBuilder, trips: &[(Trip<'_>, Vec<&str>)]) -> HostBuilder {
    for (index, (trip, _)) in trips.iter().enumerate() {
        host = trip.add(host, &format!("trip{index}"));
    }
    host
}

#[tokio::test]
async fn a_place_that_is_not_granted_is_not_reached() {
    let tripwire = Upstream::start().await;
    let (port, settings) = (tripwire.port(), WITH_KEY);
    let origin = tripwire.origin.as_str();
    let remedy = "add it to `allowedHosts` under `spec.wasm`";
    let endpoint: &[(&str, &str)] = &[("key", KEY), ("endpoint", "https://api.example.com/v1")];
    let [elsewhere, by_name, other_scheme, mapped] = [
        format!("allowedHosts: [\"http://127.0.0.1:{}\"]", port.parse::<u16>().unwrap() ^ 1),
        format!("http://localhost:{port}"),
        format!("allowedHosts: [\"https://127.0.0.1:{port}\"]"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
    ];
    let granted = format!("allowedHosts: [\"{origin}\"]");
    let disguised =
        [format!("http://2130706433:{port}"), format!("http://0x7f.1:{port}"), format!("http://127.1:{port}")];
    let with_user = format!("http://api.example.com@127.0.0.1:{port}/");
    let by_name_told = format!("`{by_name}` is not granted");
    let mut trips = vec![
        (Trip { url: origin, grants: "", settings }, vec!["is not granted", remedy]),
        (Trip { url: origin, grants: &elsewhere, settings }, vec!["is not granted", remedy]),
        (Trip { url: origin, grants: &other_scheme, settings }, vec!["is not granted", remedy]),
        (Trip { url: origin, grants: "", settings: endpoint }, vec!["is not granted", remedy]),
        (Trip { url: &mapped, grants: &granted, settings }, vec!["is not granted", remedy]),
        (Trip { url: &with_user, grants: "allowedHosts: [\"http://api.example.com\"]", settings }, vec!["URL"]),
        (
            Trip { url: "http://169.254.169.254/latest/meta-data/", grants: "", settings: endpoint },
            vec!["`http://169.254.169.254` is not granted", remedy],
        ),
        (
            Trip { url: "http://10.0.0.1/", grants: "allowedHosts: [\"https://10.0.0.1\"]", settings },
            vec!["`http://10.0.0.1` is not granted", remedy],
        ),
        (
            Trip { url: "https://evil.example/", grants: &granted, settings },
            vec!["`https://evil.example` is not granted", remedy],
        ),
    ];
    trips.push((Trip { url: &by_name, grants: &granted, settings }, vec![by_name_told.as_str(), remedy]));
    trips.extend(disguised.iter().map(|url| (Trip { url, grants: &granted, settings }, vec!["is not a host name"])));
    // What got out in spite of all would be seen at the proxy, wherever it was meant to go.
    let host = with_trips(HostBuilder::new(), &trips)
        .environment("http_proxy", origin)
        .environment("HTTPS_PROXY", origin)
        .start();
    check_refused(&host, &tripwire, &trips).await;
}

#[tokio::test]
async fn a_granted_name_that_leads_to_this_machine_is_not_followed() {
    let mut upstream = Upstream::start().await;
    let name = loopback_name();
    let port = upstream.port().to_owned();
    let (http, https) = (format!("http://{name}:{port}"), format!("https://{name}:{port}"));
    let both = format!("allowedHosts: [\"{http}\", \"{https}\"]");
    let open = format!("{both}\nprivateNetwork: true");
    let loopback = || vec![name.as_str(), "leads to a loopback address", "`privateNetwork: true`"];
    let trips = [
        (Trip { url: &http, grants: &both, settings: &[] }, loopback()),
        (Trip { url: &https, grants: &both, settings: WITH_KEY }, loopback()),
        // The name may lead here now; the key may still not travel in clear, because a name may lead anywhere.
        (
            Trip { url: &http, grants: &open, settings: WITH_KEY },
            vec![name.as_str(), "carries no secret", "use `https`"],
        ),
    ];
    let granted = Trip { url: &http, grants: &open, settings: &[] };
    let host = granted.add(with_trips(HostBuilder::new(), &trips), "granted").start();
    check_refused(&host, &upstream, &trips).await;
    // The same name with `privateNetwork` and without a key does lead to the upstream: the refusals above meant something.
    for way in WAYS {
        let component = format!("granted-{way}");
        let (answer, ()) = tokio::join!(host.client.alpha1(&component, "go"), async {
            upstream.call().await.answer(200, "reached");
        });
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "200: reached" }] }));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (mut upstream, elsewhere) = (Upstream::start().await, Upstream::start().await);
    let grants = format!("allowedHosts: [\"{}\", \"{}\"]", upstream.origin, elsewhere.origin);
    for target in [elsewhere.origin.as_str(), "http://169.254.169.254/"] {
        let host = Trip { url: &upstream.origin, grants: &grants, settings: WITH_KEY }.host();
        for way in WAYS {
            let component = format!("guest-{way}");
            let (answer, ()) = tokio::join!(host.client.alpha1(&component, "go"), async {
                let redirect = Response::builder().status(302).header("location", target);
                upstream.call().await.answer_with(redirect.body(Bytes::from("over there")).unwrap());
            });
            assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "302: over there" }] }));
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn the_vendor_gets_the_key_and_the_guest_a_stand_in() {
    let mut upstream = Upstream::start().await;
    let grants = format!("allowedHosts: [\"{}\"]", upstream.origin);
    let host = Trip { url: &upstream.origin, grants: &grants, settings: WITH_KEY }.host();
    for way in WAYS {
        let component = format!("guest-{way}");
        let vendor = async |upstream: &mut Upstream| {
            let call = upstream.call().await;
            assert_eq!(call.header("authorization"), format!("Bearer {KEY}"));
            assert_eq!(call.body, "here I am");
            call.answer(200, "welcome");
        };
        let (answer, ()) = tokio::join!(host.client.alpha1(&component, "go"), vendor(&mut upstream));
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "200: welcome" }] }));

        let told = match way {
            "wanderer-codec" => tokio::join!(host.client.alpha1(&component, "settings"), vendor(&mut upstream)).0,
            _ => host.client.alpha1(&component, "settings").await,
        };
        let told = told.ok().to_string();
        assert!(told.contains("parlor-secret-") && !told.contains(KEY), "{told}");

        let failed = host.client.alpha1(&component, "settings as an error").await;
        refused(&failed, &["parlor-secret-"]);
        assert!(!failed.text().contains(KEY));
    }
}

/// A secret from a store, for both ways.
fn with_secret_store(url: &str) -> String {
    let store = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: env }\nspec: { type: secretstores.local.env }\n";
    let component = |way: &str| {
        format!(
            "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: guest-{way} }}\nauth: {{ secretStore: env }}\n\
             spec:\n  type: conversation.guest\n  wasm:\n    source: {}\n    allowedHosts: [\"{url}\"]\n  metadata:\n  \
             - {{ name: url, value: \"{url}\" }}\n  - {{ name: key, secretKeyRef: {{ name: VENDOR_KEY }} }}\n",
            guest(&format!("hostile/{way}")).display()
        )
    };
    format!("{store}{}{}", component(WAYS[0]), component(WAYS[1]))
}

#[tokio::test]
async fn no_log_and_no_answer_has_the_key_in_it() {
    const CALLERS: &str = "sk-brought-by-the-caller-9876";
    let mut upstream = Upstream::start().await;
    let lost = Trip { url: "https://evil.example", grants: "", settings: WITH_KEY };
    let host = lost
        .add(HostBuilder::new(), "lost")
        .file("secrets.yaml", with_secret_store(&upstream.origin))
        .environment("VENDOR_KEY", KEY)
        .environment("DAPR_API_TOKEN", "token-of-the-callers")
        .argument("--log-level=trace")
        .start();
    let call = async |component: &str, body: serde_json::Value| {
        let path = format!("/v1.0-alpha2/conversation/{component}/converse");
        let request = http::Request::post(host.client.uri(&path)).header("dapr-api-token", "token-of-the-callers");
        host.client.send(request.body(http_body_util::Full::from(body.to_string())).unwrap()).await
    };
    let body = |text: &str, metadata: serde_json::Value| json!({ "inputs": [{ "messages": [{ "ofUser": { "content": [{ "text": text }] } }] }], "metadata": metadata });
    let mut answers = Vec::new();
    for way in WAYS {
        let component = format!("guest-{way}");
        for (metadata, key) in [(json!({}), KEY), (json!({ "key": CALLERS }), CALLERS)] {
            // An upstream that says the key back, in a good answer, in an error and as a redirect.
            for status in [200, 302, 401, 500] {
                let (answer, ()) = tokio::join!(call(&component, body("go", metadata.clone())), async {
                    let call = upstream.call().await;
                    assert_eq!(call.header("authorization"), format!("Bearer {key}"));
                    let echoed = format!("you sent {}", call.header("authorization"));
                    call.answer(status, echoed);
                });
                assert!(answer.text().contains("you sent Bearer [secret]"), "{}", answer.text());
                answers.push(answer.text());
            }
            answers.push(call(&component, body("settings as an error", metadata)).await.text());
        }
        answers.push(call(&format!("lost-{way}"), body("go", json!({}))).await.text());
    }
    let request =
        http::Request::get(host.client.uri("/v1.0/metadata")).header("dapr-api-token", "token-of-the-callers");
    answers.push(host.client.send(request.body(http_body_util::Full::default()).unwrap()).await.text());
    let log = host.log();
    assert!(log.contains("TRACE") && log.contains("parlor-secret-"), "the log is not at `trace`:\n{log}");
    for secret in [KEY, CALLERS, "token-of-the-callers"] {
        assert!(!log.contains(secret), "`{secret}` is in the log");
        assert!(!host.summary.contains(secret));
        assert!(answers.iter().all(|answer| !answer.contains(secret)), "`{secret}` is in an answer");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_sees_no_key() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grants = "allowedHosts: [\"https://vendor.example\"]";
    let trip = Trip { url: "https://vendor.example/v1", grants, settings: WITH_KEY };
    let host = trip
        .add(HostBuilder::new(), "guest")
        .environment("HTTPS_PROXY", &format!("http://{}", proxy.local_addr().unwrap()))
        .start();
    for way in WAYS {
        let component = format!("guest-{way}");
        let (answer, asked) = tokio::join!(host.client.alpha1(&component, "go"), async {
            let mut stream = BufReader::new(proxy.accept().await.unwrap().0);
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                assert_ne!(stream.read_line(&mut asked).await.unwrap(), 0);
            }
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            asked
        });
        assert!(asked.starts_with("CONNECT vendor.example:443 HTTP/1.1\r\n"), "{asked}");
        assert!(!asked.contains(KEY));
        refused(&answer, &["no way to `vendor.example` through the proxy"]);
    }
}
