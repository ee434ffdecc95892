//! The bridge, as ejabberd runs it: frames into its stdin, answers out of its stdout.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use socket2::{Domain, SockAddr, Socket, Type};
use support::{FREE_PORTS, PROGRAM, Service, configuration, tokens, wait_until};
use tempfile::TempDir;

const YES: [u8; 4] = [0, 2, 0, 1];
const NO: [u8; 4] = [0, 2, 0, 0];

struct Bridge {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: Arc<Mutex<String>>,
}

impl Bridge {
    fn start(hook: &str) -> Self {
        // Longer than anything takes that a test waits for.
        Self::start_with(hook, "1m")
    }

    fn start_with(hook: &str, grace: &str) -> Self {
        Self::start_with_arguments(hook, grace, &[])
    }

    fn start_with_arguments(hook: &str, grace: &str, more: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        // A proxy would see passwords.
        command
            .args(["extauth", "--hook", hook, "--grace", grace])
            .args(more)
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("program starts");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("piped"));
        let mut pipe = child.stderr.take().expect("piped");
        let stderr = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&stderr);
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Some(read) = pipe.read(&mut bytes).ok().filter(|read| *read > 0) {
                written.lock().expect("no panic in here").push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self { child, stdin, stdout, stderr }
    }

    fn send(&mut self, payload: &[u8]) {
        let length = u16::try_from(payload.len()).expect("a frame's length");
        let frame = [&length.to_be_bytes(), payload].concat();
        self.stdin.as_mut().expect("open").write_all(&frame).expect("the bridge reads");
    }

    fn answer(&mut self) -> [u8; 4] {
        let mut answer = [0; 4];
        self.stdout.read_exact(&mut answer).expect("the bridge answers");
        answer
    }

    fn ask(&mut self, payload: impl AsRef<[u8]>) -> [u8; 4] {
        self.send(payload.as_ref());
        self.answer()
    }

    /// Closes its stdin; it has to end well, with nothing more on stdout.
    fn close(mut self) {
        drop(self.stdin.take());
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).expect("readable");
        assert_eq!(rest, b"", "more answers than questions");
        assert_eq!(self.child.wait().expect("ours").code(), Some(0));
    }

    /// Waits until all of `parts` are in what it says on stderr.
    fn wait_for_log(&self, parts: &[&str]) {
        wait_until(&format!("{parts:?} in the bridge's log"), || {
            let log = self.log();
            parts.iter().all(|part| log.contains(part))
        });
    }

    fn log(&self) -> String {
        self.stderr.lock().expect("no panic in there").clone()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Frames with the answers they have to get.
fn mixed_frames(count: usize) -> Vec<(Vec<u8>, [u8; 4])> {
    let good = tokens::good("alice");
    let longest = format!("auth:alice:localhost:{}", "x".repeat(65_535 - "auth:alice:localhost:".len()));
    let kinds: [(Vec<u8>, [u8; 4]); 11] = [
        (format!("auth:alice:localhost:{good}").into(), YES),
        (b"auth:alice:localhost:wrong:with:colons".into(), NO),
        (format!("auth:bob:localhost:{good}").into(), NO),
        (b"isuser:alice:localhost".into(), YES),
        (b"isuser:nobody:localhost".into(), NO),
        (b"auth:alice:localhost:a&pass=b+c%20\xc3\xa9".into(), NO),
        (b"setpass:alice:localhost:x".into(), NO),
        (b"removeuser:alice:localhost".into(), NO),
        (b"auth:\xff\xfe:localhost:x".into(), NO),
        (b"".into(), NO),
        (longest.into(), NO),
    ];
    (0..count).map(|n| kinds[(n * 7 + n / 11) % kinds.len()].clone()).collect()
}

fn a_thousand_frames(service: &Service, hook: &str) {
    let mut bridge = Bridge::start(hook);
    assert_eq!(bridge.ask(format!("auth:alice:localhost:{}", tokens::good("alice"))), YES);
    let frames = mixed_frames(1000);
    let mut stdin = bridge.stdin.take().expect("open");
    let questions: Vec<Vec<u8>> = frames.iter().map(|(question, _)| question.clone()).collect();
    // All at once: the pipe fills up, and answers have to come in order all the same.
    let writer = thread::spawn(move || {
        for question in questions {
            let length = u16::try_from(question.len()).expect("a frame's length").to_be_bytes();
            stdin.write_all(&[&length, question.as_slice()].concat()).expect("the bridge reads");
        }
    });
    for (number, (question, answer)) in frames.iter().enumerate() {
        assert_eq!(bridge.answer(), *answer, "frame {number}: {:.60}", String::from_utf8_lossy(question));
    }
    writer.join().expect("all frames were sent");
    assert!(!bridge.log().contains("hook"), "nothing to complain about: {}", bridge.log());
    bridge.close();
    assert!(!service.log().contains(&tokens::good("alice")[..40]), "a token in the log");
}

#[test]
fn a_thousand_mixed_frames_are_answered_in_order_over_tcp() {
    let service = Service::start();
    a_thousand_frames(&service, &format!("http://{}", service.address("hook")));
}

/// A folder with a socket, and the `[listen]` that goes with it.
fn unix_hook() -> (TempDir, String, String) {
    let folder = TempDir::new().expect("temporary folder");
    let hook = format!("unix:{}/hook.sock", folder.path().display());
    let listen = format!("public = '127.0.0.1:0'\nhook = '{hook}'\nops = '127.0.0.1:0'");
    (folder, hook, listen)
}

#[test]
fn a_thousand_mixed_frames_are_answered_in_order_over_a_unix_socket() {
    let (_folder, hook, listen) = unix_hook();
    let service = Service::start_with(&configuration(&listen, ""));
    a_thousand_frames(&service, &hook);
}

#[test]
fn while_the_service_is_away_the_answer_is_no_and_then_yes_again() {
    let (_folder, hook, listen) = unix_hook();
    let mut bridge = Bridge::start_with(&hook, "300ms");
    let question = format!("auth:alice:localhost:{}", tokens::good("alice"));
    assert_eq!(bridge.ask(&question), NO, "it was never there");
    assert_eq!(bridge.ask("setpass:alice:localhost:x"), NO);
    assert!(!bridge.log().contains("is back"), "nobody was asked: {}", bridge.log());
    assert_eq!(bridge.ask(&question), NO, "it is still away");
    let service = Service::start_with(&configuration(&listen, ""));
    wait_until("a login succeeds", || bridge.ask(&question) == YES);
    drop(service);
    assert_eq!(bridge.ask(&question), NO, "it was killed");
    let log = bridge.log();
    assert!(log.contains("hook_away") && log.contains("the hook is back"), "{log}");
    assert!(!log.contains(&question[21..]), "a token in the log");
    bridge.close();
}

#[test]
fn a_service_that_accepts_nothing_is_away_over_unix_too() {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("hook.sock");
    let frozen = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
    frozen.bind(&SockAddr::unix(&path).expect("short path")).expect("free path");
    frozen.listen(0).expect("bound");
    let mut bridge = Bridge::start_with(&format!("unix:{}", path.display()), "1ms");
    for _ in 0..3 {
        assert_eq!(bridge.ask("auth:alice:localhost:x"), NO);
    }
    bridge.close();
}

#[test]
fn the_wrong_listener_is_named_as_such() {
    let service = Service::start();
    let mut bridge = Bridge::start(&format!("http://{}", service.address("public")));
    assert_eq!(bridge.ask(format!("auth:alice:localhost:{}", tokens::good("alice"))), NO);
    bridge.wait_for_log(&["hook_refused", "status 405", "--hook"]);
    bridge.close();
}

#[test]
fn a_hook_that_talks_nonsense_is_no_hook() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("free port");
    let address = listener.local_addr().expect("bound");
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntrue\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\ntruetrue",
        "HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\ntrue",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\ntrue",
        "HTTP/1.1 302 Found\r\nlocation: /true\r\ncontent-length: 4\r\n\r\ntrue",
        "HTTP/1.1 500 Oh\r\ncontent-length: 4\r\n\r\ntrue",
        "true\r\n\r\n",
        "",
    ];
    thread::spawn(move || {
        for number in 0.. {
            let Ok((mut connection, _)) = listener.accept() else { return };
            let mut head = [0; 4096];
            drop(connection.read(&mut head));
            drop(connection.write_all(answers[number % answers.len()].as_bytes()));
        }
    });
    let mut bridge = Bridge::start_with(&format!("http://{address}"), "1ms");
    for _ in 0..answers.len() {
        assert_eq!(bridge.ask("auth:alice:localhost:x"), NO);
    }
    bridge.close();
}

