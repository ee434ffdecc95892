//! The component, as a server meets it: its stream, its faults, and what it says of them.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use sha1::{Digest as _, Sha1};
use support::http::{get, request};
use support::metrics::{told, value};
use support::{FREE_PORTS, PATIENCE, Service, configuration, wait_until};

const SECRET: &str = "component-secret-0123456789";
const UP: &str = "ejabberd_sidecar_component_up";

/// The side of a server, spoken by hand.
struct Server(TcpListener);

impl Server {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn section(&self) -> String {
        self.section_with(SECRET)
    }

    fn section_with(&self, secret: &str) -> String {
        let server = self.0.local_addr().expect("bound");
        format!("[component]\njid = 'upload.localhost'\nserver = '{server}'\nsecret = '{secret}'\n")
    }

    fn service(&self) -> Service {
        Service::start_with(&configuration(FREE_PORTS, &self.section()))
    }

    /// The next connection, up to its digest.
    fn greeted(&self) -> (Stream, String) {
        let (stream, _) = self.0.accept().expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut stream = Stream { stream, unread: String::new() };
        let opening = stream.read_to("to='upload.localhost'>");
        assert!(opening.contains("xmlns='jabber:component:accept'"), "{opening}");
        stream.write("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='12&amp;3' from='upload.localhost'>");
        let handshake = stream.read_to("</handshake>");
        (stream, handshake)
    }

    /// The next stream, begun well.
    fn accepted(&self) -> Stream {
        let (mut stream, handshake) = self.greeted();
        let digest = hex::encode(Sha1::digest(format!("12&3{SECRET}")));
        assert_eq!(handshake, format!("<handshake>{digest}</handshake>"));
        stream.write("<handshake/>");
        stream
    }
}

struct Stream {
    stream: TcpStream,
    unread: String,
}

impl Stream {
    fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("taken");
    }

    /// Reads up to and with `end`.
    fn read_to(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(end) {
                let rest = self.unread.split_off(at + end.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let mut buffer = [0; 8192];
            let length = self.stream.read(&mut buffer).expect("something in time");
            assert!(length > 0, "the stream ended; before that: {:?}", self.unread);
            self.unread.push_str(std::str::from_utf8(&buffer[..length]).expect("text"));
        }
    }

    fn ask(&mut self, from: &str, id: &str, payload: &str) -> String {
        self.write(&format!("<iq type='get' from='{from}' to='upload.localhost' id='{id}'>{payload}</iq>"));
        self.read_to("</iq>")
    }

    /// Whether requests are still answered.
    fn is_served(&mut self) {
        let answer = self.ask("bob@localhost/x", "fine", "<ping xmlns='urn:xmpp:ping'/>");
        assert!(answer.contains("id='fine'") && answer.contains("type='result'"), "{answer}");
    }
}

fn slot_for(name: &str, size: &str) -> String {
    format!("<request xmlns='urn:xmpp:http:upload:0' filename='{name}' size='{size}'/>")
}

fn between<'text>(text: &'text str, before: &str, after: &str) -> &'text str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| unreachable!("{before} in {text}"));
    rest.split_once(after).expect("an end").0
}

#[test]
fn a_slot_takes_its_file() {
    let server = Server::start();
    let service = server.service();
    let mut stream = server.accepted();
    let slot = stream.ask("alice@localhost/x", "1", &slot_for("a.txt", "4"));
    let put = between(&slot, "<put url='http://localhost:8080", "'").replace("&amp;", "&");
    let header = between(&slot, "<header name='Authorization'>", "<");
    let address = service.address("public");
    let headers = format!("Authorization: {header}\r\nContent-Length: 4\r\n");
    assert_eq!(request(&address, "PUT", &put, "Content-Length: 4\r\n", b"data").status, 401);
    assert_eq!(request(&address, "PUT", &put, &headers, b"data").status, 201);
    assert_eq!(get(&address, between(&slot, "<get url='http://localhost:8080", "'")).text(), "data");

    service.wait_for_log(&[
        "slot user=\"alice@localhost\"",
        "door=\"component\"",
        "outcome=\"issued\"",
        "bytes=4",
    ]);
    assert_eq!(
        value(
            &service,
            "ejabberd_sidecar_slots_total{vhost=\"localhost\",outcome=\"issued\",reason=\"none\"}"
        ),
        1
    );
    assert_eq!(value(&service, UP), 1);
    assert!(get(&service.address("ops"), "/readyz").text().contains("component: connected\n"));
    let log = service.log();
    assert!(!log.contains(header.trim_start_matches("Bearer ")), "{log}");
    assert!(!log.contains("a.txt") && !log.contains(SECRET), "{log}");
}

