//! Clients on a bad line, many at once, and what the service holds of memory meanwhile.

use std::thread::{self, ScopedJoinHandle, sleep};
use std::time::{Duration, Instant};

use super::client::Connection;
use super::processes::Process;

/// This fast and this long: 10 kB/s.
const BYTES_PER_TICK: usize = 2500;
const TICK: Duration = Duration::from_millis(250);
const TICKS: usize = 40;
/// That send them.
const THREADS: usize = 4;

/// Sends `clients` files at once to `address`, each with its own `head`, which is told how many bytes will follow. Answers the largest `VmRSS` of
/// `process` meanwhile, in KiB.
pub(crate) fn peak_of_uploads(
    process: &Process,
    address: &str,
    clients: usize,
    head: impl Fn(u64) -> Vec<u8> + Sync,
) -> f64 {
    let mut clients: Vec<_> = (0..clients).map(|_| Connection::open(address)).collect();
    let of_each = clients.len() / THREADS;
    let peak = thread::scope(|scope| {
        let uploads = clients.chunks_mut(of_each).map(|clients| scope.spawn(|| send(clients, &head)));
        let uploads: Vec<_> = uploads.collect();
        let mut peak = 0.0_f64;
        while !uploads.iter().all(ScopedJoinHandle::is_finished) {
            peak = peak.max(process.kibibytes("VmRSS"));
            sleep(TICK);
        }
        peak
    });
    for client in &mut clients {
        assert_eq!(client.answer().expect("an answer").status, 201);
    }
    peak
}

fn send(clients: &mut [Connection], head: impl Fn(u64) -> Vec<u8>) {
    for client in clients.iter_mut() {
        client.send(&head((BYTES_PER_TICK * TICKS) as u64)).expect("it is taken");
    }
    let start = Instant::now();
    for tick in (0..TICKS).map(|tick| TICK * u32::try_from(tick).expect("a few")) {
        sleep((start + tick).saturating_duration_since(Instant::now()));
        let piece = [b'x'; BYTES_PER_TICK];
        for client in clients.iter_mut() {
            client.send(&piece).expect("it is taken");
        }
    }
}