#[test]
fn credentials_come_from_a_file_and_without_them_the_bridge_says_why() {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("hook.credentials");
    std::fs::write(&file, "ejabberd:a-password-of-the-hook\n").expect("writable");
    let listen = format!("{FREE_PORTS}\nhook_prefix = '/auth'\nhook_credentials_file = '{}'", file.display());
    let service = Service::start_with(&configuration(&listen, ""));
    let hook = format!("http://{}/auth/", service.address("hook"));
    let question = format!("auth:alice:localhost:{}", tokens::good("alice"));

    let with_them = ["--credentials-file", file.to_str().expect("text")];
    let mut bridge = Bridge::start_with_arguments(&hook, "1m", &with_them);
    assert_eq!(bridge.ask(&question), YES);
    bridge.close();
    let mut bridge = Bridge::start(&hook);
    assert_eq!(bridge.ask(&question), NO);
    bridge.wait_for_log(&["hook_refused", "status 401", "--credentials-file"]);
    bridge.close();
}

#[test]
fn a_restart_during_a_hundred_logins_loses_none() {
    let (_folder, hook, listen) = unix_hook();
    let mut service = Service::start_with(&configuration(&listen, ""));
    let question = format!("auth:alice:localhost:{}", tokens::good("alice"));
    let restarted = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (mut bridge, question, restarted) =
                (Bridge::start(&hook), question.clone(), Arc::clone(&restarted));
            thread::spawn(move || {
                let mut answers = Vec::new();
                // Logins go on for as long as the restart takes, however fast the machine is.
                while answers.len() < 25 || !restarted.load(Ordering::Relaxed) {
                    answers.push(bridge.ask(&question));
                }
                bridge.close();
                answers
            })
        })
        .collect();
    service.wait_for_log(&["outcome=\"accepted\""]);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    let service = Service::start_in(service.folder(), &configuration(&listen, ""));
    service.wait_for_log(&["outcome=\"accepted\""]);
    restarted.store(true, Ordering::Relaxed);
    let answers: Vec<_> =
        workers.into_iter().flat_map(|worker| worker.join().expect("the bridge ends well")).collect();
    assert!(answers.len() >= 100, "{}", answers.len());
    assert_eq!(answers.iter().filter(|answer| **answer != YES).count(), 0, "of {} logins", answers.len());
}