#[test]
fn every_refusal_is_counted_and_told() {
    let server = Server::start();
    let service = server.service();
    let mut stream = server.accepted();
    let huge = format!("<a b='{}'/>", "x".repeat(300_000));
    for (user, vhost, payload, condition, reason) in [
        ("alice@localhost", "localhost", slot_for("a", "1048577"), "not-acceptable", "too_large"),
        ("alice@localhost", "localhost", huge, "bad-request", "slot_request_too_large"),
        ("alice@localhost", "localhost", slot_for("a", "-1"), "bad-request", "slot_request_malformed"),
        ("eve@elsewhere.example", "unknown", slot_for("a", "1"), "forbidden", "stranger"),
    ] {
        let refused = stream.ask(user, "1", &payload);
        assert!(refused.contains(&format!("<{condition} ")), "{refused}");
        service.wait_for_log(&[
            &format!("user=\"{user}\""),
            "outcome=\"refused\"",
            &format!("reason=\"{reason}\""),
        ]);
        let counter = format!(
            "ejabberd_sidecar_slots_total{{vhost=\"{vhost}\",outcome=\"refused\",reason=\"{reason}\"}}"
        );
        assert_eq!(value(&service, &counter), 1, "{counter}");
    }
    let refused = stream.ask("ALICE@localhost/x", "1", &slot_for("a", "1"));
    assert!(refused.contains("<forbidden "), "{refused}");
    service.wait_for_log(&["user=\"alice@localhost\"", "reason=\"asker_misspelt\""]);
    let counter =
        "ejabberd_sidecar_slots_total{vhost=\"localhost\",outcome=\"refused\",reason=\"asker_misspelt\"}";
    assert_eq!(value(&service, counter), 1);
    assert!(!told(&service).contains("elsewhere"), "a stranger's word is in a label");
}

#[test]
fn who_asks_ten_thousand_times_harms_nobody() {
    let server = Server::start();
    let service = server.service();
    let mut stream = server.accepted();
    let mut writer = stream.stream.try_clone().expect("cloned");
    let payload = slot_for("a", "1");
    let flood = std::thread::spawn(move || {
        for at in 0..10_000 {
            let iq = format!(
                "<iq type='get' from='mallory@localhost/x' to='upload.localhost' id='{at}'>{payload}</iq>"
            );
            writer.write_all(iq.as_bytes()).expect("taken");
        }
    });
    let mut issued = 0;
    for _ in 0..10_000 {
        let answer = stream.read_to("</iq>");
        if answer.contains("<slot ") {
            issued += 1;
        } else {
            assert!(answer.contains("<resource-constraint ") && answer.contains("<retry "), "{answer}");
        }
    }
    flood.join().expect("all was written");
    // A minute may have ended meanwhile.
    assert!((60..=180).contains(&issued), "{issued}");
    let bob = stream.ask("bob@localhost/x", "b", &slot_for("b", "1"));
    assert!(bob.contains("<slot "), "{bob}");
    let lines = service.log().matches("reason=\"slot_rate\"").count();
    assert!((1..=3).contains(&lines), "{lines} lines");
}

#[test]
fn whatever_clients_send_the_others_are_served() {
    let server = Server::start();
    let _service = server.service();
    let mut stream = server.accepted();
    let from = "from='alice@localhost/x' to='upload.localhost'";
    for stanza in [
        format!("<iq type='get' id='a' {from}/>"),
        format!("<presence {from}><priority>999</priority></presence>"),
        format!("<message {from}><body>&#x1F600;</body></message>"),
        format!("<iq type='get' {from}><ping xmlns='urn:xmpp:ping'/></iq>"),
        format!("<iq type='get' id='a' {from}><x:y/></iq>"),
        format!("<iq type='get' id='a' {from}><a b='{}'/></iq>", "x".repeat(300_000)),
        format!("<iq type='get' id='a' {from}>{}{}</iq>", "<a>".repeat(50_000), "</a>".repeat(50_000)),
        format!("<iq type='get' id='a' {from}>{}</iq>", slot_for(&"n".repeat(10_000), "1")),
        format!("<iq type='{}' id='a' {from}/>", "t".repeat(10_000)),
        "<iq type='get' id='a' from='@@@' to='upload.localhost'/>".to_owned(),
        "<iq/>".to_owned(),
        "<unknown xmlns='urn:unknown'/>".to_owned(),
        " \n ".to_owned(),
    ] {
        stream.write(&stanza);
        stream.write("<iq type='get' from='bob@localhost/x' to='upload.localhost' id='bob'><ping xmlns='urn:xmpp:ping'/></iq>");
        loop {
            let answer = stream.read_to("</iq>");
            if answer.contains("id='bob'") {
                assert!(answer.contains("type='result'"), "{answer}");
                break;
            }
        }
    }
}

