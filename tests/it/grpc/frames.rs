//! HTTP/2 below gRPC: what a client may do that no library does for it.

use super::{DAPR, said};
use crate::harness::{Host, Wire};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Kind, flags and payload of each whole frame.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        frames.push((head[3], head[4], payload.to_vec()));
        bytes = rest;
    }
    frames
}

/// The head of a call, each header written out whole.
fn head(method: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", &format!("/{DAPR}/{method}")),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

async fn open(host: &Host) -> Wire {
    let mut wire = Wire::open(&host.grpc.address).await;
    wire.write([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    wire
}

#[tokio::test]
async fn what_a_connection_may_carry_is_no_less_than_dapr_allows() {
    let host = Host::echo();
    let mut wire = open(&host).await;
    let settings = loop {
        match frames(wire.unread()).into_iter().find(|(kind, flags, _)| *kind == SETTINGS && *flags == 0) {
            Some((_, _, payload)) => break payload,
            None => wire.more().await.unwrap(),
        }
    };
    let pairs = settings.as_chunks::<6>().0.iter();
    let setting = |wanted: u16| {
        let mut known =
            pairs.clone().map(|[a, b, value @ ..]| (u16::from_be_bytes([*a, *b]), u32::from_be_bytes(*value)));
        known.find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let (streams, headers) = (setting(3), setting(6));
    assert_eq!((streams, headers), (Some(6_000), Some(4 << 20)));
}

#[tokio::test]
async fn many_pings_are_answered_and_not_held_against_the_client() {
    let host = Host::echo();
    let mut wire = open(&host).await;
    let mut sent = 0_u64;
    for _ in 0..100 {
        let pings = (sent..sent + 100).flat_map(|number| frame(PING, 0, 0, &number.to_be_bytes()));
        wire.write(pings.collect::<Vec<u8>>()).await;
        sent += 100;
        let is_pong = |(kind, flags, _): &(u8, u8, Vec<u8>)| *kind == PING && *flags == ACK;
        while frames(wire.unread()).into_iter().filter(is_pong).count() as u64 != sent {
            wire.more().await.expect("each ping is answered");
        }
    }
    wire.write(frame(HEADERS, END_HEADERS, 1, &head("GetMetadata"))).await;
    wire.write(frame(DATA, END_STREAM, 1, &[0; 5])).await;
    while !frames(wire.unread()).iter().any(|(kind, _, payload)| *kind == DATA && payload.len() > 5) {
        wire.more().await.expect("the connection is still good");
    }
}

#[tokio::test]
async fn who_does_not_answer_a_ping_is_let_go() {
    let host = Host::echo();
    let mut wire = open(&host).await;
    let is_ping = |(kind, flags, _): &(u8, u8, Vec<u8>)| *kind == PING && *flags == 0;
    while !frames(wire.unread()).iter().any(is_ping) {
        wire.more().await.expect("a silent connection is asked whether it lives");
    }
    wire.rest().await;
}

#[tokio::test]
async fn a_call_that_is_cut_in_the_middle_harms_no_other() {
    let host = Host::echo();
    let message = prost::Message::encode_to_vec(&said("echo", "hello"));
    let mut data = vec![0, 0, 0, 0, u8::try_from(message.len()).unwrap()];
    data.extend(message);
    let head = frame(HEADERS, END_HEADERS, 1, &head("ConverseAlpha1"));
    for cut in 0..data.len() {
        let mut wire = open(&host).await;
        wire.write([&head[..], &frame(DATA, 0, 1, &data[..cut])].concat()).await;
        drop(wire);
    }
    for cut in 0..head.len() {
        let mut wire = open(&host).await;
        wire.write(&head[..cut]).await;
        wire.finish().await;
        wire.rest().await;
    }
    host.grpc.dapr().converse_alpha1(said("echo", "still here")).await.unwrap();
}
