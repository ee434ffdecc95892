//! Logins through the hook, and nginx with an answer that is always the same, asked by the same client in turns.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::report::{Goal, percentile, row};
use super::support::client::{Connection, post};
use super::support::processes::{Process, Service, free_address, wait_until};
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
    address: &'run str,
    process: &'run Process,
    request: &'run [u8],
    answer: &'static str,
}

pub(crate) fn measure(program: &Path, nginx: &Path) {
    let signers = [Signer::hs256(), Signer::rs256(), Signer::es256(1)];
    let [hook, quiet] = [(); 2].map(|()| free_address());
    let services = [(&hook, "info"), (&quiet, "warn")]
        .map(|(address, level)| Service::start(program, address, level, &signers));
    let nginx = Nginx::start(nginx);
    let tokens = signers.each_ref().map(|signer| signer.token(signer.algorithm(), None));
    let request =
        |token: &str| post("check_password", &[("user", "alice"), ("server", "localhost"), ("pass", token)]);
    let good = tokens.each_ref().map(|token| request(token));
    let bad = tokens.each_ref().map(|token| request(&tampered(token)));

    let [hs256, rs256, es256] = good.each_ref().map(Vec::as_slice);
    let [_, rs256_bad, es256_bad] = bad.each_ref().map(Vec::as_slice);
    let [process, quiet_process] = services.each_ref().map(|service| &service.process);
    let to_hook = |name, request| Target { name, address: &hook, process, request, answer: "true" };
    let targets = [
        Target { address: &nginx.address, process: &nginx.process, ..to_hook("nginx", hs256) },
        to_hook("HS256", hs256),
        Target { address: &quiet, process: quiet_process, ..to_hook("HS256 without its log line", hs256) },
        to_hook("RS256", rs256),
        to_hook("ES256", es256),
        // No key remembers these: they cost what good ones cost the first time.
        Target { answer: "false", ..to_hook("RS256, bad signature", rs256_bad) },
        Target { answer: "false", ..to_hook("ES256, bad signature", es256_bad) },
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
        let mut latencies = latencies(target);
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
        let mut connection = Connection::open(target.address);
        ask(&mut connection, target);
        start.wait();
        let (start, mut answers) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            ask(&mut connection, target);
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

/// Questions come at their times, whether or not those before were answered. A question that had to wait for its connection
/// waited: its time counts from when it should have been asked.
fn latencies(target: &Target<'_>) -> Vec<Duration> {
    let interval = Duration::from_secs(1) / RATE;
    let start = Instant::now() + Duration::from_millis(50);
    let one = |first: u32| {
        let mut connection = Connection::open(target.address);
        ask(&mut connection, target);
        let mut latencies = Vec::new();
        for at in (first..).step_by(CONNECTIONS as usize).map(|number| interval * number) {
            if at >= LATENCY_ROUND {
                return latencies;
            }
            sleep((start + at).saturating_duration_since(Instant::now()));
            ask(&mut connection, target);
            latencies.push(start.elapsed().saturating_sub(at));
        }
        latencies
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || one(first))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("all are answered")).collect()
    })
}

fn ask(connection: &mut Connection, target: &Target<'_>) {
    let answer = connection.ask(target.request).expect("an answer");
    assert_eq!((answer.status, answer.body), (200, target.answer.as_bytes()));
}

/// nginx with a configuration of its own. It ends with this value.
struct Nginx {
    address: String,
    process: Process,
    _folder: TempDir,
}

impl Nginx {
    fn start(program: &Path) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = free_address();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.path().display()))
            .concat();
        let configuration = format!(
            r#"
daemon off;
worker_processes auto;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    keepalive_requests 1000000000;
    {temporary}
    server {{
        listen {address};
        location / {{ return 200 "true"; }}
    }}
}}
"#
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).expect("writable");
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(file).args(["-e", "stderr"]).stdin(Stdio::null());
        let process = Process::spawn(&mut command);
        wait_until("nginx listens", || TcpStream::connect(&address).is_ok());
        Self { address, process, _folder: folder }
    }
}
