//! Requests whose end two readers could see in different places. Whatever they are: at most one answer, the connection is closed
//! where their end is in doubt, and what follows is never taken for a request.

mod support;

use support::http::Client;
use support::metrics::{value, wait_for_rejected};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until};

const PATH: &str = "h/r/name";

/// What an attacker wants to be taken for a request: it would store a file.
fn hidden() -> String {
    format!(
        "PUT /upload/localhost/{PATH}?v={} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndata",
        tokens::v(PATH, 4)
    )
}

fn service() -> Service {
    Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"))
}

fn statuses(answers: &str) -> Vec<u16> {
    let heads = answers.split("HTTP/1.").skip(1);
    heads.map(|head| head[2..5].parse().expect("a status")).collect()
}

/// Sends that and all that is hidden behind it, to each listener. There is one answer, of `status`, and the connection is
/// closed.
#[track_caller]
fn assert_ends(service: &Service, sent: &str, status: u16) {
    for listener in ["public", "hook", "ops"] {
        let mut client = Client::connect(&service.address(listener));
        client.send(format!("{sent}{}", hidden()));
        let answers = client.rest();
        assert_eq!(statuses(&answers), [status], "{listener}: {sent:?}: {answers}");
    }
}

#[track_caller]
fn assert_nothing_happened(service: &Service) {
    assert_eq!(service.stored_files(), Vec::<std::path::PathBuf>::new());
    let stored = "ejabberd_sidecar_uploads_total{vhost=\"localhost\",outcome=\"stored\",reason=\"none\"}";
    assert_eq!(value(service, stored), 0);
}

#[test]
fn a_request_whose_end_is_in_doubt_is_malformed() {
    let service = service();
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 0\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length:  0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length:\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 5\r\n ,6\r\n",
        "Content-Length\t: 5\r\n",
        " Content-Length: 5\r\n",
        "Content-Length: 5\0\r\n",
        "Content\0-Length: 5\r\n",
        "Content-Length\r\n",
        "X: a\rContent-Length: 5\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding: \u{b}chunked\r\n",
        "X: a\0b\r\n",
        ": a\r\n",
    ] {
        for method in ["PUT", "POST", "GET"] {
            assert_ends(&service, &format!("{method} /x HTTP/1.1\r\nHost: h\r\n{headers}\r\n"), 400);
        }
    }
    assert_nothing_happened(&service);
    for listener in ["public", "hook", "ops"] {
        wait_for_rejected(&service, listener, "request_malformed", 26 * 3);
    }
}

#[test]
fn a_request_line_that_is_none_is_malformed() {
    let service = service();
    for line in [
        "GET /\r\n",
        "GET / HTTP/0.9\r\n",
        "GET / HTTP/2.0\r\n",
        "GET / HTTP/1.10\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET /\0 HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n",
    ] {
        assert_ends(&service, &format!("{line}Host: h\r\n\r\n"), 400);
    }
    // HTTP/1.0 knows no chunks (RFC 9112 §6.1).
    assert_ends(&service, "POST /x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_nothing_happened(&service);
}

#[test]
fn a_request_is_for_one_host() {
    let service = service();
    for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n", "Host: a b\r\n", "Host: a/b\r\n"] {
        for target in ["/", "http://a/"] {
            assert_ends(&service, &format!("GET {target} HTTP/1.1\r\n{hosts}\r\n"), 400);
        }
    }
    for listener in ["public", "hook", "ops"] {
        wait_for_rejected(&service, listener, "request_malformed", 10);
        let mut old = Client::connect(&service.address(listener));
        old.send("GET / HTTP/1.0\r\n\r\n");
        assert_eq!(old.answer(true).status, 404, "HTTP/1.0 needs none");
    }
    assert_nothing_happened(&service);
}

/// The library leaves one of two lengths out before anybody can see it, reads the chunks, and closes (RFC 9112 §6.1). Where bodies in
/// chunks are not taken at all, they are refused.
#[test]
fn of_two_ways_to_tell_a_length_one_counts_and_the_connection_ends() {
    let service = service();
    let chunks = "0\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        "Connection: keep-alive\r\nContent-Length: 999\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let target = format!("/upload/localhost/{PATH}?v={}", tokens::v(PATH, 5));
        for (listener, request, status) in [
            ("public", format!("PUT {target}"), 411),
            ("public", format!("GET /upload/localhost/{PATH}"), 404),
            ("hook", "POST /register".to_owned(), 400),
            ("hook", "PUT /register".to_owned(), 405),
            ("ops", "GET /nothing".to_owned(), 404),
        ] {
            let mut client = Client::connect(&service.address(listener));
            client.send(format!("{request} HTTP/1.1\r\nHost: h\r\n{headers}\r\n{chunks}{}", hidden()));
            let answers = client.rest();
            assert_eq!(statuses(&answers), [status], "{request} {headers}: {answers}");
        }
    }
    assert_nothing_happened(&service);
}

