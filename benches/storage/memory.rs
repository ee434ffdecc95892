//! What the service holds of memory while slow clients upload into a bucket.

use std::path::Path;

use super::sidecar::Sidecar;
use super::stores::BucketServer;
use super::support::report::{Goal, row};
use super::support::slot::Slot;
use super::support::slow::peak_of_uploads;

const UPLOADS: u32 = 500;

pub(crate) fn measure(program: &Path, store: &BucketServer) {
    let sidecar = Sidecar::start(program, store, "");
    let process = sidecar.process();
    let idle = process.kibibytes("VmRSS");
    let head = |bytes| {
        let target = Slot::of(0).put_target(bytes);
        format!("PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n").into_bytes()
    };
    let peak = peak_of_uploads(process, &sidecar.address, UPLOADS as usize, head);
    store.clear();
    let name = |what: &str| format!("{}: {what}", store.name);
    row(&name("500 uploads at 10 kB/s, VmRSS"), "KiB", &[peak], Goal::Below(192.0 * 1024.0));
    row(&name("of that, each upload"), "KiB", &[(peak - idle) / f64::from(UPLOADS)], Goal::Below(256.0));
}
