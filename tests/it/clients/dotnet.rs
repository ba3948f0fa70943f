//! A replay of Dapr's .NET client, which can't be installed here: its messages byte by byte, from `tests/clients/dotnet`,
//! and around them the HTTP/2 that Grpc.Net.Client and HttpClient make, as their public sources have it.
//!
//! - SETTINGS without push, with a stream window of 65,535 bytes; then a connection window of 64 MiB.
//! - `user-agent` names gRPC's client first, then Dapr's; `te: trailers`; three encodings are accepted; no length.
//! - The message is one DATA frame that does not end the stream: an empty one does.
//! - PINGs while the answer comes, by which the client measures its window.
//!
//! How HPACK writes the headers is the `h2` crate's choice, not .NET's.

use std::fs;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{Ping, PingPong, RecvStream};
use http::{HeaderMap, Request, Response, Version};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::{Host, patiently, root};

const METHOD: &str = "/dapr.proto.runtime.v1.Dapr/ConverseAlpha2";
const USER_AGENT: &str = "grpc-dotnet/2.71.0 (.NET 9.0.6; CLR 9.0.6; net9.0; linux; x64) dapr-sdk-dotnet/v1.17.0";

/// An open connection.
struct Connection {
    requests: SendRequest<Bytes>,
    pings: PingPong,
    authority: String,
    _driver: JoinSet<()>,
}

/// What came back.
struct Answer {
    head: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

impl Connection {
    async fn open(host: &Host) -> Self {
        let authority = host.grpc.address.clone();
        let stream = TcpStream::connect(&authority).await.unwrap();
        let mut client = h2::client::Builder::new();
        client.enable_push(false).initial_window_size(65_535).initial_connection_window_size(64 << 20);
        let (requests, mut connection) = client.handshake(stream).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // However the host ends the connection, it has ended.
            let _ = connection.await;
        });
        Self { requests, pings, authority, _driver: driver }
    }

    async fn call(&mut self, message: &[u8]) -> Answer {
        let request = Request::post(format!("http://{}{METHOD}", self.authority))
            .version(Version::HTTP_2)
            .header("user-agent", USER_AGENT)
            .header("te", "trailers")
            .header("grpc-accept-encoding", "identity,gzip,deflate")
            .header("content-type", "application/grpc");
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (response, mut body) = requests.send_request(request.body(()).unwrap(), false).unwrap();
        body.send_data(framed(message), false).unwrap();
        body.send_data(Bytes::new(), true).unwrap();
        let answer = patiently("for an answer", response).await.unwrap();
        patiently("for a pong", self.pings.ping(Ping::opaque())).await.unwrap();
        whole(answer).await
    }
}

/// gRPC's frame around a message: not compressed, its length.
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len().try_into().unwrap());
    frame.put_slice(message);
    frame.freeze()
}

async fn whole(answer: Response<RecvStream>) -> Answer {
    let (head, mut stream) = answer.into_parts();
    let mut body = BytesMut::new();
    while let Some(piece) = patiently("for the answer's body", stream.data()).await {
        let piece = piece.unwrap();
        stream.flow_control().release_capacity(piece.len()).unwrap();
        body.put(piece);
    }
    let trailers = patiently("for the answer's trailers", stream.trailers()).await.unwrap();
    assert_eq!(head.status, 200);
    assert_eq!(head.headers["content-type"], "application/grpc");
    Answer { head: head.headers, body: body.freeze(), trailers }
}

/// The bytes of a file of `tests/clients/dotnet`: hexadecimal, with a comment after `#`.
fn message(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(root().join("tests/clients/dotnet").join(name)).unwrap();
    let bytes = text.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[tokio::test]
async fn the_dotnet_client_gets_its_answer() {
    let host = Host::echo();
    let mut client = Connection::open(&host).await;
    // The second call goes over the connection of the first.
    for _ in 0..2 {
        let answer = client.call(&message("alpha2.hex")).await;
        assert_eq!(answer.trailers.unwrap()["grpc-status"], "0");
        assert_eq!(answer.body, framed(&message("alpha2-answer.hex")));
    }
}

#[tokio::test]
async fn the_dotnet_client_gets_its_error() {
    let host = Host::echo();
    let answer = Connection::open(&host).await.call(&message("unknown-component.hex")).await;
    // It reads the status from the trailers, or from a head that has no body.
    let status = answer.trailers.as_ref().unwrap_or(&answer.head);
    assert_eq!(status["grpc-status"], "3");
    let said = percent_decoded(status["grpc-message"].to_str().unwrap());
    assert_eq!(said, "failed finding conversation component nobody");
    assert!(answer.body.is_empty());
}

/// gRPC writes what is no plain ASCII as `%XX`; tonic writes spaces so, too.
fn percent_decoded(text: &str) -> String {
    text.replace("%20", " ")
}
