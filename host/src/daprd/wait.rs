//! `daprd --wait`: asks a daprd on this machine until it can be called. Knows of HTTP what one question takes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Between two questions, and for all of them, as daprd has it.
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);

const QUESTION: &[u8] = b"GET /v1.0/healthz/outbound HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Returns once a daprd on this port can be called.
///
/// # Errors
/// When that takes more than a minute.
pub async fn until_ready(port: u16) -> anyhow::Result<()> {
    let asking = async {
        while !is_ready(port).await.unwrap_or(false) {
            sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, asking).await.map_err(|_| anyhow::anyhow!("nothing was ready on port {port} within {PATIENCE:?}"))
}

async fn is_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("localhost", port)).await?;
    stream.write_all(QUESTION).await?;
    let mut answer = Vec::new();
    timeout(PAUSE * 10, stream.read_to_end(&mut answer)).await??;
    Ok(answer.starts_with(b"HTTP/1.1 204 "))
}
