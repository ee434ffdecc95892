//! `store copy`: a store moves from a disk into a bucket and on, while services use it, and nothing is lost, changed or brought back.

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use bucket::Bucket;
use bytes::Bytes;
use ejabberd_sidecar::store::{DiskStore, Lifetime, NewObject, ObjectKey, ObjectPrefix, Store};
use ejabberd_sidecar::types::{ContentType, ObjectPath, parse_vhost};
use http_body_util::{BodyExt as _, Full};
use support::http::{post_form, request};
use support::slots::{Kind, Slot, hash, upload};
use support::{FREE_PORTS, PROGRAM, Service, configuration, sidecar, tokens, wait_until, with_upload};

const ALL_KINDS: &str = "accept = ['v', 'v2', 'bearer', 'jwt']\nquota_per_user = '10kB'";

fn copy(from: &str, to: &str, more: &[&str]) -> (i32, String) {
    sidecar(&[&["store", "copy", "--from", from, "--to", to], more].concat())
}

/// A copy that goes well, and how many objects it copied and left.
fn copied(from: &str, to: &str, more: &[&str]) -> (u64, u64) {
    let (code, text) = copy(from, to, more);
    assert_eq!(code, 0, "{text}");
    counts(&text)
}

fn counts(text: &str) -> (u64, u64) {
    let number = |before: &str| {
        let behind = text.split_once(before).unwrap_or_else(|| unreachable!("no {before} in {text}")).1;
        behind.split([' ', ',']).next().expect("a word").parse().expect("a number")
    };
    (number("copied "), number("there already "))
}

fn folder() -> Arc<TempDir> {
    Arc::new(TempDir::new().expect("temporary folder"))
}

/// The disk store of a service with this folder, as it is named on the command line.
fn disk(folder: &TempDir) -> String {
    format!("disk:{}", folder.path().join("store").display())
}

fn stored_file(folder: &TempDir, slot: &Slot) -> PathBuf {
    folder.path().join("store/files/localhost").join(&slot.path)
}

fn config(folder: &TempDir) -> String {
    folder.path().join("sidecar.toml").display().to_string()
}

/// What a file is answered with, without what may change.
fn served(service: &Service, slot: &Slot) -> (u16, Vec<u8>, Vec<String>) {
    let answer = slot.get(service);
    let headers = ["content-type", "content-length", "last-modified", "content-disposition"];
    let headers = headers.map(|name| answer.header(name).unwrap_or_default().to_owned());
    (answer.status, answer.body, headers.into())
}

fn is_known(service: &Service, user: &str) -> bool {
    let form = [("user", user), ("server", "localhost")];
    post_form(&service.address("hook"), "/user_exists", &form).text() == "true"
}

#[test]
fn a_store_moves_into_a_bucket_and_back_while_it_is_used() {
    let (old, bucket, new) = (folder(), Bucket::start(), folder());
    let settings = with_upload(ALL_KINDS, "");
    let slots = [Kind::V, Kind::Bearer, Kind::Keeping(tokens::now() + 5000), Kind::Jwt];
    let slots =
        slots.map(|kind| Slot::new(kind, "alice", &format!("{kind:?}").replace(['(', ')'], "-"), 500));
    let (empty, late) = (Slot::new(Kind::V, "bob", "empty", 0), Slot::new(Kind::V, "bob", "late", 700));
    let all: Vec<_> = slots.iter().chain([&empty, &late]).collect();
    let expected: Vec<_> = {
        let service = Service::start_in(Arc::clone(&old), &settings);
        let login = [("user", "alice"), ("server", "localhost"), ("pass", &*tokens::good("alice"))];
        assert_eq!(post_form(&service.address("hook"), "/check_password", &login).text(), "true");
        for slot in &slots {
            assert_eq!(slot.put(&service, 500).status, 201);
        }
        assert_eq!(empty.put(&service, 0).status, 201);
        wait_until("alice is written down", || old.path().join("store/users").exists());

        // Files, alice, what ends one file, and two things that lead to another.
        assert_eq!(copied(&disk(&old), &bucket.named(), &[]), (9, 0));
        assert_eq!(late.put(&service, 700).status, 201);
        assert_eq!(copied(&disk(&old), &bucket.named(), &[]), (1, 9));
        all.iter().map(|slot| served(&service, slot)).collect()
    };
    assert!(expected.iter().all(|(status, ..)| *status == 200), "{expected:?}");

    {
        let service = Service::start_with(&bucket.instead_of_disk(&settings));
        for (slot, expected) in all.iter().zip(&expected) {
            assert_eq!(&served(&service, slot), expected, "{}", slot.path);
            assert_eq!(slot.put(&service, expected.1.len()).status, 409, "{}", slot.path);
        }
        wait_until("alice is known", || is_known(&service, "alice"));
        assert_eq!(upload(&service, Kind::V, "alice", "large", 9000), 507, "quotas count what was copied");
    }

    assert_eq!(copied(&bucket.named(), &disk(&new), &["--at-once", "1"]), (10, 0));
    assert_eq!(copied(&bucket.named(), &disk(&new), &["--at-once", "64"]), (0, 10));
    let service = Service::start_in(new, &settings);
    for (slot, expected) in all.iter().zip(&expected) {
        assert_eq!(&served(&service, slot), expected, "{}", slot.path);
    }
    let forgotten = sidecar(&["user", "forget", "--config", &config(&service.folder()), "alice@localhost"]);
    assert_eq!(forgotten, (0, "erased alice@localhost: 4 files, 2.0 KiB\n".to_owned()));
}

