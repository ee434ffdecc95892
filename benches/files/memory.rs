//! What the service holds of memory, and how soon it is there.

use std::path::Path;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::servers::{Server, Slot};
use super::support::client::Connection;
use super::support::processes::{Process, Service, Setup, free_address};
use super::support::report::{Goal, row};
use super::support::signers::Signer;

const STARTS: usize = 15;
/// At once, this fast and this long.
const SLOW_UPLOADS: usize = 1000;
const BYTES_PER_TICK: usize = 2500;
const TICK: Duration = Duration::from_millis(250);
const TICKS: usize = 40;
/// That send them.
const THREADS: usize = 4;
/// Two runs of the same differ by as much: which threads a connection wakes is chance.
const SAME_KIBIBYTES: f64 = 2048.0;

pub(crate) fn measure(program: &Path) {
    starts(program);
    slow_uploads(program);
    growth(program);
}

fn starts(program: &Path) {
    let one = || {
        let (hook, start) = (free_address(), Instant::now());
        let service = Service::launch(program, Setup::with_hook(&hook), [&Signer::hs256()]);
        while !service.is_ready() {
            assert!(start.elapsed() < Duration::from_mins(1), "it gets ready");
            sleep(Duration::from_micros(500));
        }
        start.elapsed().as_secs_f64() * 1000.0
    };
    let starts: Vec<_> = (0..STARTS).map(|_| one()).collect();
    row("start to the first answer of /readyz", "ms", &starts, Goal::Below(100.0));
}

/// Clients on a bad line.
fn slow_uploads(program: &Path) {
    raise_open_files();
    let server = Server::ours(program, true, &Signer::hs256());
    let process = server.process();
    row("idle, VmRSS", "KiB", &[kilobytes(process, "VmRSS")], Goal::Below(20.0 * 1024.0));
    let mut clients: Vec<_> = (0..SLOW_UPLOADS).map(|_| Connection::open(&server.address)).collect();
    let bytes = BYTES_PER_TICK * TICKS;
    let peak = thread::scope(|scope| {
        let uploads = clients.chunks_mut(SLOW_UPLOADS / THREADS).map(|clients| {
            scope.spawn(|| {
                for client in clients.iter_mut() {
                    let head = server.put_head(&Slot::of(0), bytes as u64);
                    client.send(&head).expect("it is taken");
                }
                let start = Instant::now();
                for tick in (0..TICKS).map(|tick| TICK * u32::try_from(tick).expect("a few")) {
                    sleep((start + tick).saturating_duration_since(Instant::now()));
                    let piece = [b'x'; BYTES_PER_TICK];
                    for client in clients.iter_mut() {
                        client.send(&piece).expect("it is taken");
                    }
                }
            })
        });
        let uploads: Vec<_> = uploads.collect();
        let mut peak = 0.0_f64;
        while !uploads.iter().all(thread::ScopedJoinHandle::is_finished) {
            peak = peak.max(kilobytes(process, "VmRSS"));
            sleep(TICK);
        }
        peak
    });
    for client in &mut clients {
        assert_eq!(client.answer().expect("an answer").status, 201);
    }
    row("1,000 uploads at 10 kB/s, VmRSS", "KiB", &[peak], Goal::Below(96.0 * 1024.0));
    drop(clients);
    row("after them, VmRSS", "KiB", &[kilobytes(process, "VmRSS")], Goal::Shown);
}

/// A service that has taken and handed out one file, whatever its size, has been as large as any other.
fn growth(program: &Path) {
    let [small, large] = [("1 MiB", 1 << 20), ("5 GiB", 5 << 30)].map(|(name, bytes)| {
        let server = Server::ours(program, false, &Signer::hs256());
        let slot = Slot::of(0);
        server.put(&slot, bytes).expect("it is taken");
        let mut connection = Connection::open(&server.address);
        let answer = connection.download(&server.get(&slot), |_| ()).expect("an answer");
        assert_eq!(answer, (200, bytes));
        server.clear();
        let peak = kilobytes(server.process(), "VmHWM");
        row(&format!("PUT and GET of {name}, VmHWM"), "KiB", &[peak], Goal::Shown);
        peak
    });
    row("what is larger for the larger file", "KiB", &[large - small], Goal::Below(SAME_KIBIBYTES));
}

fn kilobytes(process: &Process, field: &str) -> f64 {
    u32::try_from(process.memory(field)).expect("not that much").into()
}

/// For both ends of that many connections.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to what is allowed");
}
