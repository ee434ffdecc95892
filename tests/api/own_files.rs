//! What a user has, whichever way it came, and what becomes of what he removes.

use std::fs;
use std::sync::Arc;
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use crate::app::{App, UPLOADS, counted, error, files, target, text};
use crate::bucket::Bucket;
use crate::support::http::get;
use crate::support::slots::{Kind, Slot, hash};
use crate::support::{FREE_PORTS, Service, configuration, tokens, wait_until, with_upload};

const ACCEPT: &str = "accept = ['v', 'v2', 'bearer', 'jwt']";

fn gone(service: &Service, slot: &Slot) -> (u16, u16) {
    (slot.get(service).status, slot.put(service, 10).status)
}

#[test]
fn files_of_every_slot_are_listed_and_removed_and_their_slots_stay_used() {
    let service = Service::start_with(&with_upload(&format!("{ACCEPT}\nquota_per_user = '1000B'"), ""));
    let alice = App::of(&service, "alice");
    let kinds = [Kind::V, Kind::V2, Kind::Bearer, Kind::Keeping(tokens::now() + 3000), Kind::Jwt];
    let slots = kinds
        .map(|kind| Slot::new(kind, "alice", &format!("r{}", text(&json!(format!("{kind:?}"))).len()), 10));
    for slot in &slots {
        assert_eq!(slot.put(&service, 10).status, 201, "{}", slot.path);
    }
    let page = alice.list("");
    assert_eq!((files(&page).len(), &page["used"], &page["quota"]), (5, &json!(50), &json!(1000)));
    for file in files(&page) {
        assert_eq!(
            (&file["name"], &file["size"], &file["type"]),
            (&json!("file.bin"), &json!(10), &json!("application/octet-stream")),
            "{file}"
        );
        let stored = humantime::parse_rfc3339(&text(&file["uploaded_at"])).expect("a date");
        assert!(stored.elapsed().is_ok_and(|age| age.as_secs() < 600), "{file}");
        let url = target(&file["url"]);
        assert_eq!(get(&service.address("public"), &url).status, 200, "{file}");
        assert!(url.ends_with(&text(&file["path"])), "{file}");
    }
    assert_eq!(files(&page).iter().filter(|file| !file["keep_until"].is_null()).count(), 1);

    let paths: Vec<_> = files(&page).iter().map(|file| text(&file["path"])).collect();
    for (at, path) in paths.iter().enumerate() {
        let logged = service.log().len();
        assert_eq!(alice.remove(path).status, 204, "{path}");
        service.wait_for_log_since(
            logged,
            &["api", "call=\"remove\"", "user=\"alice@localhost\"", "outcome=\"removed\"", "bytes=10"],
        );
        assert_eq!(error(&alice.remove(path)), (404, "missing".to_owned()), "{path}, again");
        let page = alice.list("");
        assert_eq!((files(&page).len(), &page["used"]), (4 - at, &json!(40 - 10 * at)));
    }
    for slot in &slots {
        assert_eq!(gone(&service, slot), (410, 409), "{}", slot.path);
    }
    assert_eq!(
        (counted(&service, "remove", "done", "none"), counted(&service, "remove", "refused", "missing")),
        (5, 5)
    );
    let left = service.stored_files();
    assert!(!left.iter().any(|file| file.to_string_lossy().contains("/pointers/")), "{left:?}");
    for path in paths {
        assert!(!service.log().contains(&path), "a path is in the log");
    }
}

#[test]
fn nobody_sees_or_removes_what_is_not_his() {
    let service = Service::start_with(&with_upload(ACCEPT, ""));
    let (alice, bob) = (App::of(&service, "alice"), App::of(&service, "bob"));
    let slots = [Kind::Bearer, Kind::Jwt].map(|kind| Slot::new(kind, "alice", &format!("{kind:?}"), 10));
    // Of a Prosody slot that names nobody.
    let nobodys = Slot::at(Kind::V, "", "uuid/file.bin".to_owned(), 10);
    for slot in slots.iter().chain([&nobodys]) {
        assert_eq!(slot.put(&service, 10).status, 201);
    }
    let paths: Vec<_> = files(&alice.list("")).iter().map(|file| text(&file["path"])).collect();
    assert_eq!(paths.len(), 2);
    for path in paths.iter().map(String::as_str).chain(["uuid/file.bin", "no/such"]) {
        assert_eq!(error(&bob.remove(path)), (404, "missing".to_owned()), "{path}");
    }
    assert_eq!(error(&alice.remove("uuid/file.bin")).0, 404);
    assert_eq!(bob.names(), Vec::<String>::new());
    for slot in slots.iter().chain([&nobodys]) {
        assert_eq!(slot.get(&service).status, 200);
    }
    assert_eq!(error(&bob.remove(&slots[0].path)), (400, "path_malformed".to_owned()), "with the hash");
}

