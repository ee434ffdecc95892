//! What is running is asked.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::setup::Setup;
use crate::support::Service;

/// A configuration whose listeners are unix sockets in its folder.
fn on_sockets() -> Setup {
    let listeners = "public = \"unix:FOLDER/public.sock\"\nhook = \"unix:FOLDER/hook.sock\"";
    let setup = Setup::clean().toml("hook = \"127.0.0.1:18081\"", listeners);
    setup.yml("http://127.0.0.1:18081", "unix:FOLDER/hook.sock")
}

fn serve(setup: &Setup) -> Service {
    setup.write();
    let text = std::fs::read_to_string(setup.path("sidecar.toml")).expect("just written");
    let store = text.replace("path = \"store\"", &format!("path = \"{}\"", setup.path("store").display()));
    Service::start_with(&store)
}

#[test]
fn a_service_that_runs_and_answers_is_fine() {
    let setup = on_sockets();
    let stopped = setup.check();
    assert!(
        stopped.found.is_empty() && stopped.stdout.contains("note: the service is not running"),
        "{stopped:?}"
    );
    let service = serve(&setup);
    let running = setup.check();
    assert!(
        running.found.is_empty() && !running.stdout.contains("the service is not running"),
        "{running:?}"
    );
    assert_eq!(running.code, Some(0), "{running:?}");
    drop(service);
}

#[test]
fn a_hook_that_is_elsewhere_is_found() {
    let setup = on_sockets();
    let _service = serve(&setup);
    let setup =
        setup.toml("FOLDER/hook.sock", "FOLDER/other.sock").yml("FOLDER/hook.sock", "FOLDER/other.sock");
    let checked = setup.check();
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert_eq!(checked.found[0].code, "hook_silent", "{checked:?}");
    assert!(checked.found[0].remedy.contains("restart the service"), "{checked:?}");
}

/// Answers `count` requests, each with `answer` of its path.
fn fake(count: usize, answer: fn(&str) -> (u16, &'static str)) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = thread::spawn(move || {
        let mut paths = Vec::new();
        for _ in 0..count {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a request") == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).expect("text");
            let path = head.split(' ').nth(1).expect("a path").to_owned();
            let length = head.to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length = length.map_or(0, |digits| digits.trim().parse().expect("a number"));
            stream.read_exact(&mut vec![0; length]).expect("a body");
            let (status, text) = answer(&path);
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            stream.write_all(answer.as_bytes()).expect("the client waits");
            paths.push(path);
        }
        paths
    });
    (address, server)
}

fn status(path: &str) -> (u16, &'static str) {
    match path {
        "/api/status" => (
            200,
            "\"The node ejabberd@localhost is started with status: started. ejabberd 26.07.1 is running in that node\"",
        ),
        "/api/check_account" => (500, "{}"),
        _ => (404, ""),
    }
}

#[test]
fn a_running_ejabberd_tells_its_version() {
    let (address, server) = fake(1, status);
    let mut setup = Setup::clean().version(None);
    setup.toml = format!("{}[ejabberd]\napi_url = \"http://{address}/api\"\n", setup.toml);
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/api/status"]);
    assert!(checked.stdout.contains("note: ejabberd 26.07 is running"), "{checked:?}");
    assert_eq!(checked.found[0].code, "token_size", "26.04 and newer have a limit of their own: {checked:?}");
}

/// A container's network may take connections for what hangs.
#[test]
fn an_ejabberd_that_takes_the_connection_and_is_silent_is_told_so() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut setup = Setup::clean().version(None);
    let api = format!("http://{}/api", silent.local_addr().expect("bound"));
    setup.toml = format!("{}[ejabberd]\napi_url = \"{api}\"\n", setup.toml);
    let checked = setup.check();
    let told =
        format!("note: ejabberd's API at {api} does not answer: it took the connection and was silent");
    assert!(checked.stdout.contains(&told), "{checked:?}");
    assert!(checked.stdout.contains("look at its log"), "{checked:?}");
}

#[test]
fn a_service_that_is_silent_is_told_so() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound").to_string();
    let checked = Setup::clean().toml("unix:FOLDER/ops.sock", &address).check();
    assert_eq!(checked.found[0].code, "service_degraded", "{checked:?}");
    assert!(checked.found[0].text.contains("it took the connection and was silent"), "{checked:?}");
}

#[test]
fn it_is_found_through_its_own_configuration() {
    let (address, server) = fake(1, status);
    let port = address.rsplit(':').next().expect("a port");
    let setup = Setup::clean().version(None).yml("port: 1\n", &format!("port: {port}\n"));
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/api/status"]);
    assert!(checked.stdout.contains("note: ejabberd 26.07 is running"), "{checked:?}");
}

#[test]
fn an_ejabberd_that_gets_no_answer_about_users_is_found() {
    let (address, server) = fake(2, status);
    let mut setup = on_sockets();
    setup.toml = format!("{}[ejabberd]\napi_url = \"http://{address}/api\"\n", setup.toml);
    let _service = serve(&setup);
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/api/status", "/api/check_account"]);
    assert_eq!(checked.found[0].code, "login_path", "{checked:?}");
    assert!(checked.found[0].remedy.contains("restart ejabberd"), "{checked:?}");
}

