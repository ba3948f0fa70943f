//! Bank accounts: ISO 13616-1, with the lengths of SWIFT's IBAN registry and the check of ISO/IEC 7064 (MOD 97-10).

use crate::text::{Text, is_digit, is_letter, is_word};

/// Country and length.
const LENGTHS: [(&[u8; 2], usize); 89] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The end of the account number that begins at `at`, where a word begins.
pub(crate) fn find(text: &Text, at: usize) -> Option<usize> {
    let country = [text.at(at), text.at(at + 1)];
    if !country.iter().all(|byte| byte.is_ascii_alphabetic())
        || !is_digit(text.at(at + 2))
        || !is_digit(text.at(at + 3))
    {
        return None;
    }
    let country = country.map(|byte| byte.to_ascii_uppercase());
    let (_, length) = LENGTHS.iter().find(|(known, _)| **known == country)?;
    let mut signs = [0; 34];
    let end = read(text, at, signs.get_mut(..*length)?)?;
    (is_checked(signs.get(..*length)?) && !is_word(text.at(end))).then_some(end)
}

/// Reads as many letters and digits as there is room for; spaces may stand after every four.
fn read(text: &Text, at: usize, into: &mut [u8]) -> Option<usize> {
    let mut at = at;
    for (count, slot) in into.iter_mut().enumerate() {
        if count > 0 && count % 4 == 0 && text.at(at) == b' ' {
            at += 1;
        }
        let sign = text.at(at);
        if !sign.is_ascii_alphanumeric() {
            return None;
        }
        *slot = sign.to_ascii_uppercase();
        at += 1;
    }
    Some(at)
}

/// The first four signs moved to the end, letters read as 10 to 35: one is left of a division by 97.
fn is_checked(signs: &[u8]) -> bool {
    let (head, tail) = signs.split_at(4.min(signs.len()));
    let rest = tail.iter().chain(head).fold(0_u32, |rest, sign| {
        if is_letter(*sign) {
            (rest * 100 + u32::from(sign - b'A') + 10) % 97
        } else {
            (rest * 10 + u32::from(sign - b'0')) % 97
        }
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use crate::Kind::Iban;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn numbers_that_check_are_found() {
        for number in
            ["DE89370400440532013000", "GB33 BUKB 2020 1555 5555 55", "no9386011117947", "FR1420041010050500013M02606"]
        {
            finds(&format!("to {number}."), Iban, number);
        }
        for text in
            ["DE88370400440532013000", "DE8937040044053201300", "DE893704004405320130000", "ZZ89370400440532013000"]
        {
            finds_nothing(text);
        }
    }
}