#[test]
fn of_two_files_that_differ_neither_is_touched_until_it_is_said_which_counts() {
    let stores = [folder(), folder()];
    let slot = Slot::new(Kind::V, "alice", "one", 4);
    let other = Slot::new(Kind::V, "alice", "other", 4);
    for (store, byte) in stores.iter().zip([b'1', b'2']) {
        let service = Service::start_in(Arc::clone(store), &configuration(FREE_PORTS, ""));
        let target = format!("/upload/localhost/{}?v={}", slot.path, tokens::v(&slot.path, 4));
        let put = request(&service.address("public"), "PUT", &target, "Content-Length: 4\r\n", &[byte; 4]);
        assert_eq!(put.status, 201);
    }
    let service = Service::start_in(Arc::clone(&stores[0]), &configuration(FREE_PORTS, ""));
    assert_eq!(other.put(&service, 4).status, 201);
    let [from, to] = stores.each_ref().map(|store| disk(store));
    let content = |slot: &Slot| fs::read(stored_file(&stores[1], slot)).expect("there")[..4].to_vec();

    let (code, text) = copy(&from, &to, &[]);
    assert_eq!((code, counts(&text)), (1, (1, 0)), "{text}");
    assert!(text.contains("failed 1") && text.contains("the target has another one"), "{text}");
    assert!(!text.contains(&slot.path), "who knows the path may fetch it: {text}");
    assert_eq!((content(&slot), content(&other)), (b"2222".to_vec(), b"xxxx".to_vec()));

    assert_eq!(copied(&from, &to, &["--prefer", "target"]), (0, 2));
    assert_eq!(content(&slot), b"2222");
    assert_eq!(copied(&from, &to, &["--prefer", "source"]), (1, 1));
    assert_eq!(content(&slot), b"1111");
    assert_eq!(copied(&from, &to, &[]), (0, 2));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_copied() {
    let (old, new) = (folder(), folder());
    let slots = ["good", "bad"].map(|name| Slot::new(Kind::V, "alice", name, 4));
    {
        let service = Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, ""));
        for slot in &slots {
            assert_eq!(slot.put(&service, 4).status, 201);
        }
    }
    fs::write(stored_file(&old, &slots[1]), b"not what was stored").expect("writable");
    let (code, text) = copy(&disk(&old), &disk(&new), &[]);
    assert_eq!((code, counts(&text)), (1, (1, 0)), "{text}");
    assert!(text.contains("is damaged") && text.contains("run the same again"), "{text}");
    assert_eq!([0, 1].map(|at| stored_file(&new, &slots[at]).exists()), [true, false]);
}

/// Leaves nothing of a file but its name, as a sweep does.
fn bury(store: &TempDir, slot: &Slot) {
    bury_object(store, &file_key(&slot.path));
}

fn file_key(path: &str) -> ObjectKey {
    let vhost = parse_vhost("localhost").expect("a vhost");
    ObjectKey::file(&vhost, &ObjectPath::parse(path).expect("a path"))
}

fn bury_object(store: &TempDir, key: &ObjectKey) {
    let store = Store::Disk(DiskStore::open(&store.path().join("store"), true).expect("a store"));
    let runtime = Runtime::new().expect("threads");
    let seen = runtime.block_on(store.head(key)).expect("an answer").expect("an object");
    runtime.block_on(store.bury(key, &seen, Lifetime::default())).expect("buried");
}

