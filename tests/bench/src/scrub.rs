//! How fast the scrubber is: megabytes a second on what people write, on JSON, on text full of personal data and on text
//! made to be slow, and how the time grows with the length. Needs no server.

use std::fmt;
use std::hint::black_box;
use std::path::PathBuf;

use anyhow::{Context, Result};
use parlor_scrub::{Scrubber, scrub, scrub_json_strings};
use serde::Serialize;
use tokio::time::Instant;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder for the JSON.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// One short round: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
}

const SENTENCES: [&str; 8] = [
    "The meeting has been moved to Thursday because the room is being painted, so please bring your notes. ",
    "In short, the function reads the whole file into memory, which is fine for small inputs but not for large ones. ",
    "She asked whether the results of 2023 could be compared with those of the year before, and nobody knew. ",
    "There are 3 ways to solve this: wait, retry with a longer timeout, or ask the vendor for a higher limit. ",
    "I've tried it twice (on Linux and on a Mac) and it doesn't work; the log says \"connection reset\". ",
    "Thanks a lot for the quick answer - that's exactly what we were looking for! ",
    "The recipe needs 250 g of flour, 2 eggs, a pinch of salt and about 1/2 l of milk. ",
    "Version 2.14.1 fixes the crash that Anna from Berlin reported last week, see the release notes. ",
];

const DATA: [&str; 11] = [
    "Call me at +1 202-555-0123 or (202) 555-0199. ",
    "My e-mail is ada.lovelace@example.org, thanks. ",
    "The server is 10.20.30.40 or 2001:db8::8a2e:370:7334. ",
    "Ship it to 350 Fifth Avenue, Suite 3301, New York, NY 10118. ",
    "Charge my card 4242 4242 4242 4242, please. ",
    "His SSN is 536-22-8726, as you know. ",
    "Read the book with ISBN 978-0-596-52068-7. ",
    "The interface has the address 3c:22:fb:9a:01:7e. ",
    "Commit da39a3ee5e6b4b0d3255bfef95601890afd80709 broke it. ",
    "Its digest is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855. ",
    "The old one was d41d8cd98f00b204e9800998ecf8427e. ",
];

/// Texts that begin something at every turn and end it nowhere.
const HOSTILE: [&str; 20] = [
    "a",
    "a@",
    "1",
    "1 ",
    ":",
    "ab:",
    "1.",
    "1.1.1.1",
    "+1 (212) ",
    "1 aa bb cc dd ",
    "1 Aa Bb Cc Dd ",
    "Via Aa ",
    "a at b dot ",
    "::1",
    "a.b@c.",
    "((1",
    "Apt 1, ",
    "PSC 1 ",
    "call 1234 ",
    "é",
];

/// One measured text.
#[derive(Serialize)]
struct Figure {
    name: String,
    bytes: usize,
    megabytes_per_second: f64,
    /// The time for twice the text in units of the time for the text.
    doubled: f64,
}

#[derive(Serialize)]
struct Report {
    /// How fast this machine counts digits at the moment: what the other figures are to be seen beside.
    counting_digits: f64,
    figures: Vec<Figure>,
}

/// Measures, prints the table and writes the JSON.
///
/// # Errors
/// When the JSON can't be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (bytes, rounds) = if options.quick { (20_000, 1) } else { (2_000_000, 9) };
    let prose = mixed(bytes, 0);
    let counting = seconds(rounds, || prose.bytes().filter(u8::is_ascii_digit).count());
    let mut figures = vec![
        figure("prose", &prose, rounds, whole),
        figure("chat, some data", &mixed(bytes, 6), rounds, whole),
        figure("full of data", &mixed(bytes, 1), rounds, whole),
        figure("chat in chunks of 4 bytes", &mixed(bytes / 8, 6), rounds, in_chunks),
    ];
    figures.push(json_figure("JSON, some data", bytes, rounds, conversation));
    figures.push(json_figure("hostile JSON: long name", bytes / 80, rounds, long_name));
    for piece in HOSTILE {
        let text = piece.repeat(bytes / 80 / piece.len());
        figures.push(figure(&format!("hostile {piece:?}"), &text, rounds, whole));
    }
    let report = Report { counting_digits: prose.len() as f64 / 1e6 / counting, figures };
    println!("{report}");
    std::fs::create_dir_all(&options.output)
        .with_context(|| format!("`{}` can't be made", options.output.display()))?;
    let path = options.output.join("scrub.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("`{}` can't be written", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}

fn whole(text: &str) -> usize {
    scrub(text).len()
}

fn in_chunks(text: &str) -> usize {
    let mut scrubber = Scrubber::new();
    let mut rest = text;
    let mut length = 0;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(4).max(1));
        length += scrubber.push(chunk).len();
        rest = after;
    }
    length + scrubber.finish().len()
}

/// Sentences without personal data, and one with it after every `each`; none for 0.
fn mixed(bytes: usize, each: usize) -> String {
    let mut text = String::with_capacity(bytes + 200);
    let mut data = DATA.iter().cycle();
    for (count, sentence) in SENTENCES.iter().cycle().enumerate() {
        text.push_str(sentence);
        if each > 0 && count % each == 0 {
            text.extend(data.next().copied());
        }
        if text.len() >= bytes {
            break;
        }
    }
    text
}

fn conversation(bytes: usize) -> String {
    serde_json::json!({ "messages": [{ "role": "user", "content": mixed(bytes, 6) }] }).to_string()
}

/// A name of half the text, and as many strings that go by it as fit.
fn long_name(bytes: usize) -> String {
    serde_json::json!({ ("a".repeat(bytes / 2)): vec!["1234"; bytes / 14] }).to_string()
}

fn json_figure(name: &str, bytes: usize, rounds: usize, text: impl Fn(usize) -> String) -> Figure {
    measured(name, &text(bytes), &text(bytes * 2), rounds, |text| scrub_json_strings(text).len())
}

fn figure(name: &str, text: &str, rounds: usize, work: impl Fn(&str) -> usize) -> Figure {
    measured(name, text, &text.repeat(2), rounds, work)
}

fn measured(name: &str, text: &str, double: &str, rounds: usize, work: impl Fn(&str) -> usize) -> Figure {
    let (once, twice) = (seconds(rounds, || work(text)), seconds(rounds, || work(double)));
    let megabytes_per_second = text.len() as f64 / 1e6 / once;
    Figure { name: name.to_owned(), bytes: text.len(), megabytes_per_second, doubled: twice / once }
}

/// The shortest of some rounds, because whatever disturbs makes it longer.
fn seconds(rounds: usize, work: impl Fn() -> usize) -> f64 {
    let round = || {
        let started = Instant::now();
        black_box(work());
        started.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32} {:>10} {:>10} {:>8}", "text", "bytes", "MB/s", "2n : n")?;
        for Figure { name, bytes, megabytes_per_second, doubled } in &self.figures {
            writeln!(f, "{name:<32} {bytes:>10} {megabytes_per_second:>10.1} {doubled:>8.2}")?;
        }
        write!(f, "{:<32} {:>10} {:>10.1}", "(counting digits)", "", self.counting_digits)
    }
}