#[test]
fn a_wrong_secret_is_told_once_and_tried_on() {
    let server = Server::start();
    let service = server.service();
    let refuse = || {
        let (mut stream, _) = server.greeted();
        stream.write("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Invalid handshake</text></stream:error></stream:stream>");
    };
    for _ in 0..4 {
        refuse();
    }
    service.wait_for_log(&["WARN", "component upload.localhost", "not-authorized", "component.secret"]);
    assert_eq!(service.log().matches("not-authorized").count(), 1, "{}", service.log());
    assert_eq!(value(&service, UP), 0);
    let ready = get(&service.address("ops"), "/readyz");
    assert_eq!((ready.status, ready.text().contains("component: not connected")), (200, true));
    let mut stream = server.accepted();
    stream.is_served();
    service.wait_for_log(&["component upload.localhost: connected"]);
    wait_until("the metric says so", || value(&service, UP) == 1);
}

#[test]
fn it_comes_back_whatever_the_server_does() {
    let server = Server::start();
    let service = server.service();
    server.accepted().is_served();
    for last_words in [
        "",
        "</stream:stream>",
        "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        "<iq type='get'><half",
        "<iq></wrong>",
        "<iq><query/>",
    ] {
        let mut stream = server.accepted();
        stream.is_served();
        stream.write(last_words);
    }
    for garbage in [
        "",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "<html/>",
        "\0\u{1}\u{2}<<<<",
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
    ] {
        let (mut stream, _) = server.0.accept().expect("a connection");
        stream.write_all(garbage.as_bytes()).expect("taken");
    }
    server.accepted().is_served();
    for fault in ["system-shutdown", "is no XML", "does not speak the protocol"] {
        service.wait_for_log(&["WARN", fault]);
    }
}

#[test]
fn it_waits_for_a_server_that_is_not_there() {
    let server = Server::start();
    let section = server.section();
    drop(server.0);
    let service = Service::start_with(&configuration(FREE_PORTS, &section));
    service.wait_for_log(&["WARN", "cannot be reached"]);
    assert_eq!(get(&service.address("ops"), "/readyz").status, 200);
    let address = between(&section, "server = '", "'");
    let server = Server(TcpListener::bind(address).expect("still free"));
    server.accepted().is_served();
}

#[test]
fn what_was_asked_is_answered_before_it_leaves() {
    let server = Server::start();
    let mut service = server.service();
    let mut stream = server.accepted();
    stream.is_served();
    service.signal("TERM");
    assert_eq!(stream.read_to("</stream:stream>"), "</stream:stream>");
    drop(stream);
    assert!(service.wait().success());
}

#[test]
fn a_reload_counts_at_once() {
    let server = Server::start();
    let service = server.service();
    let mut stream = server.accepted();
    let large = slot_for("a", "1048577");
    assert!(stream.ask("alice@localhost/x", "1", &large).contains("<file-too-large "));
    let file = service.folder().path().join("sidecar.toml");
    let reload = |text: String| {
        fs::write(&file, text).expect("writable");
        service.signal("HUP");
    };
    let larger = configuration(FREE_PORTS, &server.section()).replace("1MiB", "2MiB");
    reload(larger.clone());
    wait_until("the new limit counts", || stream.ask("bob@localhost/x", "2", &large).contains("<slot "));

    let other = Server::start();
    reload(larger.replace(&server.section(), &other.section()));
    let mut moved = other.accepted();
    moved.is_served();
    assert_eq!(stream.read_to("</stream:stream>"), "</stream:stream>");

    reload(larger.replace(&server.section(), ""));
    assert_eq!(moved.read_to("</stream:stream>"), "</stream:stream>");
    wait_until("there is none", || {
        get(&service.address("ops"), "/readyz").text().contains("component: not configured")
    });
    reload(larger);
    stream = server.accepted();
    stream.is_served();
}
