//! What the service holds of memory, and how soon it is there.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::servers::Server;
use super::support::client::Connection;
use super::support::processes::{Service, Setup, free_address, raise_open_files};
use super::support::report::{Goal, row};
use super::support::signers::Signer;
use super::support::slot::Slot;
use super::support::slow::peak_of_uploads;

const STARTS: usize = 15;
const SLOW_UPLOADS: usize = 1000;
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

fn slow_uploads(program: &Path) {
    raise_open_files();
    let server = Server::ours(program, true, &Signer::hs256());
    let process = server.process();
    row("idle, VmRSS", "KiB", &[process.kibibytes("VmRSS")], Goal::Below(20.0 * 1024.0));
    let head = |bytes| server.put_head(&Slot::of(0), bytes);
    let peak = peak_of_uploads(process, &server.address, SLOW_UPLOADS, head);
    row("1,000 uploads at 10 kB/s, VmRSS", "KiB", &[peak], Goal::Below(96.0 * 1024.0));
    row("after them, VmRSS", "KiB", &[process.kibibytes("VmRSS")], Goal::Shown);
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
        let peak = server.process().kibibytes("VmHWM");
        row(&format!("PUT and GET of {name}, VmHWM"), "KiB", &[peak], Goal::Shown);
        peak
    });
    row("what is larger for the larger file", "KiB", &[large - small], Goal::Below(SAME_KIBIBYTES));
}
