//! Payment card numbers: ISO/IEC 7812-1, the issuers' published ranges and lengths, and the check digit of its annex B
//! (Luhn).

use crate::context::Topic;
use crate::number::{Gap, Number, value};
use crate::text::{Text, is_word};

/// First digits from, up to, and the lengths that go with them. Both ends have the same number of digits.
const ISSUERS: [(u32, u32, &[usize]); 30] = [
    // Visa. 13 digits are old and still about.
    (4, 4, &[13, 16, 19]),
    // Mastercard, with the 2-series of 2017.
    (51, 55, &[16]),
    (2221, 2720, &[16]),
    // American Express.
    (34, 34, &[15]),
    (37, 37, &[15]),
    // Diners Club.
    (300, 305, &[14, 16, 19]),
    (3095, 3095, &[14, 16, 19]),
    (36, 36, &[14, 16, 19]),
    (38, 39, &[14, 16, 19]),
    // Discover.
    (6011, 6011, &[16, 17, 18, 19]),
    (644, 659, &[16, 17, 18, 19]),
    // JCB, and its numbers of before 1990.
    (3528, 3589, &[16, 17, 18, 19]),
    (1800, 1800, &[15]),
    (2131, 2131, &[15]),
    // UnionPay, part of whose range is Discover's too.
    (62, 62, &[16, 17, 18, 19]),
    (81, 81, &[16, 17, 18, 19]),
    // Maestro, Switch and Solo.
    (5018, 5018, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5020, 5020, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5038, 5038, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5893, 5893, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6304, 6304, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6331, 6334, &[16, 18, 19]),
    (6759, 6759, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6761, 6767, &[12, 13, 14, 15, 16, 17, 18, 19]),
    // The rest of Maestro's 50 and 56 to 58: Dankort, Verve, RuPay, Elo, Naranja.
    (50, 50, &[16, 18, 19]),
    (56, 58, &[16, 18, 19]),
    // RuPay, Hipercard, store cards of South America.
    (60, 60, &[16]),
    (63, 63, &[16]),
    // Mir.
    (2200, 2204, &[16, 17, 18, 19]),
    // Troy.
    (9792, 9792, &[16]),
];

/// Letters that begin the next thing when it touches a card number: its expiry or its code.
const NEIGHBOURS: [&str; 4] = ["cvv", "cvc", "exp", "cid"];

/// The end of the card number that begins `number`.
pub(crate) fn find(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    if number.plus || number.parenthesis || number.digits() < 12 {
        return None;
    }
    let groups = 1..=number.groups().len();
    groups.rev().find_map(|groups| {
        let digits = number.prefix(groups);
        let is_card = is_issued(digits, topic == Some(Topic::Card)) && luhn(digits) && is_written_so(number, groups);
        is_card.then(|| end(text, number, groups)).flatten()
    })
}

fn end(text: &Text, number: &Number, groups: usize) -> Option<usize> {
    let neighbour = || {
        let end = number.end();
        let is_last = groups == number.groups().len();
        (is_last && is_word(text.at(end)) && text.follows_any(end, &NEIGHBOURS).is_some()).then_some(end)
    };
    number.ends(text, groups).or_else(neighbour)
}

/// Groups of three digits and more with the same between them, or fours with spaces and hyphens: `2024 1 15` and the like
/// are none.
fn is_written_so(number: &Number, groups: usize) -> bool {
    let first = number.first(groups);
    let is_even = groups == 1 || number.gap(groups).is_some_and(|gap| !matches!(gap, Gap::Slash | Gap::Parenthesis));
    let in_fours = first.iter().all(|group| group.width() == 4 && !matches!(group.gap, Gap::Slash | Gap::Parenthesis));
    in_fours || is_even && first.len() <= 5 && first.iter().all(|group| group.width() >= 3)
}

/// Whether an issuer gives out such numbers. Next to a word for cards the major industry identifiers for travel and
/// banking (3 to 6) will do.
fn is_issued(digits: &[u8], is_called_card: bool) -> bool {
    let length = digits.len();
    let known = ISSUERS.iter().any(|(from, upto, lengths)| {
        let width = from.ilog10() as usize + 1;
        let prefix = value(digits.get(..width).unwrap_or(digits));
        // Twelve digits are too few to be sure of by themselves.
        (*from..=*upto).contains(&prefix) && lengths.contains(&length) && (length > 12 || is_called_card)
    });
    let is_banking = digits.first().is_some_and(|first| (3..=6).contains(first));
    known || is_called_card && is_banking && (13..=19).contains(&length)
}

/// The check digit of ISO/IEC 7812-1, annex B.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = u32::from(*digit) << (place % 2);
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use crate::Kind::CreditCard;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn numbers_of_every_issuer_are_found() {
        for number in [
            "4242424242424242",
            "5105105105105100",
            "2223003122003222",
            "371449635398431",
            "6011111111111117",
            "3566002020360505",
            "30569309025904",
            "6200000000000005",
            "4222222222222",
            "2200000000000004",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "3714 496353 98431",
            "4242.4242.4242.4242",
            "4242-4242 4242-4242",
        ] {
            finds(&format!("paid {number}, ok"), CreditCard, number);
        }
        finds("4242 4242 4242 4242 12/30", CreditCard, "4242 4242 4242 4242");
        finds("card:4242424242424242cvv:123", CreditCard, "4242424242424242");
        finds("４２４２４２４２４２４２４２４２", CreditCard, "４２４２４２４２４２４２４２４２");
        finds("4242\u{200b}4242\u{200b}4242\u{200b}4242", CreditCard, "4242\u{200b}4242\u{200b}4242\u{200b}4242");
    }

    #[test]
    fn other_long_numbers_are_none() {
        for text in [
            "4242424242424241",
            "9111111111111111",
            "0.4242424242424242",
            "4242424242424242ab",
            "42424242424242424242",
            "ab4242424242424242",
            "1242424242424242",
            "4242-4242-4242-4242-9",
        ] {
            finds_nothing(text);
        }
    }
}
