//! Small files by the thousand, over a few kept connections.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::servers::{Measured, Server, Servers, alone, in_turns};
use super::support::body;
use super::support::client::Connection;
use super::support::report::compared;
use super::support::slot::Slot;

const ROUNDS: usize = 5;
const SMALL: u64 = 10_000;
const MEDIUM: u64 = 1 << 20;

/// At once, each over its own connection and one after the other.
const UPLOADERS: u32 = 32;
const UPLOADS_OF_EACH: usize = 75;
/// Of a server that waits for the disk, or is Prosody.
const SLOW_UPLOADS_OF_EACH: usize = 25;
const PROSODY_ROUNDS: usize = 2;

const DOWNLOADERS: u32 = 8;
const DOWNLOAD_ROUND: Duration = Duration::from_secs(1);
const FILES_OF_EACH: usize = 4;

pub(crate) fn put(servers: &Servers) {
    let Servers { ours, synced, nginx, prosody, .. } = servers;
    // Nothing is removed until the end: ext4 looks for the number of a new file for long where many files were removed just before.
    let all = [ours, synced, nginx, prosody];
    let fast = |server: &Server| uploads(server, UPLOADS_OF_EACH);
    let slow = |server: &Server| uploads(server, SLOW_UPLOADS_OF_EACH);
    let [nginx, ours] = in_turns(ROUNDS, [nginx, ours], fast);
    let [synced] = in_turns(ROUNDS, [synced], slow);
    let prosody = alone(PROSODY_ROUNDS, prosody, slow);
    all.into_iter().for_each(Server::clear);
    compared(&format!("PUT of 10 kB, {UPLOADERS} at once, 1/s"), &ours, &nginx, &prosody, Some(1.0));
    compared("the same, store.sync = true", &synced, &nginx, &prosody, None);
}

fn uploads(server: &Server, of_each: usize) -> Measured {
    let requests = |user| {
        let request = |_| {
            let head = server.put_head(&Slot::of(user), SMALL);
            body::pieces(SMALL).fold(head, |request, piece| [&request, piece].concat())
        };
        (0..of_each).map(request).collect::<Vec<_>>()
    };
    let barrier = Barrier::new(UPLOADERS as usize + 1);
    let upload = |user| {
        let (requests, mut connection) = (requests(user), Connection::open(&server.address));
        barrier.wait();
        requests.iter().try_for_each(|request| match connection.ask(request) {
            Ok(answer) if answer.status == 201 => Ok(()),
            Ok(answer) => Err(format!("answer {}", answer.status)),
            Err(error) => Err(error.to_string()),
        })
    };
    let (took, uploaded) = thread::scope(|scope| {
        let clients: Vec<_> = (0..UPLOADERS).map(|user| scope.spawn(move || upload(user))).collect();
        barrier.wait();
        let start = Instant::now();
        let uploaded: Result<(), _> =
            clients.into_iter().try_for_each(|client| client.join().expect("no panic in there"));
        (start.elapsed(), uploaded)
    });
    let uploads = UPLOADERS * u32::try_from(of_each).expect("not that many");
    uploaded.map(|()| (f64::from(uploads), took))
}

pub(crate) fn get(servers: &Servers) {
    let Servers { ours, nginx, prosody, .. } = servers;
    let servers = [nginx, ours, prosody];
    for (name, bytes) in [("1 MiB", MEDIUM), ("10 kB", SMALL)] {
        let slots = (0..DOWNLOADERS).map(|user| (0..FILES_OF_EACH).map(|_| Slot::of(user)).collect());
        let slots: Vec<Vec<Slot>> = slots.collect();
        for (server, slot) in
            servers.iter().flat_map(|server| slots.iter().flatten().map(move |slot| (server, slot)))
        {
            server.put(slot, bytes).expect("a small file");
        }
        let measure = |server: &Server| Ok(downloads(server, &slots, bytes));
        let [nginx, ours, prosody] = in_turns(ROUNDS, servers, measure);
        servers.into_iter().for_each(Server::clear);
        let name = format!("GET of {name}, {DOWNLOADERS} at once, 1/s");
        compared(&name, &ours, &nginx, &Ok(prosody), Some(0.9));
    }
}

/// Each connection asks for the next of its files as soon as it has one.
fn downloads(server: &Server, slots: &[Vec<Slot>], bytes: u64) -> (f64, Duration) {
    let barrier = Barrier::new(slots.len() + 1);
    let download = |slots: &[Slot]| {
        let requests: Vec<_> = slots.iter().map(|slot| server.get(slot)).collect();
        let mut connection = Connection::open(&server.address);
        barrier.wait();
        let (start, mut answers) = (Instant::now(), 0_u32);
        for request in requests.iter().cycle() {
            if start.elapsed() >= DOWNLOAD_ROUND {
                break;
            }
            let answer = connection.download(request, |_| ()).expect("an answer");
            assert_eq!(answer, (200, bytes));
            answers += 1;
        }
        answers
    };
    thread::scope(|scope| {
        let clients: Vec<_> = slots.iter().map(|slots| scope.spawn(|| download(slots))).collect();
        barrier.wait();
        let start = Instant::now();
        let answers: u32 = clients.into_iter().map(|client| client.join().expect("all are answered")).sum();
        (answers.into(), start.elapsed())
    })
}
