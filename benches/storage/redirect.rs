//! What it costs to be sent to the store.

use std::path::Path;
use std::time::{Duration, Instant};

use super::sidecar::Sidecar;
use super::stores::{BucketServer, target};
use super::support::client::Connection;
use super::support::report::{Goal, percentile, row};
use super::support::slot::Slot;

const ROUNDS: usize = 5;
const REQUESTS: usize = 200;

pub(crate) fn measure(program: &Path, store: &BucketServer) {
    let sidecar = Sidecar::start(program, store, "download = 'redirect'");
    let slot = Slot::of(0);
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n",
        slot.put_target(10_000)
    );
    let stored =
        Connection::open(&sidecar.address).upload(head.as_bytes(), 10_000).expect("an answer").status;
    assert_eq!(stored, 201);
    let (redirect, direct) = (slot.get_target(), store.get_url(&format!("files/localhost/{}", slot.path())));
    let one = |_| (median(&sidecar.address, 307, &redirect), median(store.address(), 200, target(&direct)));
    let (redirect, direct): (Vec<_>, Vec<_>) = (0..ROUNDS).map(one).unzip();
    store.clear();
    let name = |what: &str| format!("{}: {what}, p50", store.name);
    row(&name("a redirect adds"), "ms", &redirect, Goal::Below(1.0));
    row(&name("GET of 10 kB, direct"), "ms", &direct, Goal::Shown);
}

/// Milliseconds.
fn median(address: &str, status: u16, target: &str) -> f64 {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut connection = Connection::open(address);
    let one = |_| -> Duration {
        let start = Instant::now();
        assert_eq!(connection.ask(request.as_bytes()).expect("an answer").status, status);
        start.elapsed()
    };
    percentile(&mut (0..REQUESTS).map(one).collect::<Vec<_>>(), 500)
}
