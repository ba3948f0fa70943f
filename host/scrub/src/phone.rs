//! Telephone numbers: international ones after ITU-T E.123 and E.164 (and RFC 3966's `tel:`), those of the North
//! American plan in their usual form, and national ones where a word or their form says what they are.

use crate::context::Topic;
use crate::number::{Gap, Group, Number};
use crate::plan;
use crate::text::{Text, is_digit, is_word};

/// Words right behind a number that say what it is. Looking further behind would keep a stream waiting.
const LINES: [&str; 8] = ["office", "mobile", "fax", "cell", "home", "work", "desk", "landline"];
const EXTENSIONS: [&str; 5] = ["extension", "ext.", "ext", "x", "#"];
const EXTENSION_DIGITS: usize = 6;

/// The end of the telephone number that begins `number`.
pub(crate) fn find(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    if number.digits() < 7 {
        return None;
    }
    let end = if number.plus {
        international(text, number)
    } else {
        from_abroad(text, number)
            .or_else(|| north_american(text, number, topic))
            .or_else(|| national(text, number, topic))
    }?;
    Some(extension(text, end).unwrap_or(end))
}

/// `+`, country code, national number. The longest that a plan allows; else eight digits and more behind the code of a
/// country, because people invent numbers.
fn international(text: &Text, number: &Number) -> Option<usize> {
    let groups = 1..=number.groups().len();
    let find = |is_one: fn(&[u8]) -> bool| {
        groups.clone().rev().find_map(|groups| {
            let (digits, count) = without_trunk(number, groups);
            let is_one = count >= plan::SHORTEST && digits.get(..count).is_some_and(is_one);
            is_one.then(|| ends(text, number, groups)).flatten()
        })
    };
    find(plan::is_possible).or_else(|| find(|digits| digits.len() >= 8 && plan::has_country(digits)))
}

/// Where the first `groups` groups end; an extension may touch them.
fn ends(text: &Text, number: &Number, groups: usize) -> Option<usize> {
    let is_last = groups == number.groups().len();
    number.ends(text, groups).or_else(|| (is_last && extension(text, number.end()).is_some()).then(|| number.end()))
}

/// The digits less the `(0)` that is dialled at home only (E.123, 7.2 discourages it; people write it).
fn without_trunk(number: &Number, groups: usize) -> ([u8; 20], usize) {
    let mut digits = [0; 20];
    let mut count = 0;
    let all = number.prefix(groups);
    for group in number.first(groups) {
        let these = all.get(group.upto - group.width()..group.upto).unwrap_or_default();
        if these == [0] && group.gap == Gap::Parenthesis {
            continue;
        }
        for digit in these {
            if let Some(slot) = digits.get_mut(count) {
                *slot = *digit;
                count += 1;
            }
        }
    }
    (digits, count)
}

/// `00`, or `011` in North America, in place of the `+`, in groups.
fn from_abroad(text: &Text, number: &Number) -> Option<usize> {
    let prefix = match number.prefix(1) {
        [0, 0, ..] => 2,
        [0, 1, 1] => 3,
        _ => return None,
    };
    (2..=number.groups().len()).rev().find_map(|groups| {
        let digits = number.prefix(groups).get(prefix..)?;
        plan::is_possible(digits).then(|| ends(text, number, groups)).flatten()
    })
}

/// Three, three and four digits with marks between. Marks are enough: which area codes are in use changes, and people
/// invent them. With spaces alone both codes must be possible (NANPA: neither begins with 0 or 1).
fn north_american(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    let first = number.groups().first()?;
    let skipped = usize::from(first.width() == 1 && number.prefix(1) == [1]);
    let groups = 3 + skipped;
    let parts = number.groups().get(skipped..groups)?;
    let [area, exchange, line] = parts else { return None };
    if [area, exchange, line].map(Group::width) != [3, 3, 4] || line.gap == Gap::Parenthesis {
        return None;
    }
    let is_marked = |group: &Group| !matches!(group.gap, Gap::Space | Gap::None);
    let begins_high =
        |group: &Group| number.prefix(groups).get(group.upto - group.width()).is_some_and(|digit| *digit >= 2);
    let is_one = is_marked(line)
        || is_marked(exchange)
        || number.parenthesis
        || topic == Some(Topic::Phone)
        || topic.is_none() && begins_high(area) && begins_high(exchange);
    is_one.then(|| ends(text, number, groups)).flatten()
}

/// A number as it is written in its country.
fn national(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    let groups = (1..=number.groups().len()).rev().find(|groups| number.prefix(*groups).len() <= 13)?;
    let length = number.prefix(groups).len();
    let end = ends(text, number, groups)?;
    let is_called_so = topic == Some(Topic::Phone) || is_line(text, end);
    let is_one = if is_called_so {
        length >= 7 && !is_something_else(text, number, groups)
    } else {
        topic != Some(Topic::Other) && (has_area_code(number, groups, length) || has_trunk_zero(number, groups, length))
    };
    (is_one && text.at(end) != b'%' && text.at(end) != b'$').then_some(end)
}

fn is_line(text: &Text, end: usize) -> bool {
    let at = text.skip(end, |byte| byte == b' ');
    let at = if at - end > 1 { end } else { at + usize::from(matches!(text.at(at), b'-' | b'(')) };
    at > end && text.follows_any(at, &LINES).is_some_and(|end| !is_word(text.at(end)))
}

