//! Street addresses: a house number and a street, with the unit, town and postal code that follow.
//!
//! After USPS Publication 28 (delivery line: primary number, direction, name, suffix, secondary unit; military mail) and
//! its counterparts for countries that write the street's kind first or the number last (UPU S42 templates). Prose is
//! full of numbers and of words such as *way*: a street needs a name with a capital, or a word that is for streets only.

mod block;
#[rustfmt::skip]
mod lists;
mod post;
mod words;

use self::lists::{
    BEFORE_YEARS, DIRECTIONS, DWELLINGS, ENDINGS, HIGHWAYS, JOINTS, MONTHS, PARTICLES, PLACES, PLAIN, PROSE, STREETS,
    STUDIOS, TYPES,
};
pub(crate) use self::post::from_post_mark;
use self::words::{Shape, Word, previous, read};
use crate::context::{Topic, topic};
use crate::text::{Text, is_digit, is_letter, is_upper, is_word};

/// Words between the house number and the street word, that one included.
const NAME: usize = 6;

/// The end of the address that begins with the house number at `at`.
pub(crate) fn from_number(text: &Text, at: usize) -> Option<usize> {
    let house = house_number(text, at)?;
    if is_date(text, at, house) {
        return None;
    }
    let name = text.skip(house, |byte| byte == b',');
    if name - house > 1 || text.at(name) != b' ' {
        return None;
    }
    let place = name + 1;
    // Some countries' addresses are written with two numbers, estate and house.
    let second = house_number(text, place).filter(|end| text.at(*end) == b' ').map(|end| end + 1);
    let end = second.and_then(|second| street(text, at, second)).or_else(|| street(text, at, place))?;
    Some(block::end(text, end))
}

/// The end of the address that begins with the word at `at`.
pub(crate) fn from_word(text: &Text, at: usize) -> Option<usize> {
    let word = read(text, at)?;
    if word.is_in(text, &DWELLINGS) || word.is_in(text, &STUDIOS) {
        return from_unit(text, &word);
    }
    if is_upper(text.at(at + 1))
        && let Some(end) = post::military(text, &word)
    {
        return Some(end);
    }
    let is_type = word.is_in(text, &TYPES) && (word.shape == Shape::Capital || word.after > word.end);
    let end = if is_type {
        kind_first(text, &word, true)
    } else if word.shape == Shape::Capital && word.ends_with(text, &ENDINGS, 0) {
        number_last(text, word.after)
    } else if is_announced(text, at) {
        announced(text, &word)
    } else {
        None
    }?;
    Some(block::end(text, end))
}

/// `221`, `221B`, `867-859`, `12/3`.
fn house_number(text: &Text, at: usize) -> Option<usize> {
    let digits = text.skip(at, is_digit);
    if !(1..=6).contains(&(digits - at)) {
        return None;
    }
    let end = match text.at(digits) {
        b'-' | b'/' => text.skip(digits + 1, is_digit),
        byte if byte.is_ascii_alphabetic() => digits + 1,
        _ => digits,
    };
    let is_one = end - digits <= 6 && !is_word(text.at(end));
    is_one.then_some(end)
}

/// `in 2008 Wall Street`, `May 5 Memorial Drive`.
fn is_date(text: &Text, at: usize, end: usize) -> bool {
    let before = previous(text, at);
    let number = text.slice(at, end);
    let is_year = number.len() == 4 && (number.starts_with(b"19") || number.starts_with(b"20"));
    is_year && BEFORE_YEARS.has(before) || number.len() <= 2 && MONTHS.has(before)
}

/// The end of the street whose name begins at `place`, after the house number at `house`.
fn street(text: &Text, house: usize, place: usize) -> Option<usize> {
    let first = read(text, place)?;
    if first.is_in(text, &TYPES)
        && let Some(end) = kind_first(text, &first, false)
    {
        return Some(end);
    }
    if first.shape == Shape::Small && !first.is_in(text, &PARTICLES) {
        return small(text, &first);
    }
    let mut found = None;
    let mut word = first;
    let mut has_capital = false;
    for count in 0..NAME {
        has_capital |= word.shape == Shape::Capital;
        let is_part = word.is_name(text) || count > 0 && is_street_word(text, &word);
        if !is_part {
            break;
        }
        if let Some(end) = ending(text, house, &word, count) {
            found = Some(end);
        }
        if has_capital && let Some(end) = block::dwelling(text, word.after) {
            return found.or(Some(end));
        }
        if text.at(word.after) != b' ' {
            break;
        }
        let Some(next) = read(text, word.after + 1) else { break };
        if next.shape == Shape::Number && !next.is_ordinal(text) {
            return found.or_else(|| two_numbers(text, house, &next));
        }
        word = next;
    }
    found
}

