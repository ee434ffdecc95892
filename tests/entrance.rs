//! What a listener does with requests before anything looks at what they ask for.

mod support;

use std::net::TcpStream;
use std::time::Duration;

use support::http::{Answer, Client, connect, get, request};
use support::metrics::{rejected, value, wait_for_rejected};
use support::tls::{CONFIGURATION, Pair};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until};

const LISTENERS: [&str; 3] = ["public", "hook", "ops"];

fn service(listen: &str, more: &str) -> Service {
    Service::start_with(&configuration(&format!("{FREE_PORTS}\n{listen}"), more))
}

/// Takes all of the public listener's `connections = 1`.
fn take_the_seat(service: &Service) -> Client {
    let mut only = Client::connect(&service.address("public"));
    only.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(only.answer(true).status, 404);
    only
}

#[track_caller]
fn assert_turned_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let headers = ["retry-after", "connection"].map(|name| answer.header(name));
    assert_eq!(headers, [Some("5"), Some("close")], "{answer:?}");
}

#[test]
fn above_the_cap_the_public_listener_says_so_and_logins_go_on() {
    let service =
        service("trusted_proxies = '127.0.0.1'", "[limits]\nconnections = 1\nheader_timeout = '10m'");
    let public = service.address("public");
    let mut only = take_the_seat(&service);
    assert_turned_away(&get(&public, "/"));

    // A body is not waited for, and its end not either.
    let path = "h/r/name";
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(path, 1_000_000));
    let mut upload = Client::connect(&public);
    upload.send(format!(
        "PUT {target} HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.9\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
    ));
    assert_turned_away(&upload.answer(true));
    assert_eq!(service.stored_files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(rejected(&service, "public", "too_many_connections"), 2);
    service.wait_for_log(&[
        "listener=\"public\"",
        "client=192.0.2.9",
        "outcome=\"refused\"",
        "reason=\"too_many_connections\"",
    ]);

    let login = format!("/check_password?user=alice&server=localhost&pass={}", tokens::good("alice"));
    assert_eq!(get(&service.address("hook"), &login).text(), "true");
    only.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(only.answer(true).status, 404, "who was there stays");
    drop(only);
    wait_until("there is room again", || get(&public, "/").status == 404);
}

#[test]
fn above_the_cap_through_tls() {
    let pair = Pair::new();
    let folder = tempfile::TempDir::new().expect("temporary folder");
    pair.write(folder.path());
    let listen = format!("{FREE_PORTS}\n{CONFIGURATION}");
    let service = Service::start_in(folder.into(), &configuration(&listen, "[limits]\nconnections = 1"));
    let public = service.address("public");
    let _only = pair.connect(&public).expect("a handshake");
    let mut second = pair.connect(&public).expect("a handshake");
    second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_turned_away(&second.answer(true));
    assert_eq!(second.rest(), "");
}

/// Those above the cap that are told so at the same time.
const TURNED_AWAY: u64 = 64;

#[test]
fn who_is_turned_away_and_says_nothing_is_not_waited_for() {
    let service = service("", "[limits]\nconnections = 1\nheader_timeout = '10m'");
    let public = service.address("public");
    let _only = take_the_seat(&service);
    let open = || value(&service, "ejabberd_sidecar_connections{listener=\"public\"}");
    // So many that others come up from the kernel as these are given up: there are as many as there may be for half a minute.
    let silent: Vec<TcpStream> = (0..400).map(|_| connect(&public)).collect();
    wait_until("as many as there may be are there", || {
        let open = open();
        assert!(open <= 1 + TURNED_AWAY, "{open} connections");
        open == 1 + TURNED_AWAY
    });
    drop(silent);
    wait_until("they are gone", || open() == 1);

    // The kernel hands them out in their order: who comes last is told once some of those before him were given up.
    let silent: Vec<TcpStream> = (0..TURNED_AWAY + 6).map(|_| connect(&public)).collect();
    let mut next = Client::connect(&public);
    next.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_turned_away(&next.answer(true));
    drop(silent);
}

#[test]
fn a_head_that_does_not_end_is_counted_and_a_pause_is_not() {
    // Long enough for a request and its answer on a machine that has much else to do.
    let service = service("", "[limits]\nheader_timeout = '4s'");
    let asked = |request: &str, listener: &&str| {
        let mut client = Client::connect(&service.address(listener));
        client.send(request);
        assert_eq!(client.answer(true).status, 404, "{listener}: {request}");
        client
    };
    let listeners = ["public", "ops"];
    let ends = |clients: [Client; 2]| {
        for mut client in clients {
            assert_eq!(client.rest(), "");
        }
    };
    let counted = |times| {
        for listener in listeners {
            wait_for_rejected(&service, listener, "head_timeout", times);
        }
    };
    ends(listeners.each_ref().map(|listener| asked("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", listener)));
    counted(0);
    let half_more = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /not";
    ends(listeners.each_ref().map(|listener| asked(half_more, listener)));
    counted(1);
    ends(listeners.map(|listener| Client::connect(&service.address(listener))));
    counted(2);
    for listener in listeners {
        let told = ["client=127.0.0.1", "reason=\"head_timeout\"", &format!("listener=\"{listener}\"")];
        wait_until("both are told", || {
            let log = service.log();
            log.lines().filter(|line| told.iter().all(|part| line.contains(part))).count() == 2
        });
    }
    // By now a pause would have been counted, too.
    counted(2);
}

