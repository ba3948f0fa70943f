//! Reads an address word by word, and knows the words: USPS Publication 28 (appendix C1 street suffixes, C2 secondary
//! units, section 22 military mail) and the street words of its counterparts in other countries (UPU S42). Decides
//! nothing.

use crate::list::{Endings, List};
use crate::text::{Text, is_digit, is_letter, is_upper, is_word};

const LONGEST: usize = 40;

/// A word with what tells names from prose.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The end with the full stop of an abbreviation.
    pub(super) after: usize,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Begins with a capital, or with a letter that is not ASCII's.
    Capital,
    Small,
    /// Begins with a digit: `81st`, `24`, `221B`.
    Number,
}

/// The word that begins at `at`, hyphens and apostrophes within it included.
pub(super) fn read(text: &Text, at: usize) -> Option<Word> {
    let mut end = text.skip(at, is_word);
    while matches!(text.at(end), b'-' | b'\'') && is_word(text.at(end + 1)) && end - at < LONGEST {
        end = text.skip(end + 1, is_word);
    }
    if end == at || end - at > LONGEST {
        return None;
    }
    // `P.O.`, `N.W.`
    if end == at + 1 && text.at(end) == b'.' && is_upper(text.at(end + 1)) && text.at(end + 2) == b'.' {
        end += 2;
    }
    let first = text.at(at);
    let shape = if is_digit(first) {
        Shape::Number
    } else if is_upper(first) || first >= 0x80 {
        Shape::Capital
    } else {
        Shape::Small
    };
    Some(Word { start: at, end, after: end + usize::from(text.at(end) == b'.'), shape })
}

impl Word {
    pub(super) fn is_in(&self, text: &Text, list: &List) -> bool {
        list.has(text.slice(self.start, self.end))
    }

    /// `3rd`, `81st`.
    pub(super) fn is_ordinal(&self, text: &Text) -> bool {
        let digits = text.skip(self.start, is_digit);
        self.shape == Shape::Number
            && digits > self.start
            && ["st", "nd", "rd", "th"].iter().any(|ending| text.follows(digits, ending) == Some(self.end))
    }

    /// Whether a name may go on with it: a capital, an ordinal, or one of the small words within names.
    pub(super) fn is_name(&self, text: &Text) -> bool {
        match self.shape {
            Shape::Capital => !self.is_in(text, &MEASURES),
            Shape::Number => self.is_ordinal(text),
            Shape::Small => self.is_in(text, &PARTICLES),
        }
    }

    pub(super) fn ends_with(&self, text: &Text, endings: &Endings, spare: usize) -> bool {
        endings.end(text.slice(self.start, self.end), spare)
    }
}

/// The start of the word before `at`, and its end; words apart by one space.
pub(super) fn previous<'t>(text: &Text<'t>, at: usize) -> &'t [u8] {
    let behind = text.behind(at, 16);
    let Some(behind) = behind.strip_suffix(b" ") else { return &[] };
    let start = behind.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
    behind.get(start..).unwrap_or_default()
}

/// Street words that make a street of any name with a capital. Sorted, as are all lists here.
pub(super) static STREETS: List = List::new(&[
    "alley",
    "aly",
    "av",
    "ave",
    "aven",
    "avenue",
    "avn",
    "blvd",
    "boul",
    "boulevard",
    "boulv",
    "broadway",
    "byp",
    "bypass",
    "causeway",
    "cir",
    "circle",
    "close",
    "court",
    "cove",
    "cr",
    "cres",
    "crescent",
    "crt",
    "cswy",
    "ct",
    "cv",
    "dr",
    "drive",
    "drv",
    "esplanade",
    "expressway",
    "expy",
    "freeway",
    "fwy",
    "highway",
    "hwy",
    "lane",
    "ln",
    "loop",
    "mews",
    "parade",
    "parkway",
    "parkwy",
    "pike",
    "pkwy",
    "pky",
    "pl",
    "place",
    "plaza",
    "plz",
    "rd",
    "road",
    "route",
    "rte",
    "sq",
    "square",
    "st",
    "str",
    "street",
    "strt",
    "ter",
    "terr",
    "terrace",
    "tpke",
    "trail",
    "trl",
    "tunl",
    "turnpike",
    "walk",
    "way",
    "wy",
    "wynd",
]);

