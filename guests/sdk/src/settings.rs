//! A provider's settings with their types. Which settings there are, the provider's description says, and the host has
//! checked them against it; what is left to fail here is a text that is no number.

use std::str::FromStr;
use std::time::Duration;

use crate::types::{Error, ErrorKind};

/// The settings of one component, looked up without regard to case. An empty value counts as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// Takes settings as the host gives them.
    pub fn new(settings: Vec<(String, String)>) -> Self {
        Self(settings)
    }

    /// The setting as it was written.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The setting as it was written.
    ///
    /// # Errors
    /// When it is not set.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::new(ErrorKind::Internal, format!("setting `{name}` is not set")))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When it is set to anything else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Error> {
        self.parsed(name, "`true` or `false`")
    }

    /// A whole number that fits `T`.
    ///
    /// # Errors
    /// When it is set to anything else.
    pub fn integer<T: FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        self.parsed(name, "a whole number in range")
    }

    /// A finite number.
    ///
    /// # Errors
    /// When it is set to anything else.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.parsed::<f64>(name, "a number")? {
            Some(value) if !value.is_finite() => Err(wrong(name, "a number")),
            value => Ok(value),
        }
    }

    /// A duration such as `300ms`, `30s` or `1m30s`, in the units `ms`, `s`, `m` and `h`.
    ///
    /// # Errors
    /// When it is set to anything else.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, Error> {
        let parse = |text| duration(text).ok_or_else(|| wrong(name, "a duration such as `1m30s`"));
        self.text(name).map(parse).transpose()
    }

    fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Error> {
        let parse = |text: &str| text.parse().map_err(|_| wrong(name, expected));
        self.text(name).map(parse).transpose()
    }
}

/// Does not repeat the value, which may have been meant for another setting.
fn wrong(name: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("setting `{name}` is not {expected}"))
}

fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        sum = sum.checked_add(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(millis)?))?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_are_looked_up_without_regard_to_case_and_empty_values_count_as_none() {
        let settings = settings(&[("maxTokens", "7"), ("model", "")]);
        assert_eq!(settings.integer::<u32>("MAXTOKENS"), Ok(Some(7)));
        assert_eq!(settings.text("model"), None);
        assert_eq!(settings.required("model").unwrap_err().message, "setting `model` is not set");
    }

    #[test]
    fn durations_are_read_as_written_in_yaml() {
        for (text, millis) in
            [("30s", Some(30_000)), ("1m30s", Some(90_000)), ("2h5ms", Some(7_200_005)), ("30", None), ("s", None)]
        {
            let found = settings(&[("timeout", text)]).duration("timeout");
            assert_eq!(found.ok().flatten(), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn a_wrong_value_is_an_error_that_does_not_repeat_it() {
        let settings = settings(&[("temperature", "sk-hot"), ("maxTokens", "-1"), ("strict", "yes"), ("p", "NaN")]);
        for error in [
            settings.number("temperature").unwrap_err(),
            settings.integer::<u32>("maxTokens").unwrap_err(),
            settings.boolean("strict").unwrap_err(),
            settings.number("p").unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Internal);
            assert!(!error.message.contains("sk-hot"), "{}", error.message);
        }
    }
}
