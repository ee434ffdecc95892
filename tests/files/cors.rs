//! Web clients on other origins. That every answer may be read by them is checked wherever one is read in these tests.

use crate::door::{Door, HASH, at, checked, signed, words};
use crate::support::http::Answer;

fn path() -> String {
    format!("{HASH}/r/photo.png")
}

fn preflight(door: &Door, target: &str, method: &str, headers: &str) -> Answer {
    let asked = format!(
        "Origin: https://chat.example.org\r\nAccess-Control-Request-Method: {method}\r\n\
         Access-Control-Request-Headers: {headers}\r\n"
    );
    door.ask("OPTIONS", target, &asked, b"")
}

fn assert_allows(answer: &Answer, headers: &[&str]) {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    assert!(answer.body.is_empty(), "{answer:?}");
    let methods = words(answer, "access-control-allow-methods");
    for method in ["get", "head", "put"] {
        assert!(methods.contains(&method.to_owned()), "{method}: {answer:?}");
    }
    for never in ["delete", "post", "patch"] {
        assert!(!methods.contains(&never.to_owned()), "{never}: {answer:?}");
    }
    // `*` would leave out Authorization.
    let allowed = words(answer, "access-control-allow-headers");
    for header in headers {
        assert!(allowed.contains(&header.to_ascii_lowercase()), "{header}: {answer:?}");
    }
    let seconds: u64 = answer.header("access-control-max-age").expect("a time").parse().expect("a number");
    assert!(seconds > 0, "{answer:?}");
}

#[test]
fn a_preflight_allows_what_clients_do() {
    let door = Door::open();
    let asked: [&[&str]; 7] = [
        &["content-type"],
        &["authorization", "content-type"],
        &["Content-Type", "Authorization"],
        &["range"],
        &["if-none-match", "if-range", "range"],
        &["x-anything"],
        &["cookie", "expires", "x-requested-with"],
    ];
    for target in [signed(&path(), 4), at(&path()), at("a/b/..")] {
        for method in ["PUT", "GET", "HEAD"] {
            for headers in asked {
                for separator in [",", ", "] {
                    assert_allows(&preflight(&door, &target, method, &headers.join(separator)), headers);
                }
            }
        }
    }
    door.assert_empty();
}

#[test]
fn options_change_nothing_and_need_no_token() {
    let door = Door::open();
    // Without the headers of a preflight, and with a body.
    for (headers, body) in [("", &b""[..]), ("Content-Length: 4\r\n", b"data"), ("Origin: null\r\n", b"")] {
        let answer = door.ask("OPTIONS", &signed(&path(), 4), headers, body);
        assert!((200..300).contains(&answer.status), "{headers}: {answer:?}");
    }
    door.assert_empty();
    door.store(&path(), "image/png", b"data");
    assert_allows(&preflight(&door, &signed(&path(), 4), "PUT", "content-type"), &["content-type"]);
    assert_eq!(door.get(&path(), "").text(), "data");
}

/// Whatever stands in them comes from a stranger.
#[test]
fn odd_preflights_are_answered() {
    let door = Door::open();
    for headers in
        ["", ",", "a b", "x-a\u{1}", "x-ä", "x-a: y", "\"x\"", &"x".repeat(8000), &"x,".repeat(4000)]
    {
        for method in ["PUT", "DELETE", "", "P T", &"X".repeat(5000)] {
            let mut client = door.client();
            client.send(format!(
                "OPTIONS {} HTTP/1.1\r\nHost: h\r\nOrigin: x\r\nAccess-Control-Request-Method: {method}\r\n\
                 Access-Control-Request-Headers: {headers}\r\n\r\n",
                at(&path())
            ));
            let answer = client.answer(true);
            assert!((200..500).contains(&answer.status), "{headers} {method}: {answer:?}");
            if answer.status < 300 {
                checked(answer);
            }
        }
    }
    door.assert_empty();
}

/// Each kind of answer, read with [`checked`].
#[test]
fn every_answer_may_be_read_by_a_page() {
    let door = Door::open();
    let origin = "Origin: https://chat.example.org\r\n";
    let with = |headers: &str| format!("{origin}{headers}");
    assert_eq!(door.put(&signed(&path(), 4), origin, b"data").status, 201);
    assert_eq!(door.put(&signed(&path(), 4), origin, b"data").status, 409);
    let etag = door.get(&path(), "").header("etag").expect("an ETag").to_owned();
    for (headers, status) in [
        (String::new(), 200),
        ("Range: bytes=0-1\r\n".to_owned(), 206),
        ("Range: bytes=9-\r\n".to_owned(), 416),
        (format!("If-None-Match: {etag}\r\n"), 304),
        ("If-Match: \"x\"\r\n".to_owned(), 412),
    ] {
        assert_eq!(door.get(&path(), &with(&headers)).status, status);
        let head = door.head(&path(), &with(&headers)).status;
        assert_eq!(head, if (200..300).contains(&status) || status == 416 { 200 } else { status });
    }
    for (target, headers, status) in [
        (at(&path()), "", 403),
        (signed(&path(), 4), "Authorization: Bearer x\r\n", 401),
        (signed(&path(), 4), "Content-Type: x\r\n", 400),
        (at("a/b/.."), "", 400),
        ("/elsewhere".to_owned(), "", 404),
    ] {
        assert_eq!(door.put(&target, &with(headers), b"data").status, status, "{headers}");
    }
    assert_eq!(door.ask("PUT", &signed(&path(), 4), origin, b"").status, 411);
    assert_eq!(door.ask("DELETE", &at(&path()), origin, b"").status, 405);
    assert_eq!(door.get("a/b/c", origin).status, 404);
}

/// Whether it asks with one or not: a cache must not keep an answer without the headers for a page that needs them.
#[test]
fn an_origin_changes_nothing() {
    let door = Door::open();
    door.store(&path(), "image/png", b"data");
    let headers = |origin: &str| {
        let mut headers = door.get(&path(), origin).headers;
        headers.retain(|(name, _)| name != "date");
        headers.sort();
        headers
    };
    let without = headers("");
    for origin in ["null", "https://chat.example.org", "http://localhost:3000", "x"] {
        assert_eq!(headers(&format!("Origin: {origin}\r\n")), without, "{origin}");
    }
}
