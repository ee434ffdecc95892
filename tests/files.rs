//! Uploads and downloads over HTTP.

mod support;

use std::io::Write as _;
use std::net::TcpStream;

use support::http::{Answer, Client, get, put, request};
use support::{FREE_PORTS, PATIENCE, Service, configuration, tokens, wait_until};

const HASH: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";

/// Uploads `body` with the token for the decoded `path`, to the `encoded` one.
fn upload(service: &Service, encoded: &str, path: &str, body: &[u8]) -> Answer {
    let target = format!("/upload/localhost/{encoded}?v={}", tokens::v(path, body.len()));
    put(&service.address("public"), &target, body)
}

fn download(service: &Service, encoded: &str) -> Answer {
    get(&service.address("public"), &format!("/upload/localhost/{encoded}"))
}

/// Whether nothing is stored, nor being stored.
fn assert_empty(service: &Service) {
    wait_until("the store is empty", || service.stored_files().is_empty());
}

#[test]
fn what_goes_up_comes_down() {
    let service = Service::start();
    let body: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).take(1_000_000).collect();
    let path = format!("{HASH}/random/film.mp4");
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, body.len()));
    let headers = format!("Content-Type: video/mp4\r\nContent-Length: {}\r\n", body.len());
    let stored = request(&service.address("public"), "PUT", &target, &headers, &body);
    assert_eq!(stored.status, 201);

    let got = download(&service, &path);
    assert_eq!((got.status, got.body.len()), (200, body.len()));
    assert!(got.body == body, "the same bytes");
    let head = request(&service.address("public"), "HEAD", &format!("/upload/localhost/{path}"), "", b"");
    let without_date = |answer: &Answer| {
        answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect::<Vec<_>>()
    };
    assert_eq!(without_date(&head), without_date(&got), "HEAD tells what GET does");
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "1000000"),
        ("content-disposition", "inline; filename=\"film.mp4\""),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
        ("cache-control", "private, max-age=86400, immutable"),
    ] {
        assert_eq!(got.header(name), Some(value), "{name}");
    }
    assert!(got.header("etag").is_some() && got.header("last-modified").is_some(), "{got:?}");
    service.wait_for_log(&["upload", HASH, "outcome=\"stored\"", "bytes=1000000"]);
    assert!(!service.log().contains("random"), "the path, which is a permission to read, is in the log");
}

#[test]
fn html_is_never_shown() {
    let service = Service::start();
    let path = format!("{HASH}/r/page.html");
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 6));
    request(
        &service.address("public"),
        "PUT",
        &target,
        "Content-Type: text/html\r\nContent-Length: 6\r\n",
        b"<html>",
    );
    let got = download(&service, &path);
    assert_eq!(got.header("content-disposition"), Some("attachment; filename=\"page.html\""));
}

#[test]
fn names_may_be_escaped_or_raw() {
    let service = Service::start();
    for (number, (encoded, decoded)) in [
        ("gr%C3%BC%C3%9Fe.txt", "grüße.txt"),
        ("grüße.txt", "grüße.txt"),
        ("a%20b+c%2525.txt", "a b+c%25.txt"),
    ]
    .into_iter()
    .enumerate()
    {
        let (encoded, decoded) =
            (format!("{HASH}/r{number}/{encoded}"), format!("{HASH}/r{number}/{decoded}"));
        assert_eq!(upload(&service, &encoded, &decoded, b"text").status, 201, "{encoded}");
        assert_eq!(download(&service, &encoded).body, b"text", "{encoded}");
    }
}

#[test]
fn a_damaged_file_is_not_served_and_the_log_names_it_without_giving_it_away() {
    let service = Service::start();
    let path = format!("{HASH}/0123456789abcdef/secret-name");
    assert_eq!(upload(&service, &path, &path, b"text").status, 201);
    let file = service.folder().path().join("store/files/localhost").join(&path);
    std::fs::write(file, b"not what was stored").expect("writable");
    assert_eq!(download(&service, &path).status, 503);
    service.wait_for_log(&["reason=\"store_failed\"", &format!("files/localhost/{HASH}/012345… is damaged")]);
    assert!(
        !service.log().contains("0123456789") && !service.log().contains("secret-name"),
        "{}",
        service.log()
    );
}

