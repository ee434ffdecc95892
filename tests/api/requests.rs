//! The requests themselves: methods, bodies, pages of other origins.

use crate::app::{App, JSON, SLOTS, UPLOADS, ask, bearer, error};
use crate::support::http::{Client, request};
use crate::support::tokens::good;
use crate::support::{FREE_PORTS, Service, configuration};

const WISH: &str = "{\"filename\":\"a\",\"size\":4}";

#[test]
fn each_path_has_its_methods() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    for (target, allowed) in [(SLOTS, "POST"), (UPLOADS, "GET,HEAD"), ("/api/v1/uploads/a/b", "DELETE")] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "X"] {
            if allowed.split(',').any(|one| one == method) {
                continue;
            }
            let answer = alice.ask(method, target, "");
            assert_eq!(error(&answer), (405, "method_not_allowed".to_owned()), "{method} {target}");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
        }
    }
    for target in ["/api/v1/", "/api/v1/slots/", "/api/v1/uploads/", "/api/v1/users", "/api/v1/Slots"] {
        let answer = request(&service.address("public"), "GET", target, &bearer(&good("alice")), b"");
        assert_eq!(answer.status, 404, "{target}");
    }
    let head = request(&service.address("public"), "HEAD", UPLOADS, &bearer(&good("alice")), b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn a_body_is_json_that_is_small_and_there_in_time() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[limits]\nheader_timeout = '2s'"));
    let token = bearer(&good("alice"));
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/json2\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: json\r\n",
    ] {
        let answer = ask(&service, "POST", SLOTS, &format!("{token}{kind}"), WISH);
        assert_eq!(error(&answer), (415, "not_json".to_owned()), "{kind}");
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        let answer = ask(&service, "POST", SLOTS, &format!("{token}Content-Type: {kind}\r\n"), WISH);
        assert_eq!(answer.status, 201, "{kind}");
    }
    let headers = format!("{token}{JSON}");
    let long = format!("{WISH}{}", " ".repeat(8 * 1024));
    assert_eq!(error(&ask(&service, "POST", SLOTS, &headers, &long)), (413, "body_too_large".to_owned()));

    let mut client = Client::connect(&service.address("public"));
    client.send(format!("POST {SLOTS} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: 100\r\n\r\n{{"));
    assert_eq!(error(&client.answer(true)), (408, "body_timeout".to_owned()));
    let mut client = Client::connect(&service.address("public"));
    client.send(format!("POST {SLOTS} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: 100\r\n\r\n{{"));
    client.finish();
    service.wait_for_log(&["api: ", "reason=\"body_incomplete\""]);
    // Without a length, in chunks.
    let mut client = Client::connect(&service.address("public"));
    client.send(format!("POST {SLOTS} HTTP/1.1\r\nHost: h\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{WISH}\r\n0\r\n\r\n", WISH.len()));
    assert_eq!(client.answer(true).status, 201);
}

#[test]
fn pages_of_other_origins_may_call() {
    let service = Service::start();
    for (target, method) in [(SLOTS, "POST"), (UPLOADS, "GET"), ("/api/v1/uploads/a/b", "DELETE")] {
        let headers = format!(
            "Origin: https://app.example.org\r\nAccess-Control-Request-Method: {method}\r\n\
             Access-Control-Request-Headers: authorization, content-type\r\n"
        );
        let answer = request(&service.address("public"), "OPTIONS", target, &headers, b"");
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, Some("*")),
            "{target}"
        );
        let says = |name: &str, word: &str| {
            answer
                .header(name)
                .unwrap_or_default()
                .to_ascii_lowercase()
                .split(',')
                .any(|one| one.trim() == word)
        };
        assert!(says("access-control-allow-methods", &method.to_ascii_lowercase()), "{answer:?}");
        for header in ["authorization", "content-type"] {
            assert!(says("access-control-allow-headers", header), "{answer:?}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let refused = ask(&service, "GET", UPLOADS, "Origin: https://app.example.org\r\n", "");
    assert_eq!((refused.status, refused.header("access-control-expose-headers")), (401, Some("retry-after")));
    // And files are as they were.
    let answer =
        request(&service.address("public"), "OPTIONS", "/upload/localhost/a/b", "Origin: x\r\n", b"");
    assert!(
        !answer.header("access-control-allow-methods").unwrap_or_default().contains("DELETE"),
        "{answer:?}"
    );
}
