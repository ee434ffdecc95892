//! Clients that are slow, silent or too many.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::door::{Door, HASH, at, checked, signed};
use crate::support::http::{Client, get};
use crate::support::{PATIENCE, wait_until};

fn path(number: usize) -> String {
    format!("{HASH}/{number}/name")
}

/// A PUT for `size` bytes of which only the head was sent.
fn begun(door: &Door, number: usize, size: usize) -> Client {
    let mut client = door.client();
    let target = signed(&path(number), size);
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n"));
    client
}

/// One that the store is taking.
fn under_way(door: &Door, number: usize, size: usize) -> Client {
    let mut client = begun(door, number, size);
    client.send(vec![1; size / 2]);
    wait_until("the upload has begun", || !door.service.stored_files().is_empty());
    client
}

#[test]
fn a_client_that_falls_silent_within_a_body_is_given_up() {
    let door = Door::with("", "[limits]\nidle_timeout = '300ms'");
    for sent in [0, 4, 99_999] {
        door.refuses(sent, (408, "body_timeout"), |door| {
            let mut client = begun(door, 0, 100_000);
            client.send(vec![1; sent]);
            checked(client.answer(true))
        });
        door.assert_empty();
    }
    assert_eq!(door.put(&signed(&path(0), 4), "", b"data").status, 201, "the slot is still good");
}

#[test]
fn a_client_that_was_asked_for_its_body_may_not_be_silent_either() {
    let door = Door::with("", "[limits]\nidle_timeout = '300ms'");
    door.refuses("asked", (408, "body_timeout"), |door| {
        let mut client = door.client();
        let head =
            format!("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n", signed(&path(0), 100_000));
        client.send(format!("{head}Expect: 100-continue\r\n\r\n"));
        assert_eq!(client.line().as_deref(), Some("HTTP/1.1 100 Continue"));
        client.line();
        checked(client.answer(true))
    });
    door.assert_empty();
}

/// Never silent for long, and done in a year.
#[test]
fn a_client_that_sends_drop_by_drop_is_given_up() {
    let door = Door::with("", "[limits]\nidle_timeout = '1s'\nmin_rate = '100KiB'");
    door.refuses("drops", (408, "body_too_slow"), |door| {
        let client = begun(door, 0, 100_000);
        let mut drops = client.tcp().try_clone().expect("a socket");
        let dripping = std::thread::spawn(move || {
            // Until the service has had enough.
            while drops.write_all(b"x").is_ok() {
                sleep(Duration::from_millis(50));
            }
        });
        let mut client = client;
        let answer = checked(client.answer(true));
        drop(client.tcp().shutdown(std::net::Shutdown::Both));
        dripping.join().expect("it ends");
        answer
    });
    door.assert_empty();
}

#[test]
fn a_client_that_is_slow_and_steady_gets_through() {
    let door = Door::with("", "[limits]\nidle_timeout = '10s'\nmin_rate = '1B'");
    let mut client = begun(&door, 0, 20);
    for _ in 0..20 {
        client.send("x");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(checked(client.answer(true)).status, 201);
    assert_eq!(door.get(&path(0), "").body, [b'x'; 20]);
}

#[test]
fn a_slow_head_ends_the_connection() {
    let door = Door::with("", "[limits]\nheader_timeout = '300ms'");
    for beginning in ["", "GET /upload/loc", "GET / HTTP/1.1\r\nHost: h\r\nX-A: "] {
        let mut silent = door.client();
        silent.send(beginning);
        let end = silent.line();
        assert!(end.as_deref().is_none_or(|line| line.contains(" 408 ")), "{beginning}: {end:?}");
    }
    // Drop by drop is no better.
    let slow = door.client();
    let mut drops = slow.tcp().try_clone().expect("a socket");
    let dripping = std::thread::spawn(move || {
        while drops.write_all(b"X-A: b\r\n").is_ok() {
            sleep(Duration::from_millis(20));
        }
    });
    wait_until("the slow head is given up", || {
        let mut byte = [0];
        !matches!(slow.tcp().peek(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    });
    drop(slow);
    dripping.join().expect("it ends");
    door.assert_empty();
}

#[test]
fn a_head_has_an_end() {
    let door = Door::open();
    for head in [
        format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(1_000_000)),
        format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X-A: b\r\n".repeat(100_000)),
        format!("GET / HTTP/1.1\r\nHost: h\r\nX-A: {}\r\n\r\n", "x".repeat(1_000_000)),
    ] {
        let mut stream = TcpStream::connect(&door.public).expect("the service listens");
        stream.set_write_timeout(Some(PATIENCE)).expect("valid");
        // It may well end before it has read all of it.
        drop(stream.write_all(head.as_bytes()));
        assert_eq!(get(&door.public, "/").status, 404, "the next one has his turn");
    }
}

#[test]
fn only_so_many_uploads_run_at_once() {
    let door = Door::with("", "[limits]\nuploads = 1");
    let mut first = under_way(&door, 1, 200_000);
    for expect in ["", "Expect: 100-continue\r\n"] {
        let answer = door.refuses(expect, (503, "too_many_uploads"), |door| {
            let mut second = door.client();
            let target = signed(&path(2), 4);
            second.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n{expect}\r\n"));
            checked(second.answer(true))
        });
        let seconds = answer.header("retry-after").expect("when to try again");
        assert!(seconds.parse::<u32>().is_ok(), "{answer:?}");
    }
    // Who is refused for another reason is told that one, and reading goes on.
    let wrong = format!("{}?v={}", at(&path(2)), "0".repeat(64));
    door.refuses("token", (403, "mac_invalid"), |door| door.put(&wrong, "", b"data"));
    door.refuses("missing", (404, "missing"), |door| door.get(&path(2), ""));

    first.send(vec![1; 100_000]);
    assert_eq!(checked(first.answer(true)).status, 201);
    assert_eq!(door.put(&signed(&path(2), 4), "", b"data").status, 201);

    // A client that hangs up leaves its place.
    drop(begun(&door, 3, 200_000));
    wait_until("the place is free", || door.put(&signed(&path(4), 4), "", b"data").status != 503);
    assert_eq!(door.get(&path(4), "").text(), "data");
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let door = Door::with("", "[limits]\nconnections = 1\nidle_timeout = '200ms'");
    let mut greedy = TcpStream::connect(&door.public).expect("the service listens");
    greedy.set_write_timeout(Some(PATIENCE)).expect("valid");
    let requests = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    // Answers pile up until the service is stuck writing; then it closes.
    while greedy.write_all(requests.as_bytes()).is_ok() {}
    wait_until("the next one has his turn", || get(&door.public, "/").status == 404);
}
