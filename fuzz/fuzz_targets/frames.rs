//! What ejabberd writes to the bridge. A hook in this process gives answers that follow from the question, so that each is
//! known to be the right one.
#![no_main]

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use ejabberd_sidecar::extauth::{Hook, HookClient, serve};
use ejabberd_sidecar::types::encoded_once;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// More than this machine can need: with it every question is answered.
const GRACE: Duration = Duration::from_secs(20);

static CLIENT: LazyLock<HookClient> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("hook.sock");
    let listener = UnixListener::bind(&path).expect("a free path");
    // The folder stays for as long as somebody listens: until the end.
    thread::spawn(move || {
        let _folder = folder;
        for connection in listener.incoming() {
            answer_all(connection.expect("a connection"));
        }
    });
    HookClient::new(Hook::Unix(path), None)
});

fuzz_target!(|input: &[u8]| {
    let mut answers = Vec::new();
    serve(input, &mut answers, &CLIENT, GRACE).expect("memory can be read and written");
    let expected: Vec<_> = payloads(input).flat_map(|payload| [0, 2, 0, u8::from(is_yes(payload))]).collect();
    assert_eq!(answers, expected);
});

/// The payloads of all whole frames.
fn payloads(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_at_checked(2)?;
        let (payload, rest) = rest.split_at_checked(usize::from(length[0]) << 8 | usize::from(length[1]))?;
        input = rest;
        Some(payload)
    })
}

/// What has to come of a question, as another reading of ejabberd's protocol has it.
fn is_yes(payload: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(payload) else { return false };
    let (call, arguments) = match text.splitn(4, ':').collect::<Vec<_>>()[..] {
        ["auth", user, server, pass] => ("check_password", vec![user, server, pass]),
        ["isuser", user, server] => ("user_exists", vec![user, server]),
        ["tryregister", user, server, _] => ("register", vec![user, server]),
        ["removeuser", user, server] => ("remove_user", vec![user, server]),
        ["removeuser3", user, server, pass] => ("remove_user_validate", vec![user, server, pass]),
        _ => return false,
    };
    // Another one could be meant.
    encoded_once(arguments[0]) == arguments[0] && says_yes(call, &arguments)
}

/// What the hook of this file says. Whatever changes a question on its way is likely to change the answer.
fn says_yes(call: &str, arguments: &[&str]) -> bool {
    let mut hasher = DefaultHasher::new();
    (call, arguments).hash(&mut hasher);
    hasher.finish().is_multiple_of(2)
}

fn answer_all(connection: UnixStream) {
    let mut connection = BufReader::new(connection);
    while let Some((call, form)) = question(&mut connection) {
        let form: Vec<_> = url::form_urlencoded::parse(&form).collect();
        let names: Vec<_> = form.iter().map(|(name, _)| name.as_ref()).collect();
        assert!(matches!(names[..], ["user", "server"] | ["user", "server", "pass"]), "{names:?}");
        let arguments: Vec<_> = form.iter().map(|(_, value)| value.as_ref()).collect();
        let yes = says_yes(&call, &arguments);
        // No 404 and no 409: to a question that is asked again they say that it was done the first time.
        let (status, body) = match (call.as_str(), yes) {
            ("check_password" | "user_exists", _) => ("200 OK", if yes { "true" } else { "false" }),
            ("register", true) => ("201 Created", ""),
            (_, true) => ("204 No Content", ""),
            (_, false) => ("403 Forbidden", ""),
        };
        let length = if status.starts_with("204") {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        let answer = format!("HTTP/1.1 {status}\r\n{length}\r\n{body}");
        if connection.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The call and its form; `None` at the end of the connection.
fn question(connection: &mut BufReader<UnixStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    // libFuzzer's timer may interrupt the bridge, which then asks again on another connection.
    if connection.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let call = line.strip_prefix("POST /").and_then(|rest| rest.strip_suffix(" HTTP/1.1\r\n"));
    let call = call.expect("a request of the bridge").to_owned();
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line).expect("readable");
        match line.to_ascii_lowercase().trim_end().split_once(": ") {
            Some(("content-length", number)) => length = number.parse().expect("a number"),
            Some(_) => {}
            None => break,
        }
    }
    let mut form = vec![0; length];
    connection.read_exact(&mut form).expect("a whole form");
    Some((call, form))
}
