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
use super::support::signers::Signer;

const CONNECTIONS: u32 = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// Logins a second while latencies are measured.
const RATE: u32 = 1000;
const LATENCY_ROUNDS: usize = 3;
const LATENCY_ROUND: Duration = Duration::from_secs(5);

pub(crate) fn measure(program: &Path, nginx: &Path) {
    let signers = [Signer::hs256(), Signer::rs256(), Signer::es256(1)];
    let [hook, quiet] = [(); 2].map(|()| free_address());
    let _services = [(&hook, "info"), (&quiet, "warn")]
        .map(|(address, level)| Service::start(program, address, level, &signers));
    let nginx = Nginx::start(nginx);
    let [hs256, rs256, es256] = signers.each_ref().map(|signer| {
        let token = signer.token(signer.algorithm(), None);
        post("check_password", &[("user", "alice"), ("server", "localhost"), ("pass", &token)])
    });

    let targets = [
        ("nginx, return 200", nginx.address.as_str(), &hs256),
        ("HS256", &hook, &hs256),
        ("HS256, log.level = \"warn\"", &quiet, &hs256),
        ("RS256", &hook, &rs256),
        ("ES256", &hook, &es256),
    ];
    // In turns: what else the machine does then falls on all of them.
    let mut rounds = [(); 5].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, address, request), rounds) in targets.iter().zip(&mut rounds) {
            rounds.push(answers_per_second(address, request));
        }
    }
    for ((name, ..), rounds) in targets.iter().zip(&rounds) {
        row(&format!("{name}, {CONNECTIONS} connections"), "1/s", rounds, Goal::Shown);
    }
    let [nginx_rounds, hs256_rounds, _, rs256_rounds, es256_rounds] = &rounds;
    for (name, rounds, of, goal) in [
        ("HS256 / nginx", hs256_rounds, nginx_rounds, 0.5),
        ("RS256 / HS256", rs256_rounds, hs256_rounds, 0.6),
        ("ES256 / HS256", es256_rounds, hs256_rounds, 0.6),
    ] {
        let ratios: Vec<_> = rounds.iter().zip(of).map(|(rate, of)| rate / of).collect();
        row(name, "", &ratios, Goal::AtLeast(goal));
    }

    let mut rounds = [(); 2].map(|()| [Vec::new(), Vec::new()]);
    for _ in 0..LATENCY_ROUNDS {
        for ((_, address, request), [p50, p99]) in targets[..2].iter().zip(&mut rounds) {
            let mut latencies = latencies(address, request);
            p50.push(percentile(&mut latencies, 500));
            p99.push(percentile(&mut latencies, 990));
        }
    }
    for ((name, ..), ([p50, p99], goal)) in
        targets.iter().zip(rounds.iter().zip([Goal::Shown, Goal::Below(1.0)]))
    {
        row(&format!("{name}, {RATE}/s, p50"), "ms", p50, Goal::Shown);
        row(&format!("{name}, {RATE}/s, p99"), "ms", p99, goal);
    }
}

/// Each connection asks again as soon as it was answered.
fn answers_per_second(address: &str, request: &[u8]) -> f64 {
    let start = Barrier::new(CONNECTIONS as usize);
    let one = || {
        let mut connection = Connection::open(address);
        yes(&mut connection, request);
        start.wait();
        let (start, mut answers) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            yes(&mut connection, request);
            answers += 1;
        }
        f64::from(answers) / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one)).collect();
        clients.into_iter().map(|client| client.join().expect("all are answered")).sum()
    })
}

/// Questions come at their times, whether or not those before were answered. A question that had to wait for its connection
/// waited: its time counts from when it should have been asked.
fn latencies(address: &str, request: &[u8]) -> Vec<Duration> {
    let interval = Duration::from_secs(1) / RATE;
    let start = Instant::now() + Duration::from_millis(50);
    let one = |first: u32| {
        let mut connection = Connection::open(address);
        yes(&mut connection, request);
        let mut latencies = Vec::new();
        for at in (first..).step_by(CONNECTIONS as usize).map(|number| interval * number) {
            if at >= LATENCY_ROUND {
                return latencies;
            }
            sleep((start + at).saturating_duration_since(Instant::now()));
            yes(&mut connection, request);
            latencies.push(start.elapsed().saturating_sub(at));
        }
        latencies
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || one(first))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("all are answered")).collect()
    })
}

fn yes(connection: &mut Connection, request: &[u8]) {
    let answer = connection.ask(request).expect("an answer");
    assert_eq!((answer.status, answer.body), (200, &b"true"[..]));
}

/// nginx with a configuration of its own. It ends with this value.
struct Nginx {
    address: String,
    _process: Process,
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
        Self { address, _process: process, _folder: folder }
    }
}
