//! The word that says what a number is: the nearest one before it that says anything. Knows words, not numbers.
//!
//! Words are looked for before the number only: looking after it would keep a stream waiting. They are names of things
//! (`card`), not of companies or people, in the languages whose numbers they name most often.

use self::Topic::{Address, Card, Iban, Isbn, Mac, Other, Phone, Ssn, Version, Zip};
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

const LONGEST: usize = 20;

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
    let mut small = [0; LONGEST];
    let word = lower(word, &mut small)?;
    let found = TOPICS.binary_search_by(|(known, _)| known.as_bytes().cmp(word)).ok()?;
    TOPICS.get(found).map(|(_, topic)| *topic)
}

/// `word` in small letters, unless it is longer than any that is known.
pub(crate) fn lower<'b>(word: &[u8], into: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let small = into.get_mut(..word.len())?;
    small.copy_from_slice(word);
    small.make_ascii_lowercase();
    Some(small)
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
        self.rest = upto.get(..start)?;
        upto.get(start..)
    }
}

/// Sorted by bytes.
#[rustfmt::skip]
const TOPICS: [(&str, Topic); 250] = [
    ("account", Other),
    ("acct", Other),
    ("addr", Address),
    ("address", Address),
    ("adresse", Address),
    ("amex", Card),
    ("amount", Other),
    ("anrufen", Phone),
    ("anschrift", Address),
    ("answering", Phone),
    ("appelez", Phone),
    ("appelle", Phone),
    ("appendix", Version),
    ("article", Version),
    ("barcode", Other),
    ("billing", Address),
    ("bssid", Mac),
    ("bug", Other),
    ("build", Version),
    ("bytes", Other),
    ("call", Phone),
    ("callback", Phone),
    ("called", Phone),
    ("caller", Phone),
    ("calling", Phone),
    ("calls", Phone),
    ("card", Card),
    ("cardnumber", Card),
    ("cards", Card),
    ("carta", Card),
    ("cartao", Card),
    ("carte", Card),
    ("cartão", Card),
    ("case", Other),
    ("cc", Card),
    ("ccn", Card),
    ("cell", Phone),
    ("cellphone", Phone),
    ("cellular", Phone),
    ("cellulare", Phone),
    ("celular", Phone),
    ("changelog", Version),
    ("chapter", Version),
    ("charge", Card),
    ("clause", Version),
    ("commit", Other),
    ("contact", Phone),
    ("coordinates", Other),
    ("cost", Other),
    ("count", Other),
    ("credit", Card),
    ("creditcard", Card),
    ("customer", Other),
    ("date", Other),
    ("debit", Card),
    ("debitcard", Card),
    ("deliver", Address),
    ("delivery", Address),
    ("dial", Phone),
    ("dialed", Phone),
    ("dialing", Phone),
    ("dialled", Phone),
    ("diners", Card),
    ("direccion", Address),
    ("dirección", Address),
    ("discover", Card),
    ("doi", Other),
    ("ean", Other),
    ("edition", Version),
    ("endereco", Address),
    ("endereço", Address),
    ("epoch", Other),
    ("error", Other),
    ("ether", Mac),
    ("ethernet", Mac),
    ("eui", Mac),
    ("fax", Phone),
    ("faxes", Phone),
    ("faxnumber", Phone),
    ("fig", Version),
    ("figure", Version),
    ("firmware", Version),
    ("gid", Other),
    ("handy", Phone),
    ("handynummer", Phone),
    ("hardware", Mac),
    ("hash", Other),
    ("heading", Version),
    ("helpline", Phone),
    ("hotline", Phone),
    ("hwaddr", Mac),
    ("iban", Iban),
    ("id", Other),
    ("ids", Other),
    ("imei", Other),
    ("index", Other),
    ("indirizzo", Address),
    ("invoice", Other),
    ("invoices", Other),
    ("isbn", Isbn),
    ("isbns", Isbn),
    ("issn", Other),
    ("issue", Other),
    ("item", Other),
    ("itin", Ssn),
    ("jcb", Card),
    ("karte", Card),
    ("key", Other),
    ("kreditkarte", Card),
    ("landline", Phone),
    ("lat", Other),
    ("latitude", Other),
    ("ligar", Phone),
    ("ligue", Phone),
    ("line", Other),
    ("live", Address),
    ("lived", Address),
    ("lives", Address),
    ("lladdr", Mac),
    ("llama", Phone),
    ("llame", Phone),
    ("lng", Other),
    ("located", Address),
    ("location", Address),
    ("lon", Other),
    ("longitude", Other),
    ("mac", Mac),
    ("macaddress", Mac),
    ("macs", Mac),
    ("maestro", Card),
    ("mail", Address),
    ("mailing", Address),
    ("mastercard", Card),
    ("mob", Phone),
    ("mobil", Phone),
    ("mobile", Phone),
    ("mobileno", Phone),
    ("mobilenumber", Phone),
    ("mobilnummer", Phone),
    ("model", Other),
    ("moved", Address),
    ("movil", Phone),
    ("msisdn", Phone),
    ("móvil", Phone),
    ("offset", Other),
    ("oid", Version),
    ("order", Other),
    ("orders", Other),
    ("page", Other),
    ("pan", Card),
    ("para", Version),
    ("paragraph", Version),
    ("part", Version),
    ("patent", Other),
    ("pay", Card),
    ("payment", Card),
    ("phone", Phone),
    ("phoneno", Phone),
    ("phonenumber", Phone),
    ("phones", Phone),
    ("physical", Mac),
    ("pid", Other),
    ("population", Other),
    ("port", Other),
    ("portable", Phone),
    ("postal", Zip),
    ("postcode", Zip),
    ("pr", Other),
    ("price", Other),
    ("product", Other),
    ("puhelin", Phone),
    ("reach", Phone),
    ("ref", Other),
    ("reference", Other),
    ("refund", Card),
    ("rel", Version),
    ("release", Version),
    ("request", Other),
    ("residence", Address),
    ("resides", Address),
    ("rev", Version),
    ("revision", Version),
    ("ring", Phone),
    ("row", Other),
    ("rows", Other),
    ("rufen", Phone),
    ("rule", Version),
    ("salary", Other),
    ("sec", Version),
    ("section", Version),
    ("sections", Version),
    ("select", Other),
    ("serial", Other),
    ("session", Other),
    ("sha", Other),
    ("ship", Address),
    ("shipping", Address),
    ("size", Other),
    ("sku", Other),
    ("sms", Phone),
    ("snowflake", Other),
    ("social", Ssn),
    ("socialsecurity", Ssn),
    ("socialsecuritynumber", Ssn),
    ("ssn", Ssn),
    ("ssns", Ssn),
    ("ssnumber", Ssn),
    ("step", Version),
    ("street", Address),
    ("sum", Other),
    ("tarjeta", Card),
    ("taxpayer", Ssn),
    ("tel", Phone),
    ("telefon", Phone),
    ("telefone", Phone),
    ("telefonnummer", Phone),
    ("telefono", Phone),
    ("telefonu", Phone),
    ("telefoon", Phone),
    ("telephone", Phone),
    ("telephonenumber", Phone),
    ("telephones", Phone),
    ("telnr", Phone),
    ("tels", Phone),
    ("teléfono", Phone),
    ("ticket", Other),
    ("time", Other),
    ("timestamp", Other),
    ("token", Other),
    ("total", Other),
    ("tracking", Other),
    ("transaction", Other),
    ("txn", Other),
    ("téléphone", Phone),
    ("uid", Other),
    ("unionpay", Card),
    ("upc", Other),
    ("upgrade", Version),
    ("v", Version),
    ("ver", Version),
    ("version", Version),
    ("versions", Version),
    ("viber", Phone),
    ("visa", Card),
    ("voicemail", Phone),
    ("whatsapp", Phone),
    ("year", Other),
    ("years", Other),
    ("zip", Zip),
    ("zipcode", Zip),
];

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
    }

    #[test]
    fn words_are_sorted() {
        assert!(TOPICS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