#[test]
fn what_ended_at_one_side_does_not_live_on_at_the_other() {
    let (old, bucket) = (folder(), Bucket::start());
    let [ended, unknown] = ["ended", "unknown"].map(|name| Slot::new(Kind::V, "alice", name, 10));
    {
        let service = Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, ""));
        assert_eq!(ended.put(&service, 10).status, 201);
        assert_eq!(copied(&disk(&old), &bucket.named(), &[]), (1, 0));
        assert_eq!(unknown.put(&service, 10).status, 201);
    }
    bury(&old, &ended);
    bury(&old, &unknown);
    let (code, text) = copy(&disk(&old), &bucket.named(), &[]);
    assert!(code == 0 && text.contains("removed at the target because they are at the source 1"), "{text}");
    assert_eq!(counts(&text), (1, 0), "the name of the one that never was there: {text}");
    let service = Service::start_with(&bucket.instead_of_disk(&configuration(FREE_PORTS, "")));
    for slot in [&ended, &unknown] {
        let statuses = (slot.get(&service).status, slot.put(&service, 10).status);
        assert_eq!(statuses, (410, 409), "{}", service.log());
    }

    // The other way round nothing comes back, whichever side counts.
    let again = folder();
    {
        let service = Service::start_in(Arc::clone(&again), &configuration(FREE_PORTS, ""));
        assert_eq!(ended.put(&service, 10).status, 201);
    }
    assert_eq!(copied(&disk(&again), &bucket.named(), &["--prefer", "source"]), (0, 1));
    assert_eq!(ended.get(&service).status, 410);
}

#[test]
fn who_was_erased_at_one_side_is_not_brought_back() {
    let (old, bucket) = (folder(), Bucket::start());
    let settings = with_upload(ALL_KINDS, "");
    let [alice, bob, pointed] = [(Kind::V, "alice"), (Kind::V, "bob"), (Kind::Jwt, "alice")]
        .map(|(kind, user)| Slot::new(kind, user, "file", 10));
    let service = Service::start_in(Arc::clone(&old), &settings);
    for slot in [&alice, &bob, &pointed] {
        assert_eq!(slot.put(&service, 10).status, 201);
    }
    // Three files, and two things that lead to one of them.
    assert_eq!(copied(&disk(&old), &bucket.named(), &[]), (5, 0));
    let target = Service::start_with(&bucket.instead_of_disk(&settings));
    let forget = |service: &Service, user: &str| {
        let (code, text) = sidecar(&["user", "forget", "--config", &config(&service.folder()), user]);
        assert_eq!(code, 0, "{text}");
    };

    // At the source, between two copies. Bob uploads to the target meanwhile.
    forget(&service, "alice@localhost");
    let new = Slot::new(Kind::V, "bob", "new", 10);
    assert_eq!(new.put(&target, 10).status, 201);
    let (code, text) = copy(&disk(&old), &bucket.named(), &[]);
    assert!(code == 0 && text.contains("removed at the target"), "{text}");
    assert_eq!([&alice, &pointed, &bob, &new].map(|slot| slot.get(&target).status), [404, 404, 200, 200]);
    assert_eq!([&alice, &pointed].map(|slot| slot.put(&target, 10).status), [410, 410]);

    // At the target, behind the last copy.
    forget(&target, "bob@localhost");
    let (code, text) = copy(&disk(&old), &bucket.named(), &[]);
    assert!(code == 0 && text.contains("of users who were erased at the target, and not copied 1"), "{text}");
    assert_eq!(bob.get(&target).status, 404);
    assert_eq!(bob.get(&service).status, 200, "the source is never touched");
}

#[test]
fn who_was_erased_comes_back_and_is_erased_again() {
    let (old, bucket) = (folder(), Bucket::start());
    let service = Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, ""));
    let target = Service::start_with(&bucket.instead_of_disk(&configuration(FREE_PORTS, "")));
    let login = [("user", "alice"), ("server", "localhost"), ("pass", &*tokens::good("alice"))];
    let forget = || sidecar(&["user", "forget", "--config", &config(&old), "alice@localhost"]);
    assert_eq!(forget().0, 0);
    assert_eq!(copied(&disk(&old), &bucket.named(), &[]), (2, 0), "a tomb, and the registry's word");

    assert_eq!(post_form(&service.address("hook"), "/check_password", &login).text(), "true");
    let slot = Slot::new(Kind::V, "alice", "back", 10);
    wait_until("her slots count again", || slot.put(&service, 10).status == 201);
    copied(&disk(&old), &bucket.named(), &[]);
    assert_eq!(slot.get(&target).status, 200, "she is back");

    // Times are told in seconds.
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(forget().0, 0);
    let tomb = ObjectKey::tomb(hash("alice").parse().expect("a hash"));
    bury_object(&old, &tomb);
    let (code, text) = copy(&disk(&old), &bucket.named(), &[]);
    assert!(code == 0 && text.contains("removed at the target because they are at the source 1"), "{text}");
    assert_eq!(slot.get(&target).status, 404);
    let (code, text) = copy(&disk(&old), &bucket.named(), &[]);
    assert!(code == 0 && text.contains("copied 0") && !text.contains("removed"), "{text}");
}

