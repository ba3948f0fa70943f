//! Where the API is listened on: TCP addresses, or a Unix socket in their place. Knows nothing of what is spoken there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

/// One open place that clients connect to.
#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// A client's connection.
pub(super) type Stream = Either<TcpStream, UnixStream>;

impl Listener {
    /// Opens `port` on every one of `addresses`. Port 0 takes any that is free, the same on all of them.
    ///
    /// # Errors
    /// With the address, when its port is taken or may not be opened.
    pub async fn tcp(addresses: &[IpAddr], port: u16) -> Result<Vec<Self>, (SocketAddr, io::Error)> {
        let mut listeners = Vec::with_capacity(addresses.len());
        let mut port = port;
        for ip in addresses {
            let address = SocketAddr::new(*ip, port);
            let listener = bind(address).await.map_err(|error| (address, error))?;
            port = listener.local_addr().map_err(|error| (address, error))?.port();
            listeners.push(Self::Tcp(listener));
        }
        Ok(listeners)
    }

    /// Opens a socket file that its owner alone may connect to. A file that a dead process left is replaced.
    ///
    /// # Errors
    /// When a living process listens there, when it is a file of another kind, or when it may not be created.
    pub async fn unix(path: &Path) -> io::Result<Self> {
        make_way(path).await?;
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self::Unix(UnixSocket { listener, path: path.to_owned(), file: identity(path)? }))
    }

    /// As a client may write it: `http://127.0.0.1:3500`, `unix:/run/dapr-app-http.socket`.
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}"),
                Err(error) => format!("{scheme}://({error})"),
            },
            Self::Unix(socket) => format!("unix:{}", socket.path.display()),
        }
    }

    /// The address, where it is one of TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// The next client, and from where it comes, which Unix sockets don't tell.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Without it an answer in two writes waits for the client's delayed acknowledgement: 40 ms.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY can't be set");
                }
                Ok((Either::Left(stream), Some(peer)))
            }
            Self::Unix(socket) => Ok((Either::Right(socket.listener.accept().await?.0), None)),
        }
    }
}

/// A listening socket file, which goes when nobody listens any more.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The file's own identity: by now another process may have put its own in this place.
    file: (u64, u64),
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket file can't be removed");
        }
    }
}

/// The name that Dapr's clients know a socket by. `protocol` is `http` or `grpc`.
pub fn socket_path(folder: &Path, app_id: &str, protocol: &str) -> PathBuf {
    folder.join(format!("dapr-{app_id}-{protocol}.socket"))
}

/// An address to listen on: a number, `localhost`, or nothing at all for every address there is, as daprd has it.
///
/// # Errors
/// With what to write instead.
pub fn parse_address(text: &str) -> Result<IpAddr, String> {
    match text.trim() {
        "" => Ok(Ipv6Addr::UNSPECIFIED.into()),
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        text => {
            let number = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            number.parse().map_err(|_| "write an address such as `127.0.0.1` or `[::1]`, without a port".to_owned())
        }
    }
}

/// Linux takes `::` for all addresses of both kinds; where there is no IPv6, all addresses are those of IPv4.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        outcome => outcome,
    }
}

/// Removes what a dead process left behind at `path`.
async fn make_way(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name, which is no socket"));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on it")),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_for_daprd() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            (" 0.0.0.0 ", "0.0.0.0"),
            ("localhost", "127.0.0.1"),
            ("", "::"),
        ] {
            assert_eq!(parse_address(text), Ok(address.parse().unwrap()), "{text}");
        }
        for bad in ["127.0.0.1:3500", "example.com", "[::1", "::1]:80", "1.2.3"] {
            assert!(parse_address(bad).unwrap_err().starts_with("write an address"), "{bad}");
        }
    }
}