#[test]
fn paths_are_decoded_once_and_cannot_leave_their_place() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    for name in ["Gr\u{fc}\u{df}e", "100%25", "a+b", "r/\u{e9}"] {
        let path = format!("{}/r{}/{}", hash("alice"), name.len(), name.replace('/', "_"));
        assert_eq!(
            Slot::at(Kind::V, "alice", path.clone(), 4).put(&service, 4).status,
            if name.contains('%') { 403 } else { 201 }
        );
    }
    alice.upload("100% & more?", b"data");
    for file in files(&alice.list("")) {
        assert_eq!(alice.remove(&text(&file["path"])).status, 204, "{file}");
    }
    assert_eq!(alice.names(), Vec::<String>::new());
    for path in [
        "a",
        "a/",
        "/a",
        "a/..",
        "../a",
        "a/%2e%2e",
        "a/b/c",
        "a%2Fb",
        "a/b%2Fc",
        "a/%00",
        "a/%0a",
        "a/%zz",
        "a/%ff",
        "a/%",
        &format!("a/{}", "x".repeat(256)),
    ] {
        assert_eq!(error(&alice.remove(path)), (400, "path_malformed".to_owned()), "{path}");
    }
    assert_eq!(error(&alice.ask("DELETE", UPLOADS, "")), (405, "method_not_allowed".to_owned()));
}

#[test]
fn what_is_removed_makes_room_and_counts_once() {
    let service = Service::start_with(&with_upload("quota_per_user = '1000B'", ""));
    let alice = App::of(&service, "alice");
    for name in ["a", "b"] {
        alice.upload(name, &[b'x'; 400]);
    }
    let path = alice.path("a");
    let statuses: Vec<_> = thread::scope(|scope| {
        let removals: Vec<_> = (0..8).map(|_| scope.spawn(|| alice.remove(&path).status)).collect();
        removals.into_iter().map(|removal| removal.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 204 | 404)), "{statuses:?}");
    assert_eq!(alice.list("")["used"], 400);
    assert_eq!(error(&alice.slot(&json!({"filename": "c", "size": 601}))), (507, "quota_user".to_owned()));
    alice.upload("c", &[b'x'; 600]);
}

#[test]
fn the_sweep_takes_what_is_left_of_it_in_its_time() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let service = Service::start_in(Arc::clone(&folder), &configuration(FREE_PORTS, ""));
    let alice = App::of(&service, "alice");
    alice.upload("a", b"data");
    assert_eq!(alice.remove(&alice.path("a")).status, 204);
    let entries: Vec<_> = service
        .stored_files()
        .into_iter()
        .filter(|file| file.to_string_lossy().contains("/expiring/"))
        .collect();
    let [entry] = &entries[..] else { unreachable!("one entry leads to it: {entries:?}") };
    let text = fs::read(entry).expect("readable");
    assert!(String::from_utf8_lossy(&text).contains(&hash("alice")));
}

fn two_services(services: &[Service; 2]) {
    let [here, there] = [0, 1].map(|at| App::of(&services[at], "alice"));
    assert_eq!(there.names(), Vec::<String>::new());
    here.upload("one", b"data");
    assert_eq!(Slot::new(Kind::Jwt, "alice", "r", 10).put(&services[0], 10).status, 201);
    assert_eq!(there.names(), ["file.bin", "one"]);
    let page = there.list("?limit=1");
    assert_eq!((files(&page).len(), files(&page)[0]["name"].as_str()), (1, Some("one")));
    let next = format!("?limit=1&after={}", text(&page["next"]));
    assert_eq!(files(&there.list(&next))[0]["name"], "file.bin");
    wait_until("it is counted there, too", || there.list("")["used"] == 14);
    for name in ["one", "file.bin"] {
        assert_eq!(there.remove(&there.path(name)).status, 204);
    }
    assert_eq!((here.names(), there.names()), (vec![], vec![]));
    wait_until("it is not counted here any more", || here.list("")["used"] == 0);
}

fn settings() -> String {
    with_upload(&format!("{ACCEPT}\nquota_per_user = '1000B'"), "[limits]\napi_requests_per_minute = 100000")
}

#[test]
fn two_services_with_one_disk_tell_the_same() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    two_services(&[(); 2].map(|()| Service::start_in(Arc::clone(&folder), &settings())));
}

#[test]
fn two_services_with_one_bucket_tell_the_same() {
    let bucket = Bucket::start();
    let settings = bucket.instead_of_disk(&settings());
    two_services(&[(); 2].map(|()| Service::start_with(&settings)));
}

#[test]
fn a_store_that_is_away_is_told_as_such() {
    let service = Service::start_with(&with_upload("quota_per_user = '1000B'", ""));
    let alice = App::of(&service, "alice");
    let (store, away) = (service.folder().path().join("store"), service.folder().path().join("away"));
    fs::rename(&store, &away).expect("one file system");
    let wish = json!({"filename": "a", "size": 4});
    for (answer, call) in [
        (alice.ask("GET", UPLOADS, ""), "list"),
        (alice.remove("a/b"), "remove"),
        (alice.slot(&wish), "slot"),
    ] {
        assert_eq!(error(&answer), (503, "store_failed".to_owned()), "{call}");
        assert_eq!(answer.header("retry-after"), Some("5"), "{call}");
        assert!(!answer.text().contains("staging") && !answer.text().contains('/'), "{answer:?}");
        assert_eq!(counted(&service, call, "failed", "store_failed"), 1, "{call}");
    }
    fs::rename(&away, &store).expect("one file system");
    alice.upload("a", b"data");
    assert_eq!(alice.names(), ["a"]);
}