/// Dates, years, thousands and fractions stand near a telephone, too.
fn is_something_else(text: &Text, number: &Number, groups: usize) -> bool {
    let parts = number.first(groups);
    let widest = if number.gap(groups) == Some(Gap::Dot) { 2 } else { 1 };
    let is_thousands = groups > 1
        && parts.first().is_some_and(|first| first.width() <= widest)
        && parts.iter().skip(1).all(|group| group.width() == 3);
    let year_first = matches!(number.prefix(1), [1, 9, ..] | [2, 0, ..]);
    let year_last = matches!(number.prefix(3), [_, _, _, _, 1, 9, ..] | [_, _, _, _, 2, 0, ..]);
    let is_date = year_first && number.has_widths(3, &[4, 2, 2]) || year_last && number.has_widths(3, &[2, 2, 4]);
    let is_years = number.has_widths(groups, &[4, 4]) && year_first;
    let is_fraction = groups == 2 && number.gap(groups) == Some(Gap::Dot);
    let has_single = parts.iter().skip(1).any(|group| group.width() == 1 && group.gap == Gap::Dot);
    let has_area = matches!(number.prefix(1), [0, _, _, ..]);
    let is_slashed = parts.iter().skip(if has_area { 2 } else { 1 }).any(|group| group.gap == Gap::Slash);
    let is_time = text.at(number.end()) == b':';
    is_thousands || is_date || is_years || is_fraction || has_single || is_slashed || is_time
}

/// `(030) 901820`: an area code in parentheses.
fn has_area_code(number: &Number, groups: usize, length: usize) -> bool {
    let [area, line, ..] = number.first(groups) else { return false };
    let is_year = area.width() == 4 && matches!(number.prefix(1), [1, 9, ..] | [2, 0, ..]);
    number.parenthesis
        && line.gap == Gap::Parenthesis
        && (2..=5).contains(&area.width())
        && (8..=12).contains(&length)
        && !is_year
}

/// `020 7946 0958`: the trunk prefix of most plans, then groups with one mark between all of them.
fn has_trunk_zero(number: &Number, groups: usize, length: usize) -> bool {
    let parts = number.first(groups);
    let [first, ..] = parts else { return false };
    let begins_so = matches!(number.prefix(1), [0, 1..=9, ..]) && (3..=5).contains(&first.width());
    let is_grouped = matches!(number.gap(groups), Some(Gap::Space | Gap::Hyphen));
    let is_cut = groups >= 3 && parts.iter().all(|group| group.width() >= 2) || groups == 2 && length == 11;
    begins_so && is_grouped && is_cut && (9..=11).contains(&length) && groups == number.groups().len()
}

/// The end of an extension after a number.
fn extension(text: &Text, end: usize) -> Option<usize> {
    let at = text.skip(end, |byte| matches!(byte, b' ' | b',' | b';'));
    if at - end > 2 {
        return None;
    }
    let mark = text.follows_any(at, &EXTENSIONS)?;
    let start = mark + usize::from(matches!(text.at(mark), b' ' | b'.' | b'=' | b':'));
    let last = text.skip(start, is_digit);
    ((1..=EXTENSION_DIGITS).contains(&(last - start)) && !is_word(text.at(last))).then_some(last)
}

#[cfg(test)]
mod tests {
    use crate::Kind::Phone;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn international_numbers_are_found() {
        for number in [
            "+12025550123",
            "+1 (202) 555-0123",
            "+44 20 7946 0958",
            "+41 (0)44 668 18 00",
            "(+49) 30 901820",
            "+49-30-901820",
            "+290 22158",
            "+2222222222",
            "0044 20 7946 0958",
            "011 44 20 7946 0958",
            "+1.202.555.0123",
            "+55 11 98456 5666",
            "＋４４ 20 7946 0958",
        ] {
            finds(&format!("at {number}, please"), Phone, number);
        }
        finds("tel:+1-202-555-0123;ext=5", Phone, "+1-202-555-0123;ext=5");
    }

    #[test]
    fn north_american_numbers_are_found_by_their_form() {
        for number in [
            "(202) 555-0123",
            "(202)555-0123",
            "202-555-0123",
            "202.555.0123",
            "202/555-0123",
            "202 555 0123",
            "1-202-555-0123",
            "202-555-0123 ext. 77",
            "202-555-0123x77",
            "202-555-0123 x 77",
            "1 202 555 0123 ext 7",
        ] {
            finds(&format!("so {number}, yes"), Phone, number);
        }
    }

    #[test]
    fn national_numbers_need_a_word_or_their_form() {
        for (text, number) in [
            ("call 2025550123 now", "2025550123"),
            ("my number is 555-0123", "555-0123"),
            ("Telefon: 030 901820", "030 901820"),
            ("Telefon: 030/901820", "030/901820"),
            ("tel 612 34 56 78.", "612 34 56 78"),
            ("12 34 56 78 mobile", "12 34 56 78"),
            ("so (030) 901820 it is", "(030) 901820"),
            ("so 020 7946 0958 it is", "020 7946 0958"),
        ] {
            finds(text, Phone, number);
        }
        for text in [
            "so 2025550123 it is",
            "so 555-0123",
            "2024-01-31",
            "call on 2024-01-31",
            "call 31.12.2024 09:00",
            "call 10 times in 2023-2024",
            "phones sold: 1 000 000",
            "contact 10.000.000 users",
            "order 030 901 8201",
            "100 000 home runs",
            "call 3.1415926",
            "1234567890123456789",
            "v1.202.555.0123",
            "+1234",
            "a-202-555-0123",
            "+99 1",
            "8-800 555",
            "12 34 56 78",
        ] {
            finds_nothing(text);
        }
    }
}
