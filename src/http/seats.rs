//! How many connections a listener takes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::socket::{Accepted, Socket};

/// Room for connections, and a little more for telling others that there is none. Its clones are the same.
#[derive(Debug, Clone)]
pub struct Seats {
    free: Arc<Semaphore>,
    count: Arc<Mutex<Count>>,
    standing: Arc<Semaphore>,
}

#[derive(Debug)]
struct Count {
    wanted: usize,
    /// So many that were taken when there should be fewer go as soon as they are free.
    surplus: usize,
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
    /// Room for so many connections. Above those `standing` are answered 503 at once; further ones wait in the kernel.
    #[must_use]
    pub fn new(seats: usize, standing: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(seats)),
            count: Arc::new(Mutex::new(Count { wanted: seats, surplus: 0 })),
            standing: Arc::new(Semaphore::new(standing)),
        }
    }

    /// Makes it so many from now on. Who has a seat keeps it: where more are taken, none becomes free until fewer are.
    pub fn resize(&self, seats: usize) {
        let mut count = self.count();
        let (more, fewer) = (seats.saturating_sub(count.wanted), count.wanted.saturating_sub(seats));
        let kept = more.min(count.surplus);
        self.free.add_permits(more - kept);
        count.surplus += fewer - self.free.forget_permits(fewer);
        count.surplus -= kept;
        count.wanted = seats;
    }

    /// Waits for room, then for a connection.
    pub(super) async fn next(&self, socket: &Socket) -> io::Result<(Seat, Accepted)> {
        let seat = tokio::select! {
            biased;
            seat = self.free() => Seat::Taken(seat?),
            seat = take(&self.standing) => Seat::Standing(seat?),
        };
        let accepted = socket.accept().await?;
        Ok((self.better(seat), accepted))
    }

    async fn free(&self) -> io::Result<OwnedSemaphorePermit> {
        loop {
            if let Some(seat) = self.unless_surplus(take(&self.free).await?) {
                return Ok(seat);
            }
        }
    }

    /// A place may have become free while nobody came.
    fn better(&self, seat: Seat) -> Seat {
        if let Seat::Taken(_) = seat {
            return seat;
        }
        while let Ok(free) = Arc::clone(&self.free).try_acquire_owned() {
            if let Some(free) = self.unless_surplus(free) {
                return Seat::Taken(free);
            }
        }
        seat
    }

    fn unless_surplus(&self, seat: OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
        let mut count = self.count();
        if count.surplus == 0 {
            return Some(seat);
        }
        count.surplus -= 1;
        seat.forget();
        None
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The semaphores are never closed; if they were, refusing would be right.
async fn take(places: &Arc<Semaphore>) -> io::Result<OwnedSemaphorePermit> {
    Arc::clone(places).acquire_owned().await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who comes now: whether he has a seat.
    fn sit(seats: &Seats) -> Option<Seat> {
        let standing = Seat::Standing(Arc::clone(&seats.standing).try_acquire_owned().unwrap());
        Some(seats.better(standing)).filter(|seat| matches!(seat, Seat::Taken(_)))
    }

    #[test]
    fn who_has_a_seat_keeps_it_and_the_new_number_counts_for_all_others() {
        let seats = Seats::new(4, 1);
        let [first, second, third] = [(); 3].map(|()| sit(&seats).unwrap());
        seats.resize(1);
        drop(first);
        drop(second);
        assert!(sit(&seats).is_none(), "one is taken, and there is one");
        drop(third);
        let one = sit(&seats).unwrap();
        assert!(sit(&seats).is_none());

        seats.resize(5);
        let _four = [(); 4].map(|()| sit(&seats).unwrap());
        assert!(sit(&seats).is_none());
        seats.resize(2);
        seats.resize(4);
        drop(one);
        assert!(sit(&seats).is_none(), "four are taken, and there are four");
        seats.resize(6);
        let _two = [(); 2].map(|()| sit(&seats).unwrap());
        assert!(sit(&seats).is_none());
    }
}