/// Street words that are words for other things as well.
pub(super) static PLACES: List = List::new(&[
    "arcade",
    "bank",
    "bay",
    "bayou",
    "beach",
    "bend",
    "bluff",
    "bluffs",
    "bottom",
    "branch",
    "bridge",
    "brook",
    "brooks",
    "burg",
    "burgs",
    "camp",
    "canyon",
    "cape",
    "center",
    "centers",
    "centre",
    "cliff",
    "cliffs",
    "club",
    "common",
    "commons",
    "corner",
    "corners",
    "course",
    "courts",
    "coves",
    "creek",
    "crest",
    "cross",
    "crossing",
    "crossroad",
    "crossroads",
    "curve",
    "dale",
    "dam",
    "divide",
    "drives",
    "estate",
    "estates",
    "extension",
    "fall",
    "falls",
    "ferry",
    "field",
    "fields",
    "flat",
    "flats",
    "ford",
    "fords",
    "forest",
    "forge",
    "forges",
    "fork",
    "forks",
    "fort",
    "garden",
    "gardens",
    "gate",
    "gateway",
    "glen",
    "glens",
    "green",
    "greens",
    "grove",
    "groves",
    "harbor",
    "harbors",
    "haven",
    "heights",
    "hill",
    "hills",
    "hollow",
    "inlet",
    "island",
    "islands",
    "isle",
    "junction",
    "junctions",
    "key",
    "keys",
    "knoll",
    "knolls",
    "lake",
    "lakes",
    "land",
    "landing",
    "light",
    "lights",
    "loaf",
    "lock",
    "locks",
    "lodge",
    "mall",
    "manor",
    "manors",
    "meadow",
    "meadows",
    "mill",
    "mills",
    "mission",
    "motorway",
    "mount",
    "mountain",
    "neck",
    "orchard",
    "oval",
    "overpass",
    "park",
    "parks",
    "pass",
    "passage",
    "path",
    "pine",
    "pines",
    "plain",
    "plains",
    "point",
    "points",
    "port",
    "ports",
    "prairie",
    "ridge",
    "ridges",
    "river",
    "row",
    "run",
    "shore",
    "shores",
]);

/// The rest of them, in a list of their own so that each stays short enough to read.
pub(super) static MORE_PLACES: List = List::new(&[
    "skyway",
    "spring",
    "springs",
    "spur",
    "spurs",
    "squares",
    "station",
    "stravenue",
    "stream",
    "streets",
    "summit",
    "terraces",
    "throughway",
    "trace",
    "track",
    "trafficway",
    "trailer",
    "tunnel",
    "underpass",
    "union",
    "unions",
    "valley",
    "valleys",
    "via",
    "viaduct",
    "view",
    "views",
    "village",
    "villages",
    "ville",
    "vista",
    "vly",
    "walks",
    "wall",
    "ways",
    "well",
    "wells",
    "wharf",
    "wood",
    "woods",
    "xing",
    "yard",
    "yards",
]);

/// Street words that make a street of a name in small letters.
pub(super) static PLAIN: List =
    List::new(&["ave", "avenue", "blvd", "boulevard", "court", "drive", "lane", "ln", "rd", "road", "st", "street"]);

/// Street words that come before the name.
pub(super) static TYPES: List = List::new(&[
    "al",
    "alameda",
    "aleja",
    "allée",
    "av",
    "avda",
    "avenida",
    "avenue",
    "boulevard",
    "bulevar",
    "calle",
    "camino",
    "carrer",
    "carrera",
    "carretera",
    "chemin",
    "corso",
    "estrada",
    "impasse",
    "jalan",
    "jl",
    "largo",
    "lungomare",
    "os",
    "paseo",
    "piazza",
    "piazzale",
    "pl",
    "plac",
    "plaza",
    "praça",
    "quai",
    "rambla",
    "rodovia",
    "ronda",
    "rua",
    "rue",
    "ruelle",
    "strada",
    "travessa",
    "ul",
    "ulica",
    "ulice",
    "ulitsa",
    "via",
    "viale",
    "vicolo",
    "Λεωφόρος",
    "Οδός",
    "Πλατεία",
    "λεωφόρος",
    "οδός",
    "πλατεία",
    "Проспект",
    "Улица",
    "переулок",
    "площадь",
    "проспект",
    "ул",
    "улица",
]);

