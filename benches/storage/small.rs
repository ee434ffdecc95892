//! Small files over a few kept connections.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::large::in_turns;
use super::sidecar::Sidecar;
use super::stores::{BucketServer, target};
use super::support::client::Connection;
use super::support::report::shared;
use super::support::slot::Slot;

const BYTES: usize = 10_000;
/// At once, each over its own connection and one after the other.
const UPLOADERS: u32 = 32;
const UPLOADS_OF_EACH: u32 = 10;

pub(crate) fn measure(program: &Path, store: &BucketServer) {
    let sidecar = Sidecar::start(program, store, "");
    let through = |user, _| (Slot::of(user).put_target(BYTES as u64), 201);
    let directly = |user, upload| (target(&store.put_url(&format!("files/{user}/{upload}"))).to_owned(), 200);
    let put = |address, target: &(dyn Fn(u32, u32) -> (String, u16) + Sync)| {
        let rate = uploads(address, target);
        store.clear();
        rate
    };
    let (ours, direct) = in_turns(|| put(&sidecar.address, &through), || put(store.address(), &directly));
    let name = format!("{}: PUTs of 10 kB, {UPLOADERS} at once, 1/s", store.name);
    shared(&name, &ours, &direct, Some(0.8));
}

/// How many a second. `target` says for user and upload where it goes, and how success is answered.
fn uploads(address: &str, target: &(dyn Fn(u32, u32) -> (String, u16) + Sync)) -> f64 {
    let barrier = Barrier::new(UPLOADERS as usize + 1);
    let upload = |user| {
        let of = |upload| {
            let (target, success) = target(user, upload);
            (request(address, &target), success)
        };
        let requests: Vec<_> = (0..UPLOADS_OF_EACH).map(of).collect();
        let mut connection = Connection::open(address);
        barrier.wait();
        for (request, success) in requests {
            assert_eq!(connection.ask(&request).expect("an answer").status, success);
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..UPLOADERS).map(|user| scope.spawn(move || upload(user))).collect();
        barrier.wait();
        let start = Instant::now();
        for client in clients {
            client.join().expect("all are taken");
        }
        f64::from(UPLOADERS * UPLOADS_OF_EACH) / start.elapsed().as_secs_f64()
    })
}

/// No two files are equal: a store may keep those once.
fn request(address: &str, target: &str) -> Vec<u8> {
    let mut request =
        format!("PUT {target} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {BYTES}\r\n\r\n").into_bytes();
    let head = request.len();
    request.resize(head + BYTES, 0);
    rand::fill(&mut request[head..]);
    request
}
