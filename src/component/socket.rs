//! The connection to the server.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::Fault;

/// For a connection, name resolution included.
const CONNECT: Duration = Duration::from_secs(5);
/// A machine that is gone is noticed after one of the first and three of the second.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

pub(super) async fn connect(server: &str) -> Result<TcpStream, Fault> {
    let connected = timeout(CONNECT, TcpStream::connect(server)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let stream = stream.map_err(|error| Fault::Unreachable(error.kind()))?;
    prepare(&stream).map_err(|error| Fault::Unreachable(error.kind()))?;
    Ok(stream)
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (time, interval) = KEEPALIVE;
    SockRef::from(stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(time).with_interval(interval).with_retries(3))
}