/// What is left of ejabberd's login after its extauth program has failed at the start: everybody is unknown.
#[test]
fn an_ejabberd_that_does_not_know_whom_the_service_knows_is_found() {
    let (address, server) =
        fake(2, |path| if path == "/api/check_account" { (200, "1") } else { status(path) });
    let mut setup = on_sockets()
        .file("users", "kim@a.org\n")
        .toml("[upload]", "[auth]\nusers_file = 'FOLDER/users'\n[upload]");
    setup.toml = format!("{}[ejabberd]\napi_url = \"http://{address}/api\"\n", setup.toml);
    let _service = serve(&setup);
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/api/status", "/api/check_account"]);
    assert_eq!(checked.found[0].code, "login_path", "{checked:?}");
    assert!(checked.found[0].text.contains("does not know kim@a.org"), "{checked:?}");
}

#[test]
fn a_service_that_misses_its_store_says_so() {
    let (address, server) = fake(2, |path| match path {
        "/readyz" => {
            (200, "ready\nstore: down: uploads and downloads are answered with 503\nusers: loaded\n")
        }
        "/user_exists" => (200, "false"),
        _ => (404, ""),
    });
    let setup = Setup::clean().toml("unix:FOLDER/ops.sock", &address).toml("127.0.0.1:18081", &address);
    let setup = setup.yml("127.0.0.1:18081", &address);
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/readyz", "/user_exists"]);
    assert_eq!(checked.found[0].code, "service_degraded", "{checked:?}");
    assert!(checked.found[0].text.contains("store: down"), "{checked:?}");
}

#[test]
fn what_is_no_service_of_ours_is_left_alone() {
    let (address, server) = fake(1, |_| (404, ""));
    let checked = Setup::clean().toml("unix:FOLDER/ops.sock", &address).check();
    assert_eq!(server.join().expect("no panic"), ["/readyz"]);
    assert!(
        checked.found.is_empty() && checked.stdout.contains("something else listens there"),
        "{checked:?}"
    );
}

/// In the middle of a rotation the file is ahead of the service, and has to pass so that the service is told.
#[test]
fn other_credentials_and_another_prefix_wait_for_a_reload() {
    let setup = on_sockets().file("pair", "ejabberd:0123456789abcdef0123");
    let pair = "hook_credentials_file = \"FOLDER/pair\"\nops =";
    let running = setup.toml("ops =", pair).yml(" --hook", " --credentials-file FOLDER/pair --hook");
    let _service = serve(&running);
    assert!(running.check().found.is_empty());
    let next = running
        .toml("hook_credentials_file = \"FOLDER/pair\"", "hook_credentials_file = \"FOLDER/next\"")
        .yml("--credentials-file FOLDER/pair", "--credentials-file FOLDER/next")
        .file("next", "ejabberd:next-0123456789abcdef");
    let checked = next.check();
    assert_eq!((checked.code, checked.found.len()), (Some(0), 0), "{checked:?}");
    assert!(checked.stdout.contains("answers with status 401: the service runs with other"), "{checked:?}");
}

#[test]
fn a_bridge_that_is_refused_is_found() {
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    let (address, server) = fake(6, |path| match path {
        "/readyz" => (200, "ready\n"),
        "/user_exists" => (200, "false"),
        "/metrics" if REFUSED.load(Ordering::SeqCst) == 0 => (200, "# none yet\n"),
        "/metrics" => (200, "ejabberd_sidecar_hook_refused_total{reason=\"credentials_wrong\"} 1\nother 7\n"),
        "/api/check_account" => {
            REFUSED.store(1, Ordering::SeqCst);
            (200, "1")
        }
        _ => status(path),
    });
    let mut setup = Setup::clean()
        .toml("unix:FOLDER/ops.sock", &address)
        .toml("127.0.0.1:18081", &address)
        .yml("127.0.0.1:18081", &address);
    setup.toml = format!("{}[ejabberd]\napi_url = \"http://{address}/api\"\n", setup.toml);
    let checked = setup.check();
    let asked = ["/readyz", "/user_exists", "/api/status", "/metrics", "/api/check_account", "/metrics"];
    assert_eq!(server.join().expect("no panic"), asked);
    assert_eq!(checked.found[0].code, "login_path", "{checked:?}");
    assert!(checked.found[0].text.contains("refuses the bridge's credentials"), "{checked:?}");
}

#[test]
fn nobody_of_a_vhost_that_ejabberd_does_not_ask_about_is_asked_for() {
    let (address, server) = fake(1, status);
    let mut setup = on_sockets()
        .file("users", "kim@b.org\n")
        .toml("[upload]", "[auth]\nusers_file = 'FOLDER/users'\n[upload]")
        .toml("[[hosts.\"a.org\".issuers]]", "[[hosts.\"b.org\".issuers]]");
    setup.toml = format!("{}[ejabberd]\napi_url = \"http://{address}/api\"\n", setup.toml);
    let _service = serve(&setup);
    let checked = setup.check();
    assert_eq!(server.join().expect("no panic"), ["/api/status"]);
    assert!(checked.found.iter().all(|found| found.code != "login_path"), "{checked:?}");
}
