//! Starting and stopping.

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

use support::http::{Client, get, put};
use support::{FREE_PORTS, PROGRAM, Service, configuration, tokens, wait_until};
use tempfile::TempDir;

/// Runs `serve` with a configuration that it has to refuse.
fn refused(configuration: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, configuration).expect("writable");
    let output =
        Command::new(PROGRAM).arg("serve").arg("--config").arg(&file).output().expect("program starts");
    assert!(output.stdout.is_empty(), "stdout belongs to answers");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_unusable_configuration_is_64_and_names_the_key() {
    let good = configuration(FREE_PORTS, "");
    let secret = support::ISSUER_SECRET;
    for (wrong, key) in [
        (format!("{good}\n[uploads]\nx = 1"), "unknown field `uploads`"),
        (good.replace("max_size", "max_sizes"), "upload.max_sizes"),
        (good.replace("\"1MiB\"", "\"lots\""), "upload.max_size"),
        (good.replace("issuer = ", "issuers = "), "hosts.localhost.issuers[0]"),
        (
            good.replace(&format!("secret = \"{secret}\""), ""),
            "hosts.\"localhost\".issuers[0]: set exactly one of secret",
        ),
        (
            good.replace(secret, "short"),
            "hosts.\"localhost\".issuers[0].secret: is 5 bytes long, needs at least 32",
        ),
        (
            good.replace("issuer = \"test\"", "issuer = \"test\"\nsecret_file = \"x\""),
            "set either hosts.\"localhost\".issuers[0].secret or hosts.\"localhost\".issuers[0].secret_file, not both",
        ),
        (good.replace(support::UPLOAD_SECRET, "short"), "upload.secrets: is 5 bytes long"),
        (good.replace(support::UPLOAD_SECRET, secret), "has an upload secret as its key"),
        (good.replace("kind = \"disk\"", "kind = \"tape\""), "store.kind"),
        (good.replace("path = \"store\"", "bucket = \"b\""), "store.bucket: belongs to kind = \"s3\""),
        (good.replace("hook = '127.0.0.1:0'", "hook = '0.0.0.0:0'"), "listen.hook"),
        (good.replace("hook = '127.0.0.1:0'", "hook = 'localhost'"), "listen.hook"),
        ("[log]\nlevel = 'info'".to_owned(), "hosts: is missing"),
        ("[upload]\nsecrets = [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n".to_owned(), "line 2"),
    ] {
        let (code, message) = refused(&wrong);
        assert_eq!(code, Some(64), "{key}: {message}");
        assert!(message.contains(key), "{key} is not in: {message}");
        assert!(!message.contains(secret) && !message.contains("aaaaaa"), "a secret is in: {message}");
    }
}

#[test]
fn a_missing_file_and_unusable_arguments_are_64() {
    let run = |arguments: &[&str]| Command::new(PROGRAM).args(arguments).output().expect("program starts");
    let text = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for (arguments, says) in [
        (&["serve", "--config", "/no/such/file"][..], "/no/such/file: cannot be read"),
        (&["serve", "--colour"], "--colour"),
        (&["extauth", "--hook", "127.0.0.1:1"], "--hook"),
        (
            &["extauth", "--credentials-file", "/no/such/file"],
            "--credentials-file: /no/such/file: No such file",
        ),
        (&["dance"], "dance"),
        (&[], "Usage"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(says), "{}", text(&output));
    }
    let help = run(&["--help"]);
    assert!(help.status.success() && !help.stdout.is_empty());
}

#[test]
fn a_taken_port_and_an_unusable_store_are_1_and_nothing_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("free port");
    let address = taken.local_addr().expect("bound").to_string();
    let (code, message) = refused(&configuration(
        &FREE_PORTS.replace("ops = '127.0.0.1:0'", &format!("ops = '{address}'")),
        "",
    ));
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("listen.ops") && message.contains(&address), "{message}");

    let file = tempfile::NamedTempFile::new().expect("temporary file");
    let path = format!("path = {:?}", file.path());
    let (code, message) = refused(&configuration(FREE_PORTS, "").replace("path = \"store\"", &path));
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("store.path"), "{message}");
    assert!(!message.contains("listening"), "{message}");
}

