//! Accepts connections, with a cap on their number.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Admitted, Served};
use super::lanes::{Lane, Lanes};
use super::pace::Pace;
use super::seats::{Seat, Seats};
use super::socket::{Accepted, Socket};
use super::tls::Tls;
use crate::policy::TrustedProxies;

/// After a failed accept, for instance because all file descriptors are taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections above the cap are told so at once. Further ones wait in the kernel.
pub const TURNED_AWAY: usize = 64;
/// How long one of those may take to hear it.
const TURNING_AWAY: Duration = Duration::from_secs(5);

/// A bound listener with what it serves.
#[derive(Debug)]
pub struct Listener {
    /// `public`, `hook` or `ops`.
    pub name: &'static str,
    /// Where.
    pub socket: Socket,
    /// What.
    pub routes: Router,
    /// By whom.
    pub lanes: Lanes,
    /// Connections at once.
    pub connections: usize,
    /// Connections above those that are answered 503 at once; further ones wait in the kernel.
    pub turned_away: usize,
    /// For a request's head, for the pause between two requests, and for a handshake.
    pub header_timeout: Duration,
    /// How fast a client has to take its answers.
    pub pace: Pace,
    /// Where connections are encrypted.
    pub tls: Option<Tls>,
    /// Where requests carry the address of their client: whose word on it is taken.
    pub proxies: Option<TrustedProxies>,
}

impl Listener {
    /// Where it can be reached.
    #[must_use]
    pub fn url(&self) -> String {
        match (&self.socket, &self.tls) {
            (Socket::Tcp(_), None) => format!("http://{}", self.socket),
            (Socket::Tcp(_), Some(_)) => format!("https://{}", self.socket),
            (Socket::Unix(..), _) => self.socket.to_string(),
        }
    }

    /// Serves until `stop`; then lets the requests under way finish. Each connection is a task of `tasks`.
    pub async fn serve(self, stop: CancellationToken, tasks: TaskTracker) {
        let Self { name: listener, socket, routes, lanes, header_timeout, pace, tls, proxies, .. } = self;
        let seats = Seats::new(self.connections, self.turned_away);
        let stop_accepting = stop.clone();
        let served = Arc::new(Served { listener, routes, tls, proxies, header_timeout, pace, stop });
        while let Some(accepted) = stop_accepting.run_until_cancelled(seats.next(&socket)).await {
            match accepted {
                Ok((seat, accepted)) => {
                    let lane = Arc::clone(lanes.emptiest());
                    let served = seated(Arc::clone(&served), seat, accepted, Arc::clone(&lane));
                    tasks.spawn_on(served, &lane);
                }
                Err(error) => {
                    not_accepted(listener, &error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Serves a connection, on the lane that it holds.
async fn seated(served: Arc<Served>, seat: Seat, accepted: Accepted, _lane: Lane) {
    let peer = accepted.peer;
    let stream = match accepted.into_stream() {
        Ok(stream) => stream,
        Err(error) => return not_accepted(served.listener, &error),
    };
    match seat {
        Seat::Taken(_permit) => served.connection(stream, peer, Admitted::Yes).await,
        Seat::Standing(_permit) => {
            drop(timeout(TURNING_AWAY, served.connection(stream, peer, Admitted::No)).await);
        }
    }
}

fn not_accepted(listener: &'static str, error: &io::Error) {
    tracing::warn!(listener, "a connection could not be accepted: {error}");
}
