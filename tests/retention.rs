//! Files that are kept for a while: with slots of every kind, one process or two, on a disk or on S3, across a restart.

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ejabberd_sidecar::store::{DiskStore, Lifetime, NewObject, ObjectKey, PutError, Store};
use ejabberd_sidecar::types::{ContentType, ObjectPath, Vhost};
use ejabberd_sidecar::upload::{Sweeper, Usage, note_arrival};
use http_body_util::Full;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use bucket::Bucket;
use support::http::request;
use support::metrics::value;
use support::slots::{Kind, Slot, files, hash, upload};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until, with_upload};

const SHORT: &str = "accept = ['v', 'v2', 'bearer', 'jwt']\nretention = '3s'\nquota_per_user = '1000B'";
const FOR_EVER: u64 = 253_402_300_799;

/// A file is removed so much later than it is over, in seconds.
const CLOCKS: u64 = 3600;

fn disk(service: &Service) -> Store {
    Store::Disk(DiskStore::open(&service.folder().path().join("store"), true).expect("its folder"))
}

/// Sweeps as processes of these stores do whose clocks are `ahead`, all at the same time, and answers how many files they removed. The service itself has to
/// wait for an hour.
fn sweep<const N: usize>(stores: [Store; N], ahead: u64) -> usize {
    let now = tokens::now() + ahead;
    let sweeps = stores.into_iter().map(|store| async move {
        let store = Arc::new(store);
        let mut sweeper = Sweeper::new(Arc::clone(&store), Arc::new(Usage::new(store)));
        let mut removed = 0;
        loop {
            let swept = sweeper.round(now).await.expect("the store answers");
            assert_eq!((swept.failed, swept.problem), (0, None));
            removed += swept.removed;
            if !swept.more {
                return removed;
            }
        }
    });
    let runtime = Runtime::new().expect("threads");
    runtime.block_on(futures_util::future::join_all(sweeps)).into_iter().sum()
}

fn over(service: &Service, slot: &Slot) {
    wait_until("its time is over", || slot.get(service).status == 410);
}

#[test]
fn a_file_is_over_at_once_then_removed_and_its_slot_stays_used() {
    let service = Service::start_with(&with_upload(SHORT, ""));
    let slots = [Kind::V, Kind::V2, Kind::Bearer, Kind::Jwt]
        .map(|kind| Slot::new(kind, "alice", &format!("{kind:?}"), 250));
    for slot in &slots {
        assert_eq!(slot.put(&service, 250).status, 201);
        let got = slot.get(&service);
        // Slow machines are too late for this one.
        if got.status == 200 {
            let age = got.header("cache-control").expect("told").split(['=', ',']).nth(2).expect("a time");
            assert!(age.parse::<u64>().expect("seconds") <= 3, "{age}");
        }
    }
    for slot in &slots {
        over(&service, slot);
        let public = service.address("public");
        let target = format!("/upload/localhost/{}", slot.path);
        assert_eq!(request(&public, "HEAD", &target, "", b"").status, 410);
        assert_eq!(request(&public, "GET", &target, "Range: bytes=0-1\r\n", b"").status, 410);
        assert_eq!(slot.put(&service, 250).status, 409, "{}", slot.path);
    }
    service.wait_for_log(&["reason=\"gone\""]);

    assert_eq!(sweep([disk(&service)], CLOCKS - 600), 0, "perhaps a clock is wrong");
    assert_eq!(upload(&service, Kind::V, "alice", "early", 10), 507, "they take room until they are removed");
    assert_eq!(sweep([disk(&service)], CLOCKS + 60), 4);
    for slot in &slots {
        assert_eq!((slot.get(&service).status, slot.put(&service, 250).status), (410, 409), "{}", slot.path);
    }
    wait_until("there is room again", || upload(&service, Kind::V, "alice", "large", 1000) == 201);
    for path in files(&service, "/files/") {
        let bytes = fs::metadata(&path).expect("there").len();
        assert!(bytes < 250 || path.to_string_lossy().contains("large"), "{}: {bytes}", path.display());
    }
    // Only slots without an end are used for ever.
    sweep([disk(&service)], CLOCKS + 400);
    for (slot, left) in slots.iter().zip([410, 410, 404, 404]) {
        assert_eq!(slot.get(&service).status, left, "{}", slot.path);
    }
    let told = value(&service, "ejabberd_sidecar_files_expired_total{vhost=\"localhost\"}");
    assert_eq!(told, 0, "a process that has just started removes nothing");
}