/// The end of the street, when `word` after `count` words of a name ends one.
fn ending(text: &Text, house: usize, word: &Word, count: usize) -> Option<usize> {
    if word.shape == Shape::Capital && word.ends_with(text, &ENDINGS, 2) {
        return Some(number_last(text, word.after).unwrap_or(word.after));
    }
    if count == 0 {
        let is_broadway = text.follows(word.start, "broadway") == Some(word.end);
        return is_broadway.then_some(word.after).or_else(|| numbered(text, word));
    }
    let is_plain = word.is_in(text, &PLAIN);
    if is_plain || word.shape == Shape::Capital && word.is_in(text, &STREETS) {
        let end = numbered(text, word).unwrap_or(word.after);
        return (topic(text, house) != Some(Topic::Version)).then_some(end);
    }
    let is_place = is_street_word(text, word);
    (is_place && is_supported(text, house, word)).then_some(word.after)
}

fn is_street_word(text: &Text, word: &Word) -> bool {
    word.is_in(text, &STREETS) || word.is_in(text, &PLACES)
}

/// `5100 Quadra 104`, with a unit or a town behind it.
fn two_numbers(text: &Text, house: usize, number: &Word) -> Option<usize> {
    let is_place = stands_alone(text, house) || is_moved_to(text, house) || topic(text, house) == Some(Topic::Address);
    let has_town = || is_place && block::town(text, number.end).is_some();
    block::dwelling(text, number.end).or_else(|| has_town().then_some(number.end))
}

/// Whether a line begins there.
fn stands_alone(text: &Text, house: usize) -> bool {
    matches!(text.before(house), 0 | b'\n' | b'"' | b'>')
}

/// Words that mean other things as well need more to go by: a word for addresses, a line of their own, or a unit or town
/// behind them.
fn is_supported(text: &Text, house: usize, word: &Word) -> bool {
    let ends_line = matches!(text.at(word.end), 0 | b'\n' | b'\r' | b'"' | b',');
    stands_alone(text, house) && ends_line
        || topic(text, house) == Some(Topic::Address)
        || block::dwelling(text, word.after).is_some()
        || is_moved_to(text, house) && word.shape == Shape::Capital
        || block::town(text, word.after).is_some()
}

/// `at`, `to`: where somebody lives, moved or sends to.
fn is_moved_to(text: &Text, house: usize) -> bool {
    let before = previous(text, house);
    [&b"at"[..], b"to"].iter().any(|word| before.eq_ignore_ascii_case(word))
}

/// `County Road 12`, `Highway 50`.
fn numbered(text: &Text, word: &Word) -> Option<usize> {
    let is_one = word.shape == Shape::Capital && word.is_in(text, &HIGHWAYS) && text.at(word.end) == b' ';
    let end = text.skip(word.end + 1, is_digit);
    (is_one && (1..=4).contains(&(end - word.end - 1)) && !is_word(text.at(end))).then_some(end)
}

/// `500 elm street`: in small letters the name is one word, and nothing of prose goes on after it.
fn small(text: &Text, first: &Word) -> Option<usize> {
    let next = |word: &Word| (text.at(word.after) == b' ').then(|| read(text, word.after + 1)).flatten();
    let mut name = *first;
    if name.is_in(text, &DIRECTIONS) {
        name = next(&name)?;
    }
    let street = next(&name).filter(|street| street.is_in(text, &PLAIN))?;
    let is_name = name.shape == Shape::Number && name.is_ordinal(text)
        || name.end - name.start > 2
            && !name.is_in(text, &PROSE)
            && text.slice(name.start, name.end).iter().all(|byte| is_letter(*byte));
    let goes_on = text.at(street.after) == b' ' && text.at(street.after + 1).is_ascii_lowercase();
    let is_joined = goes_on && next(&street).is_some_and(|word| word.is_in(text, &JOINTS));
    (is_name && (!goes_on || is_joined)).then_some(street.after)
}

/// `Rue du Lac 12`: the kind, a name with a capital, a number. The number may be missing when one stands before.
fn kind_first(text: &Text, kind: &Word, needs_number: bool) -> Option<usize> {
    let mut found = None;
    let mut end = kind.after;
    for _ in 0..NAME {
        if text.at(end) != b' ' {
            break;
        }
        let Some(word) = read(text, end + 1) else { break };
        if word.shape == Shape::Number && found.is_some() {
            return number_last(text, end).or(found.filter(|_| !needs_number));
        }
        if !word.is_name(text) {
            break;
        }
        if word.shape == Shape::Capital {
            found = Some(word.end);
        }
        end = word.after;
    }
    found.filter(|_| !needs_number)
}

