//! TLS of the public listener.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use support::http::{Client, connect, get};
use support::metrics::{rejected, value, wait_for_rejected};
use support::tls::{CERT, CONFIGURATION, KEY, Pair};
use support::{FREE_PORTS, PROGRAM, Service, configuration, tokens, wait_until};
use tempfile::TempDir;
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// A service that shows `pair`.
fn service(pair: &Pair, more: &str) -> Service {
    let folder = TempDir::new().expect("temporary folder");
    pair.write(folder.path());
    Service::start_in(Arc::new(folder), &configuration(&format!("{FREE_PORTS}\n{CONFIGURATION}"), more))
}

fn put(path: &str, size: usize) -> String {
    let token = tokens::v(path, size);
    format!(
        "PUT /upload/localhost/{path}?v={token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    )
}

#[test]
fn what_goes_up_comes_down() {
    let pair = Pair::new();
    let service = service(&pair, "");
    let public = service.address("public");
    service.wait_for_log(&["listener=\"public\"", "listening on https://"]);
    let body: Vec<u8> = (0..250_000_u32).flat_map(u32::to_le_bytes).collect();
    for (at, version) in [&TLS12, &TLS13].into_iter().enumerate() {
        let stream = pair.connect_with(&public, &[version]).expect("a handshake");
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]), "{version:?}");
        let mut client = Client::over(stream);
        let path = format!("h/r/name{at}");
        client.send(put(&path, body.len()));
        client.send(&body);
        assert_eq!(client.answer(true).status, 201, "{version:?}");
        client.send(format!("GET /upload/localhost/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let got = client.answer(true);
        assert!(got.status == 200 && got.body == body, "the same bytes");
    }
    assert_eq!(get(&service.address("ops"), "/livez").status, 200, "only the public listener is encrypted");
    assert_eq!(rejected(&service, "public", "tls_failed"), 0);
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let pair = Pair::new();
    let service = service(&pair, "");
    let mut client = pair.connect(&service.address("public")).expect("a handshake");
    client.send(put("h/r/name", 50_000_000));
    for _ in 0..100 {
        client.send(vec![0; 20_000]);
    }
    assert_eq!(client.answer(true).status, 413);
}

#[test]
fn the_end_is_told_to_a_client() {
    let pair = Pair::new();
    let service = service(&pair, "");
    let mut stream = pair.connect_with(&service.address("public"), &[&TLS13]).expect("a handshake");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an end with close_notify, or this is UnexpectedEof");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn an_unusable_pair_is_refused_by_name() {
    let (pair, other) = (Pair::new(), Pair::new());
    let folder = TempDir::new().expect("temporary folder");
    for (name, text) in [
        ("cert", pair.cert()),
        ("key", pair.key()),
        ("other", other.key()),
        ("empty", String::new()),
        ("half-a-cert", pair.cert()[..200].to_owned()),
        ("half-a-key", pair.key()[..60].to_owned()),
        ("no-cert", pair.cert().replace("MII", "MIJ")),
        ("no-key", pair.key().replace("MIG", "MIH")),
    ] {
        fs::write(folder.path().join(name), text).expect("writable");
    }
    let tls = |cert: &str, key: &str| format!("tls = {{ cert = '{cert}', key = '{key}' }}");
    for (tls, says) in [
        (tls("missing", "key"), "listen.tls.cert: "),
        (tls("cert", "missing"), "listen.tls.key: "),
        (tls("empty", "key"), "listen.tls.cert: holds no certificate"),
        (tls("key", "key"), "listen.tls.cert: holds no certificate"),
        (tls("half-a-cert", "key"), "listen.tls.cert: holds a certificate that cannot be read"),
        (tls("no-cert", "key"), "listen.tls.cert: holds a certificate that cannot be read"),
        (tls("cert", "empty"), "listen.tls.key: holds no private key"),
        (tls("cert", "cert"), "listen.tls.key: holds no private key"),
        (tls("cert", "half-a-key"), "listen.tls.key: holds a private key that cannot be used"),
        (tls("cert", "no-key"), "listen.tls.key: holds a private key that cannot be used"),
        (tls("cert", "other"), "listen.tls.key: is not the key of the certificate"),
        ("tls.cert = 'cert'".to_owned(), "listen.tls.key: is missing"),
        ("tls.key = 'key'".to_owned(), "listen.tls.cert: is missing"),
        ("tls.certificate = 'cert'".to_owned(), "listen.tls"),
    ] {
        let (code, message) = refused(folder.path(), &tls);
        assert_eq!(code, Some(64), "{tls}: {message}");
        assert!(message.contains(says) && !message.contains("listening"), "{says} is not in: {message}");
        for line in pair.key().lines().chain(other.key().lines()) {
            assert!(!message.contains(line), "a key is in: {message}");
        }
    }
}

