//! The world's numbering plans: country codes (ITU-T E.164 and its list of assigned codes) and the lengths of the
//! national numbers behind each, as the `phonelib` crate keeps them after libphonenumber. Lengths and not blocks in use:
//! people also give numbers that an operator has not handed out yet.

use std::sync::LazyLock;

use crate::number::value;

/// E.164's longest number, country code included.
pub(crate) const LONGEST: usize = 15;
/// What the shortest national numbers make with their country code.
pub(crate) const SHORTEST: usize = 7;

/// For each country code the lengths of national numbers, a bit each.
static LENGTHS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut lengths = vec![0; 1_000];
    for country in phonelib::countries() {
        let (code, area) = country_code(country.prefix);
        if let Some(slot) = lengths.get_mut(code) {
            *slot |= country.phone_lengths.iter().fold(0, |bits, length| bits | 1 << (usize::from(*length) + area));
        }
    }
    lengths
});

/// The crate writes a territory of the North American plan as 1 and its area code.
fn country_code(prefix: u32) -> (usize, usize) {
    if prefix > 1_000 { (1, 3) } else { (prefix as usize, 0) }
}

/// Splits the country code off: the codes are free of prefixes of one another.
fn split(digits: &[u8]) -> Option<(u32, &[u8])> {
    (1..=3).find_map(|width| {
        let (code, national) = digits.split_at_checked(width)?;
        let lengths = LENGTHS.get(value(code) as usize).copied().filter(|lengths| *lengths > 0)?;
        (digits.first() != Some(&0)).then_some((lengths, national))
    })
}

/// Whether a country has numbers of that many digits.
pub(crate) fn is_possible(digits: &[u8]) -> bool {
    digits.len() <= LONGEST && split(digits).is_some_and(|(lengths, national)| lengths & 1 << national.len() != 0)
}

/// Whether a country answers to the first digits at all.
pub(crate) fn has_country(digits: &[u8]) -> bool {
    digits.len() <= LONGEST && split(digits).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn lengths_are_those_of_the_country() {
        for number in ["12025550123", "442079460958", "4930901820", "29022158", "24762889", "12684601234"] {
            assert!(is_possible(&digits(number)), "{number}");
        }
        for number in ["120255501", "120255501234", "2222222222", "0123456789", "4420794609581", "999123456"] {
            assert!(!is_possible(&digits(number)), "{number}");
        }
        assert!(has_country(&digits("2222222222")) && !has_country(&digits("210123456")));
    }
}