/// What compound street names end with in German, Dutch, the Nordic languages, Hungarian. Only those that no English
/// word ends with.
pub(super) static ENDINGS: Endings = Endings::new(&[
    "straße", "strasse", "gasse", "weg", "allee", "platz", "damm", "ufer", "brücke", "steig", "chaussee", "straat",
    "laan", "plein", "gracht", "kade", "gatan", "vägen", "gata", "vegen", "veien", "stræti", "straeti", "braut",
    "katu", "utca",
]);

/// Small words within the names of streets and towns.
pub(super) static PARTICLES: List = List::new(&[
    "and", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du", "e", "el", "en", "et",
    "la", "las", "le", "les", "los", "of", "the", "van", "y",
]);

/// Units, times and the like: a number before them counts.
pub(super) static MEASURES: List = List::new(&[
    "am", "billion", "bn", "cm", "day", "days", "eur", "feet", "ft", "gb", "ghz", "hour", "hours", "inch", "k", "kb",
    "kg", "km", "mb", "mhz", "mile", "miles", "million", "min", "minute", "minutes", "mm", "month", "months", "people",
    "percent", "pm", "star", "stars", "tb", "usd", "year", "years",
]);

/// Small words that are no names of streets.
pub(super) static PROSE: List = List::new(&[
    "a",
    "additional",
    "all",
    "and",
    "at",
    "bad",
    "big",
    "block",
    "blocks",
    "bus",
    "car",
    "cars",
    "day",
    "days",
    "different",
    "down",
    "empty",
    "first",
    "from",
    "good",
    "great",
    "hour",
    "hours",
    "in",
    "lane",
    "lanes",
    "last",
    "long",
    "meter",
    "metre",
    "mile",
    "miles",
    "minute",
    "minutes",
    "more",
    "narrow",
    "new",
    "of",
    "off",
    "on",
    "open",
    "or",
    "other",
    "people",
    "short",
    "step",
    "the",
    "times",
    "to",
    "way",
    "wide",
    "year",
    "years",
    "yes",
]);

/// Directions of USPS Publication 28, 233.
pub(super) static DIRECTIONS: List =
    List::new(&["e", "east", "n", "ne", "north", "nw", "s", "se", "south", "sw", "w", "west"]);

/// Secondary units that are nothing else.
pub(super) static DWELLINGS: List = List::new(&["apartment", "apt", "flat", "ste", "suite"]);

/// All secondary units of USPS Publication 28, C2 that have a number.
pub(super) static UNITS: List = List::new(&[
    "apartment",
    "apt",
    "bldg",
    "building",
    "department",
    "dept",
    "fl",
    "flat",
    "floor",
    "hangar",
    "lot",
    "pier",
    "rm",
    "room",
    "slip",
    "space",
    "ste",
    "studio",
    "suite",
    "unit",
]);

/// Units that may come before the street.
pub(super) static STUDIOS: List = List::new(&["studio", "unit"]);

/// Roads with numbers.
pub(super) static HIGHWAYS: List = List::new(&["highway", "hwy", "road", "route", "rte"]);

/// Words after an address in a sentence.
pub(super) static JOINTS: List = List::new(&[
    "and",
    "apartment",
    "apt",
    "as",
    "at",
    "before",
    "but",
    "by",
    "for",
    "from",
    "in",
    "is",
    "near",
    "on",
    "or",
    "suite",
    "unit",
    "with",
]);

/// Before a year: no house number.
pub(super) static BEFORE_YEARS: List = List::new(&[
    "after", "before", "by", "during", "early", "fall", "in", "late", "mid", "of", "since", "spring", "summer", "the",
    "until", "winter", "year", "yr",
]);

pub(super) static MONTHS: List = List::new(&[
    "apr",
    "april",
    "aug",
    "august",
    "dec",
    "december",
    "feb",
    "february",
    "jan",
    "january",
    "jul",
    "july",
    "jun",
    "june",
    "mar",
    "march",
    "may",
    "nov",
    "november",
    "oct",
    "october",
    "sep",
    "september",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        for list in [
            &STREETS,
            &PLACES,
            &MORE_PLACES,
            &PLAIN,
            &TYPES,
            &PARTICLES,
            &MEASURES,
            &PROSE,
            &DIRECTIONS,
            &DWELLINGS,
            &UNITS,
            &BEFORE_YEARS,
            &MONTHS,
            &STUDIOS,
            &JOINTS,
            &HIGHWAYS,
        ] {
            assert!(list.is_sorted());
        }
    }
}
