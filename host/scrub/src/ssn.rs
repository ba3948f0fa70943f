//! Social security numbers of the United States, after the Social Security Administration: area, group and serial are
//! never 000, 00 and 0000, and no area is 666 or 9xx (POMS RM 10201.035, 20 CFR 422.103; since the randomisation of
//! 2011 every other area is given out).

use crate::context::Topic;
use crate::number::{Gap, Number, value};
use crate::text::Text;

/// The end of the number that begins `number`.
pub(crate) fn find(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    if number.plus || number.parenthesis || number.digits() < 9 {
        return None;
    }
    let is_called_so = topic == Some(Topic::Ssn);
    let groups = number.groups().len().min(3);
    let is_written_so = |groups| match number.gap(groups) {
        Some(Gap::Hyphen | Gap::Space) => true,
        Some(Gap::Dot | Gap::Wide | Gap::Slash) => is_called_so,
        _ => false,
    };
    let in_three = number.has_widths(groups, &[3, 2, 4]) && is_written_so(groups);
    let in_one = is_called_so && number.has_widths(1, &[9]);
    let groups = if in_three { 3 } else { 1 };
    ((in_three || in_one) && is_given_out(number.prefix(groups))).then(|| number.ends(text, groups)).flatten()
}

fn is_given_out(digits: &[u8]) -> bool {
    let (area, rest) = digits.split_at(3.min(digits.len()));
    let (group, serial) = rest.split_at(2.min(rest.len()));
    !matches!(value(area), 0 | 666 | 900..) && value(group) > 0 && value(serial) > 0
}

#[cfg(test)]
mod tests {
    use crate::Kind::Ssn;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn numbers_that_are_given_out_are_found() {
        for number in ["536-22-8726", "536 22 8726", "219-09-9999"] {
            finds(&format!("his is {number}."), Ssn, number);
        }
        finds("SSN 536228726", Ssn, "536228726");
        finds("SSN: 536.22.8726", Ssn, "536.22.8726");
        finds("536\u{2011}22\u{2011}8726", Ssn, "536\u{2011}22\u{2011}8726");
    }

    #[test]
    fn numbers_that_never_are_and_other_forms_are_none() {
        for text in [
            "000-22-8726",
            "666-22-8726",
            "900-22-8726",
            "536-00-8726",
            "536-22-0000",
            "536-22-87261",
            "1536-22-8726",
            "536-22-8726-1",
            "536228726",
            "536-228-726",
            "A-536-22-8726",
        ] {
            finds_nothing(text);
        }
    }
}