#[test]
fn the_bridge_ends_with_its_input_even_within_a_frame() {
    for begun in [&b""[..], b"\0", b"\0\x09auth:"] {
        let mut bridge = Bridge::start("unix:/no/such/hook.sock");
        bridge.stdin.as_mut().expect("open").write_all(begun).expect("writable");
        bridge.close();
    }
}

#[test]
fn accounts_are_made_and_removed_through_it() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"));
    let mut bridge = Bridge::start(&format!("http://{}", service.address("hook")));
    let (alice, bob) = (tokens::good("alice"), tokens::good("bob"));
    for (frame, answer) in [
        ("isuser:alice:localhost", NO),
        ("removeuser:alice:localhost", NO),
        ("tryregister:alice:localhost:any:thing", YES),
        ("tryregister:alice:localhost:any:thing", NO),
        ("isuser:alice:localhost", YES),
        ("auth:alice:localhost:any:thing", NO),
        ("setpass:alice:localhost:other", NO),
        (&format!("removeuser3:alice:localhost:{bob}"), NO),
        ("isuser:alice:localhost", YES),
        (&format!("removeuser3:alice:localhost:{alice}"), YES),
        ("isuser:alice:localhost", NO),
        ("tryregister:alice:localhost:", YES),
        ("removeuser:alice:localhost", YES),
        ("isuser:alice:localhost", NO),
    ] {
        assert_eq!(bridge.ask(frame), answer, "{frame}");
    }
    bridge.close();
}

#[test]
fn a_name_with_a_second_reading_is_nobody() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"));
    let mut bridge = Bridge::start(&format!("http://{}", service.address("hook")));
    // As HTTP callers encode it twice, the first name reads as the second one.
    let (twice, once) = ("\u{d7}\u{a9}", "\u{5e9}");
    let token = tokens::good(once);
    assert_eq!(bridge.ask(format!("auth:{once}:localhost:{token}")), YES);
    for call in ["auth", "removeuser3"] {
        assert_eq!(bridge.ask(format!("{call}:{twice}:localhost:{token}")), NO, "{call}");
    }
    for call in ["isuser", "removeuser"] {
        assert_eq!(bridge.ask(format!("{call}:{twice}:localhost")), NO, "{call}");
    }
    assert_eq!(bridge.ask(format!("isuser:{once}:localhost")), YES);
    bridge.close();
}
