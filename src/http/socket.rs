//! Listening sockets, TCP or unix.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream as StdTcpStream};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use crate::types::Address;

/// Connections that the kernel holds for us while we are at the cap or busy.
const BACKLOG: u32 = 1024;
/// ejabberd may run as another user of the same group.
const UNIX_MODE: u32 = 0o660;

/// A connection of either kind.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// A connection that no runtime has taken on yet.
#[derive(Debug)]
pub(super) struct Accepted {
    stream: Either<StdTcpStream, StdUnixStream>,
    /// Who is at the other end. On a unix socket that is nobody with an address.
    pub(super) peer: Option<IpAddr>,
}

impl Accepted {
    /// Has to be called within the runtime that will serve it.
    pub(super) fn into_stream(self) -> io::Result<Stream> {
        Ok(match self.stream {
            Either::Left(tcp) => Either::Left(TcpStream::from_std(tcp)?),
            Either::Right(unix) => Either::Right(UnixStream::from_std(unix)?),
        })
    }
}

/// A bound socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpListener),
    /// Unix; its path goes away with it.
    Unix(UnixListener, SocketPath),
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("listen.{listener}: {address} cannot be bound: {source}{advice}")]
pub struct BindError {
    listener: &'static str,
    address: String,
    advice: &'static str,
    source: io::Error,
}

impl Socket {
    /// Binds `address`, for the listener of that name. Has to be called within the runtime that will serve it.
    ///
    /// # Errors
    ///
    /// [`BindError`] names the listener and the address.
    pub fn bind(listener: &'static str, address: &Address) -> Result<Self, BindError> {
        let bound = match address {
            Address::Tcp(address) => bind_tcp(*address).map(Self::Tcp),
            Address::Unix(path) => bind_unix(path),
        };
        bound.map_err(|source| BindError {
            listener,
            address: address.to_string(),
            advice: match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "; another program listens there: stop it, or choose another address"
                }
                _ => "",
            },
            source,
        })
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (connection, peer) = listener.accept().await?;
                connection.set_nodelay(true)?;
                let peer = Some(peer.ip().to_canonical());
                Ok(Accepted { stream: Either::Left(connection.into_std()?), peer })
            }
            Self::Unix(listener, _) => {
                let (connection, _) = listener.accept().await?;
                Ok(Accepted { stream: Either::Right(connection.into_std()?), peer: None })
            }
        }
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(_) => f.write_str("an unknown address"),
            },
            Self::Unix(_, SocketPath(path)) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_unix(path: &Path) -> io::Result<Socket> {
    remove_stale(path)?;
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(UNIX_MODE))?;
    Ok(Socket::Unix(listener, SocketPath(path.to_owned())))
}

/// A socket whose process was killed stays behind. It is removed if it is a socket and nobody answers on it.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => match StdUnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            _ => Err(io::ErrorKind::AddrInUse.into()),
        },
        _ => Ok(()),
    }
}

/// The path of a unix socket, removed on drop.
#[derive(Debug)]
pub struct SocketPath(PathBuf);

impl Drop for SocketPath {
    fn drop(&mut self) {
        // Whoever removed it already has done our work.
        drop(fs::remove_file(&self.0));
    }
}
