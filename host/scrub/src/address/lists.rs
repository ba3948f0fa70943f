//! The words of addresses: USPS Publication 28 (appendix C1 street suffixes, C2 secondary units, 233 directions) and the
//! street words of its counterparts in other countries (UPU S42). Each list is sorted by bytes.

use crate::list::{Endings, List};

/// Street words that make a street of any name with a capital.
pub(super) static STREETS: List = List::new(&[
    "alley", "aly", "av", "ave", "aven", "avenue", "avn", "blvd", "boul", "boulevard", "boulv", "broadway", "byp",
    "bypass", "causeway", "cir", "circle", "close", "court", "cove", "cr", "cres", "crescent", "crt", "cswy", "ct",
    "cv", "dr", "drive", "drv", "esplanade", "expressway", "expy", "freeway", "fwy", "highway", "hwy", "lane", "ln",
    "loop", "mews", "parade", "parkway", "parkwy", "pike", "pkwy", "pky", "pl", "place", "plaza", "plz", "rd",
    "road", "route", "rte", "sq", "square", "st", "str", "street", "strt", "ter", "terr", "terrace", "tpke",
    "trail", "trl", "tunl", "turnpike", "walk", "way", "wy", "wynd",
]);

/// Street words that are words for other things as well.
pub(super) static PLACES: List = List::new(&[
    "arcade", "bank", "bay", "bayou", "beach", "bend", "bluff", "bluffs", "bottom", "branch", "bridge", "brook",
    "brooks", "burg", "burgs", "camp", "canyon", "cape", "center", "centers", "centre", "cliff", "cliffs", "club",
    "common", "commons", "corner", "corners", "course", "courts", "coves", "creek", "crest", "cross", "crossing",
    "crossroad", "crossroads", "curve", "dale", "dam", "divide", "drives", "estate", "estates", "extension", "fall",
    "falls", "ferry", "field", "fields", "flat", "flats", "ford", "fords", "forest", "forge", "forges", "fork",
    "forks", "fort", "garden", "gardens", "gate", "gateway", "glen", "glens", "green", "greens", "grove", "groves",
    "harbor", "harbors", "haven", "heights", "hill", "hills", "hollow", "inlet", "island", "islands", "isle",
    "junction", "junctions", "key", "keys", "knoll", "knolls", "lake", "lakes", "land", "landing", "light",
    "lights", "loaf", "lock", "locks", "lodge", "mall", "manor", "manors", "meadow", "meadows", "mill", "mills",
    "mission", "motorway", "mount", "mountain", "neck", "orchard", "oval", "overpass", "park", "parks", "pass",
    "passage", "path", "pine", "pines", "plain", "plains", "point", "points", "port", "ports", "prairie", "ridge",
    "ridges", "river", "row", "run", "shore", "shores", "skyway", "spring", "springs", "spur", "spurs", "squares",
    "station", "stravenue", "stream", "streets", "summit", "terraces", "throughway", "trace", "track", "trafficway",
    "trailer", "tunnel", "underpass", "union", "unions", "valley", "valleys", "via", "viaduct", "view", "views",
    "village", "villages", "ville", "vista", "vly", "walks", "wall", "ways", "well", "wells", "wharf", "wood",
    "woods", "xing", "yard", "yards",
]);

/// Street words that make a street of a name in small letters.
pub(super) static PLAIN: List = List::new(&[
    "ave", "avenue", "blvd", "boulevard", "court", "drive", "lane", "ln", "rd", "road", "st", "street",
]);

/// Street words that come before the name.
pub(super) static TYPES: List = List::new(&[
    "al", "alameda", "aleja", "allée", "av", "avda", "avenida", "avenue", "boulevard", "bulevar", "calle", "camino",
    "carrer", "carrera", "carretera", "chemin", "corso", "estrada", "impasse", "jalan", "jl", "largo", "lungomare",
    "os", "paseo", "piazza", "piazzale", "pl", "plac", "plaza", "praça", "quai", "rambla", "rodovia", "ronda",
    "rua", "rue", "ruelle", "strada", "travessa", "ul", "ulica", "ulice", "ulitsa", "via", "viale", "vicolo",
    "Λεωφόρος", "Οδός", "Πλατεία", "λεωφόρος", "οδός", "πλατεία", "Проспект", "Улица", "переулок", "площадь",
    "проспект", "ул", "улица",
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
    "am", "billion", "bn", "cm", "day", "days", "eur", "feet", "ft", "gb", "ghz", "hour", "hours", "inch", "k",
    "kb", "kg", "km", "mb", "mhz", "mile", "miles", "million", "min", "minute", "minutes", "mm", "month", "months",
    "people", "percent", "pm", "star", "stars", "tb", "usd", "wheel", "year", "years",
]);

/// Small words that are no names of streets.
pub(super) static PROSE: List = List::new(&[
    "a", "additional", "all", "and", "at", "bad", "big", "block", "blocks", "bus", "car", "cars", "day", "days",
    "different", "down", "empty", "first", "from", "good", "great", "hour", "hours", "in", "lane", "lanes", "last",
    "long", "meter", "metre", "mile", "miles", "minute", "minutes", "more", "narrow", "new", "of", "off", "on",
    "open", "or", "other", "people", "short", "step", "the", "times", "to", "way", "wide", "year", "years", "yes",
]);

/// Directions of USPS Publication 28, 233.
pub(super) static DIRECTIONS: List = List::new(&[
    "e", "east", "n", "ne", "north", "nw", "s", "se", "south", "sw", "w", "west",
]);

/// Secondary units that are nothing else.
pub(super) static DWELLINGS: List = List::new(&[
    "apartment", "apt", "flat", "ste", "suite",
]);

/// All secondary units of USPS Publication 28, C2 that have a number.
pub(super) static UNITS: List = List::new(&[
    "apartment", "apt", "bldg", "building", "department", "dept", "fl", "flat", "floor", "hangar", "lot", "pier",
    "rm", "room", "slip", "space", "ste", "studio", "suite", "unit",
]);

/// Units that may come before the street.
pub(super) static STUDIOS: List = List::new(&[
    "studio", "unit",
]);

/// Roads with numbers.
pub(super) static HIGHWAYS: List = List::new(&[
    "highway", "hwy", "road", "route", "rte",
]);

/// Words after an address in a sentence.
pub(super) static JOINTS: List = List::new(&[
    "and", "apartment", "apt", "as", "at", "before", "but", "by", "for", "from", "in", "is", "near", "on", "or",
    "suite", "unit", "with",
]);

/// Before a year: no house number.
pub(super) static BEFORE_YEARS: List = List::new(&[
    "after", "before", "by", "during", "early", "fall", "in", "late", "mid", "of", "since", "spring", "summer",
    "the", "until", "winter", "year", "yr",
]);

/// Before a day of the month: no house number.
pub(super) static MONTHS: List = List::new(&[
    "apr", "april", "aug", "august", "dec", "december", "feb", "february", "jan", "january", "jul", "july", "jun",
    "june", "mar", "march", "may", "nov", "november", "oct", "october", "sep", "september",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        let lists = [
            &STREETS, &PLACES, &PLAIN, &TYPES, &PARTICLES, &MEASURES, &PROSE, &DIRECTIONS, &DWELLINGS,
            &UNITS, &BEFORE_YEARS, &MONTHS, &STUDIOS, &JOINTS, &HIGHWAYS,
        ];
        for list in lists {
            assert!(list.is_sorted());
        }
    }
}
