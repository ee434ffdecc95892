//! One large file after the other, each over a connection of its own.

use std::process::Command;
use std::time::Instant;

use super::servers::{Server, Servers, alone, in_turns};
use super::support::client::Connection;
use super::support::report::compared;
use super::support::slot::Slot;

const BYTES: u64 = 1 << 30;
/// Of the file that Prosody gets: with one of 1 GiB it would be busy for minutes. It is more than what it keeps in memory before it
/// looks at it.
const PROSODY_BYTES: u64 = 16 << 20;
const ROUNDS: usize = 5;

pub(crate) fn put(servers: &Servers) {
    let Servers { ours, synced, nginx, prosody, .. } = servers;
    let put = |server: &Server, bytes| {
        // What earlier files have left to be written would be written now.
        assert!(Command::new("sync").status().is_ok_and(|status| status.success()));
        let start = Instant::now();
        let stored = server.put(&Slot::of(0), bytes);
        let took = start.elapsed();
        server.clear();
        stored.map(|()| (mebibytes(bytes), took))
    };
    let [nginx, ours, synced] = in_turns(ROUNDS, [nginx, ours, synced], |server| put(server, BYTES));
    let prosody = alone(1, prosody, |server| put(server, PROSODY_BYTES));
    compared("PUT of 1 GiB, MiB/s (Prosody: 16 MiB)", &ours, &nginx, &prosody, Some(1.0));
    compared("the same, store.sync = true", &synced, &nginx, &prosody, Some(0.5));
}

pub(crate) fn get(servers: &Servers) {
    let Servers { ours, nginx, prosody, .. } = servers;
    let slot = Slot::of(0);
    let get = |server: &Server, bytes| {
        let mut connection = Connection::open(&server.address);
        let start = Instant::now();
        let answer = connection.download(&server.get(&slot), |_| ()).map_err(|error| error.to_string())?;
        let took = start.elapsed();
        assert_eq!(answer, (200, bytes));
        Ok((mebibytes(bytes), took))
    };
    for server in [nginx, ours] {
        server.put(&slot, BYTES).expect("it is taken");
    }
    let [nginx, ours] = in_turns(ROUNDS, [nginx, ours], |server| get(server, BYTES));
    let taken = prosody.put(&slot, PROSODY_BYTES);
    let prosody = taken.and_then(|()| alone(ROUNDS, prosody, |server| get(server, PROSODY_BYTES)));
    [&servers.nginx, &servers.ours, &servers.prosody].into_iter().for_each(Server::clear);
    compared("GET of 1 GiB, MiB/s (Prosody: 16 MiB)", &ours, &nginx, &prosody, Some(0.9));
}

fn mebibytes(bytes: u64) -> f64 {
    u32::try_from(bytes >> 20).expect("not that many").into()
}