#[test]
fn what_a_slot_says_counts_more_than_what_is_configured() {
    let service = Service::start_with(&with_upload(SHORT, ""));
    let soon = Slot::new(Kind::Keeping(tokens::now() + 5), "alice", "soon", 10);
    let day = Slot::new(Kind::Keeping(tokens::now() + 86_000), "alice", "day", 10);
    let ever = Slot::new(Kind::Keeping(FOR_EVER), "alice", "ever", 10);
    let general = Slot::new(Kind::Bearer, "alice", "general", 10);
    let past = Slot::new(Kind::Keeping(tokens::now() - 1), "alice", "past", 10);
    for slot in [&soon, &day, &ever, &general] {
        assert_eq!(slot.put(&service, 10).status, 201, "{}", slot.path);
    }
    assert_eq!(past.put(&service, 10).status, 410);
    service.wait_for_log(&["reason=\"keep_over\""]);
    over(&service, &soon);
    over(&service, &general);
    assert_eq!(sweep([disk(&service)], CLOCKS + 60), 2);
    let cached = |slot: &Slot| slot.get(&service).header("cache-control").map(str::to_owned);
    assert_eq!(cached(&ever).as_deref(), Some("private, max-age=86400, immutable"));
    let of_day = cached(&day).expect("told");
    assert!(of_day.starts_with("private, max-age=8") && !of_day.contains("86400"), "{of_day}");
}

#[test]
fn what_was_stored_before_stays_and_what_is_over_goes_after_a_restart() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let (before, later) =
        (Slot::new(Kind::V, "alice", "before", 10), Slot::new(Kind::V, "alice", "later", 10));
    let due = Slot::new(Kind::V, "alice", "due", 10);
    {
        let service = Service::start_in(Arc::clone(&folder), &configuration(FREE_PORTS, ""));
        assert_eq!(before.put(&service, 10).status, 201);
    }
    {
        let service = Service::start_in(Arc::clone(&folder), &with_upload("retention = '2s'", ""));
        assert_eq!(due.put(&service, 10).status, 201);
    }
    thread::sleep(Duration::from_secs(3));
    let service = Service::start_in(folder, &with_upload("retention = '1d'", ""));
    assert_eq!(later.put(&service, 10).status, 201);
    assert_eq!(sweep([disk(&service)], CLOCKS), 1);
    assert_eq!([&before, &later, &due].map(|slot| slot.get(&service).status), [200, 200, 410]);
    assert_eq!(due.put(&service, 10).status, 409);
}

/// Both sweep at the same time.
fn two_processes(services: &[Service; 2], stores: [Store; 2]) {
    let short: Vec<_> = (0..20)
        .map(|at| Slot::new([Kind::V, Kind::Bearer, Kind::Jwt][at % 3], "alice", &format!("short{at}"), 10))
        .collect();
    let until = tokens::now() + 5000;
    let long: Vec<_> =
        (0..20).map(|at| Slot::new(Kind::Keeping(until), "alice", &format!("long{at}"), 10)).collect();
    for (at, slot) in short.iter().chain(&long).enumerate() {
        assert_eq!(slot.put(&services[at % 2], 10).status, 201);
    }
    for slot in &short {
        over(&services[0], slot);
    }
    assert!(sweep(stores, CLOCKS + 60) >= 20, "all are removed, some perhaps by both");
    for service in services {
        for slot in &short {
            assert_eq!((slot.get(service).status, slot.put(service, 10).status), (410, 409));
        }
        for slot in &long {
            assert_eq!(slot.get(service).status, 200, "{}", slot.path);
        }
    }
}

#[test]
fn two_processes_sweep_one_disk() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let settings = with_upload(SHORT, "");
    let services = [(); 2].map(|()| Service::start_in(Arc::clone(&folder), &settings));
    two_processes(&services, [0, 1].map(|at| disk(&services[at])));
}

#[test]
fn two_processes_sweep_one_bucket() {
    let bucket = Bucket::start();
    let settings = bucket.instead_of_disk(&with_upload(SHORT, ""));
    let stores = [(); 2].map(|()| Store::S3(bucket.store()));
    two_processes(&[(); 2].map(|()| Service::start_with(&settings)), stores);
}

#[test]
fn a_full_disk_mounted_for_this_is_full_for_what_leads_to_a_file_too() {
    let service =
        Service::start_on_small_disk(1 << 20, &with_upload("accept = ['v', 'jwt']\nretention = '1d'", ""));
    assert_eq!(upload(&service, Kind::Jwt, "alice", "before", 10), 201);
    fill(&service.seen());
    for kind in [Kind::V, Kind::Jwt] {
        assert_eq!(upload(&service, kind, "alice", "full", 10), 507);
    }
    service.wait_for_log(&["reason=\"store_full\""]);
}