#[test]
fn what_the_library_answers_by_itself_is_counted() {
    let service = service("", "");
    for listener in LISTENERS {
        let address = service.address(listener);
        let huge = "x".repeat(200_000);
        let many = "a: b\r\n".repeat(200);
        for (at, (target, headers, status)) in [
            ("/", format!("a: {huge}\r\n"), 431),
            ("/", many, 431),
            (&*format!("/{}", &huge[..70_000]), String::new(), 414),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(request(&address, "GET", target, &headers, b"").status, status, "{listener}");
            wait_for_rejected(&service, listener, "head_too_large", at as u64 + 1);
        }
        assert_eq!(request(&address, "GET", "/a b", "", b"").status, 400);
        wait_for_rejected(&service, listener, "request_malformed", 1);
        let listener = format!("listener=\"{listener}\"");
        for reason in ["reason=\"head_too_large\"", "reason=\"request_malformed\""] {
            service.wait_for_log(&[&listener, "client=127.0.0.1", reason]);
        }
    }
    assert!(!service.log().contains("xxxx"), "a part of a request is in the log");
}

#[test]
fn who_hangs_up_asked_for_nothing() {
    let service = service("", "");
    for listener in LISTENERS {
        let address = service.address(listener);
        for beginning in ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET", "\r\n"] {
            let mut client = Client::connect(&address);
            client.send(beginning);
            drop(client);
        }
        let open = format!("ejabberd_sidecar_connections{{listener=\"{listener}\"}}");
        // The one that asks is open itself.
        let asking = u64::from(listener == "ops");
        wait_until("all connections are closed", || value(&service, &open) == asking);
    }
    let metrics = get(&service.address("ops"), "/metrics");
    let rejected = |line: &str| line.contains("requests_rejected_total{") && !line.ends_with(" 0");
    assert!(!metrics.text().lines().any(rejected), "{}", metrics.text());
}

#[test]
fn whom_a_proxy_speaks_for_is_told() {
    let told = |service: &Service, headers: &str| {
        let before = service.log().len();
        // Refused at the entrance: two hosts.
        let headers = format!("Host: other\r\n{headers}");
        assert_eq!(request(&service.address("public"), "GET", "/", &headers, b"").status, 400);
        let mut client = None;
        wait_until("the request is told", || {
            let log = service.log()[before..].to_owned();
            let line = log.lines().find(|line| line.contains("reason=\"request_malformed\""));
            client = line.and_then(|line| Some(line.split_once("client=")?.1.split(' ').next()?.to_owned()));
            client.is_some()
        });
        client.expect("just seen")
    };
    let behind = service("trusted_proxies = ['127.0.0.0/8', '192.0.2.7']", "");
    for (headers, client) in [
        ("", "127.0.0.1"),
        ("X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1"),
        ("X-Forwarded-For: 6.6.6.6, 198.51.100.1\r\nx-forwarded-for: 192.0.2.7:4711\r\n", "198.51.100.1"),
        ("X-Forwarded-For: 6.6.6.6, me\r\n", "127.0.0.1"),
        ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: \u{fc}\r\n", "127.0.0.1"),
        ("X-Forwarded-For: [2001:db8::9]:1\r\n", "2001:db8::9"),
    ] {
        assert_eq!(told(&behind, headers), client, "{headers}");
    }
    let forwarded = "X-Forwarded-For: 6.6.6.6, 203.0.113.5\r\nContent-Length: 0\r\n";
    assert_eq!(request(&behind.address("public"), "PUT", "/nowhere", forwarded, b"").status, 404);
    behind.wait_for_log(&["upload: ", "client=203.0.113.5", "reason=\"path_unknown\""]);
    let open = service("", "");
    assert_eq!(told(&open, "X-Forwarded-For: 198.51.100.1\r\n"), "127.0.0.1", "anybody can say that");
    assert_eq!(request(&open.address("public"), "PUT", "/nowhere", forwarded, b"").status, 404);
    open.wait_for_log(&["upload: ", "client=127.0.0.1", "reason=\"path_unknown\""]);
}

#[test]
fn what_is_no_network_is_refused_by_name() {
    let folder = tempfile::TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    let listen = format!("{FREE_PORTS}\ntrusted_proxies = ['10.0.0.0/8', 'nginx']");
    std::fs::write(&file, configuration(&listen, "")).expect("writable");
    let serve = std::process::Command::new(support::PROGRAM).arg("serve").arg("--config").arg(file).output();
    let serve = serve.expect("program starts");
    let message = String::from_utf8_lossy(&serve.stderr);
    assert_eq!(serve.status.code(), Some(64), "{message}");
    assert!(message.contains("listen.trusted_proxies: \"nginx\" is neither"), "{message}");
}

/// Some clients offer HTTP/2 with each request. The library then leaves the end of the connection to us.
#[test]
fn a_refusal_reaches_a_client_that_offers_another_protocol() {
    let service = service("", "");
    let mut client = Client::connect(&service.address("public"));
    let offer =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA";
    client.send(format!("PUT /nowhere HTTP/1.1\r\nHost: h\r\n{offer}\r\nContent-Length: 50000000\r\n\r\n"));
    for _ in 0..100 {
        client.send(vec![0; 20_000]);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.answer(true).status, 404);
}
