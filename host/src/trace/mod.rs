//! Trace contexts: which trace a request belongs to, as W3C's Trace Context writes it in text and as gRPC's
//! `grpc-trace-bin` does in bytes. Knows no header, no transport and no exporter.

mod log;

use tokio::task::futures::TaskLocalFuture;

pub use self::log::TraceIdField;

/// Bytes of a `traceparent` of version 00.
const TEXT_LENGTH: usize = 55;

/// Bytes of a `grpc-trace-bin` with all three fields.
pub const BINARY_LENGTH: usize = 29;

/// The flag that says that the caller records this trace. The other flags of version 00 are to be sent on as zeros.
const SAMPLED: u8 = 1;

/// The place of one span within a trace: its trace, itself, and whether the trace is recorded.
/// <https://www.w3.org/TR/trace-context/#traceparent-header>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

tokio::task_local! {
    static CURRENT: TraceContext;
}

impl TraceContext {
    /// The beginning of a trace that nobody records.
    pub fn begin() -> Self {
        Self { trace_id: fastrand::u128(1..), span_id: fastrand::u64(1..), flags: 0 }
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: fastrand::u64(1..), ..self }
    }

    /// Reads a `traceparent`. Of versions to come, only the fields that this one knows are read.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let mut fields = text.splitn(5, |byte| *byte == b'-');
        let version = parse_hex(fields.next()?, 2)?;
        let trace_id = parse_hex(fields.next()?, 32)?;
        let span_id = u64::try_from(parse_hex(fields.next()?, 16)?).ok()?;
        let flags = u8::try_from(parse_hex(fields.next()?, 2)?).ok()?;
        let is_version = version != 0xff && (version != 0 || fields.next().is_none());
        (is_version && trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags: flags & SAMPLED })
    }

    /// Writes a `traceparent`.
    pub fn to_text(self) -> [u8; TEXT_LENGTH] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let fields = [(3..35, self.trace_id), (36..52, self.span_id.into()), (53..TEXT_LENGTH, self.flags.into())];
        for (place, number) in fields {
            write_hex(number, text.get_mut(place).unwrap_or_default());
        }
        text
    }

    /// Reads a `grpc-trace-bin`: fields 0 (trace), 1 (span) and 2 (flags) in this order, the first of which must be
    /// there. <https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md>
    pub fn from_binary(bytes: &[u8]) -> Option<Self> {
        let (trace_id, rest) = bytes.strip_prefix(&[0, 0])?.split_first_chunk()?;
        let (span_id, rest) = match rest.strip_prefix(&[1]).and_then(<[u8]>::split_first_chunk) {
            Some((span_id, rest)) => (u64::from_be_bytes(*span_id), rest),
            None => (0, rest),
        };
        let flags = rest.strip_prefix(&[2]).and_then(<[u8]>::first).copied().unwrap_or_default();
        let trace_id = u128::from_be_bytes(*trace_id);
        (trace_id != 0).then_some(Self { trace_id, span_id, flags: flags & SAMPLED })
    }

    /// Writes a `grpc-trace-bin`.
    pub fn to_binary(self) -> [u8; BINARY_LENGTH] {
        let mut bytes = [0; BINARY_LENGTH];
        let fields = [0, 0].into_iter().chain(self.trace_id.to_be_bytes());
        let fields = fields.chain([1]).chain(self.span_id.to_be_bytes()).chain([2, self.flags]);
        bytes.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
        bytes
    }

    /// The trace's name: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Makes this the current context of everything that happens within a future.
    pub fn scope<F: Future>(self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, future)
    }

    /// The context that the running code serves, if it serves one.
    pub fn current() -> Option<Self> {
        CURRENT.try_get().ok()
    }
}

/// Exactly `length` lower-case digits, of which a `u128` holds 32.
fn parse_hex(digits: &[u8], length: usize) -> Option<u128> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut digits = (digits.len() == length).then_some(digits)?.iter();
    digits.try_fold(0_u128, |number, byte| Some(number << 4 | u128::from(digit(byte)?)))
}

fn write_hex(mut number: u128, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        let value = (number & 0xf) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn context(text: &str) -> Option<TraceContext> {
        TraceContext::from_text(text.as_bytes())
    }

    #[test]
    fn what_is_read_is_written_again() {
        let read = context(TEXT).unwrap();
        assert_eq!(read.to_text(), TEXT.as_bytes());
        assert_eq!(read.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(TraceContext::from_binary(&read.to_binary()), Some(read));
        let bytes = b"\0\0\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36\x01\0\xf0\x67\xaa\x0b\xa9\x02\xb7\x02\x01";
        assert_eq!(&read.to_binary(), bytes);
    }

    #[test]
    fn a_child_is_another_span_of_the_same_trace() {
        let parent = context(TEXT).unwrap();
        let child = parent.child();
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_ne!(child.span_id, parent.span_id);
        assert_eq!(child.flags, SAMPLED);
        assert_ne!(TraceContext::begin().trace_id(), TraceContext::begin().trace_id());
    }

    #[test]
    fn only_what_the_standard_allows_is_a_traceparent() {
        let fields = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        for good in [format!("00-{fields}-00"), format!("cc-{fields}-01"), format!("01-{fields}-01-more-to-come")] {
            assert!(context(&good).is_some(), "{good}");
        }
        assert_eq!(context(&format!("00-{fields}-ff")).unwrap().flags, SAMPLED);
        for bad in [
            String::new(),
            "00".to_owned(),
            fields.to_owned(),
            format!("ff-{fields}-01"),
            format!("00-{fields}-01-more"),
            format!("00-{fields}-01-"),
            format!("00-{fields}-1"),
            format!("00-{fields}-0g"),
            format!("0-{fields}-01"),
            format!("00-{}-01", fields.to_uppercase()),
            format!("00-{}-01", fields.replace("4bf9", "4bf")),
            format!("00-{}-01", fields.replace("00f0", "00f")),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01".to_owned(),
            format!("00 {fields} 01"),
            format!("00-é{}-01", fields.replace("4bf9", "4b")),
        ] {
            assert_eq!(context(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_binary_context_may_end_early_but_not_without_its_trace() {
        let whole = context(TEXT).unwrap().to_binary();
        let read = |bytes: &[u8]| TraceContext::from_binary(bytes);
        assert_eq!(read(&whole[..27]).unwrap().flags, 0);
        assert_eq!(read(&whole[..18]).unwrap().span_id, 0);
        for length in 0..18 {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(&[0; BINARY_LENGTH]), None);
        let mut version = whole;
        version[0] = 1;
        assert_eq!(read(&version), None);
    }
}
