//! 1 GiB, in one file and in 32 at once.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

use super::curl;
use super::sidecar::Sidecar;
use super::stores::BucketServer;
use super::support::report::shared;
use super::support::slot::Slot;

const ROUNDS: usize = 3;
const FILES: usize = 32;
const FILE_BYTES: usize = 32 << 20;
const ALL_BYTES: u64 = 1 << 30;
const ALL_MEBIBYTES: f64 = 1024.0;

/// What is sent. The large file is the small ones one behind the other: Garage, which keeps equal pieces once and what was removed for a while,
/// holds 1 GiB in the end.
pub(crate) struct Files {
    large: PathBuf,
    small: Vec<PathBuf>,
    _folder: TempDir,
}

impl Files {
    /// Of bytes that nothing makes smaller.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let (large, small) = (path("large"), (0..FILES).map(|n| path(&n.to_string())).collect::<Vec<_>>());
        let mut all = File::create(&large).expect("writable");
        let mut bytes = vec![0; FILE_BYTES];
        for file in &small {
            rand::fill(&mut bytes[..]);
            File::create(file).and_then(|mut file| file.write_all(&bytes)).expect("room for 1 GiB");
            all.write_all(&bytes).expect("room for 1 GiB");
        }
        Self { large, small, _folder: folder }
    }
}

pub(crate) fn measure(program: &Path, store: &BucketServer, files: &Files) {
    let sidecar = Sidecar::start(program, store, "");
    let large: Vec<&Path> = vec![&files.large];
    let small: Vec<&Path> = files.small.iter().map(PathBuf::as_path).collect();
    // What is new to the store costs it more than what it has seen: nobody's round.
    put_directly(store, &small);
    for (name, files) in [("PUT of 1 GiB", large), ("32 PUTs of 32 MiB at once", small)] {
        let (ours, direct) =
            in_turns(|| put_through(&sidecar, store, &files), || put_directly(store, &files));
        shared(&format!("{}: {name}, MiB/s", store.name), &ours, &direct, Some(0.95));
    }
    get(&sidecar, store, &files.large);
}

fn get(sidecar: &Sidecar, store: &BucketServer, file: &Path) {
    let slot = Slot::of(0);
    curl::put(&[(file, sidecar.put_url(&slot, ALL_BYTES))]);
    let (through, directly) =
        (sidecar.get_url(&slot), store.get_url(&format!("files/localhost/{}", slot.path())));
    let rate = |url: &str| rate(|| assert_eq!(curl::get(url), ALL_BYTES));
    let (ours, direct) = in_turns(|| rate(&through), || rate(&directly));
    store.clear();
    shared(&format!("{}: GET of 1 GiB, MiB/s", store.name), &ours, &direct, Some(0.9));
}

fn put_through(sidecar: &Sidecar, store: &BucketServer, files: &[&Path]) -> f64 {
    let size = ALL_BYTES / files.len() as u64;
    put(store, files, |number| sidecar.put_url(&Slot::of(number), size))
}

fn put_directly(store: &BucketServer, files: &[&Path]) -> f64 {
    put(store, files, |number| store.put_url(&format!("files/{number}")))
}

fn put(store: &BucketServer, files: &[&Path], url: impl Fn(u32) -> String) -> f64 {
    let files: Vec<_> = (0..).zip(files).map(|(number, file)| (*file, url(number))).collect();
    let rate = rate(|| curl::put(&files));
    store.clear();
    rate
}

/// All bytes in the time that it takes.
fn rate(transfer: impl FnOnce()) -> f64 {
    // What earlier files have left to be written would be written now.
    rustix::fs::sync();
    let start = Instant::now();
    transfer();
    ALL_MEBIBYTES / start.elapsed().as_secs_f64()
}

/// What else the machine does then falls on both.
pub(crate) fn in_turns(
    mut ours: impl FnMut() -> f64,
    mut direct: impl FnMut() -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let both = |round| {
        if round % 2 == 0 {
            (ours(), direct())
        } else {
            let direct = direct();
            (ours(), direct)
        }
    };
    (0..ROUNDS).map(both).unzip()
}