fn fill(folder: &Path) {
    let mut filler = fs::File::create(folder.join("filler")).expect("a name");
    while filler.write_all(&[1; 4096]).is_ok() {}
}

/// Runs this test once more, where there is a small file system.
#[test]
fn a_file_is_removed_on_a_full_disk_mounted_for_this() {
    const NAME: &str = "a_file_is_removed_on_a_full_disk_mounted_for_this";
    if let Some(folder) = env::var_os(NAME) {
        return Runtime::new().expect("threads").block_on(removed_on_a_full_disk(Path::new(&folder)));
    }
    let folder = TempDir::new().expect("temporary folder");
    let mut unshare = Command::new("unshare");
    unshare.args(["-rm", "bash", "-c", "mount -t tmpfs -o size=1m small \"$0\" && exec \"$@\""]);
    unshare.arg(folder.path()).arg(env::current_exe().expect("this program"));
    let done = unshare.args(["--exact", NAME]).env(NAME, folder.path()).output().expect("runs");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

async fn removed_on_a_full_disk(folder: &Path) {
    let store = Arc::new(Store::Disk(DiskStore::open(folder, true).expect("writable")));
    let vhost = Vhost::new("localhost").expect("a domain").into_owned();
    let keep_until = tokens::now();
    let keys = [10, 300_000].map(|size| {
        let path = ObjectPath::parse(&format!("{}/r{size}/file", hash("alice"))).expect("a path");
        (ObjectKey::file(&vhost, &path), path, size)
    });
    for (key, path, size) in &keys {
        let entry = format!("{{\"vhost\":\"localhost\",\"path\":\"{}\"}}", path.as_str());
        let entry_key =
            ObjectKey::expiring(&format!("{:08}", keep_until / 3600), &format!("{keep_until:012}-{size}"));
        store.note(&entry_key, ContentType::unknown(), entry).await.expect("stored");
        let life = Lifetime { keep_until: Some(keep_until), ..Lifetime::default() };
        let object = NewObject { life, ..NewObject::lasting(*size as u64, ContentType::unknown()) };
        store.put(key, object, Full::from(vec![b'x'; *size])).await.expect("stored");
    }
    fill(folder);
    let mut sweeper = Sweeper::new(Arc::clone(&store), Arc::new(Usage::new(Arc::clone(&store))));
    let swept = sweeper.round(keep_until + CLOCKS).await.expect("the store answers");
    assert_eq!((swept.removed, swept.problem), (2, None));
    for (key, ..) in keys {
        let info = store.head(&key).await.expect("the store answers").expect("its name is there");
        assert!(info.life.buried && info.size == 0);
        let again = store.put(&key, NewObject::lasting(0, ContentType::unknown()), Full::from("")).await;
        assert!(matches!(again, Err(PutError::Exists)), "{again:?}");
    }
}

#[test]
fn an_operator_who_trusts_his_clock_sweeps_without_waiting() {
    let service = Service::start_with(&with_upload(SHORT, ""));
    let (vhost, now) = (Vhost::new("localhost").expect("a domain").into_owned(), tokens::now());
    let store = disk(&service);
    Runtime::new().expect("threads").block_on(async {
        for (name, deadline) in [("over", now - 2 * CLOCKS), ("of-late", now - 60), ("good", now + 9000)] {
            let path = ObjectPath::parse(&format!("{}/r/{name}", hash("alice"))).expect("a path");
            note_arrival(&store, &vhost, &path, None, Some(deadline)).await.expect("noted");
            let life = Lifetime { keep_until: Some(deadline), ..Lifetime::default() };
            let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
            store.put(&ObjectKey::file(&vhost, &path), object, Full::from("data")).await.expect("stored");
        }
    });
    let config = service.folder().path().join("sidecar.toml");
    let sweep = |more: &[&str]| {
        let done = Command::new(support::PROGRAM)
            .args(["store", "sweep", "--config"])
            .arg(&config)
            .args(more)
            .output()
            .expect("runs");
        let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text"));
        (done.status.code(), text.concat())
    };
    let (code, text) = sweep(&[]);
    assert!(code == Some(64) && text.contains("--trust-clock"), "{code:?} {text}");
    let (code, text) = sweep(&["--trust-clock"]);
    assert!(
        code == Some(0) && text.starts_with("removed 1 file that had been over for an hour at 20"),
        "{text}"
    );
    assert_eq!(files(&service, "/expiring/").len(), 2);
    let (code, text) = sweep(&["--trust-clock"]);
    assert!(code == Some(0) && text.starts_with("removed 0 files that"), "{text}");
}
