//! `soak PROGRAM`: a million frames through one bridge while a million calls go to the hook beside it. Each has to get its one
//! right answer, and afterwards both processes have to be as large as before. Ends with a failure where that is not so.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use clap::Parser;
use tempfile::TempDir;

mod calls;
mod frames;
mod mix;
#[path = "../support/mod.rs"]
mod support;

use calls::Call;
use frames::Frame;
use mix::Mix;
use support::client::Connection;
use support::processes::{Bridge, Process, Service, Setup, YES, bytes_of, frame, free_address, wait_until};
use support::signers::Signer;

/// Frames, and as many calls of the hook.
const EACH: usize = 1_000_000;
/// After as many everything has its size: buffers, the allocator's arenas, the counters.
const WARM_UP: usize = 50_000;
const CLIENTS: usize = 4;
/// After as many calls a client connects anew.
const CALLS_OF_A_CONNECTION: usize = 997;

/// By how many KiB the service and the bridge may grow, for allocators that settle late. If each frame left one byte behind, the
/// bridge would grow by twice that; if each frame and call left four, so would the service.
const MAY_GROW: [u64; 2] = [4096, 512];
/// Of a log, for each line.
const LINE_MAX_BYTES: usize = 256;
/// Of a log, whatever is refused: as many a minute, and one that says so.
const REFUSALS_PER_MINUTE: usize = 1001;

#[derive(Parser)]
struct Arguments {
    /// ejabberd-sidecar, as it is shipped
    program: PathBuf,
}

fn main() {
    let Arguments { program } = Arguments::parse();
    let (start, signer, address) = (Instant::now(), Signer::hs256(), free_address());
    let service = Service::start(&program, Setup::with_hook(&address), [&signer]);
    let folder = TempDir::new().expect("a temporary folder");
    let bridge_log = folder.path().join("log");
    let log = File::create(&bridge_log).expect("writable");
    let mut bridge = Bridge::start(&program, &format!("http://{address}"), log);
    let token = signer.token("HS256", None);
    assert_eq!(
        bridge.ask(&frame(format!("auth:alice:localhost:{token}"))),
        YES,
        "alice is there from now on"
    );
    let soak = Soak { address, frames: frames::mix(&token), calls: calls::mix(&token) };

    let open = |bridge: &Bridge| [&service.process, &bridge.process].map(Process::open_descriptors);
    let anonymous =
        |bridge: &Bridge| [&service.process, &bridge.process].map(|process| process.memory("RssAnon"));
    let sockets = open(&bridge).map(|[sockets, _]| sockets);
    soak.run(&mut bridge, 0..WARM_UP);
    // By now there is what is opened once, when it is first needed.
    let others = open(&bridge).map(|[_, others]| others);
    let before = anonymous(&bridge);
    soak.run(&mut bridge, WARM_UP..WARM_UP + EACH);
    let after = anonymous(&bridge);
    say(&format!(
        "RssAnon of service and bridge: {before:?} KiB after the warm-up, {after:?} KiB at the end"
    ));
    for ((before, after), may_grow) in before.iter().zip(after).zip(MAY_GROW) {
        assert!(after <= before + may_grow, "something has grown");
    }
    wait_until("the service has closed what its clients have", || {
        open(&bridge).map(|[sockets, _]| sockets) == sockets
    });
    assert_eq!(open(&bridge).map(|[_, others]| others), others, "files are closed");

    let logs = [service.log_bytes(), bytes_of(&bridge_log)];
    let logins = 1 + soak.logins();
    say(&format!("logs of service and bridge: {logs:?} bytes, after {logins} logins"));
    // The first and the last one are not whole.
    let minutes = 2 + usize::try_from(start.elapsed().as_secs() / 60).expect("a few");
    let refusals = REFUSALS_PER_MINUTE * minutes * LINE_MAX_BYTES;
    assert!(logs[0] <= logins * LINE_MAX_BYTES + refusals, "the service says too much");
    assert!(logs[1] <= refusals, "the bridge says too much");
    assert_eq!(accepted_logins(&service.ops), logins, "one decision for each question");
    bridge.close();
    say("every question got its one right answer");
}

/// What is asked, and where.
struct Soak {
    address: String,
    frames: Mix<Frame>,
    calls: Mix<Call>,
}

impl Soak {
    /// Asks all of `numbers` through the bridge and all of them at the hook.
    fn run(&self, bridge: &mut Bridge, numbers: Range<usize>) {
        let (start, count) = (Instant::now(), numbers.len());
        let (stdin, stdout) = bridge.pipes();
        let (sent, mut wrong) = (numbers.clone(), None);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let numbers = numbers.clone().skip(client).step_by(CLIENTS);
                scope.spawn(move || self.call(numbers));
            }
            // As fast as the pipe takes them: many wait in it, and answers have to come in order all the same.
            scope.spawn(move || {
                for number in sent {
                    stdin.write_all(&self.frames.nth(number).bytes).expect("the bridge reads");
                }
            });
            let mut answer = [0; 4];
            for number in numbers {
                stdout.read_exact(&mut answer).expect("the bridge answers");
                if answer != self.frames.nth(number).answer {
                    wrong.get_or_insert((number, answer));
                }
            }
        });
        assert_eq!(wrong, None, "the first wrong answer, and the number of its frame");
        say(&format!("{count} frames and {count} calls in {:.1?}", start.elapsed()));
    }

    fn call(&self, numbers: impl Iterator<Item = usize>) {
        let mut connection = Connection::open(&self.address);
        for (done, number) in numbers.enumerate() {
            let call = self.calls.nth(number);
            let answer = connection.ask(&call.request).expect("an answer");
            assert_eq!(answer.status, call.status, "call {number}");
            assert!(call.body.is_none_or(|body| answer.body == body.as_bytes()), "call {number}: {answer:?}");
            if call.is_last || done.is_multiple_of(CALLS_OF_A_CONNECTION) {
                connection = Connection::open(&self.address);
            }
        }
    }

    fn logins(&self) -> usize {
        let of = |number| [self.frames.nth(number).is_login, self.calls.nth(number).is_login];
        (0..WARM_UP + EACH).flat_map(of).filter(|is_login| *is_login).count()
    }
}

/// As the service counts them.
fn accepted_logins(ops: &str) -> usize {
    let mut connection = Connection::open(ops);
    let answer = connection.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("an answer");
    let metrics = String::from_utf8_lossy(answer.body);
    let line = metrics.lines().find(|line| {
        line.starts_with("ejabberd_sidecar_logins_total{") && line.contains("outcome=\"accepted\"")
    });
    let count = line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok());
    count.unwrap_or_else(|| unreachable!("no count of logins in:\n{metrics}"))
}

fn say(text: &str) {
    writeln!(io::stdout(), "{text}").expect("somebody reads this");
}
