//! Lengths that are wrong, missing, doubled or a lie, and what becomes of a body after a refusal.

use crate::door::{Door, HASH, at, checked, signed};
use crate::support::http::{Answer, Client};
use crate::support::{tokens, wait_until};

fn path() -> String {
    format!("{HASH}/r/name")
}

/// A PUT of [`path`], signed for `size` bytes, with these headers and this after them.
fn raw(door: &Door, size: usize, headers: &str, rest: &[u8]) -> Client {
    let mut client = door.client();
    let target = signed(&path(), size);
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
    client.send(rest);
    client
}

fn answer(mut client: Client) -> Answer {
    checked(client.answer(true))
}

#[test]
fn a_length_is_needed() {
    let door = Door::open();
    for (headers, rest) in [
        ("", &b""[..]),
        ("Content-Type: text/plain\r\n", b""),
        ("Transfer-Encoding: chunked\r\n", b"4\r\ndata\r\n0\r\n\r\n"),
        ("transfer-encoding: Chunked\r\n", b"4\r\ndata\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", b""),
        ("Expect: 100-continue\r\n", b""),
    ] {
        door.refuses(headers, (411, "length_missing"), |door| answer(raw(door, 4, headers, rest)));
        door.refuses(headers, (411, "length_missing"), |door| answer(raw(door, 0, headers, rest)));
    }
    door.assert_empty();
}

#[test]
fn the_length_is_the_one_that_was_signed() {
    let door = Door::open();
    for length in [0, 3, 5, 40, 1024 * 1024] {
        let headers = format!("Content-Length: {length}\r\n");
        door.refuses(length, (403, "mac_invalid"), |door| {
            door.ask("PUT", &signed(&path(), 4), &headers, &vec![0; length])
        });
    }
    door.assert_empty();
    // As a number, not as text.
    assert_eq!(answer(raw(&door, 4, "Content-Length: 0004\r\n", b"data")).status, 201);
}

#[test]
fn what_is_too_large_is_refused_unread() {
    const MAX: usize = 1024 * 1024;
    let door = Door::open();
    for size in [MAX + 1, 10 * MAX, 1 << 40, usize::MAX >> 1] {
        let headers = format!("Content-Length: {size}\r\n");
        for expect in ["", "Expect: 100-continue\r\n"] {
            door.refuses(size, (413, "too_large"), |door| {
                checked(raw(door, size, &format!("{headers}{expect}"), b"").answer(true))
            });
        }
    }
    door.assert_empty();
    assert_eq!(door.put(&signed(&path(), MAX), "", &vec![7; MAX]).status, 201, "exactly the limit");
}

#[test]
fn lengths_that_are_no_number_are_refused() {
    let door = Door::open();
    for value in [
        "",
        "x",
        "-4",
        "+4",
        "4.0",
        "0x4",
        "4 4",
        "4, 5",
        "4;",
        "four",
        "٤",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        let mut client = raw(&door, 4, &format!("Content-Length: {value}\r\n"), b"data");
        let line = client.line().expect("an answer");
        assert!(
            [" 400 ", " 411 ", " 413 ", " 431 "].iter().any(|status| line.contains(status)),
            "{value}: {line}"
        );
    }
    door.assert_empty();
}

#[test]
fn doubled_lengths_agree_or_are_refused() {
    let door = Door::open();
    for headers in [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\nContent-Length: 3\r\n",
        "Content-Length: 4\r\nContent-Length:\r\n",
        "Content-Length: 4, 5\r\n",
    ] {
        let mut client = raw(&door, 4, headers, b"data");
        let line = client.line().expect("an answer");
        assert!(line.contains(" 400 "), "{headers}: {line}");
    }
    door.assert_empty();
    // Twice the same says nothing wrong. RFC 9112 leaves it to the recipient.
    let mut client = raw(&door, 4, "Content-Length: 4\r\nContent-Length: 4\r\n", b"data");
    match client.answer(true).status {
        201 => assert_eq!(door.get(&path(), "").text(), "data"),
        status => {
            assert_eq!(status, 400);
            door.assert_empty();
        }
    }
}