#[test]
fn the_environment_replaces_what_the_file_says() {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, configuration(FREE_PORTS, "")).expect("writable");
    for (name, value, says) in [
        ("EJABBERD_SIDECAR__LISTEN__HOOK", "0.0.0.0:0", "listen.hook"),
        ("EJABBERD_SIDECAR__LIMITS__CONNECTIONS", "0", "limits.connections"),
        ("EJABBERD_SIDECAR__UPLOAD__MAX_SIZES", "1", "EJABBERD_SIDECAR__UPLOAD__MAX_SIZES: unknown field"),
        (
            "EJABBERD_SIDECAR__STORE__SYNC",
            "perhaps",
            "EJABBERD_SIDECAR__STORE__SYNC: provided string was not",
        ),
        ("EJABBERD_SIDECAR__HOSTS__LOCALHOST", "1", "EJABBERD_SIDECAR__HOSTS__LOCALHOST"),
        ("EJABBERD_SIDECAR__UPLOAD__SECRETS", "[\"short\"]", "upload.secrets: is 5 bytes long"),
    ] {
        let command = &mut Command::new(PROGRAM);
        let output = command
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .env(name, value)
            .output()
            .expect("program starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{name}: {message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn without_a_configuration_defaults_serve_localhost_from_data() {
    let folder = TempDir::new().expect("temporary folder");
    let run = |arguments: &[&str]| {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let token = run(&["token", "mint", "--sub", "alice@localhost"]);
    assert_eq!(token.trim().split('.').count(), 3);
    let too_long = ["token", "mint", "--sub", "alice@localhost", "--ttl", "25h"];
    let refused =
        Command::new(PROGRAM).args(too_long).current_dir(folder.path()).output().expect("program starts");
    assert_eq!((refused.status.code(), refused.stdout), (Some(64), Vec::new()), "it would never log in");
    let url = run(&["url", "sign", "--user", "alice@localhost", "--size", "3", "a b.txt"]);
    assert!(
        url.starts_with("http://localhost:8080/upload/localhost/9637f279e87dc3aba7eb582ceceaa621fa695865/"),
        "{url}"
    );
    for secret in ["issuer.secret", "upload.secret"] {
        let file = folder.path().join("data/secrets").join(secret);
        assert_eq!(fs::metadata(&file).expect("made").permissions().mode() & 0o777, 0o600, "{secret}");
        assert!(fs::read_to_string(&file).expect("text").len() > 32, "{secret}");
    }
}

#[test]
fn health_and_metrics_are_told() {
    let service = Service::start();
    let ops = service.address("ops");
    assert_eq!(get(&ops, "/livez").text(), "alive\n");
    wait_until("the store was asked", || {
        get(&ops, "/readyz").text() == "ready\nstore: up\nusers: loaded\ncomponent: not configured\n"
    });
    let metrics = get(&ops, "/metrics");
    for line in [
        "ejabberd_sidecar_store_up 1",
        "ejabberd_sidecar_logins_total{vhost=\"localhost\",outcome=\"accepted\",reason=\"none\"} 0",
    ] {
        assert!(metrics.text().lines().any(|told| told == line), "{line} is not in:\n{}", metrics.text());
    }
    assert_eq!(get(&ops, "/upload/localhost/a/b/c").status, 404, "listeners are never mixed");
}

#[test]
fn a_store_that_is_away_is_told_and_answered_with_503() {
    let s3 = "kind = 's3'\nbucket = 'b'\nendpoint = 'http://127.0.0.1:1'\naccess_key_id = 'id'\nsecret_access_key = 'key'";
    let service =
        Service::start_with(&configuration(FREE_PORTS, "").replace("kind = \"disk\"\npath = \"store\"", s3));
    service.wait_for_log(&["the store is away"]);
    let ready = get(&service.address("ops"), "/readyz");
    assert_eq!(ready.status, 200, "logins go on");
    assert!(ready.text().contains("store: down"), "{}", ready.text());
    let target = format!("/upload/localhost/h/r/name?v={}", tokens::v("h/r/name", 4));
    let answer = put(&service.address("public"), &target, b"data");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!(answer.text(), "Service Unavailable\n", "the cause is not for strangers");
    service.wait_for_log(&["upload", "outcome=\"failed\"", "reason=\"store_failed\""]);
}

/// Begins an upload of 8 bytes to `h/r/name`; the other half of it is still to be sent.
fn half_an_upload(service: &Service) -> Client {
    let target = format!("/upload/localhost/h/r/name?v={}", tokens::v("h/r/name", 8));
    let mut client = Client::connect(&service.address("public"));
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nhalf"));
    wait_until("the upload has begun", || !service.stored_files().is_empty());
    client
}

#[test]
fn a_signal_lets_an_upload_finish_and_takes_no_new_connection() {
    let mut service = Service::start();
    let public = service.address("public");
    let mut client = half_an_upload(&service);
    let _idle = Client::connect(&public);

    service.signal("TERM");
    service.wait_for_log(&["stopping"]);
    wait_until("the port is closed", || std::net::TcpStream::connect(&public).is_err());
    let login = format!("/check_password?user=alice&server=localhost&pass={}", tokens::good("alice"));
    assert_eq!(get(&service.address("hook"), &login).text(), "true", "logins go on");
    client.send("half");
    assert_eq!(client.answer(true).status, 201);
    drop(client);
    assert_eq!(service.wait().code(), Some(0));
    service.wait_for_log(&["stopped"]);
    assert!(service.folder().path().join("store/files/localhost/h/r/name").is_file());
}

#[test]
fn a_second_signal_ends_it_at_once_and_nothing_is_left() {
    let mut service = Service::start();
    let _client = half_an_upload(&service);
    service.signal("INT");
    service.wait_for_log(&["stopping"]);
    service.signal("INT");
    assert_eq!(service.wait().code(), Some(0));
    service.wait_for_log(&["second signal"]);
    assert_eq!(service.stored_files(), Vec::<PathBuf>::new());
}

#[test]
fn draining_is_bounded() {
    let mut service = Service::start_with(&configuration(FREE_PORTS, "[limits]\ndrain = '100ms'"));
    let _client = half_an_upload(&service);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    service.wait_for_log(&["stopping before all requests had finished"]);
    assert_eq!(service.stored_files(), Vec::<PathBuf>::new());
}

#[test]
fn connections_above_the_cap_wait_for_their_turn() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[limits]\nconnections = 1"));
    let hook = service.address("hook");
    let mut first = Client::connect(&hook);
    first.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(first.answer(true).status, 404);
    let mut second = Client::connect(&hook);
    second.send("GET /second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for _ in 0..20 {
        let metrics = get(&service.address("ops"), "/metrics");
        assert!(
            metrics.text().contains("ejabberd_sidecar_connections{listener=\"hook\"} 1\n"),
            "{}",
            metrics.text()
        );
    }
    first.send("GET /first HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(first.answer(true).status, 404);
    drop(first);
    assert_eq!(second.answer(true).status, 404);
}

#[test]
fn connections_never_take_the_descriptors_that_logins_need() {
    let service = Service::start_limited("ulimit -n 256", &configuration(FREE_PORTS, ""));
    service.wait_for_log(&[
        "limits.connections is 2048, but 256 open files are allowed: each listener takes 16",
    ]);
    let public = service.address("public");
    let strangers: Vec<_> = (0..200).map(|_| Client::connect(&public)).collect();
    let hook = service.address("hook");
    assert_eq!(get(&hook, "/user_exists?user=alice&server=localhost").text(), "false");
    assert!(!service.log().contains("could not be accepted"), "{}", service.log());
    drop(strangers);
}

#[test]
fn a_soft_limit_on_open_files_is_raised() {
    let service = Service::start_limited("ulimit -Sn 128", &configuration(FREE_PORTS, ""));
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.pid())).expect("running");
    let open_files = limits.lines().find(|line| line.starts_with("Max open files")).expect("told");
    let [soft, hard] = [3, 4].map(|word| open_files.split_whitespace().nth(word).expect("a number"));
    assert_eq!(soft, hard, "{open_files}");
}