#[test]
fn empty_files_are_files() {
    let service = Service::start();
    let path = format!("{HASH}/r/empty");
    assert_eq!(upload(&service, &path, &path, b"").status, 201);
    let got = download(&service, &path);
    assert_eq!((got.status, got.header("content-length")), (200, Some("0")));
}

#[test]
fn a_slot_is_used_once() {
    let service = Service::start();
    let path = format!("{HASH}/r/name");
    assert_eq!(upload(&service, &path, &path, b"first").status, 201);
    assert_eq!(upload(&service, &path, &path, b"other").status, 409);
    assert_eq!(download(&service, &path).body, b"first");
    service.wait_for_log(&["upload", "reason=\"exists\""]);
}

#[test]
fn what_was_not_granted_is_refused_and_nothing_is_stored() {
    let service = Service::start();
    let public = service.address("public");
    let path = format!("{HASH}/r/name");
    let good = tokens::v(&path, 4);
    let at = |rest: &str| format!("/upload/localhost/{rest}");
    let dots = format!("{HASH}/r/..");
    let dots_token = tokens::v(&dots, 4);
    for (target, status, reason) in [
        (at(&path), 403, "token_missing"),
        (at(&format!("{path}?v=")), 403, "token_malformed"),
        (at(&format!("{path}?v={}", "0".repeat(64))), 403, "mac_invalid"),
        (at(&format!("{path}?v={}", tokens::v(&path, 5))), 403, "mac_invalid"),
        (at(&format!("{path}x?v={good}")), 403, "mac_invalid"),
        (at(&format!("{path}?v={good}&v2={good}")), 403, "scheme_not_accepted"),
        (at(&format!("{dots}?v={dots_token}")), 400, "path_malformed"),
        (at(&format!("{HASH}/r/%2E%2E?v={dots_token}")), 400, "path_malformed"),
        (at(&format!("{HASH}/r/a%2Fb?v={good}")), 400, "path_malformed"),
        (at(&format!("name?v={good}")), 400, "path_malformed"),
        (format!("/upload/elsewhere/{path}?v={good}"), 404, "path_unknown"),
        (format!("/{path}?v={good}"), 404, "path_unknown"),
    ] {
        let answer = put(&public, &target, b"data");
        assert_eq!(answer.status, status, "{target}: {answer:?}");
        service.wait_for_log(&["upload", "outcome=\"refused\"", &format!("reason=\"{reason}\"")]);
    }
    let authorized = "Authorization: Bearer x\r\nContent-Length: 4\r\n";
    let answer = request(&public, "PUT", &at(&format!("{path}?v={good}")), authorized, b"data");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    let odd_type = "Content-Type: text\r\nContent-Length: 4\r\n";
    assert_eq!(request(&public, "PUT", &at(&format!("{path}?v={good}")), odd_type, b"data").status, 400);
    assert_empty(&service);
    assert!(!service.log().contains(&good), "an upload token in the log");
    assert_eq!(upload(&service, &path, &path, b"data").status, 201, "the slot is still good");
}

#[test]
fn a_length_is_needed_and_may_not_be_too_large() {
    let service = Service::start();
    let public = service.address("public");
    let path = format!("{HASH}/r/name");
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 4));
    let chunked =
        request(&public, "PUT", &target, "Transfer-Encoding: chunked\r\n", b"4\r\ndata\r\n0\r\n\r\n");
    assert_eq!(chunked.status, 411);
    assert_eq!(request(&public, "PUT", &target, "", b"").status, 411);

    let large = 1024 * 1024 + 1;
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, large));
    assert_eq!(request(&public, "PUT", &target, &format!("Content-Length: {large}\r\n"), b"").status, 413);
    service.wait_for_log(&["upload", "reason=\"too_large\""]);
    assert_empty(&service);
}

