//! Quotas and rates, for every kind of slot that names a user: one process or two, on a disk or on S3, across a restart and a reload.

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use std::fs;
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;

use bucket::Bucket;
use support::http::{Client, post_form, request};
use support::metrics::{told, value};
use support::slots::{Kind, Slot, hash, upload};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until, with_upload};

const ACCEPT: &str = "accept = ['v', 'v2', 'bearer', 'jwt']\n";
const PER_USER: &str = "accept = ['v', 'v2', 'bearer', 'jwt']\nquota_per_user = '1000B'";

/// Each kind of slot that names its user.
const ALL: [Kind; 4] = [Kind::V, Kind::V2, Kind::Bearer, Kind::Jwt];

fn refused(service: &Service, reason: &str) -> u64 {
    let labels = format!("{{vhost=\"localhost\",outcome=\"refused\",reason=\"{reason}\"}}");
    value(service, &format!("ejabberd_sidecar_uploads_total{labels}"))
}

#[test]
fn a_users_files_count_whichever_slot_they_came_by_and_to_the_byte() {
    let mut service = Service::start_with(&with_upload(PER_USER, ""));
    for (at, kind) in ALL.into_iter().enumerate() {
        assert_eq!(upload(&service, kind, "alice", &format!("a{at}"), 225), 201, "{kind:?}");
    }
    for kind in ALL {
        assert_eq!(upload(&service, kind, "alice", "too-much", 101), 507, "{kind:?}");
        assert_eq!(upload(&service, kind, "bob", &format!("{kind:?}"), 101), 201, "somebody else, {kind:?}");
    }
    assert_eq!(refused(&service, "quota_user"), 4);
    service.wait_for_log(&["quota_user", "above the quota: 100 B left of your 1.0 kB"]);
    assert_eq!(upload(&service, Kind::V, "alice", "just-right", 100), 201);
    assert_eq!(upload(&service, Kind::V, "alice", "one-more", 1), 507);
    assert_eq!(upload(&service, Kind::V, "alice", "nothing", 0), 201, "no byte is too much");

    service.signal("TERM");
    assert!(service.wait().success());
    let service = Service::start_in(service.folder(), &with_upload(PER_USER, ""));
    assert_eq!(upload(&service, Kind::Bearer, "alice", "later", 1), 507, "after a restart");
    assert_eq!(upload(&service, Kind::Bearer, "bob", "later", 596), 201);
    assert_eq!(upload(&service, Kind::Bearer, "bob", "last", 1), 507);
}

#[test]
fn a_refusal_comes_before_the_body() {
    let service = Service::start_with(&with_upload(PER_USER, ""));
    let slot = Slot::new(Kind::V, "alice", "r", 1001);
    let mut client = Client::connect(&service.address("public"));
    client.send(slot.head(1001));
    assert_eq!(client.answer(true).status, 507);
}

#[test]
fn a_vhosts_files_count_even_if_their_slots_name_nobody() {
    let both = format!("{ACCEPT}quota_per_host = '1000B'\nquota_per_user = '600B'");
    let service = Service::start_with(&with_upload(&both, ""));
    assert_eq!(upload(&service, Kind::V, "alice", "r", 500), 201);
    let prosody =
        |uuid: &str, size| Slot::at(Kind::V, "", format!("{uuid}/file.bin"), size).put(&service, size).status;
    assert_eq!(prosody("a", 300), 201);
    assert_eq!(upload(&service, Kind::Bearer, "bob", "r", 201), 507);
    assert_eq!(prosody("b", 201), 507);
    assert_eq!(refused(&service, "quota_host"), 2);
    service.wait_for_log(&["quota_host", "the space for uploads to this server is used up"]);
    assert_eq!(upload(&service, Kind::V, "alice", "s", 101), 507, "his own");
    assert_eq!(prosody("b", 200), 201);
    wait_until("the vhost's bytes are told", || {
        value(&service, "ejabberd_sidecar_vhost_used_bytes{vhost=\"localhost\"}") == 1000
    });
}