/// The end of the house number after the street's name.
fn number_last(text: &Text, end: usize) -> Option<usize> {
    if text.at(end) != b' ' {
        return None;
    }
    let digits = text.skip(end + 1, is_digit);
    let last = house_number(text, end + 1).filter(|_| digits - end <= 5)?;
    let goes_on = matches!(text.at(last), b'.' | b',' | b':') && is_digit(text.at(last + 1)) || text.at(last) == b'%';
    (!goes_on).then_some(last)
}

/// `Flat 9, Clayton Terrace`, `Suite 5 12 Main Street`.
fn from_unit(text: &Text, word: &Word) -> Option<usize> {
    let number = block::id(text, text.skip(word.after, |byte| byte == b' '))?;
    let place = block::gap(text, number)?;
    if is_digit(text.at(place)) {
        return from_number(text, place);
    }
    let mut word = read(text, place)?;
    for count in 0..NAME {
        if !word.is_name(text) {
            return None;
        }
        if count > 0 && is_street_word(text, &word) {
            return Some(block::end(text, word.after));
        }
        word = (text.at(word.after) == b' ').then(|| read(text, word.after + 1)).flatten()?;
    }
    None
}

/// Whether the words before `at` say that an address comes.
fn is_announced(text: &Text, at: usize) -> bool {
    let before = text.behind(at, 4);
    before.ends_with(b" ")
        && [&b": "[..], b" is ", b" at ", b" on ", b" in "].iter().any(|end| before.ends_with(end))
        && topic(text, at) == Some(Topic::Address)
}

/// A name and a number on the rest of the line: `Unter den Linden 77`.
fn announced(text: &Text, first: &Word) -> Option<usize> {
    if first.shape != Shape::Capital {
        return None;
    }
    let end = kind_first(text, &Word { after: first.start.saturating_sub(1), ..*first }, true)?;
    let tail = text.slice(first.end, end);
    let is_year = tail.windows(3).any(|part| matches!(part, b" 19" | b" 20"));
    (!is_year && matches!(text.at(end), 0 | b'\n' | b'\r' | b',' | b'.' | b'"' | b' ')).then_some(end)
}

#[cfg(test)]
mod tests {
    use crate::Kind::StreetAddress;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn a_number_and_a_street_are_an_address() {
        for address in [
            "742 Evergreen Terrace",
            "1600 Pennsylvania Ave NW",
            "350 Fifth Avenue, Suite 3301",
            "12 W. 23rd St., Apt. 4B",
            "99 Martin Luther King Blvd",
            "10-12 Great Portland Street",
            "4400 State Highway 7",
            "4400 Highway 7",
            "500 oak street",
            "77 N 4th Ave #12",
            "1600 Broadway",
            "12 Rue de la Paix",
            "8, avenue Foch",
            "14 Calle Mayor",
        ] {
            finds(&format!("We met at {address}"), StreetAddress, address);
        }
    }

    #[test]
    fn streets_of_other_countries_are_found() {
        for address in [
            "Hauptstraße 5",
            "Lindenallee 12a",
            "Karl-Marx-Straße 7/9",
            "Keizersgracht 421",
            "Via Garibaldi 3",
            "ul. Długa 14",
            "Calle de Alcalá 45",
            "Flat 3, Elgin Crescent",
            "Kungsgatan 8",
        ] {
            finds(&format!("so {address} then"), StreetAddress, address);
        }
        finds("Address: Unter den Linden 5", StreetAddress, "Unter den Linden 5");
    }

    #[test]
    fn the_lines_down_to_the_postal_code_belong_to_it() {
        for address in [
            "12 Oak Street\nApt. 5\nSpringfield, IL 62704",
            "12 Oak Street, Springfield, IL 62704-1234",
            "8 Buerlia 22\n Suite 7\n Oslo\n Norway 01523",
            "PSC 802 Box 74\nAPO AE 09499",
            "USS Enterprise\nFPO AP 96601",
        ] {
            finds(&format!("to:\n{address}\n\nthanks"), StreetAddress, address);
        }
    }

    #[test]
    fn numbers_in_prose_are_none() {
        for text in [
            "2 steps down the road",
            "24 hour drive",
            "100 people marched down Main Street",
            "In 2008 Wall Street fell",
            "15 GB Google Drive",
            "iPhone 15 Pro Max",
            "top 10 park benches",
            "5 ways",
            "Chapter 3 Building Bridges",
            "May 5 Memorial Drive",
            "12 Angry Men",
            "Brigade 5",
            "Spring 2024",
            "Via Email 2.0",
            "3 days in court",
            "Windows 10 Home",
            "2 sq ft",
            "on 5 other street corners",
        ] {
            finds_nothing(text);
        }
    }
}