#[test]
fn a_refusal_comes_before_100_continue() {
    let service = Service::start();
    let path = format!("{HASH}/r/name");
    for (token, first) in
        [("0".repeat(64), "HTTP/1.1 403 Forbidden"), (tokens::v(&path, 4), "HTTP/1.1 100 Continue")]
    {
        let mut client = Client::connect(&service.address("public"));
        client.send(format!(
            "PUT /upload/localhost/{path}?v={token} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        ));
        assert_eq!(client.line().as_deref(), Some(first));
    }
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let service = Service::start();
    let mut client = Client::connect(&service.address("public"));
    let target = format!("/upload/localhost/{HASH}/r/name?v={}", "0".repeat(64));
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n"));
    for _ in 0..100 {
        client.send(vec![0; 20_000]);
    }
    assert_eq!(client.answer(true).status, 403);
}

#[test]
fn a_client_that_hangs_up_leaves_nothing_and_may_come_back() {
    let service = Service::start();
    let path = format!("{HASH}/r/name");
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 100_000));
    let mut client = Client::connect(&service.address("public"));
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"));
    client.send(vec![1; 50_000]);
    wait_until("the upload has begun", || !service.stored_files().is_empty());
    assert_eq!(download(&service, &path).status, 404, "half a file was served");
    drop(client);
    assert_empty(&service);
    assert_eq!(put(&service.address("public"), &target, &vec![2; 100_000]).status, 201);
}

#[test]
fn a_client_that_falls_silent_is_given_up() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[limits]\nidle_timeout = '200ms'"));
    let path = format!("{HASH}/r/name");
    let mut client = Client::connect(&service.address("public"));
    client.send(format!(
        "PUT /upload/localhost/{path}?v={} HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
        tokens::v(&path, 9)
    ));
    assert_eq!(client.answer(true).status, 400);
    service.wait_for_log(&["upload", "reason=\"body_incomplete\""]);
    assert_empty(&service);

    let service = Service::start_with(&configuration(FREE_PORTS, "[limits]\nheader_timeout = '200ms'"));
    let mut silent = Client::connect(&service.address("public"));
    silent.send("GET /upload/loc");
    let end = silent.line();
    assert!(end.as_deref().is_none_or(|line| line.contains("408")), "{end:?}");
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let more = "[limits]\nconnections = 1\nidle_timeout = '200ms'";
    let service = Service::start_with(&configuration(FREE_PORTS, more));
    let public = service.address("public");
    let mut greedy = TcpStream::connect(&public).expect("the service listens");
    greedy.set_write_timeout(Some(PATIENCE)).expect("valid");
    let requests = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    // Answers pile up until the service is stuck writing; then it closes.
    while greedy.write_all(requests.as_bytes()).is_ok() {}
    wait_until("the next one has his turn", || get(&public, "/").status == 404);
}

#[test]
fn nothing_else_is_served() {
    let service = Service::start();
    let public = service.address("public");
    for method in ["DELETE", "POST", "PATCH", "OPTIONS", "PROPFIND"] {
        let answer = request(&public, method, "/upload/localhost/a/b/c", "", b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("PUT, GET, HEAD")), "{method}");
    }
    service.wait_for_log(&["reason=\"method_not_allowed\""]);
    for target in
        ["/", "/metrics", "/check_password", "/upload/localhost/", "/upload/localhost/../../etc/passwd", "*"]
    {
        let answer = get(&public, target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}");
    }
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let service = Service::start();
    let mut client = Client::connect(&service.address("public"));
    for number in 0..3 {
        let path = format!("{HASH}/r{number}/name");
        let target = format!("/upload/localhost/{path}");
        let token = tokens::v(&path, 4);
        client.send(format!("PUT {target}?v={token} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndata"));
        assert_eq!(client.answer(true).status, 201);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(client.answer(true).body, b"data");
    }
}