#[test]
fn uploads_at_once_do_not_overshoot_and_what_breaks_off_does_not_count() {
    let service = Arc::new(Service::start_with(&with_upload(PER_USER, "")));
    let mut half_way: Vec<_> = (0..3)
        .map(|at| {
            let mut client = Client::connect(&service.address("public"));
            let head = Slot::new(Kind::V, "alice", &format!("slow{at}"), 200).head(200);
            client.send(head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"));
            // Room is made before the body is asked for.
            assert_eq!(client.answer(false).status, 100);
            client.send("x");
            client
        })
        .collect();
    let threads: Vec<_> = (0..10)
        .map(|at| {
            let service = Arc::clone(&service);
            thread::spawn(move || upload(&service, Kind::Bearer, "alice", &format!("r{at}"), 150))
        })
        .collect();
    let mut statuses: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 507, 507, 507, 507, 507, 507, 507, 507]);

    half_way.remove(0).send([b'x'; 199]);
    drop(half_way);
    wait_until("none is under way", || value(&service, "ejabberd_sidecar_uploads_under_way") == 0);
    assert_eq!(upload(&service, Kind::V, "alice", "rest", 501), 507);
    assert_eq!(upload(&service, Kind::V, "alice", "rest", 500), 201);
}

#[test]
fn a_used_slot_is_refused_as_such_and_counts_once() {
    let service = Service::start_with(&with_upload(PER_USER, ""));
    let slot = Slot::new(Kind::V, "alice", "r", 400);
    assert_eq!([(); 3].map(|()| slot.put(&service, 400).status), [201, 409, 409]);
    assert_eq!(upload(&service, Kind::V, "alice", "s", 600), 201);
    assert_eq!(slot.put(&service, 400).status, 409, "also where there is no room");
}

/// Each sees at first what the other has stored, and after that with the next listing. Until then both together may store what one more has room for.
fn two_processes(here: &Service, there: &Service) {
    assert_eq!(upload(here, Kind::V, "alice", "a", 600), 201);
    assert_eq!(
        upload(there, Kind::Bearer, "alice", "b", 500),
        507,
        "it is listed when it is asked for first"
    );
    assert_eq!(upload(there, Kind::Bearer, "alice", "c", 300), 201);
    let mut stored = 900;
    for at in 0..20 {
        for service in [here, there] {
            stored += 100 * u32::from(upload(service, Kind::V, "alice", &format!("d{at}"), 100) == 201);
        }
    }
    assert!((1000..=1400).contains(&stored), "{stored}: as much more as one process had room for, at most");
    for service in [here, there] {
        wait_until("it knows what the other one has stored", || {
            upload(service, Kind::V2, "alice", "e", 1) == 507
        });
    }
}

#[test]
fn two_processes_on_one_disk_overshoot_by_little() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let settings = with_upload(PER_USER, "");
    let services = [(); 2].map(|()| Service::start_in(Arc::clone(&folder), &settings));
    two_processes(&services[0], &services[1]);
}

#[test]
fn two_processes_on_one_bucket_overshoot_by_little() {
    let bucket = Bucket::start();
    let settings = bucket.instead_of_disk(&with_upload(PER_USER, ""));
    let services = [(); 2].map(|()| Service::start_with(&settings));
    two_processes(&services[0], &services[1]);
}

fn reload(service: &Service, settings: &str) {
    fs::write(service.folder().path().join("sidecar.toml"), settings).expect("writable");
    let done = || value(service, "ejabberd_sidecar_reloads_total{outcome=\"done\"}");
    let before = done();
    service.signal("HUP");
    wait_until("it is reloaded", || done() == before + 1);
}

#[test]
fn another_quota_counts_after_a_reload() {
    let service = Service::start_with(&with_upload(PER_USER, ""));
    assert_eq!(upload(&service, Kind::V, "alice", "a", 1000), 201);
    for (quota, size, status) in
        [("1500B", 500, 201), ("1KiB", 1, 507), ("none", 100_000, 201), ("1KiB", 1, 507)]
    {
        reload(&service, &with_upload(&PER_USER.replace("1000B", quota), ""));
        assert_eq!(upload(&service, Kind::V, "alice", quota, size), status, "{quota}");
    }
}

