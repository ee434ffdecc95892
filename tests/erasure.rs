//! Users who are erased: their files whichever way they came, their slots, and what is left of their names.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use ejabberd_sidecar::store::{DiskStore, NewObject, ObjectKey, Store};
use ejabberd_sidecar::types::{BareJid, ContentType};
use http_body_util::Full;
use support::http::post_form;
use support::slots::{Kind, Slot, files, hash, upload};
use support::{PROGRAM, Service, tokens, wait_until, with_upload};

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

    let forget = |user: &str| of_user(&service, "forget", user);
    assert_eq!(forget("alice@localhost"), (Some(0), "erased alice@localhost: 3 files, 1000 B\n".to_owned()));
    for (slot, size) in &slots {
        assert_eq!((slot.get(&service).status, slot.put(&service, *size).status), (404, 410));
    }
    assert_eq!(hoarded.put(&service, 5).status, 410);
    wait_until("she does not exist any more", || hook(&login[..2], "/user_exists").text() == "false");
    assert_named_nowhere(&service, "alice", &["Jwt"]);
    assert_eq!(files(&service, "/files/").len(), 1, "bob's");
    assert_eq!(files(&service, "/expiring/").len(), 1, "his as well");

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

/// `user forget` and the like: its exit code and all that it says.
fn of_user(service: &Service, command: &str, user: &str) -> (Option<i32>, String) {
    let config = service.folder().path().join("sidecar.toml");
    let mut program = Command::new(PROGRAM);
    let done = program.args(["user", command, "--config"]).arg(config).arg(user).output().expect("runs");
    let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text"));
    (done.status.code(), text.concat())
}

/// As if a user had been erased so long ago.
fn was_erased(service: &Service, user: &str, ago: Duration) {
    let disk = DiskStore::open(&service.folder().path().join("store"), true).expect("the service's");
    let user = BareJid::new(&format!("{user}@localhost")).expect("a JID");
    let stored_at = SystemTime::now().checked_sub(ago);
    let object = NewObject { stored_at, ..NewObject::lasting(0, ContentType::unknown()) };
    let tomb = ObjectKey::tomb((&user).into());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let noted = runtime.block_on(Store::Disk(disk).put(&tomb, object, Full::from("")));
    noted.expect("there is room");
}

/// Of a user who was erased nothing is left but two names, which say so.
fn assert_named_nowhere(service: &Service, user: &str, slots: &[&str]) {
    let names: Vec<_> = slots
        .iter()
        .map(|slot| format!("{user}-{slot}"))
        .chain([hash(user), format!("{user}@localhost")])
        .collect();
    let tells_of_him = |text: &str| names.iter().any(|name| text.contains(name.as_str()));
    for path in service.stored_files() {
        let text = String::from_utf8_lossy(&fs::read(&path).expect("readable")).into_owned();
        assert!(!tells_of_him(&text), "{}: {text}", path.display());
        let path = path.to_string_lossy();
        let tells = ["/tombs/", "/users/"].iter().any(|part| path.contains(part)) && !path.contains("-Jwt");
        assert!(tells || !tells_of_him(&path), "{path}");
    }
}

#[test]
fn who_was_erased_and_logs_in_elsewhere_gets_slots_that_count() {
    let service = Service::start_with(&with_upload("accept = ['v', 'bearer', 'jwt']", ""));
    let hoarded = [Kind::V, Kind::Bearer, Kind::Jwt]
        .map(|kind| Slot::new(kind, "alice", &format!("hoarded-{kind:?}"), 5));
    let (code, text) = of_user(&service, "forget", "alice@localhost");
    assert_eq!((code, text.contains("nothing else was known of this user")), (Some(0), true), "{text}");
    for slot in &hoarded {
        assert_eq!(slot.put(&service, 5).status, 410, "{}", slot.path);
    }
    service.wait_for_log(&["reason=\"user_erased\"", "user readmit"]);

    was_erased(&service, "bob", Duration::from_hours(3));
    assert_eq!(upload(&service, Kind::Bearer, "bob", "later", 5), 201, "issued certainly later");
    assert_eq!(upload(&service, Kind::V, "bob", "v", 5), 410, "nobody knows since when there is this one");
    // Erased again, what counts is from then on.
    assert_eq!(of_user(&service, "forget", "bob@localhost").0, Some(0));
    assert_eq!(upload(&service, Kind::Bearer, "bob", "again", 5), 410);

    let (code, text) = of_user(&service, "readmit", "alice@localhost");
    assert!(code == Some(0) && text.starts_with("readmitted alice@localhost: all upload slots"), "{text}");
    for slot in &hoarded {
        assert_eq!(slot.put(&service, 5).status, 201, "{}", slot.path);
    }
    let again = (Some(0), "alice@localhost was not erased\n".to_owned());
    assert_eq!(of_user(&service, "readmit", "alice@localhost"), again);
    assert_eq!(of_user(&service, "readmit", "alice@elsewhere.org").0, Some(64));
}

#[test]
fn a_damaged_file_keeps_none_from_being_erased() {
    let service = Service::start_with(&with_upload("accept = ['v', 'jwt']\nretention = '1d'", ""));
    for (kind, at) in [(Kind::V, "a"), (Kind::V, "b"), (Kind::Jwt, "c"), (Kind::Jwt, "d")] {
        assert_eq!(upload(&service, kind, "alice", at, 10), 201);
    }
    for damaged in ["/a/", "-c/"] {
        let file = files(&service, damaged).into_iter().find(|path| path.starts_with(files_folder(&service)));
        fs::write(file.expect("stored"), "nothing that could be read").expect("writable");
    }
    let (code, text) = of_user(&service, "forget", "alice@localhost");
    assert!(code == Some(0) && text.starts_with("erased alice@localhost: 4 files"), "{code:?} {text}");
    assert!(files(&service, "/files/").is_empty() && files(&service, "/pointers/").is_empty());
}

fn files_folder(service: &Service) -> PathBuf {
    service.folder().path().join("store/files")
}

/// A file that cannot be removed, by anybody.
#[test]
fn what_cannot_be_erased_is_told_and_keeps_none_from_being_erased() {
    let service = Service::start_with(&with_upload("accept = ['v', 'jwt']", ""));
    for (kind, at) in [(Kind::V, "a"), (Kind::V, "b"), (Kind::Jwt, "c"), (Kind::Jwt, "d")] {
        assert_eq!(upload(&service, kind, "alice", at, 10), 201);
    }
    let stuck = ["/a/", "-c/"].map(|part| {
        let mut found = files(&service, part);
        found.retain(|path| path.starts_with(files_folder(&service)));
        found.remove(0)
    });
    for file in &stuck {
        // A folder with something in it, where the file was.
        fs::remove_file(file).expect("ours");
        fs::create_dir(file).expect("writable");
        fs::write(file.join("file"), b"").expect("writable");
    }
    let (code, text) = of_user(&service, "forget", "alice@localhost");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("it failed for 1 objects, for the first one so: "), "{text}");
    assert_eq!(upload(&service, Kind::V, "alice", "late", 10), 410, "his slots are dead all the same");
    let left = files(&service, "/files/");
    assert!(left.len() == 1 && left[0].starts_with(&stuck[1]), "{left:?}");

    fs::remove_dir_all(&stuck[1]).expect("ours");
    assert_eq!(of_user(&service, "forget", "alice@localhost").0, Some(0));
    assert!(files(&service, "/pointers/").is_empty());
}
