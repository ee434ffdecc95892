//! Logins through one bridge, one after the other, as ejabberd asks them.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::support::processes::{Bridge, Service, Setup, YES, frame, free_address};
use super::support::report::{Goal, percentile, row};
use super::support::signers::Signer;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const STARTS: usize = 25;

pub(crate) fn measure(program: &Path) {
    let folder = TempDir::new().expect("a temporary folder");
    let signer = [Signer::hs256()];
    let unix = format!("unix:{}/hook.sock", folder.path().display());
    let tcp = free_address();
    let _services = [&unix, &tcp].map(|address| Service::start(program, Setup::with_hook(address), &signer));
    let question = frame(format!("auth:alice:localhost:{}", signer[0].token("HS256", None)));
    for (name, hook) in [("unix", unix), ("TCP", format!("http://{tcp}"))] {
        let start = || {
            let log = File::create(folder.path().join("log")).expect("writable");
            let start = Instant::now();
            let mut bridge = Bridge::start(program, &hook, log);
            assert_eq!(bridge.ask(&question), YES);
            (bridge, start.elapsed().as_secs_f64() * 1000.0)
        };
        let starts: Vec<_> = (0..STARTS).map(|_| start().1).collect();
        let (mut bridge, _) = start();
        let [mut rates, mut p50, mut p99] = [(); 3].map(|()| Vec::new());
        for _ in 0..ROUNDS {
            let mut latencies = latencies(&mut bridge, &question);
            let total: Duration = latencies.iter().sum();
            rates.push(count(&latencies) / total.as_secs_f64());
            p50.push(percentile(&mut latencies, 500));
            p99.push(percentile(&mut latencies, 990));
        }
        let of = |what: &str| format!("bridge over {name}, {what}");
        row(&of("one after the other"), "1/s", &rates, Goal::AtLeast(8000.0));
        row(&of("p50"), "ms", &p50, Goal::Shown);
        row(&of("p99"), "ms", &p99, Goal::Below(0.4));
        for (field, goal) in [("VmRSS", Goal::Below(6.0 * 1024.0)), ("RssAnon", Goal::Shown)] {
            let kilobytes = u32::try_from(bridge.process.memory(field)).expect("not that much");
            row(&of(field), "KiB", &[kilobytes.into()], goal);
        }
        row(&of("start to first answer"), "ms", &starts, Goal::Below(5.0));
    }
}

fn latencies(bridge: &mut Bridge, question: &[u8]) -> Vec<Duration> {
    let (round, mut latencies) = (Instant::now(), Vec::new());
    while round.elapsed() < ROUND {
        let asked = Instant::now();
        assert_eq!(bridge.ask(question), YES);
        latencies.push(asked.elapsed());
    }
    latencies
}

fn count(latencies: &[Duration]) -> f64 {
    u32::try_from(latencies.len()).expect("not that many").into()
}
