//! A harness for a codec's unit tests: recorded vendor bytes in, events out, the same for every way to cut the bytes.
//! Runs natively; knows no vendor.

use crate::codec::HttpRequest;
use crate::types::{Error, Event, Message, Part, Request, Role};
use crate::{Codec, Decoder, Headers, Settings};

/// A recorded HTTP answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Whether the request asked for a stream.
    pub streaming: bool,
    /// The whole body.
    pub body: &'a [u8],
}

/// What a codec made of an answer. Deltas of one part that follow each other are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The events; up to the error, where there is one.
    pub events: Vec<Event>,
    /// Why there were no more.
    pub error: Option<Error>,
}

/// Settings from pairs.
pub fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings::new(owned(pairs))
}

/// A request with one text of the user.
pub fn request(text: &str) -> Request {
    let message = Message { role: Role::User, name: None, parts: vec![Part::Text(text.to_owned())], extensions: None };
    Request { messages: vec![message], ..Request::default() }
}

/// Encodes a request.
///
/// # Errors
/// Those of the codec.
pub fn encode<C: Codec>(pairs: &[(&str, &str)], request: Request) -> Result<HttpRequest, Error> {
    C::encode(&settings(pairs), request)
}

/// Decodes an answer: whole, in two pieces cut at each offset, byte by byte, and with the end told apart from the last
/// bytes.
///
/// # Panics
/// When two of these ways differ. Events that came before an error may be fewer where the error came in the same piece.
pub fn decode<C: Codec>(answer: Answer<'_>) -> Decoded {
    let body = answer.body;
    let bytewise = play::<C>(answer, &body.chunks(1).collect::<Vec<_>>(), true);
    let check = |pieces: &[&[u8]], end_apart: bool, how: String| {
        let found = play::<C>(answer, pieces, end_apart);
        assert_eq!(found.error, bytewise.error, "{how}");
        match found.error {
            None => assert_eq!(found.events, bytewise.events, "{how}"),
            Some(_) => assert!(found.events.len() <= bytewise.events.len(), "{how}: {:?}", found.events),
        }
    };
    check(&[body], false, "whole".to_owned());
    check(&[body], true, "whole, with the end apart".to_owned());
    for offset in 0..=body.len() {
        let (head, tail) = body.split_at(offset);
        check(&[head, tail], false, format!("cut at byte {offset}"));
    }
    bytewise
}

fn play<C: Codec>(answer: Answer<'_>, pieces: &[&[u8]], end_apart: bool) -> Decoded {
    let mut decoder = C::Decoder::new(answer.status, Headers::new(owned(answer.headers)), answer.streaming);
    let mut decoded = Decoded { events: Vec::new(), error: None };
    let last = pieces.len().saturating_sub(1);
    let ended = pieces.iter().enumerate().map(|(index, piece)| (*piece, index == last && !end_apart));
    let apart: &[(&[u8], bool)] = if end_apart { &[(&[], true)] } else { &[] };
    for (piece, end) in ended.chain(apart.iter().copied()) {
        match decoder.feed(piece, end) {
            Ok(events) => events.into_iter().for_each(|event| join(&mut decoded.events, event)),
            Err(error) => {
                decoded.error = Some(error);
                break;
            }
        }
    }
    decoded
}

/// Adds an event, to the one before where both are deltas of one part.
fn join(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), &event) {
        (Some(Event::Text(last)), Event::Text(next))
        | (Some(Event::Refusal(last)), Event::Refusal(next))
        | (Some(Event::ToolArguments(last)), Event::ToolArguments(next))
            if (last.candidate, last.part) == (next.candidate, next.part) =>
        {
            last.text.push_str(&next.text);
        }
        (Some(Event::Reasoning(last)), Event::Reasoning(next))
            if (last.candidate, last.part) == (next.candidate, next.part) =>
        {
            last.text.push_str(&next.text);
            last.signature = next.signature.clone().or(last.signature.take());
            last.redacted = next.redacted.clone().or(last.redacted.take());
        }
        _ => events.push(event),
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::ProviderDescription;
    use crate::types::{Delta, ErrorKind};

    /// Says how it was fed, or, told to by its status, gives the bytes as text.
    struct Talker;

    struct Mouth {
        honest: bool,
        fed: usize,
    }

    impl Codec for Talker {
        type Decoder = Mouth;

        fn describe() -> ProviderDescription {
            ProviderDescription::new("talker", "1", "a test's codec")
        }

        fn encode(_settings: &Settings, _request: Request) -> Result<HttpRequest, Error> {
            Err(Error::new(ErrorKind::Unsupported, "no"))
        }
    }

    impl Decoder for Mouth {
        fn new(status: u16, _headers: Headers, _streaming: bool) -> Self {
            Self { honest: status == 200, fed: 0 }
        }

        fn feed(&mut self, bytes: &[u8], _end: bool) -> Result<Vec<Event>, Error> {
            self.fed += 1;
            let text = if self.honest { String::from_utf8_lossy(bytes).into_owned() } else { self.fed.to_string() };
            Ok(vec![Event::Text(Delta { candidate: 0, part: 0, text })])
        }
    }

    #[test]
    fn deltas_are_joined_whatever_the_cut() {
        let decoded = decode::<Talker>(Answer { status: 200, headers: &[], streaming: true, body: b"hello" });
        let text = "hello".to_owned();
        assert_eq!(decoded, Decoded { events: vec![Event::Text(Delta { candidate: 0, part: 0, text })], error: None });
    }

    #[test]
    #[should_panic(expected = "whole")]
    fn a_codec_that_depends_on_the_cut_is_found_out() {
        decode::<Talker>(Answer { status: 201, headers: &[], streaming: true, body: b"hello" });
    }
}
