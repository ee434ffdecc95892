//! Logins while files come in as fast as they can.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::servers::{Server, Servers};
use super::support::client::get;
use super::support::latency::Question;
use super::support::report::{Goal, percentile, row};
use super::support::slot::Slot;

const UPLOADERS: u32 = 8;
const UPLOAD_BYTES: u64 = 64 << 20;
const LOGINS_PER_SECOND: u32 = 1000;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

pub(crate) fn measure(servers: &Servers) {
    let Servers { ours, synced, nginx, signer, .. } = servers;
    let token = signer.token("HS256", None);
    let login = get("check_password", &[("user", "alice"), ("server", "localhost"), ("pass", &token)]);
    let targets = [
        (ours, "logins beside 8 uploads", Goal::Below(10.0)),
        (synced, "the same, store.sync = true", Goal::Below(10.0)),
        (nginx, "nginx's fixed answer beside 8 uploads", Goal::Shown),
    ];
    let mut rounds = targets.map(|_| [(); 3].map(|()| Vec::new()));
    for _ in 0..ROUNDS {
        for ((server, ..), rounds) in targets.iter().zip(&mut rounds) {
            for (of_all, measured) in rounds.iter_mut().zip(one(server, &login)) {
                of_all.push(measured);
            }
        }
    }
    for ((_, name, goal), [p50, p99, uploads]) in targets.iter().zip(&rounds) {
        row(&format!("{name}, p50"), "ms", p50, Goal::Shown);
        row(&format!("{name}, p99"), "ms", p99, *goal);
        row(&format!("{name}, meanwhile"), "MiB/s", uploads, Goal::Shown);
    }
}

/// The logins' p50 and p99, and how fast the uploads were.
fn one(server: &Server, login: &[u8]) -> [f64; 3] {
    let stop = AtomicBool::new(false);
    let upload = |user| {
        let mut uploaded = 0;
        while !stop.load(Ordering::Relaxed) {
            let slot = Slot::of(user);
            server.put(&slot, UPLOAD_BYTES).expect("a file that is taken");
            server.remove(&slot);
            uploaded += 1;
        }
        uploaded
    };
    let question = Question { address: &server.hook, request: login, answer: "true" };
    let (mut latencies, files, took) = thread::scope(|scope| {
        let start = std::time::Instant::now();
        let uploads: Vec<_> = (0..UPLOADERS).map(|user| scope.spawn(move || upload(user))).collect();
        let latencies = question.latencies(LOGINS_PER_SECOND, ROUND);
        stop.store(true, Ordering::Relaxed);
        let files: u32 = uploads.into_iter().map(|upload| upload.join().expect("all are taken")).sum();
        (latencies, files, start.elapsed())
    });
    server.clear();
    let rate = f64::from(files) * 64.0 / took.as_secs_f64();
    [percentile(&mut latencies, 500), percentile(&mut latencies, 990), rate]
}