#[test]
fn variables_of_others_may_hold_anything() {
    use std::os::unix::ffi::OsStrExt as _;

    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let folder = TempDir::new().expect("temporary folder");
    let mint = || {
        let mut command = Command::new(PROGRAM);
        command.args(["token", "mint", "--sub", "alice@localhost"]).current_dir(folder.path());
        command
    };
    let output = mint().env("SOMETHING_ELSE", odd).output().expect("program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = mint().env("EJABBERD_SIDECAR__LOG__LEVEL", odd).output().expect("program starts");
    assert_eq!(output.status.code(), Some(64));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("EJABBERD_SIDECAR__LOG__LEVEL: its value is not UTF-8")
    );
}

#[test]
fn a_unix_socket_is_taken_over_from_the_dead_and_not_from_the_living() {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("hook.sock");
    let listen = FREE_PORTS.replace("hook = '127.0.0.1:0'", &format!("hook = 'unix:{}'", path.display()));
    let service = Service::start_with(&configuration(&listen, ""));
    assert!(UnixStream::connect(&path).is_ok());
    assert_eq!(fs::metadata(&path).expect("bound").permissions().mode() & 0o777, 0o660);

    let (code, message) = refused(&configuration(&listen, ""));
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("listen.hook") && message.contains("hook.sock"), "{message}");

    drop(service);
    assert!(path.exists(), "killed, it could not tidy up");
    let mut again = Service::start_with(&configuration(&listen, ""));
    assert!(UnixStream::connect(&path).is_ok());
    again.signal("TERM");
    assert_eq!(again.wait().code(), Some(0));
    assert!(!path.exists(), "stopped, it tidies up");
}