fn refused(folder: &Path, tls: &str) -> (Option<i32>, String) {
    let file = folder.join("sidecar.toml");
    fs::write(&file, configuration(&format!("{FREE_PORTS}\n{tls}"), "")).expect("writable");
    let output = Command::new(PROGRAM).arg("serve").arg("--config").arg(file).output();
    let output = output.expect("program starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// As a pod that has the secrets of slots and tokens, and no certificate.
#[test]
fn only_those_who_serve_need_the_certificate() {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    let tls = format!("{FREE_PORTS}\ntls = {{ cert = 'missing', key = 'missing' }}");
    fs::write(&file, configuration(&tls, "")).expect("writable");
    let run = |words: &[&str]| {
        let output = Command::new(PROGRAM).args(words).arg("--config").arg(&file).output();
        let output = output.expect("program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for words in [
        &["url", "sign", "--user", "alice@localhost", "--size", "3", "a.txt"][..],
        &["token", "mint", "--sub", "alice@localhost"],
    ] {
        assert_eq!(run(words), (Some(0), String::new()), "{words:?}");
    }
    let (code, message) = run(&["config", "check"]);
    assert_eq!(code, Some(64), "{message}");
    assert!(message.contains("listen.tls.cert: "), "{message}");
}

#[test]
fn a_new_pair_counts_without_a_restart() {
    let (first, second) = (Pair::new(), Pair::new());
    let service = service(&first, "[limits]\nheader_timeout = '10m'");
    let public = service.address("public");
    let mut old = first.connect(&public).expect("a handshake");
    let folder = service.folder();
    let cert = folder.path().join(CERT);
    let refused = format!("ejabberd_sidecar_file_refused{{file=\"{}\"}}", cert.display());

    // Half of it, with no key yet: for a while that is how it looks.
    fs::write(&cert, &second.cert()[..300]).expect("writable");
    service.wait_for_log(&[
        "ERROR",
        "listen.tls.cert: holds a certificate that cannot be read",
        "stay in force",
    ]);
    fs::write(&cert, second.cert()).expect("writable");
    service.wait_for_log(&["ERROR", "listen.tls.key: is not the key of the certificate", "stay in force"]);
    assert_eq!(value(&service, &refused), 1);
    assert!(first.connect(&public).is_ok(), "the old one is still shown");
    assert!(second.connect(&public).is_err());

    fs::write(folder.path().join(KEY), second.key()).expect("writable");
    service.wait_for_log(&["another certificate is shown now"]);
    assert_eq!(value(&service, &refused), 0);
    assert!(second.connect(&public).is_ok());
    assert!(first.connect(&public).is_err());
    old.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(old.answer(true).status, 404, "connections from before go on");

    fs::remove_file(folder.path().join(KEY)).expect("removable");
    service.wait_for_log(&["ERROR", "listen.tls.key: cannot be read"]);
    assert!(second.connect(&public).is_ok());
    assert_eq!(service.log().matches("ERROR").count(), 3, "each is told once:\n{}", service.log());
}

#[test]
fn what_is_no_handshake_is_counted_and_ended() {
    let pair = Pair::new();
    let service = service(&pair, "[limits]\nheader_timeout = '200ms'\n[log]\nlevel = 'debug'");
    let public = service.address("public");

    let mut plain = Client::connect(&public);
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let answer = plain.rest();
    assert!(!answer.contains("HTTP"), "{answer}");
    wait_for_rejected(&service, "public", "tls_failed", 1);
    service.wait_for_log(&["DEBUG", "client=127.0.0.1", "reason=\"tls_failed\"", "handshake: "]);

    // The beginning of one.
    let mut slow = Client::connect(&public);
    slow.send([22, 3, 1, 1, 0, 1]);
    assert_eq!(slow.rest(), "");
    wait_for_rejected(&service, "public", "tls_failed", 2);

    assert!(Pair::new().connect(&public).is_err(), "a client that does not trust the certificate");
    wait_for_rejected(&service, "public", "tls_failed", 3);

    // Somebody who looks whether the port is open.
    drop(connect(&public));
    let idle = "ejabberd_sidecar_connections{listener=\"public\"}";
    wait_until("all connections are closed", || value(&service, idle) == 0);
    assert_eq!(rejected(&service, "public", "tls_failed"), 3);
}

#[test]
fn a_signal_lets_an_upload_finish_and_waits_for_nobody_else() {
    let pair = Pair::new();
    let mut service = service(&pair, "[limits]\ndrain = '10m'\nheader_timeout = '10m'");
    let public = service.address("public");
    let mut client = pair.connect(&public).expect("a handshake");
    client.send(put("h/r/name", 8));
    client.send("half");
    wait_until("the upload has begun", || !service.stored_files().is_empty());
    let _idle = pair.connect(&public).expect("a handshake");
    let _silent = connect(&public);
    service.signal("TERM");
    service.wait_for_log(&["stopping"]);
    client.send("half");
    assert_eq!(client.answer(true).status, 201);
    assert_eq!(service.wait().code(), Some(0));
}
