//! How many connections a listener takes.

use std::io;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::socket::{Accepted, Socket};

/// Room for connections, and a little more for telling others that there is none.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    standing: Arc<Semaphore>,
}

/// Where a connection is while it lasts.
#[derive(Debug)]
pub(super) enum Seat {
    /// It is served.
    Taken(OwnedSemaphorePermit),
    /// It is told that there is no room.
    Standing(OwnedSemaphorePermit),
}

impl Seats {
    pub(super) fn new(free: usize, standing: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(free)), standing: Arc::new(Semaphore::new(standing)) }
    }

    /// Waits for room, then for a connection.
    pub(super) async fn next(&self, socket: &Socket) -> io::Result<(Seat, Accepted)> {
        let seat = tokio::select! {
            biased;
            seat = take(&self.free) => Seat::Taken(seat?),
            seat = take(&self.standing) => Seat::Standing(seat?),
        };
        let accepted = socket.accept().await?;
        Ok((self.better(seat), accepted))
    }

    /// A place may have become free while nobody came.
    fn better(&self, seat: Seat) -> Seat {
        match seat {
            Seat::Taken(_) => seat,
            Seat::Standing(_) => Arc::clone(&self.free).try_acquire_owned().map_or(seat, Seat::Taken),
        }
    }
}

/// The semaphores are never closed; if they were, refusing would be right.
async fn take(places: &Arc<Semaphore>) -> io::Result<OwnedSemaphorePermit> {
    Arc::clone(places).acquire_owned().await.map_err(io::Error::other)
}
