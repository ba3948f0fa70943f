//! The app's output, line by line with a prefix, to where it belongs. Knows nothing of processes.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

/// A line that gets longer is passed on in pieces, so that an app that never ends its line can't fill the memory.
const LONGEST_LINE: usize = 1 << 20;

const CHUNK: usize = 64 << 10;

/// Where a stream of the app's goes.
pub(super) struct Sink {
    /// The host's own stream of the same kind, with what begins each line there.
    pub(super) console: Option<(Console, String)>,
    /// As the app wrote it.
    pub(super) file: Option<Arc<File>>,
}

/// One of the host's own streams.
#[derive(Debug, Clone, Copy)]
pub(super) enum Console {
    Stdout,
    Stderr,
}

impl Console {
    /// Writes all of it at once, so that lines of others don't come in between.
    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(bytes),
        }
    }
}

/// Carries what comes out of `from` to `sink` until everyone has closed the pipe, which is told. It has a thread of its
/// own: a terminal may stand still for as long as it likes.
pub(super) fn carry(from: PipeReader, sink: Sink) -> io::Result<oneshot::Receiver<()>> {
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name("app-output".to_owned()).spawn(move || {
        copy(from, &sink);
        // Nobody waits any more when the host has given up.
        let _ = end.send(());
    })?;
    Ok(ended)
}

fn copy(mut from: PipeReader, sink: &Sink) {
    let mut chunk = vec![0; CHUNK];
    let mut console = sink.console.as_ref().map(|(console, prefix)| (console, Lines::new(prefix)));
    loop {
        let bytes = match from.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(count) => chunk.get(..count).unwrap_or_default(),
        };
        if let Some(file) = &sink.file {
            let _ = (&mut file.as_ref()).write_all(bytes);
        }
        if let Some((console, lines)) = &mut console {
            // The terminal may be closed; the app goes on, and must not stand still for it.
            let _ = console.write(&lines.push(bytes));
        }
    }
    if let Some((console, lines)) = &mut console {
        let _ = console.write(&lines.finish());
    }
}

/// Puts a prefix before every line.
struct Lines {
    prefix: Vec<u8>,
    /// A line that has yet to end.
    begun: Vec<u8>,
}

impl Lines {
    fn new(prefix: &str) -> Self {
        Self { prefix: prefix.as_bytes().to_vec(), begun: Vec::new() }
    }

    /// The lines that `bytes` complete.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut whole = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.begun.len() >= LONGEST_LINE {
                whole.extend(self.finish());
            }
        }
        whole
    }

    /// The line that has begun, ended.
    fn finish(&mut self) -> Vec<u8> {
        if self.begun.is_empty() {
            return Vec::new();
        }
        let mut line = self.prefix.clone();
        line.append(&mut self.begun);
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "== APP == ";

    fn prefixed(pieces: &[&[u8]]) -> Vec<u8> {
        let mut lines = Lines::new(PREFIX);
        let mut output: Vec<u8> = pieces.iter().flat_map(|piece| lines.push(piece)).collect();
        output.extend(lines.finish());
        output
    }

    #[test]
    fn every_line_gets_the_prefix_wherever_the_output_is_cut() {
        let output = b"one\n\ntwo \xff\x00\r\nthree";
        let expected = b"== APP == one\n== APP == \n== APP == two \xff\x00\r\n== APP == three\n";
        for cut in 0..=output.len() {
            let (head, tail) = output.split_at(cut);
            assert_eq!(prefixed(&[head, tail]), expected);
        }
    }

    #[test]
    fn a_line_is_passed_on_once_it_is_whole() {
        let mut lines = Lines::new(PREFIX);
        assert_eq!(lines.push(b"on"), b"");
        assert_eq!(lines.push(b"e\ntw"), b"== APP == one\n");
        assert_eq!(lines.finish(), b"== APP == tw\n");
        assert_eq!(lines.finish(), b"");
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        let mut lines = Lines::new(PREFIX);
        let passed = lines.push(&vec![b'x'; LONGEST_LINE]);
        assert_eq!(passed.len(), PREFIX.len() + LONGEST_LINE + 1);
        assert_eq!(lines.finish(), b"");
    }
}
