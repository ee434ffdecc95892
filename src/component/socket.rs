//! The connection to the server.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::fault::Fault;

/// For the server's name. A resolver turns to its second name server after five seconds of the first one's silence (resolv.conf(5)).
const LOOK_UP: Duration = Duration::from_secs(10);
/// For a connection to one of its addresses.
const CONNECT: Duration = Duration::from_secs(5);
/// A machine that is gone is noticed after one of the first and three of the second.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

pub(super) async fn connect(server: &str) -> Result<TcpStream, Fault> {
    let addresses = within(LOOK_UP, lookup_host(server)).await;
    let addresses: Vec<_> = addresses.map_err(|error| Fault::NoAddress(error.to_string()))?.collect();
    let stream = within(CONNECT, TcpStream::connect(&*addresses)).await;
    stream
        .and_then(|stream| prepare(&stream).map(|()| stream))
        .map_err(|error| Fault::Unreachable(error.kind()))
}

async fn within<T>(patience: Duration, attempt: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(patience, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (time, interval) = KEEPALIVE;
    SockRef::from(stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(time).with_interval(interval).with_retries(3))
}
