//! Durations as Go writes them (`1h30m`, `300ms`, `1.5s`), which is how Dapr's files and answers have them. Pure; never
//! negative.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No sequence of numbers and units.
    #[error("`{0}` is not a duration such as `30s` or `1h30m`")]
    Malformed(String),
    /// A number without a unit.
    #[error("`{0}` has no unit; write for instance `{0}s`")]
    NoUnit(String),
    /// A unit that Go does not have.
    #[error("`{unit}` in `{text}` is not a unit of time; there are `h`, `m`, `s`, `ms`, `us` and `ns`")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The part that is no unit.
        unit: String,
    },
    /// Below zero, which nothing here can be.
    #[error("`{0}` is negative")]
    Negative(String),
    /// More than Go's `time.Duration` holds.
    #[error("`{0}` is longer than the longest duration, about 292 years")]
    TooLong(String),
}

/// The longest duration that Go has, in nanoseconds.
const LONGEST: u128 = i64::MAX as u128;

/// Digits of a fraction beyond these are below a nanosecond even of an hour.
const FRACTION_DIGITS: usize = 18;

/// Parses a duration by the rules of Go's `time.ParseDuration`.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return Err(malformed());
    }
    let mut rest = unsigned;
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let (whole, after_whole) = split_digits(rest);
        let (fraction, after) = after_whole.strip_prefix('.').map_or(("", after_whole), split_digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(malformed());
        }
        let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let one = match nanoseconds_of(unit) {
            Some(one) => one,
            None if unit.is_empty() => return Err(DurationError::NoUnit(text.to_owned())),
            None => return Err(DurationError::UnknownUnit { text: text.to_owned(), unit: unit.to_owned() }),
        };
        nanoseconds = amount(whole, fraction, one)
            .and_then(|more| nanoseconds.checked_add(more))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = next;
    }
    if text.starts_with('-') && nanoseconds > 0 {
        return Err(DurationError::Negative(text.to_owned()));
    }
    u64::try_from(nanoseconds).map(Duration::from_nanos).map_err(|_| malformed())
}

/// Parses a duration that may also be a whole number of seconds, as the settings of Dapr's components may.
pub fn parse_or_seconds(text: &str) -> Result<Duration, DurationError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse(text);
    }
    let seconds = text.parse::<u64>().ok().filter(|seconds| u128::from(*seconds) * 1_000_000_000 <= LONGEST);
    seconds.map(Duration::from_secs).ok_or_else(|| DurationError::TooLong(text.to_owned()))
}

/// Writes a duration as Go's `time.Duration.String` does: `1h0m0s`, `1.5s`, `500ms`.
pub fn text(duration: Duration) -> String {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    let last = decimal(seconds % 60, nanoseconds, 9);
    match (seconds, nanoseconds) {
        (0, 0) => "0s".to_owned(),
        (0, ..1_000) => format!("{nanoseconds}ns"),
        (0, ..1_000_000) => decimal((nanoseconds / 1_000).into(), nanoseconds % 1_000, 3) + "\u{b5}s",
        (0, _) => decimal((nanoseconds / 1_000_000).into(), nanoseconds % 1_000_000, 6) + "ms",
        (..60, _) => last + "s",
        (..3_600, _) => format!("{}m{last}s", seconds / 60),
        _ => format!("{}h{}m{last}s", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A number with a fraction of so many digits, of which those at the end that are zeros are left out.
fn decimal(whole: u64, fraction: u32, digits: usize) -> String {
    format!("{whole}.{fraction:0digits$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn nanoseconds_of(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    })
}

/// `whole.fraction` times `one`; `None` where no integer holds it.
fn amount(whole: &str, fraction: &str, one: u128) -> Option<u128> {
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.get(..FRACTION_DIGITS).unwrap_or(fraction);
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    whole.checked_mul(one)?.checked_add(fraction.checked_mul(one)? / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, nanoseconds: u64) {
        assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
    }

    #[test]
    fn a_duration_is_read_as_go_reads_it() {
        check("0", 0);
        check("-0", 0);
        check("-0s", 0);
        check("5s", 5_000_000_000);
        check("+5s", 5_000_000_000);
        check("1h30m", 5_400_000_000_000);
        check("1m30s500ms", 90_500_000_000);
        check("300ms", 300_000_000);
        check("1.5s", 1_500_000_000);
        check("1.s", 1_000_000_000);
        check(".5s", 500_000_000);
        check("10\u{b5}s", 10_000);
        check("10\u{3bc}s", 10_000);
        check("10us2ns", 10_002);
        check("0.3333333333333333333h", 1_200_000_000_000 - 1);
        check("2562047h47m16.854775807s", 9_223_372_036_854_775_807);
    }

    #[test]
    fn a_duration_is_written_as_go_writes_it() {
        for (nanoseconds, written) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1\u{b5}s"),
            (10_000, "10\u{b5}s"),
            (2_200_000, "2.2ms"),
            (500_000_000, "500ms"),
            (999_999_999, "999.999999ms"),
            (1_000_000_000, "1s"),
            (1_500_000_000, "1.5s"),
            (20_000_000_000, "20s"),
            (60_000_000_000, "1m0s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (36_000_000_000_001, "10h0m0.000000001s"),
            (9_223_372_036_854_775_807, "2562047h47m16.854775807s"),
        ] {
            assert_eq!(text(Duration::from_nanos(nanoseconds)), written);
            check(written, nanoseconds);
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        let text = |text: &str| text.to_owned();
        for (input, error) in [
            ("", DurationError::Malformed(text(""))),
            ("-", DurationError::Malformed(text("-"))),
            ("soon", DurationError::Malformed(text("soon"))),
            (".s", DurationError::Malformed(text(".s"))),
            (" 5s", DurationError::Malformed(text(" 5s"))),
            ("30", DurationError::NoUnit(text("30"))),
            ("1m30", DurationError::NoUnit(text("1m30"))),
            ("5 s", DurationError::UnknownUnit { text: text("5 s"), unit: text(" s") }),
            ("1d", DurationError::UnknownUnit { text: text("1d"), unit: text("d") }),
            ("-1s", DurationError::Negative(text("-1s"))),
            ("2562047h47m16.854775808s", DurationError::TooLong(text("2562047h47m16.854775808s"))),
            ("99999999999999999999999999999999999999999h", DurationError::TooLong(text(&("9".repeat(41) + "h")))),
        ] {
            assert_eq!(parse(input), Err(error));
        }
    }

    #[test]
    fn a_whole_number_may_be_seconds() {
        assert_eq!(parse_or_seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_or_seconds("1m"), Ok(Duration::from_secs(60)));
        assert!(parse_or_seconds("").is_err());
        assert!(parse_or_seconds("-5").is_err());
        assert_eq!(parse_or_seconds("9223372037"), Err(DurationError::TooLong("9223372037".to_owned())));
    }
}
