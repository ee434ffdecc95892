//! HTTP/1.0 and 1.1, and what happens on one connection.

use crate::door::{Door, HASH, at, checked, signed};
use crate::support::http::Client;

fn path(number: usize) -> String {
    format!("{HASH}/{number}/name")
}

/// Whether the service has ended the connection, having said nothing more.
fn is_over(mut client: Client) -> bool {
    client.line().is_none()
}

/// As libpurple writes it, which Pidgin's upload plugin is built on.
#[test]
fn http_1_0_is_enough() {
    let door = Door::open();
    let mut client = door.client();
    client.send(format!(
        "PUT {} HTTP/1.0\r\nConnection: close\r\nAccept: */*\r\nHost: localhost\r\nContent-length: 4\r\n\r\ndata",
        signed(&path(1), 4)
    ));
    assert_eq!(checked(client.answer(true)).status, 201);
    assert!(is_over(client));

    for (headers, stays) in
        [("", false), ("Connection: close\r\n", false), ("Connection: keep-alive\r\n", true)]
    {
        let mut client = door.client();
        let get = format!("GET {} HTTP/1.0\r\n{headers}\r\n", at(&path(1)));
        client.send(&get);
        let got = checked(client.answer(true));
        assert_eq!((got.status, got.text()), (200, "data"));
        assert_eq!(got.header("transfer-encoding"), None, "1.0 has no chunks");
        if stays {
            client.send(&get);
            assert_eq!(checked(client.answer(true)).text(), "data");
        } else {
            assert!(is_over(client), "{headers}");
        }
    }
    let mut client = door.client();
    client.send(format!("HEAD {} HTTP/1.0\r\n\r\n", at(&path(1))));
    assert_eq!(checked(client.answer(false)).header("content-length"), Some("4"));
}

#[test]
fn http_1_0_is_refused_for_the_same_reasons() {
    let door = Door::open();
    let wrong = format!("{}?v={}", at(&path(1)), "0".repeat(64));
    for (target, headers, refusal) in [
        (&wrong, "Content-Length: 4\r\n", (403, "mac_invalid")),
        (&signed(&path(1), 4), "", (411, "length_missing")),
        (
            &signed(&path(1), 4),
            "Content-Length: 4\r\nAuthorization: x\r\n",
            (401, "authorization_not_accepted"),
        ),
    ] {
        door.refuses(headers, refusal, |door| {
            let mut client = door.client();
            client.send(format!("PUT {target} HTTP/1.0\r\n{headers}\r\n"));
            checked(client.answer(true))
        });
    }
    door.assert_empty();
}

/// A 1.0 client would take `100 Continue` for the answer (RFC 9110, 10.1.1).
#[test]
fn http_1_0_is_not_asked_to_continue() {
    let door = Door::open();
    let mut client = door.client();
    let target = signed(&path(1), 4);
    client.send(format!("PUT {target} HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\ndata"));
    assert_eq!(checked(client.answer(true)).status, 201);
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let door = Door::open();
    let mut client = door.client();
    for number in 0..20 {
        let body = vec![b'a' + u8::try_from(number).expect("small"); number * 5_000];
        let target = signed(&path(number), body.len());
        client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len()));
        client.send(&body);
        assert_eq!(checked(client.answer(true)).status, 201);
        for (method, headers, status) in [
            ("GET", "", 200),
            ("HEAD", "", 200),
            ("GET", "If-None-Match: *\r\n", 304),
            ("OPTIONS", "", 200),
            ("GET", "", 200),
        ] {
            client.send(format!("{method} {} HTTP/1.1\r\nHost: h\r\n{headers}\r\n", at(&path(number))));
            let answer = checked(client.answer(method != "HEAD"));
            assert_eq!(answer.status / 100, status / 100, "{method} {number}");
            if (method, answer.status) == ("GET", 200) {
                assert!(answer.body == body, "{number}");
            }
        }
        // Not found and refused without a body: the connection goes on.
        client.send("GET /upload/localhost/a/b/c HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(checked(client.answer(true)).status, 404);
    }
}

#[test]
fn questions_may_be_asked_ahead() {
    let door = Door::open();
    let sizes = [0, 1, 50_000, 3, 200_000, 10];
    for (number, size) in sizes.into_iter().enumerate() {
        door.store(&path(number), "text/plain", &vec![b'0' + u8::try_from(number).expect("small"); size]);
    }
    let mut client = door.client();
    let get =
        |method: &str, number: usize| format!("{method} {} HTTP/1.1\r\nHost: h\r\n\r\n", at(&path(number)));
    let order: Vec<_> =
        (0..60).map(|turn| (["GET", "GET", "HEAD"][turn % 3], (turn * 5) % sizes.len())).collect();
    let all: String = order.iter().map(|(method, number)| get(method, *number)).collect();
    client.send(all);
    for (method, number) in order {
        let answer = checked(client.answer(method == "GET"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-length"), Some(sizes[number].to_string().as_str()));
        assert!(answer.body.iter().all(|byte| usize::from(byte - b'0') == number), "{method} {number}");
    }
}

#[test]
fn uploads_and_downloads_may_be_sent_ahead() {
    let door = Door::open();
    let mut client = door.client();
    let both = |number| {
        let (put, get) = (signed(&path(number), 5), at(&path(number)));
        format!(
            "PUT {put} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nfile{number}GET {get} HTTP/1.1\r\nHost: h\r\n\r\n"
        )
    };
    client.send((0..10).map(both).collect::<Vec<_>>().concat());
    for number in 0..10 {
        assert_eq!(checked(client.answer(true)).status, 201, "{number}");
        assert_eq!(checked(client.answer(true)).text(), format!("file{number}"));
    }
}

#[test]
fn who_asks_to_close_is_closed() {
    let door = Door::open();
    door.store(&path(0), "text/plain", b"data");
    for target in [at(&path(0)), at("a/b/c")] {
        let mut client = door.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        let answer = checked(client.answer(true));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(is_over(client));
    }
}

/// Small packets, as some clients and all bad networks send them.
#[test]
fn a_request_may_come_in_pieces() {
    let door = Door::open();
    let mut client = door.client();
    client.tcp().set_nodelay(true).expect("valid");
    let request = format!(
        "PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n{}",
        signed(&path(0), 30),
        "x".repeat(30)
    );
    for byte in request.bytes() {
        client.send([byte]);
    }
    assert_eq!(checked(client.answer(true)).status, 201);
    assert_eq!(door.get(&path(0), "").body, [b'x'; 30]);
}
