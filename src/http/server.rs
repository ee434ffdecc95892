//! Accepts connections, with a cap on their number.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Admitted, Served};
use super::lanes::{Lane, Lanes};
use super::offer::CurrentOffer;
use super::seats::{Seat, Seats};
use super::socket::{Accepted, Socket};

/// After a failed accept, for instance because all file descriptors are taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections above the cap are told so at once. Further ones wait in the kernel.
pub const TURNED_AWAY: usize = 64;
/// How long one of those may take to hear it.
const TURNING_AWAY: Duration = Duration::from_secs(5);

/// How listeners are told to end.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// No more connections; the requests under way finish.
    pub gently: CancellationToken,
    /// Those are cut off.
    pub now: CancellationToken,
}

/// A bound listener with what it serves.
#[derive(Debug)]
pub struct Listener {
    /// `public`, `hook` or `ops`.
    pub name: &'static str,
    /// Where.
    pub socket: Socket,
    /// What, and by which rules.
    pub offer: CurrentOffer,
    /// By whom.
    pub lanes: Lanes,
    /// How many at once.
    pub seats: Seats,
}

impl Listener {
    /// Where it can be reached.
    #[must_use]
    pub fn url(&self) -> String {
        match (&self.socket, &self.offer.now().tls) {
            (Socket::Tcp(_), None) => format!("http://{}", self.socket),
            (Socket::Tcp(_), Some(_)) => format!("https://{}", self.socket),
            (Socket::Unix(..), _) => self.socket.to_string(),
        }
    }

    /// Serves until it is told to end. Each connection is a task of `tasks`.
    pub async fn serve(self, end: End, tasks: TaskTracker) {
        let Self { name: listener, socket, offer, lanes, seats } = self;
        let End { gently, now } = end;
        let served = Arc::new(Served { listener, offer, stop: gently.clone() });
        while let Some(accepted) = gently.run_until_cancelled(seats.next(&socket)).await {
            match accepted {
                Ok((seat, accepted)) => {
                    let lane = Arc::clone(lanes.emptiest());
                    let served = seated(Arc::clone(&served), seat, accepted, Arc::clone(&lane));
                    tasks.spawn_on(now.clone().run_until_cancelled_owned(served), &lane);
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
