//! Slots for ejabberd's `service_url`: what `GET /slot` of the hook answers, and what its slots are worth.

mod support;

use support::http::{Answer, Client, form_encoded, get, request};
use support::{FREE_PORTS, Service, configuration, wait_until};

const KEY: &str = "0123456789abcdefABCDEF-_";
const CREDENTIALS: &str = "ejabberd:0123456789abcdef";

/// With further lines in `[upload]` and `[listen]`, and further sections.
fn service(upload: &str, listen: &str, sections: &str) -> Service {
    let text = configuration(FREE_PORTS, sections);
    let text = text.replacen("[upload]\n", &format!("[upload]\n{upload}\n"), 1);
    Service::start_with(&text.replacen("[listen]\n", &format!("[listen]\n{listen}\n"), 1))
}

fn question(jid: &str, name: &str, size: &str, content_type: &str) -> String {
    form_encoded(&[("jid", jid), ("name", name), ("size", size), ("content_type", content_type)])
}

fn ask(service: &Service, question: &str) -> Answer {
    get(&service.address("hook"), &format!("/slot?{question}"))
}

/// The targets of PUT and GET in an answer.
#[track_caller]
fn slot(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    let lines: Vec<_> = answer.text().lines().collect();
    assert_eq!(lines.len(), 2, "{answer:?}");
    let target = |url: &str| url.strip_prefix("http://localhost:8080").expect("below public_url").to_owned();
    (target(lines[0]), target(lines[1]))
}

