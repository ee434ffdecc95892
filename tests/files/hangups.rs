//! Clients that go away.

use std::time::Duration;

use socket2::SockRef;

use crate::door::{Door, HASH, at, signed};
use crate::support::http::Client;
use crate::support::wait_until;

const SIZE: usize = 400_000;

fn path() -> String {
    format!("{HASH}/r/name")
}

fn begun(door: &Door, sent: usize) -> Client {
    let mut client = door.client();
    client
        .send(format!("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: {SIZE}\r\n\r\n", signed(&path(), SIZE)));
    client.send(vec![1; sent]);
    client
}

/// The connection breaks instead of being closed.
fn reset(client: Client) {
    SockRef::from(client.tcp()).set_linger(Some(Duration::ZERO)).expect("valid");
    drop(client);
}

#[test]
fn half_a_file_is_never_seen_and_the_slot_stays_good() {
    for sent in [0, 1, 5_000, SIZE / 2, SIZE - 1] {
        for leave in [drop as fn(Client), reset] {
            let door = Door::open();
            let client = begun(&door, sent);
            if sent >= 5_000 {
                wait_until("the upload has begun", || !door.service.stored_files().is_empty());
            }
            for what in [door.get(&path(), ""), door.head(&path(), "")] {
                assert_eq!(what.status, 404, "half a file was served");
            }
            let before = door.count("body_incomplete");
            leave(client);
            if sent >= 5_000 {
                wait_until("it is counted", || door.count("body_incomplete") == before + 1);
            }
            door.assert_empty();
            assert_eq!(door.get(&path(), "").status, 404);
            assert_eq!(
                door.put(&signed(&path(), SIZE), "", &vec![2; SIZE]).status,
                201,
                "after {sent} bytes"
            );
            assert!(door.get(&path(), "").body == vec![2; SIZE]);
        }
    }
}

#[test]
fn one_who_left_does_not_keep_the_next_one_out() {
    let door = Door::open();
    let slow = begun(&door, SIZE / 2);
    wait_until("the upload has begun", || !door.service.stored_files().is_empty());
    // The other one is not told that there is a file: there is none yet.
    let other = door.put(&signed(&path(), SIZE), "", &vec![2; SIZE]);
    assert_eq!(other.status, 201, "{other:?}");
    drop(slow);
    assert!(door.get(&path(), "").body == vec![2; SIZE]);
    wait_until("only the file is left", || door.service.stored_files().len() == 1);
}

#[test]
fn of_several_at_once_one_wins() {
    let door = Door::open();
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let puts: Vec<_> = (1..=3_u8)
            .map(|byte| {
                let door = &door;
                scope.spawn(move || (byte, door.put(&signed(&path(), SIZE), "", &vec![byte; SIZE]).status))
            })
            .collect();
        puts.into_iter().map(|put| put.join().expect("an answer")).collect()
    });
    let winners: Vec<_> = statuses.iter().filter(|(_, status)| *status == 201).collect();
    assert!(statuses.iter().all(|(_, status)| matches!(status, 201 | 409)), "{statuses:?}");
    let [(winner, _)] = winners[..] else { unreachable!("{statuses:?}") };
    assert!(door.get(&path(), "").body == vec![*winner; SIZE], "whole, and the winner's");
    wait_until("only the file is left", || door.service.stored_files().len() == 1);
}

/// Whoever has one slot could else take the places of all.
#[test]
fn one_slot_has_few_places() {
    let door = Door::open();
    let mut attempts: Vec<_> = (0..3).map(|_| begun(&door, SIZE / 2)).collect();
    wait_until("all have begun", || door.service.stored_files().len() == 3);
    let answer = door.refuses("a fourth", (503, "slot_busy"), |door| {
        door.ask("PUT", &signed(&path(), SIZE), &format!("Content-Length: {SIZE}\r\n"), b"")
    });
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    door.store(&format!("{HASH}/other/name"), "text/plain", b"data");

    drop(attempts.pop());
    wait_until("a place is free", || door.service.stored_files().len() == 3);
    assert_eq!(door.put(&signed(&path(), SIZE), "", &vec![2; SIZE]).status, 201);
    drop(attempts);
    assert!(door.get(&path(), "").body == vec![2; SIZE]);
}

#[test]
fn one_who_stops_reading_disturbs_nobody() {
    let door = Door::open();
    let film = vec![7; 1024 * 1024];
    door.store(&path(), "video/mp4", &film);
    for leave in [drop as fn(Client), reset] {
        for _ in 0..5 {
            let mut client = door.client();
            client.send(format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", at(&path())));
            assert!(client.line().expect("an answer").contains(" 200 "));
            leave(client);
        }
    }
    assert!(door.get(&path(), "").body == film);
    assert_eq!(door.count("store_failed"), 0, "{}", door.service.log());
}

#[test]
fn one_who_leaves_at_once_is_no_refusal() {
    let door = Door::open();
    for leave in [drop as fn(Client), reset] {
        leave(door.client());
        let mut client = door.client();
        client.send("PUT /upl");
        leave(client);
    }
    assert_eq!(door.get("a/b/c", "").status, 404);
    door.assert_empty();
}