#[test]
fn chunks_are_refused_where_a_length_is_needed() {
    let service = service();
    let target = format!("/upload/localhost/{PATH}?v={}", tokens::v(PATH, 4));
    for coding in ["chunked", "Chunked", "gzip, chunked", "\tchunked "] {
        let mut client = Client::connect(&service.address("public"));
        client.send(format!(
            "PUT {target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {coding}\r\nConnection: close\r\n\r\n4\r\ndata\r\n0\r\n\r\n{}",
            hidden()
        ));
        assert_eq!(statuses(&client.rest()), [411], "{coding}");
    }
    assert_nothing_happened(&service);
}

/// Lines may end without a CR (RFC 9112 §2.2). Nothing is in doubt by that, as long as all of them may.
#[test]
fn bare_line_feeds_end_lines() {
    let service = service();
    for listener in ["public", "hook", "ops"] {
        let mut client = Client::connect(&service.address(listener));
        client.send("PUT /x HTTP/1.1\nHost: h\nContent-Length: 5\nConnection: close\n\n");
        client.send("GET /");
        let answers = client.rest();
        assert_eq!(statuses(&answers).len(), 1, "{listener}: {answers}");
    }
    assert_nothing_happened(&service);
}

#[test]
fn the_body_of_a_refused_upload_is_never_a_request() {
    let service = service();
    let hidden = hidden();
    let signed = format!("/upload/localhost/{PATH}?v={}", tokens::v(PATH, hidden.len() + 1));
    for (target, more, status) in [
        (format!("/upload/localhost/{PATH}"), "", 403),
        (format!("/upload/localhost/{PATH}?v={}", "0".repeat(64)), "", 403),
        ("/nowhere".to_owned(), "", 404),
        (signed.clone(), "Authorization: Basic x\r\n", 401),
        (signed.clone(), "Content-Type: text\r\n", 400),
        (signed, "Host: other\r\n", 400),
    ] {
        for expect in ["", "Expect: 100-continue\r\n"] {
            // All of the body, and most of it.
            for length in [hidden.len(), hidden.len() + 1] {
                let mut client = Client::connect(&service.address("public"));
                client.send(format!(
                    "PUT {target} HTTP/1.1\r\nHost: h\r\n{more}{expect}Content-Length: {length}\r\n\r\n{hidden}"
                ));
                let refused = client.answer(true);
                assert_eq!(refused.status, status, "{target} {more}{expect}");
                // Where the connection goes on, it does so behind the body.
                let goes_on = refused.header("connection") != Some("close") && length == hidden.len();
                if goes_on {
                    client.send("GET /the-next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
                }
                let next = if goes_on { &[404][..] } else { &[] };
                assert_eq!(statuses(&client.rest()), next, "{target} {more}{expect}");
            }
        }
    }
    assert_nothing_happened(&service);
}

/// RFC 9112 §3.2.2: a server takes them, and only proxies are sent them.
#[test]
fn absolute_targets_mean_their_path() {
    let service = service();
    let mut client = Client::connect(&service.address("public"));
    client.send(format!("GET http://elsewhere/upload/localhost/{PATH} HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_eq!(client.answer(true).status, 404);
    client.send(hidden().replace("PUT ", "PUT http://elsewhere"));
    assert_eq!(client.answer(true).status, 201);
    wait_until("it is stored", || service.stored_files().len() == 1);

    let mut ops = Client::connect(&service.address("ops"));
    ops.send("GET https://elsewhere/livez HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(ops.answer(true).status, 200);
}

#[test]
fn nobody_is_connected_elsewhere() {
    let service = service();
    for target in ["127.0.0.1:1", "h:443", "/x", "http://h/"] {
        for listener in ["public", "hook", "ops"] {
            let mut client = Client::connect(&service.address(listener));
            client.send(format!(
                "CONNECT {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n{}",
                hidden()
            ));
            let found = statuses(&client.rest());
            assert!([[400], [404], [405]].contains(&[*found.first().expect("an answer")]), "{found:?}");
            assert_eq!(found.len(), 1, "{listener} {target}");
        }
    }
    assert_nothing_happened(&service);
}