#[test]
fn a_body_that_ends_early_is_no_file() {
    let door = Door::open();
    for (size, sent) in [(4, 0), (4, 3), (100_000, 99_999), (1024 * 1024, 500_000)] {
        let headers = format!("Content-Length: {size}\r\n");
        door.refuses((size, sent), (400, "body_incomplete"), |door| {
            let client = raw(door, size, &headers, &vec![1; sent]);
            client.finish();
            answer(client)
        });
        door.assert_empty();
    }
    assert_eq!(door.put(&signed(&path(), 4), "", b"data").status, 201, "the slot is still good");
}

#[test]
fn what_follows_a_body_does_not_belong_to_it() {
    let door = Door::open();
    let mut client = raw(&door, 4, "Content-Length: 4\r\n", b"data and more\r\n\r\n");
    assert_eq!(client.answer(true).status, 201);
    let next = client.line();
    assert!(next.as_deref().is_none_or(|line| line.contains(" 400 ")), "{next:?}");
    assert_eq!(door.get(&path(), "").text(), "data");
}

#[test]
fn empty_files_are_files() {
    let door = Door::open();
    door.store(&path(), "image/png", b"");
    let got = door.get(&path(), "");
    assert_eq!((got.status, got.header("content-length")), (200, Some("0")));
    let head = door.head(&path(), "");
    assert_eq!((head.status, head.header("content-length")), (200, Some("0")));
}

#[test]
fn parts_of_files_are_not_taken() {
    let door = Door::open();
    for range in ["bytes 0-3/4", "bytes 0-3/*", "bytes */4", "x", ""] {
        let headers = format!("Content-Range: {range}\r\n");
        door.refuses(range, (400, "content_range"), |door| door.put(&signed(&path(), 4), &headers, b"data"));
    }
    door.assert_empty();
}

/// Every refusal that the head alone decides.
fn refused_heads() -> Vec<(&'static str, (u16, &'static str), String)> {
    let put = |target: &str, headers: &str| format!("PUT {target} HTTP/1.1\r\nHost: h\r\n{headers}");
    let path = path();
    let good = signed(&path, 400_000);
    let length = "Content-Length: 400000\r\n";
    let wrong = format!("{}?v={}", at(&path), "0".repeat(64));
    let large = signed(&path, 1024 * 1024 + 1);
    let dots = format!("{HASH}/r/..");
    let (jpeg, exe) = (format!("{HASH}/r/a.jpg"), format!("{HASH}/r/a.exe"));
    vec![
        ("token", (403, "token_missing"), put(&at(&path), length)),
        ("token", (403, "token_malformed"), put(&format!("{}?v=x", at(&path)), length)),
        ("token", (403, "mac_invalid"), put(&wrong, length)),
        ("version", (403, "scheme_not_accepted"), put(&format!("{}?v2=x", at(&path)), length)),
        ("header", (401, "authorization_not_accepted"), put(&good, &format!("{length}Authorization: x\r\n"))),
        ("path", (400, "path_malformed"), put(&signed(&dots, 400_000), length)),
        ("path", (404, "path_unknown"), put("/elsewhere", length)),
        ("type", (400, "content_type_malformed"), put(&good, &format!("{length}Content-Type: x\r\n"))),
        ("part", (400, "content_range"), put(&good, &format!("{length}Content-Range: bytes 0-3/4\r\n"))),
        ("length", (411, "length_missing"), put(&good, "Transfer-Encoding: chunked\r\n")),
        ("size", (413, "too_large"), put(&large, "Content-Length: 1048577\r\n")),
        (
            "type",
            (415, "type_not_allowed"),
            put(&signed(&jpeg, 4), "Content-Length: 4\r\nContent-Type: a/b\r\n"),
        ),
        ("ending", (415, "extension_not_allowed"), put(&signed(&exe, 400_000), length)),
        ("method", (405, "method_not_allowed"), put(&good, length).replacen("PUT", "POST", 1)),
    ]
}

fn picky() -> Door {
    Door::with("denied_types = ['a/b']\ndenied_extensions = ['exe']", "")
}

/// Nobody sends a file for nothing.
#[test]
fn a_refusal_waits_for_no_body_and_comes_before_100_continue() {
    let door = picky();
    for (what, refusal, head) in refused_heads() {
        for expect in ["", "Expect: 100-continue\r\n", "expect: 100-Continue\r\n"] {
            door.refuses((what, expect), refusal, |door| {
                let mut client = door.client();
                client.send(format!("{head}{expect}\r\n"));
                checked(client.answer(true))
            });
        }
    }
    door.assert_empty();
}

