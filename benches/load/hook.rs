//! Logins through the hook, and nginx with an answer that is always the same, asked by the same client in turns.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::support::client::{Connection, post};
use super::support::latency::Question;
use super::support::nginx::Nginx;
use super::support::processes::{Process, Service, Setup, free_address};
use super::support::report::{Goal, percentile, row};
use super::support::signers::{Signer, tampered};

const CONNECTIONS: u32 = 8;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(1);
/// Logins a second while latencies are measured.
const RATE: u32 = 1000;
const LATENCY_ROUNDS: usize = 5;
const LATENCY_ROUND: Duration = Duration::from_secs(4);

/// Something to ask.
struct Target<'run> {
    name: &'static str,
    process: &'run Process,
    question: Question<'run>,
}

pub(crate) fn measure(program: &Path, nginx: &Path) {
    let signers = [Signer::hs256(), Signer::rs256(), Signer::es256(1)];
    let [hook, quiet] = [(); 2].map(|()| free_address());
    let services = [(&hook, "info"), (&quiet, "warn")]
        .map(|(hook, level)| Service::start(program, Setup { level, ..Setup::with_hook(hook) }, &signers));
    let nginx = Nginx::start(nginx, r#"location / { return 200 "true"; }"#);
    let tokens = signers.each_ref().map(|signer| signer.token(signer.algorithm(), None));
    let request =
        |token: &str| post("check_password", &[("user", "alice"), ("server", "localhost"), ("pass", token)]);
    let good = tokens.each_ref().map(|token| request(token));
    let bad = tokens.each_ref().map(|token| request(&tampered(token)));

    let [hs256, rs256, es256] = good.each_ref().map(Vec::as_slice);
    let [_, rs256_bad, es256_bad] = bad.each_ref().map(Vec::as_slice);
    let [process, quiet_process] = services.each_ref().map(|service| &service.process);
    let ask = |address, request| Question { address, request, answer: "true" };
    let to_hook = |name, request| Target { name, process, question: ask(&hook, request) };
    let refused = |name, request| {
        let question = Question { answer: "false", ..ask(&hook, request) };
        Target { question, ..to_hook(name, request) }
    };
    let targets = [
        Target { name: "nginx", process: &nginx.process, question: ask(&nginx.address, hs256) },
        to_hook("HS256", hs256),
        Target { name: "HS256 without its log line", process: quiet_process, question: ask(&quiet, hs256) },
        to_hook("RS256", rs256),
        to_hook("ES256", es256),
        // No key remembers these: they cost what good ones cost the first time.
        refused("RS256, bad signature", rs256_bad),
        refused("ES256, bad signature", es256_bad),
    ];
    throughput(&targets);
    let [nginx, hs256, ..] = &targets;
    latency(nginx, Goal::Shown);
    latency(hs256, Goal::Below(1.0));
}

/// In turns: what else the machine does then falls on all of them.
fn throughput(targets: &[Target<'_>; 7]) {
    let [mut rates, mut costs] = [(); 2].map(|()| [(); 7].map(|()| Vec::new()));
    for _ in 0..ROUNDS {
        for (at, target) in targets.iter().enumerate() {
            let before = target.process.cpu_time();
            let (answers, rate) = answers_per_second(target);
            rates[at].push(rate);
            let spent = target.process.cpu_time().saturating_sub(before);
            costs[at].push(spent.as_secs_f64() * 1e6 / f64::from(answers));
        }
    }
    for (target, rates) in targets.iter().zip(&rates) {
        row(&format!("{}, {CONNECTIONS} connections", target.name), "1/s", rates, Goal::Shown);
    }
    let [nginx, hs256, _, rs256, es256, ..] = &rates;
    for (name, rates, of, goal) in [
        ("HS256 / nginx", hs256, nginx, 0.5),
        ("RS256 / HS256", rs256, hs256, 0.6),
        ("ES256 / HS256", es256, hs256, 0.6),
    ] {
        let ratios: Vec<_> = rates.iter().zip(of).map(|(rate, of)| rate / of).collect();
        row(name, "", &ratios, Goal::AtLeast(goal));
    }
    // Who else was there shows less in this.
    for (target, costs) in targets.iter().zip(&costs) {
        row(&format!("{}, time of a processor for each", target.name), "us", costs, Goal::Shown);
    }
}

fn latency(target: &Target<'_>, goal: Goal) {
    let [mut p50, mut p99] = [(); 2].map(|()| Vec::new());
    for _ in 0..LATENCY_ROUNDS {
        let mut latencies = target.question.latencies(RATE, LATENCY_ROUND);
        p50.push(percentile(&mut latencies, 500));
        p99.push(percentile(&mut latencies, 990));
    }
    row(&format!("{}, {RATE}/s, p50", target.name), "ms", &p50, Goal::Shown);
    row(&format!("{}, {RATE}/s, p99", target.name), "ms", &p99, goal);
}

/// Each connection asks again as soon as it was answered.
fn answers_per_second(target: &Target<'_>) -> (u32, f64) {
    let start = Barrier::new(CONNECTIONS as usize);
    let one = || {
        let mut connection = Connection::open(target.question.address);
        target.question.ask(&mut connection);
        start.wait();
        let (start, mut answers) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            target.question.ask(&mut connection);
            answers += 1;
        }
        (answers, f64::from(answers) / start.elapsed().as_secs_f64())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one)).collect();
        let clients = clients.into_iter().map(|client| client.join().expect("all are answered"));
        clients.fold((0, 0.0), |(answers, rate), (more, faster)| (answers + more, rate + faster))
    })
}
