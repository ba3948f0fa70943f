//! The word that says what a number is: the nearest one before it that says anything. Knows words, not numbers.
//!
//! Words are looked for before the number only: looking after it would keep a stream waiting. They are names of things
//! (`card`), not of companies or people, in the languages whose numbers they name most often.

use self::Topic::{Address, Card, Iban, Isbn, Mac, Other, Phone, Ssn, Version, Zip};
use crate::kind::Kind;
use crate::list::{List, Lists};
use crate::text::{BEHIND, Text, is_letter};

/// What a number may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Phone,
    Card,
    Ssn,
    Isbn,
    Mac,
    Zip,
    Iban,
    Version,
    Address,
    /// Something that is nobody's: an order, a size, a line.
    Other,
}

/// How far a word reaches, in bytes.
const REACH: usize = 48;
const _: () = assert!(REACH <= BEHIND);

/// Whose number it is, when it is only called `number`.
const OWNERS: [&str; 6] = ["her", "his", "my", "our", "their", "your"];

/// The topic of what begins at `at`.
pub(crate) fn topic(text: &Text, at: usize) -> Option<Topic> {
    let mut words = Words { rest: text.behind(at, REACH) };
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(b"number") && words.clone().take(2).any(is_owner) {
            return Some(Phone);
        }
        match known(word) {
            // `MAC address`
            Some(Address) => return words.next().and_then(known).filter(|topic| *topic == Mac).or(Some(Address)),
            Some(topic) => return Some(topic),
            None => {}
        }
    }
    None
}

fn known(word: &[u8]) -> Option<Topic> {
    TOPICS.said_by(word)
}

fn is_owner(word: &[u8]) -> bool {
    OWNERS.iter().any(|owner| word.eq_ignore_ascii_case(owner.as_bytes()))
}

/// The words of a text, the last one first.
#[derive(Clone)]
struct Words<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let end = self.rest.iter().rposition(|byte| is_letter(*byte))? + 1;
        let upto = self.rest.get(..end)?;
        let start = upto.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
        let start = token(self.rest, end).unwrap_or(start);
        self.rest = upto.get(..start)?;
        upto.get(start..)
    }
}

/// The start of the token whose last word ends at `end`, if there is one: nobody has said it, so none of its words says
/// anything. One with nothing after it is a tag of XML, which names what it holds.
fn token(text: &[u8], end: usize) -> Option<usize> {
    let told = text.get(..=end).filter(|told| told.ends_with(b">") && told.len() < text.len())?;
    let tokens = Kind::ALL.iter().map(|kind| kind.token().as_bytes());
    tokens.filter(|token| told.ends_with(token)).map(|token| told.len() - token.len()).next()
}

/// What is said by which words.
#[rustfmt::skip]
static TOPICS: Lists<Topic> = Lists::new(&[
    (Phone, List::new(&[
        "anrufen", "answering", "appelez", "appelle", "call", "callback", "called", "caller", "calling", "calls",
        "cell", "cellphone", "cellular", "cellulare", "celular", "contact", "dial", "dialed", "dialing", "dialled",
        "fax", "faxes", "faxnumber", "handy", "handynummer", "helpline", "hotline", "landline", "ligar", "ligue",
        "llama", "llame", "mob", "mobil", "mobile", "mobileno", "mobilenumber", "mobilnummer", "movil", "msisdn",
        "móvil", "phone", "phoneno", "phonenumber", "phones", "puhelin", "reach", "ring", "rufen", "sms",
        "tel", "telefon", "telefone", "telefonnummer", "telefono", "telefonu", "telefoon", "telephone",
        "telephonenumber", "telephones", "telnr", "tels", "teléfono", "téléphone", "viber", "voicemail", "whatsapp",
    ])),
    (Card, List::new(&[
        "amex", "card", "cardnumber", "cards", "carta", "cartao", "carte", "cartão", "cc", "ccn", "charge", "credit",
        "creditcard", "debit", "debitcard", "diners", "discover", "jcb", "karte", "kreditkarte", "maestro",
        "mastercard", "pan", "pay", "payment", "refund", "tarjeta", "unionpay", "visa",
    ])),
    (Ssn, List::new(&[
        "itin", "social", "socialsecurity", "socialsecuritynumber", "ssn", "ssns", "ssnumber", "taxpayer",
    ])),
    (Isbn, List::new(&[
        "isbn", "isbns",
    ])),
    (Mac, List::new(&[
        "bssid", "ether", "ethernet", "eui", "hardware", "hwaddr", "lladdr", "mac", "macaddress", "macs", "physical",
    ])),
    (Zip, List::new(&[
        "postal", "postcode", "zip", "zipcode",
    ])),
    (Iban, List::new(&[
        "iban",
    ])),
    (Version, List::new(&[
        "appendix", "article", "build", "changelog", "chapter", "clause", "edition", "fig", "figure", "firmware",
        "heading", "identifier", "objectidentifier", "oid", "para", "paragraph", "part", "rel", "release", "rev",
        "revision", "rfc", "rule", "sec", "section", "sections", "spec", "step", "upgrade", "v", "ver", "version",
        "versions",
    ])),
    (Address, List::new(&[
        "addr", "address", "adresse", "anschrift", "billing", "deliver", "delivery", "direccion", "dirección",
        "endereco", "endereço", "indirizzo", "live", "lived", "lives", "located", "location", "mailing",
        "moved", "residence", "resides", "ship", "shipping", "street",
    ])),
    (Other, List::new(&[
        "account", "acct", "amount", "barcode", "bug", "bytes", "case", "commit", "coordinates", "cost", "count",
        "customer", "date", "doi", "ean", "epoch", "error", "gid", "hash", "id", "ids", "imei", "index", "invoice",
        "invoices", "issn", "issue", "item", "key", "lat", "latitude", "line", "lng", "lon", "longitude", "model",
        "offset", "order", "orders", "page", "patent", "pid", "population", "port", "pr", "price", "product", "ref",
        "reference", "request", "row", "rows", "salary", "select", "serial", "session", "sha", "size", "sku",
        "snowflake", "sum", "ticket", "time", "timestamp", "token", "total", "tracking", "transaction", "txn", "uid",
        "upc", "year", "years",
    ])),
]);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Topic> {
        topic(&Text::new(text.as_bytes(), false), text.len())
    }

    #[test]
    fn the_nearest_word_decides() {
        assert_eq!(of("call me about order "), Some(Other));
        assert_eq!(of("the order: call "), Some(Phone));
        assert_eq!(of("\"phone_number\": \""), Some(Phone));
        assert_eq!(of("My number is "), Some(Phone));
        assert_eq!(of("the number is "), None);
        assert_eq!(of(&format!("card{}", " ".repeat(REACH))), None);
        assert_eq!(of("<PHONE_NUMBER> or "), None);
        assert_eq!(of("call <US_SSN>, or "), Some(Phone));
        assert_eq!(of("<ZIP_CODE>"), Some(Zip));
        assert_eq!(of("<b>phone</b> "), Some(Phone));
    }

    #[test]
    fn a_word_has_one_topic() {
        for (topic, words) in TOPICS.all() {
            assert!(words.is_sorted(), "{topic:?}");
            assert!(words.words().iter().all(|word| known(word.as_bytes()) == Some(*topic)), "{topic:?}");
        }
    }
}
