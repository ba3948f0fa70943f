//! What the host and its app's guard tell one another over the socket between them. Decides nothing.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net;

use rustix::cmsg_space;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::Ending;

/// What the guard reports. A number follows a letter, so that every report has [`REPORT`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The app runs; its process is also the leader of its process group.
    Started(i32),
    /// The app can't be started; the number is the system's error.
    Failed(i32),
    /// The app's own process has ended. What it has left behind may still be there.
    Ended(Ending),
}

const REPORT: usize = 5;

impl Report {
    fn encode(self) -> [u8; REPORT] {
        let (letter, number) = match self {
            Self::Started(pid) => (b's', pid),
            Self::Failed(error) => (b'f', error),
            Self::Ended(Ending::Exit(code)) => (b'e', code),
            Self::Ended(Ending::Signal(number)) => (b'k', number),
        };
        let [a, b, c, d] = number.to_be_bytes();
        [letter, a, b, c, d]
    }

    fn decode([letter, a, b, c, d]: [u8; REPORT]) -> Option<Self> {
        let number = i32::from_be_bytes([a, b, c, d]);
        Some(match letter {
            b's' => Self::Started(number),
            b'f' => Self::Failed(number),
            b'e' => Self::Ended(Ending::Exit(number)),
            b'k' => Self::Ended(Ending::Signal(number)),
            _ => return None,
        })
    }

    /// Tells the host.
    pub(super) fn send(self, socket: &UnixStream) {
        put(socket, &self.encode());
    }
}

/// The host's end of the socket.
pub(super) struct Line {
    socket: UnixStream,
    unread: Vec<u8>,
}

impl Line {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self { socket, unread: Vec::with_capacity(REPORT) }
    }

    /// The guard's next report; `None` once it is gone. May be dropped and called again.
    pub(super) async fn report(&mut self) -> Option<Report> {
        loop {
            if let Some((report, rest)) = self.unread.split_first_chunk() {
                let report = Report::decode(*report);
                self.unread = rest.to_vec();
                return report;
            }
            if self.socket.read_buf(&mut self.unread).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Has the guard pass `signal` on; [`Signal::KILL`] ends everything at once.
    pub(super) fn order(&self, signal: Signal) {
        if let Ok(number) = u8::try_from(signal.as_raw()) {
            put(&self.socket, &[number]);
        }
    }
}

/// Writes what always has room in an empty socket. That the other end is gone is found out by reading.
fn put(socket: &UnixStream, bytes: &[u8]) {
    let _ = rustix::io::write(socket, bytes);
}

/// The host's next order to the guard; `None` once the host is gone. May be dropped and called again.
pub(super) async fn ordered(socket: &mut UnixStream) -> Option<Signal> {
    loop {
        let number = socket.read_u8().await.ok()?;
        if let Some(signal) = Signal::from_named_raw(i32::from(number)) {
            return Some(signal);
        }
    }
}

/// Gives the other end an open file. Its standard input is this socket, so the app's has to come this way.
pub(super) fn give(socket: &net::UnixStream, file: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    let files = [file];
    message.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(socket, &[IoSlice::new(&[0])], &mut message, SendFlags::empty())?;
    Ok(())
}

/// Takes the open file that [`give`] sends.
pub(super) fn take(socket: &net::UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut [0])], &mut message, RecvFlags::empty())?;
    let files = message.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.and_then(|mut files| files.next()).ok_or(io::ErrorKind::UnexpectedEof)?;
    fcntl_setfd(&file, FdFlags::CLOEXEC)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_report_arrives_as_it_was_sent_whatever_pieces_it_comes_in() {
        let reports =
            [Report::Started(7), Report::Failed(2), Report::Ended(Ending::Exit(3)), Report::Ended(Ending::Signal(15))];
        let (host, guard) = UnixStream::pair().unwrap();
        let mut line = Line::new(host);
        let bytes: Vec<u8> = reports.iter().flat_map(|report| report.encode()).collect();
        for piece in bytes.chunks(3) {
            put(&guard, piece);
        }
        for report in reports {
            assert_eq!(line.report().await, Some(report));
        }
        drop(guard);
        assert_eq!(line.report().await, None);
    }

    #[tokio::test]
    async fn an_order_is_a_signal() {
        let (host, mut guard) = UnixStream::pair().unwrap();
        let line = Line::new(host);
        line.order(Signal::TERM);
        line.order(Signal::USR2);
        assert_eq!(ordered(&mut guard).await, Some(Signal::TERM));
        assert_eq!(ordered(&mut guard).await, Some(Signal::USR2));
        drop(line);
        assert_eq!(ordered(&mut guard).await, None);
    }
}