#[test]
fn a_vhost_is_counted_as_long_as_it_has_a_quota() {
    let with_quota = |quota: &str| with_upload(&format!("{ACCEPT}quota_per_host = '{quota}'"), "");
    let service = Service::start_with(&with_quota("1000B"));
    let used =
        |bytes: &str| told(&service).contains(&format!("vhost_used_bytes{{vhost=\"localhost\"}} {bytes}\n"));
    assert_eq!(upload(&service, Kind::V, "alice", "a", 600), 201);
    reload(&service, &with_quota("2000B"));
    assert_eq!(upload(&service, Kind::V, "alice", "b", 1500), 507);
    for round in ["c", "d"] {
        reload(&service, &with_quota("none"));
        assert!(used("NaN"), "{}", told(&service));
        assert_eq!(upload(&service, Kind::V, "alice", round, 100), 201);
        reload(&service, &with_quota("2000B"));
        wait_until("it is counted anew", || !used("NaN"));
    }
    // Also what came while nobody counted.
    assert!(used("800"), "{}", told(&service));
    assert_eq!(upload(&service, Kind::V, "alice", "e", 1201), 507);
    assert_eq!(upload(&service, Kind::V, "alice", "e", 1200), 201);
}

#[test]
fn whoever_is_removed_has_room_again() {
    let service = Service::start_with(&with_upload(PER_USER, "[auth]\nprovisioning = true"));
    let hook = |name: &str| {
        let form = [("user", "alice"), ("server", "localhost")];
        post_form(&service.address("hook"), name, &form).status
    };
    assert_eq!(hook("/register"), 201);
    assert_eq!(upload(&service, Kind::V, "alice", "a", 1000), 201);
    assert_eq!(hook("/remove_user"), 204);
    assert_eq!(upload(&service, Kind::V, "alice", "b", 1), 410);
    assert_eq!(hook("/register"), 201);
    assert_eq!(upload(&service, Kind::V, "alice", "b", 1000), 201);
    assert_eq!(upload(&service, Kind::V, "alice", "c", 1), 507);
}

#[test]
fn bytes_of_a_minute_are_used_up_for_their_user_alone() {
    let settings = with_upload(ACCEPT, "[limits]\nbytes_per_minute = '1000B'");
    let service = Service::start_with(&settings);
    let mut at = 0;
    let mut refusal = None;
    // A new minute may begin in between.
    wait_until("the bytes are used up", || {
        at += 1;
        let answer = Slot::new(Kind::V, "alice", &at.to_string(), 1000).put(&service, 1000);
        refusal = (answer.status != 201).then_some(answer);
        refusal.is_some()
    });
    let refusal = refusal.expect("just seen");
    assert_eq!(refusal.status, 429);
    let retry: u64 = refusal.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&retry), "{retry}");
    assert!(refused(&service, "byte_rate") > 0);
    assert_eq!(upload(&service, Kind::V, "bob", "r", 1000), 201);
}

#[test]
fn whoever_has_the_url_of_a_used_slot_uses_up_no_bytes_of_its_user() {
    let service = Service::start_with(&with_upload(ACCEPT, "[limits]\nbytes_per_minute = '1000B'"));
    let slot = Slot::new(Kind::V, "alice", "r", 100);
    assert_eq!([(); 21].map(|()| slot.put(&service, 100).status)[..2], [201, 409]);
    assert_eq!(upload(&service, Kind::V, "alice", "s", 100), 201);
}

#[test]
fn a_store_that_cannot_be_counted_takes_nothing() {
    let service = Service::start_with(&with_upload(PER_USER, ""));
    let store = service.folder().path().join("store");
    let away = service.folder().path().join("away");
    fs::rename(&store, &away).expect("movable");
    assert_eq!(upload(&service, Kind::V, "alice", "a", 1), 503);
    fs::rename(&away, &store).expect("movable");
    assert_eq!(upload(&service, Kind::V, "alice", "a", 1), 201);
}

#[test]
fn no_quota_no_listing() {
    let service = Service::start_with(&configuration(FREE_PORTS, ""));
    assert_eq!(upload(&service, Kind::V, "alice", "a", 100), 201);
    assert!(!told(&service).contains("vhost_used_bytes{"));
    let path = format!("{}/b/file.bin", hash("alice"));
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 4));
    assert_eq!(
        request(&service.address("public"), "PUT", &target, "Content-Length: 4\r\n", b"data").status,
        201
    );
}