#[test]
fn what_leads_to_a_file_is_copied_before_it_and_what_ends_it_behind_it() {
    let order = ObjectPrefix::everything();
    let place = |prefix: ObjectPrefix| order.iter().position(|other| *other == prefix).expect("copied");
    let files = place(ObjectPrefix::files());
    assert!(place(ObjectPrefix::tombs()) < files && place(ObjectPrefix::users()) < files);
    assert!(place(ObjectPrefix::pointers()) < files && files < place(ObjectPrefix::expiring()));
}

#[test]
fn a_copy_that_was_killed_goes_on_where_it_was() {
    const FILES: u64 = 300;
    let (old, new) = (folder(), folder());
    let store = Store::Disk(DiskStore::open(&old.path().join("store"), false).expect("a store"));
    let runtime = Runtime::new().expect("threads");
    let content = |at: u64| Bytes::from(vec![at.to_le_bytes()[0]; 200_000]);
    for at in 0..FILES {
        let (key, object) =
            (file_key(&format!("h/{at}/file")), NewObject::lasting(200_000, ContentType::unknown()));
        runtime.block_on(store.put(&key, object, Full::from(content(at)))).expect("stored");
    }
    let mut copy = Command::new(PROGRAM)
        .args(["store", "copy", "--at-once", "2", "--from", &disk(&old), "--to", &disk(&new)])
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let there = || fs::read_dir(new.path().join("store/files/localhost/h")).map_or(0, Iterator::count);
    wait_until("some are there", || there() >= 10);
    copy.kill().expect("ours");
    copy.wait().expect("ours");

    let (brought, left) = copied(&disk(&old), &disk(&new), &[]);
    assert!(brought + left == FILES && left > 0, "{brought} and {left}");
    let store = Store::Disk(DiskStore::open_for_reading(&new.path().join("store")).expect("a store"));
    for at in 0..FILES {
        let object = runtime.block_on(store.get(&file_key(&format!("h/{at}/file")))).expect("readable");
        let body = runtime.block_on(object.expect("there").body.collect()).expect("whole").to_bytes();
        assert!(body == content(at), "{at}");
    }
}

#[test]
fn a_backup_is_read_and_not_changed() {
    let (old, new) = (folder(), folder());
    let slot = Slot::new(Kind::V, "alice", "one", 4);
    {
        let service = Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, ""));
        assert_eq!(slot.put(&service, 4).status, 201);
    }
    fs::remove_dir(old.path().join("store/staging")).expect("empty");
    assert_eq!(copied(&disk(&old), &disk(&new), &[]), (1, 0));
    assert!(!old.path().join("store/staging").exists());
    assert!(stored_file(&new, &slot).exists());
}

#[test]
fn the_side_that_is_not_named_is_the_services_own() {
    let (old, new) = (folder(), folder());
    let slot = Slot::new(Kind::V, "alice", "one", 4);
    let service = Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, ""));
    assert_eq!(slot.put(&service, 4).status, 201);
    let own = config(&old);
    let (code, text) = sidecar(&["store", "copy", "--config", &own, "--to", &disk(&new)]);
    assert_eq!((code, counts(&text)), (0, (1, 0)), "{text}");
    let (code, text) = sidecar(&["store", "copy", "--config", &own, "--from", &disk(&new)]);
    assert_eq!((code, counts(&text)), (0, (0, 1)), "{text}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_made() {
    let (old, new) = (folder(), folder());
    drop(Service::start_in(Arc::clone(&old), &configuration(FREE_PORTS, "")));
    let (from, to, link) = (disk(&old), disk(&new), new.path().join("link"));
    std::os::unix::fs::symlink(old.path().join("store"), &link).expect("writable");
    let missing = format!("disk:{}", new.path().join("missing").display());
    for (arguments, expected, told) in [
        (vec!["--from", &from, "--to", &from], 64, "the same store"),
        (vec!["--from", &from, "--to", &format!("disk:{}", link.display())], 64, "the same store"),
        (vec!["--from", "disk:", "--to", &to], 64, "the folder is missing"),
        (vec!["--from", "s3:bucket", "--to", &to], 64, "[store]"),
        (vec!["--from", "/no/such/file.toml", "--to", &to], 64, "/no/such/file.toml"),
        (vec!["--from", &from, "--to", &to, "--at-once", "0"], 64, "--at-once"),
        (vec![], 64, "--from"),
        (vec!["--from", &missing, "--to", &to], 1, "source: "),
    ] {
        let (code, text) = sidecar(&[&["store", "copy"], &arguments[..]].concat());
        assert!(code == expected && text.contains(told), "{arguments:?}: {code} {text}");
    }
    assert!(!Path::new(&to["disk:".len()..]).exists(), "nothing was made");
}
