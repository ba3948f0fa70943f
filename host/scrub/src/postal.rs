//! Post office boxes and ZIP codes of the United States, which Dapr masks besides the kinds it lists: USPS Publication
//! 28, sections 281 and 238. A ZIP code needs a state, a word or its four more digits: five digits are anything.

use crate::context::Topic;
use crate::number::{Gap, Number};
use crate::text::{Text, is_digit, is_word};

const STATES: &[u8] = b" AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC \
ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY ";

const BOXES: [&str; 7] = ["p.o. box ", "p.o.box ", "p. o. box ", "po box ", "p.o box ", "post office box ", "pob "];

/// The end of the box that begins at `at`, where a word begins.
pub(crate) fn find_box(text: &Text, at: usize) -> Option<usize> {
    let number = text.follows_any(at, &BOXES)?;
    let start = number + usize::from(text.at(number) == b'#');
    let end = text.skip(start, is_digit);
    ((1..=6).contains(&(end - start)) && !is_word(text.at(end))).then_some(end)
}

/// The end of the ZIP code that begins `number`.
pub(crate) fn find_zip(text: &Text, at: usize, number: &Number, topic: Option<Topic>) -> Option<usize> {
    let groups = number.groups().len().min(2);
    let is_long = number.has_widths(groups, &[5, 4]) && number.gap(groups) == Some(Gap::Hyphen);
    let is_plain = number.has_widths(1, &[5]);
    let is_one = is_long && topic != Some(Topic::Other)
        || (is_long || is_plain) && (topic == Some(Topic::Zip) || follows_state(text, at));
    is_one.then(|| number.ends(text, if is_long { 2 } else { 1 })).flatten()
}

fn follows_state(text: &Text, at: usize) -> bool {
    let [before, state @ .., b' '] = text.behind(at, 4) else { return false };
    !is_word(*before)
        && state.len() == 2
        && STATES.windows(4).any(|window| window.get(1..3) == Some(state) && window.first() == Some(&b' '))
}

#[cfg(test)]
mod tests {
    use crate::Kind::{PoBox, ZipCode};
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn boxes_and_codes_are_found() {
        finds("write to P.O. Box 4711, now", PoBox, "P.O. Box 4711");
        finds("write to PO Box 4711", PoBox, "PO Box 4711");
        finds("Boston, MA 02134 is it", ZipCode, "02134");
        finds("zip code 02134", ZipCode, "02134");
        finds("02134-1000", ZipCode, "02134-1000");
        for text in ["02134", "in 02134", "order 02134-1000", "MA 0213", "box 12"] {
            finds_nothing(text);
        }
    }
}
