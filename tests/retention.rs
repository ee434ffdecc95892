//! Files that are kept for a while, and users who are erased: with slots of every kind, one process or two, on a disk or on S3, across a restart.

#[path = "support/s3.rs"]
mod s3_server;
mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use support::http::{post_form, request};
use support::metrics::value;
use support::slots::{Kind, Slot, hash, upload};
use support::{FREE_PORTS, PROGRAM, Service, configuration, tokens, wait_until, with_upload};

const SHORT: &str = "accept = ['v', 'v2', 'bearer', 'jwt']\nretention = '3s'\nquota_per_user = '1000B'";
const FOR_EVER: u64 = 253_402_300_799;

fn expired(service: &Service) -> u64 {
    value(service, "ejabberd_sidecar_files_expired_total{vhost=\"localhost\"}")
}

/// The files in a disk store whose paths hold `part`.
fn files(service: &Service, part: &str) -> Vec<PathBuf> {
    let mut found = service.stored_files();
    found.retain(|path| path.to_string_lossy().contains(part));
    found
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

    wait_until("all are removed", || expired(&service) == 4);
    for slot in &slots {
        assert_eq!((slot.get(&service).status, slot.put(&service, 250).status), (410, 409), "{}", slot.path);
    }
    assert_eq!(upload(&service, Kind::V, "alice", "large", 1000), 201, "there is room again");
    for path in files(&service, "/files/") {
        let bytes = fs::metadata(&path).expect("there").len();
        assert!(bytes < 250 || path.to_string_lossy().contains("large"), "{}: {bytes}", path.display());
    }
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
    wait_until("both are removed", || expired(&service) == 2);
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
    wait_until("what is due is removed", || expired(&service) == 1);
    assert_eq!([&before, &later, &due].map(|slot| slot.get(&service).status), [200, 200, 410]);
    assert_eq!(due.put(&service, 10).status, 409);
}

/// Both sweep at the same time.
fn two_processes(services: &[Service; 2]) {
    let short: Vec<_> = (0..20)
        .map(|at| Slot::new([Kind::V, Kind::Bearer][at % 2], "alice", &format!("short{at}"), 10))
        .collect();
    let until = tokens::now() + 3000;
    let long: Vec<_> =
        (0..20).map(|at| Slot::new(Kind::Keeping(until), "alice", &format!("long{at}"), 10)).collect();
    for (at, slot) in short.iter().chain(&long).enumerate() {
        assert_eq!(slot.put(&services[at % 2], 10).status, 201);
    }
    wait_until("all are removed, some perhaps by both", || services.iter().map(expired).sum::<u64>() >= 20);
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
    two_processes(&[(); 2].map(|()| Service::start_in(Arc::clone(&folder), &settings)));
}

#[test]
fn two_processes_sweep_one_bucket() {
    let (runtime, folder) = (Runtime::new().expect("threads"), TempDir::new().expect("temporary folder"));
    let server = runtime.block_on(s3_server::S3Server::bind(0, folder.path())).expect("free port");
    let store = format!(
        "kind = 's3'\nbucket = '{}'\nendpoint = 'http://{}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'",
        s3_server::BUCKET,
        server.address().expect("bound"),
        s3_server::ACCESS_KEY_ID,
        s3_server::SECRET_ACCESS_KEY
    );
    runtime.spawn(server.serve());
    let settings = with_upload(SHORT, "").replace("kind = \"disk\"\npath = \"store\"", &store);
    two_processes(&[(); 2].map(|()| Service::start_with(&settings)));
}

#[test]
fn forgetting_a_user_takes_everything_and_his_slots() {
    let settings =
        with_upload("accept = ['v', 'bearer', 'jwt']\nquota_per_user = '1000B'\nretention = '1d'", "");
    let service = Service::start_with(&settings);
    let hook = |form: &[(&str, &str)], name: &str| post_form(&service.address("hook"), name, form);
    let login = [("user", "alice"), ("server", "localhost"), ("pass", &tokens::good("alice"))];
    assert_eq!(hook(&login, "/check_password").text(), "true");
    wait_until("she is written down", || !files(&service, "/users/").is_empty());
    let slots = [(Kind::V, 500), (Kind::Bearer, 300), (Kind::Jwt, 200)];
    let slots = slots.map(|(kind, size)| (Slot::new(kind, "alice", &format!("{kind:?}"), size), size));
    for (slot, size) in &slots {
        assert_eq!(slot.put(&service, *size).status, 201);
    }
    assert_eq!(upload(&service, Kind::V, "bob", "three", 500), 201);
    let hoarded = Slot::new(Kind::V, "alice", "hoarded", 5);

    let forget = |user: &str| {
        let config = service.folder().path().join("sidecar.toml");
        let mut command = Command::new(PROGRAM);
        let done = command.args(["user", "forget", "--config"]).arg(config).arg(user).output().expect("runs");
        let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text"));
        (done.status.code(), text.concat())
    };
    assert_eq!(forget("alice@localhost"), (Some(0), "erased alice@localhost: 3 files, 1000 B\n".to_owned()));
    for (slot, size) in &slots {
        assert_eq!((slot.get(&service).status, slot.put(&service, *size).status), (404, 410));
    }
    assert_eq!(hoarded.put(&service, 5).status, 410);
    wait_until("she does not exist any more", || hook(&login[..2], "/user_exists").text() == "false");
    let left = files(&service, &hash("alice"));
    let tells =
        |path: &PathBuf| ["/tombs/", "/users/"].iter().any(|part| path.to_string_lossy().contains(part));
    assert!(left.iter().all(tells), "what says that she is gone is left alone: {left:?}");
    for entry in files(&service, "/expiring/") {
        let text = String::from_utf8_lossy(&fs::read(&entry).expect("readable")).into_owned();
        assert!(text.contains(&hash("bob")), "{text}");
    }
    assert_eq!(files(&service, "/files/").len(), 1, "bob's");

    assert_eq!(forget("alice@localhost").0, Some(0), "again");
    assert_eq!(hook(&login, "/check_password").text(), "true");
    wait_until("there is room for her again", || upload(&service, Kind::V, "alice", "new", 1000) != 507);
    for (user, problem) in
        [("alice@elsewhere.org", "is not among the configured hosts"), ("localhost", "is a server")]
    {
        let (code, text) = forget(user);
        assert!(code == Some(64) && text.contains(problem), "{code:?} {text}");
    }
}