fn put(service: &Service, target: &str, headers: &str, body: &str) -> u16 {
    let mut client = Client::connect(&service.address("public"));
    let length = body.len();
    client.send(format!(
        "PUT {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ));
    client.answer(true).status
}

#[track_caller]
fn refused(service: &Service, question: &str, (status, reason): (u16, &str)) {
    let logged = service.log().len();
    assert_eq!(ask(service, question).status, status, "{question}");
    let told = ["slot: ", "door=\"service_url\"", "outcome=\"refused\"", &format!("reason=\"{reason}\"")];
    service.wait_for_log_since(logged, &told);
}

#[test]
fn a_slot_takes_its_file_once_with_nothing_but_its_path() {
    let service = Service::start();
    for (name, content_type, sent, served) in [
        ("cat.png", "image/png", "", "image/png"),
        ("Gr\u{fc}\u{df}e 1+1 & 2?.png", "image/png", "Content-Type: image/png\r\n", "image/png"),
        // What ejabberd says where its client said nothing.
        ("c", "application/octet-stream", "Content-Type: text/plain\r\n", "text/plain"),
        ("d", "", "", "application/octet-stream"),
    ] {
        let logged = service.log().len();
        let (target, at) = slot(&ask(&service, &question("alice@localhost", name, "4", content_type)));
        service.wait_for_log_since(logged, &["slot", "user=\"alice@localhost\"", "outcome=\"issued\""]);
        // ejabberd 23.01 escapes it once more, which changes nothing.
        assert!(target.starts_with("/upload/t/") && !target.contains(['?', '%']), "{target}");
        assert_eq!(put(&service, &target, sent, "data"), 201, "{name}");
        assert_eq!(put(&service, &target, sent, "data"), 409, "{name}");
        let got = get(&service.address("public"), &at);
        assert_eq!((got.text(), got.header("content-type")), ("data", Some(served)), "{name}");
    }
    let (target, _) = slot(&ask(&service, &question("alice@localhost", "e.png", "4", "image/png")));
    assert_eq!(put(&service, &target, "", "data!"), 401, "another size");
    assert_eq!(put(&service, &target, "Content-Type: text/html\r\n", "data"), 415, "another type");
    assert_eq!(put(&service, &target.replace("e.png", "f.png"), "", "data"), 401, "another name");
    let token = target.split('/').nth(3).expect("a token");
    assert!(!service.log().contains(token), "a token is in the log");
}

#[test]
fn who_may_not_upload_gets_no_slot() {
    let service = service("denied_extensions = 'exe'\ndenied_types = 'text/html'", "", "");
    let alice = "alice@localhost";
    for (question, refusal) in [
        (question("alice@other.example", "a", "4", ""), (403, "stranger")),
        (question("localhost", "a", "4", ""), (403, "bearer_user_mismatch")),
        (question(alice, "a", "1048577", ""), (413, "too_large")),
        (question(alice, "a", &"9".repeat(40), ""), (413, "too_large")),
        (question(alice, "a.exe", "4", ""), (403, "extension_not_allowed")),
        (question(alice, "a", "4", "text/html"), (403, "type_not_allowed")),
        (question(alice, "a", "-4", ""), (400, "slot_request_malformed")),
        (question(alice, "a", "4.5", ""), (400, "slot_request_malformed")),
        (question(alice, "a", "", ""), (400, "slot_request_malformed")),
        (question(alice, "", "4", ""), (400, "slot_request_malformed")),
        (question(alice, "a", "4", "no type"), (400, "slot_request_malformed")),
    ] {
        refused(&service, &question, refusal);
    }
    for odd in [
        question("alice@localhost/phone", "a", "4", ""),
        question("", "a", "4", ""),
        question("a b@localhost", "a", "4", ""),
        "jid=alice%40localhost&name=a".to_owned(),
        "jid=alice%40localhost&jid=bob%40localhost&name=a&size=4".to_owned(),
        String::new(),
    ] {
        let logged = service.log().len();
        assert_eq!(ask(&service, &odd).status, 400, "{odd}");
        service.wait_for_log_since(logged, &["hook: ", "reason=\"request_malformed\""]);
    }
    assert_eq!(request(&service.address("hook"), "POST", "/slot", "", b"").status, 405);
    slot(&ask(&service, &question(alice, "a", "1048576", "")));
}

#[test]
fn a_user_asks_so_often_within_a_minute_and_others_are_not_harmed() {
    let service = service("", "", "[limits]\nslots_per_minute = 3");
    let of = |user: &str| ask(&service, &question(user, "a", "4", "")).status;
    // A minute may end meanwhile.
    wait_until("it is too much", || of("alice@localhost") == 402);
    assert_eq!(of("bob@localhost"), 200);
    service.wait_for_log(&["slot: ", "reason=\"slot_rate\"", "user=\"alice@localhost\""]);
}

#[test]
fn where_slots_of_our_own_are_not_accepted_none_is_issued() {
    let service = service("accept = 'v'", "", "");
    refused(&service, &question("alice@localhost", "a", "4", ""), (403, "scheme_not_accepted"));
}

#[test]
fn who_has_no_room_is_told_by_402() {
    let service = service("quota_per_user = '1000B'\nquota_per_host = '1200B'", "", "");
    let of = |user: &str, size: &str| question(user, "a", size, "");
    let (target, _) = slot(&ask(&service, &of("alice@localhost", "900")));
    refused(&service, &of("alice@localhost", "101"), (402, "quota_user"));
    // Slots take room from their own user alone, files from all.
    slot(&ask(&service, &of("bob@localhost", "1000")));
    assert_eq!(put(&service, &target, "", &"x".repeat(900)), 201);
    refused(&service, &of("carol@localhost", "301"), (402, "quota_host"));
    slot(&ask(&service, &of("carol@localhost", "300")));
}

#[test]
fn the_key_counts_where_there_is_one_and_else_the_credentials() {
    let alice = question("alice@localhost", "a", "4", "");
    let status =
        |service: &Service, path: &str| get(&service.address("hook"), &format!("{path}?{alice}")).status;
    let credentials = format!("hook_credentials = '{CREDENTIALS}'");
    let key = format!("hook_slot_key = '{KEY}'");

    let keyed = service("", &key, "");
    let both = service("", &format!("{credentials}\n{key}\nhook_prefix = '/auth'"), "");
    for (service, prefix) in [(&keyed, ""), (&both, "/auth")] {
        assert_eq!(status(service, &format!("{prefix}/slot/{KEY}")), 200);
        for wrong in ["x", &KEY[1..], &KEY.to_lowercase(), &format!("{KEY}x")] {
            let logged = service.log().len();
            assert_eq!(status(service, &format!("{prefix}/slot/{wrong}")), 401, "{wrong}");
            service.wait_for_log_since(logged, &["hook: ", "reason=\"credentials_wrong\""]);
        }
        assert_eq!(status(service, &format!("{prefix}/slot")), if prefix.is_empty() { 404 } else { 401 });
        assert!(!service.log().contains(KEY), "the key is in the log");
    }
    assert_eq!(status(&both, "/auth/check_password"), 401, "for all else the credentials count");

    let guarded = service("", &credentials, "");
    assert_eq!(status(&guarded, "/slot"), 401);
    assert_eq!(status(&guarded, &format!("/slot/{KEY}")), 401);
}