/// It is thrown away, or the connection ends: it is never taken for a request.
#[test]
fn a_body_after_a_refusal_is_no_request() {
    let door = picky();
    let other = format!("{HASH}/other/name");
    let smuggled = format!("{HASH}/smuggled/name");
    door.store(&other, "text/plain", b"the next answer");
    let inner = format!("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndata", signed(&smuggled, 4));
    for (what, (status, _), head) in refused_heads() {
        if head.contains("chunked") {
            continue;
        }
        let length = format!("Content-Length: {}\r\n", inner.len());
        let (start, end) = head.split_once("Content-Length: ").expect("a length");
        let head = format!("{start}{length}{}", end.split_once("\r\n").expect("a line").1);
        let mut client = door.client();
        client.send(format!("{head}\r\n{inner}GET {} HTTP/1.1\r\nHost: h\r\n\r\n", at(&other)));
        let first = client.answer(true).status;
        // With another length it is another refusal.
        assert!((400..500).contains(&first), "{what} {status}: {first}");
        if let Some(line) = client.line() {
            assert!(line.contains(" 200 "), "{what}: {line}");
            assert_eq!(rest(client).last().map(String::as_str), Some("the next answer"), "{what}");
        }
        assert_eq!(door.get(&smuggled, "").status, 404, "{what}: a body was taken for a request");
    }
}

/// What comes until the service has nothing more to say.
fn rest(mut client: Client) -> Vec<String> {
    client.finish();
    std::iter::from_fn(|| client.line()).collect()
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let door = Door::open();
    for reason in ["mac_invalid", "too_large", "length_missing"] {
        let mut client = door.client();
        let (target, headers) = match reason {
            "mac_invalid" => {
                (format!("{}?v={}", at(&path()), "0".repeat(64)), "Content-Length: 50000000\r\n")
            }
            "too_large" => (signed(&path(), 50_000_000), "Content-Length: 50000000\r\n"),
            _ => (signed(&path(), 4), "Transfer-Encoding: chunked\r\n"),
        };
        client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"));
        for _ in 0..100 {
            client.send(format!("4e20\r\n{}\r\n", "x".repeat(20_000)));
        }
        assert!(matches!(client.answer(true).status, 403 | 411 | 413), "{reason}");
        assert!(door.count(reason) == 1, "{reason}");
    }
    door.assert_empty();
}

#[test]
fn the_client_is_asked_for_its_body_once_all_is_well() {
    let door = Door::open();
    let mut client = door.client();
    let head = format!("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n", signed(&path(), 4));
    client.send(format!("{head}Expect: 100-continue\r\n\r\n"));
    assert_eq!(client.line().as_deref(), Some("HTTP/1.1 100 Continue"));
    assert_eq!(client.line().as_deref(), Some(""));
    client.send("data");
    assert_eq!(checked(client.answer(true)).status, 201);

    // The slot was used, which only the store can know: it is refused all the same, asked for or not.
    client.send(format!("{head}Expect: 100-continue\r\n\r\n"));
    let line = client.line().expect("an answer");
    if line.contains(" 100 ") {
        client.line();
        client.send("data");
        assert_eq!(client.answer(true).status, 409);
    } else {
        assert!(line.contains(" 409 "), "{line}");
    }
    assert_eq!(door.get(&path(), "").text(), "data");
}

/// curl waits a second for `100 Continue` and then sends; others do not wait at all.
#[test]
fn a_client_need_not_wait_to_be_asked() {
    let door = Door::open();
    let mut client = raw(&door, 4, "Content-Length: 4\r\nExpect: 100-continue\r\n", b"data");
    let mut answer = client.answer(true);
    if answer.status == 100 {
        answer = client.answer(true);
    }
    assert_eq!(answer.status, 201);
    wait_until("the file is there", || door.get(&path(), "").text() == "data");
}

#[test]
fn a_slot_is_used_once() {
    let door = Door::open();
    door.store(&path(), "text/plain", b"first");
    for body in [&b"other"[..], b"first"] {
        door.refuses("again", (409, "exists"), |door| door.upload(&path(), "text/html", body));
    }
    let longer = tokens::v(&path(), 6);
    let target = format!("{}?v={longer}", at(&path()));
    door.refuses("of another size", (409, "exists"), |door| door.put(&target, "", b"longer"));
    let got = door.get(&path(), "");
    assert_eq!((got.text(), got.header("content-type")), ("first", Some("text/plain")));
}
