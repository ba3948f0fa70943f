//! A connection to a host on which a test writes and reads bytes of its own choosing.

use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::patiently;

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// An open connection.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Wire {
    /// Connects to `host:port`.
    pub(crate) async fn open(address: &str) -> Self {
        Self { stream: Box::new(TcpStream::connect(address).await.unwrap()), unread: Vec::new() }
    }

    /// Connects to a socket file.
    pub(crate) async fn unix(path: &Path) -> Self {
        Self { stream: Box::new(UnixStream::connect(path).await.unwrap()), unread: Vec::new() }
    }

    /// Writes; a peer that has closed the connection already is let be.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.try_write(bytes).await;
    }

    /// Writes, unless the peer has closed the connection already.
    pub(crate) async fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        patiently("for a peer to read", self.stream.write_all(bytes.as_ref())).await
    }

    /// Says that nothing more is written.
    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads one answer that has a `content-length` or none: its head and its body.
    pub(crate) async fn answer(&mut self) -> Option<(String, String)> {
        let end = loop {
            match find(&self.unread, b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.more().await?,
            }
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.map_or(0, |length| length.trim().parse().unwrap());
        while self.unread.len() < length {
            self.more().await?;
        }
        Some((head, String::from_utf8(self.unread.drain(..length).collect()).unwrap()))
    }

    /// Reads until the peer closes, and gives what came.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await.is_some() {}
        std::mem::take(&mut self.unread)
    }

    /// What has come and was not taken.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Waits for more; nothing comes after the end.
    pub(crate) async fn more(&mut self) -> Option<()> {
        match patiently("for bytes or the end of a connection", self.stream.read_buf(&mut self.unread)).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
