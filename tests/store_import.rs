//! `store import`: the folders of other file servers, as those leave them. Their old URLs answer as before, from a disk and from a bucket.

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use bucket::Bucket;
use support::http::request;
use support::slots::{Kind, hash, upload};
use support::{PROGRAM, Service, sidecar, tokens, with_upload};

/// When the files were uploaded to the other server.
const LONG_AGO: &str = "Tue, 01 Sep 2020 12:00:00 GMT";
const LONG_AGO_SECONDS: u64 = 1_598_961_600;

/// Another server's folder.
struct Left(TempDir);

impl Left {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let left = Self(TempDir::new().expect("temporary folder"));
        for (path, content) in files {
            left.file(Path::new(path), content);
        }
        left
    }

    fn file(&self, path: impl AsRef<Path>, content: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(&path, content).expect("writable");
        let file = fs::File::options().write(true).open(path).expect("writable");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(LONG_AGO_SECONDS)).expect("settable");
    }

    fn import(&self, kind: &str, config: &str, more: &[&str]) -> (i32, String) {
        let folder = self.0.path().display().to_string();
        let arguments =
            ["store", "import", "--kind", kind, "--host", "localhost", "--config", config, &folder];
        sidecar(&[&arguments, more].concat())
    }
}

/// A service on a disk and one on a bucket, whose files have URLs below `/old/`, too.
struct Services {
    on: [Service; 2],
    _bucket: Bucket,
}

fn services(upload: &str) -> Services {
    let settings = with_upload(&format!("legacy_prefixes = ['/old/']\n{upload}"), "");
    let bucket = Bucket::start();
    let on = [settings.clone(), bucket.instead_of_disk(&settings)];
    Services { on: on.map(|settings| Service::start_with(&settings)), _bucket: bucket }
}

fn disk_service() -> Service {
    Service::start_with(&with_upload("legacy_prefixes = ['/old/']", ""))
}

fn config(service: &Service) -> String {
    service.folder().path().join("sidecar.toml").display().to_string()
}

/// Imports twice into both stores, and compares what old URLs are answered with: path as it is in the URL, content, type.
fn import_and_get(kind: &str, left: &Left, expected: &[(&str, &[u8], &str)]) -> Services {
    let services = services("");
    for service in &services.on {
        let (code, text) = left.import(kind, &config(service), &[]);
        let copied = format!("copied {} (", expected.len());
        assert!(code == 0 && text.contains(&copied), "{text}");
        let (code, text) = left.import(kind, &config(service), &[]);
        let there = format!("copied 0 (0 B), there already {}, failed 0", expected.len());
        assert!(code == 0 && text.contains(&there), "{text}");
        for (path, content, content_type) in expected {
            let target = format!("/old/{path}");
            let answer = request(&service.address("public"), "GET", &target, "", b"");
            assert_eq!((answer.status, &*answer.body), (200, *content), "{target}");
            assert_eq!(answer.header("content-type"), Some(*content_type), "{target}");
            assert_eq!(answer.header("last-modified"), Some(LONG_AGO), "{target}");
            let head = request(&service.address("public"), "HEAD", &target, "", b"");
            assert_eq!((head.status, head.header("content-type")), (200, Some(*content_type)), "{target}");
        }
    }
    services
}

#[test]
fn mod_http_upload() {
    let (alice, random) = (hash("alice"), "LVMQb4XpFZ8T2PXo2aNBiS4dqlMnIaCIXu8rcR0p");
    let at = |name: &str| format!("{alice}/{random}/{name}");
    let [photo, thumbnail, notes, empty] =
        ["photo.JPG", "q3gHb0gAkWvqhdA9.jpeg", "Gr\u{fc}\u{df}e.txt", "nothing"].map(at);
    let node = "dave.smith/LVMQb4XpFZ8T2PXo2aNBiS4dqlMnIaCIXu8rcR0q/video.mp4";
    let left = Left::with(&[
        (&photo, b"photo"),
        (&thumbnail, b"thumbnail"),
        (&notes, b"notes"),
        (&empty, b""),
        (node, b"video"),
    ]);
    let encoded = at("Gr%C3%BC%C3%9Fe.txt");
    let services = import_and_get(
        "mod_http_upload",
        &left,
        &[
            (&photo, b"photo", "image/jpeg"),
            (&thumbnail, b"thumbnail", "image/jpeg"),
            (&encoded, b"notes", "text/plain"),
            (&empty, b"", "application/octet-stream"),
            (node, b"video", "video/mp4"),
        ],
    );
    // With jid_in_url: node the path names the user otherwise than everything here does.
    for service in &services.on {
        for (user, told) in [("dave.smith", "1 file, 5 B"), ("alice", "4 files, 19 B")] {
            let user = format!("{user}@localhost");
            let (code, text) = sidecar(&["user", "forget", "--config", &config(service), &user]);
            assert!(code == 0 && text.contains(told), "{text}");
        }
        let again = left.import("mod_http_upload", &config(service), &[]);
        assert!(again.1.contains("of users who were erased at the target, and not copied 5"), "{again:?}");
        let answer = request(&service.address("public"), "GET", &format!("/old/{node}"), "", b"");
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn prosody_filer() {
    let slot = "8d2bcf4d-3a8e-4d8b-a7c4-0f6f0f4b9e55";
    let [cat, plus, unknown] =
        ["catmetal.jpg", "a+b&c.tar.gz", "letter.xyzzy"].map(|name| format!("{slot}/{name}"));
    let hashed = format!("{}/Random/report.pdf", hash("alice"));
    let left =
        Left::with(&[(&cat, b"cat"), (&plus, b"archive"), (&unknown, b"letter"), (&hashed, b"report")]);
    import_and_get(
        "prosody-filer",
        &left,
        &[
            (&cat, b"cat", "image/jpeg"),
            (&plus, b"archive", "application/gzip"),
            (&unknown, b"letter", "application/octet-stream"),
            (&hashed, b"report", "application/pdf"),
        ],
    );
}

#[test]
fn hmac_file_server() {
    let slot = "0c7ed0b5-11b2-4f7c-8a3f-b7f4ea1a5a10";
    let at = |name: &str| format!("{slot}/{name}");
    let [photo, thumbnail, alone, voice] =
        ["photo.png", "photo.thumb.jpg", "other.thumb.jpg", "voice.m4a"].map(at);
    let left = Left::with(&[
        (&photo, b"photo"),
        (&thumbnail, b"thumbnail"),
        (&alone, b"a picture of that name"),
        (".metadata/files.db", b"SQLite format 3"),
        (".upload_sessions/1234/chunk_0", b"half a file"),
        ("flat.txt", b"has no URL of a slot"),
    ]);
    // Deduplicated files are names for one file, and one of them may be a link.
    fs::hard_link(left.0.path().join(&photo), left.0.path().join(at("again.png"))).expect("writable");
    left.file(&voice, b"voice");
    let again = at("again.png");
    let services = import_and_get(
        "hmac-file-server",
        &left,
        &[
            (&photo, b"photo", "image/png"),
            (&again, b"photo", "image/png"),
            (&alone, b"a picture of that name", "image/jpeg"),
            (&voice, b"voice", "audio/mp4"),
        ],
    );
    let (_, text) = left.import("hmac-file-server", &config(&services.on[0]), &[]);
    assert!(text.contains("left out 2"), "{text}");
    for told in ["flat.txt: the path does not have two or three parts", "is a thumbnail"] {
        assert!(text.contains(told), "{text}");
    }
    assert!(!text.contains(slot), "who knows the path may fetch it: {text}");
}

#[test]
fn what_is_no_file_of_a_slot_is_left_out_and_told() {
    let left = Left::with(&[("a/b/good", b"good"), ("a/b/c/deep", b"deep"), ("flat", b"flat")]);
    let (root, elsewhere) =
        (left.0.path(), Left::with(&[("secret", b"secret"), ("folder/secret", b"secret")]));
    left.file(Path::new("a/b").join(OsStr::from_bytes(b"\xff\xfe.jpg")), b"no text");
    left.file("a/b/back\\slash", b"slash");
    left.file("a/b/bell\u{7}", b"no part of a path");
    symlink(elsewhere.0.path().join("secret"), root.join("a/b/out")).expect("writable");
    symlink(elsewhere.0.path(), root.join("a/folder")).expect("writable");
    symlink("../../../../../../etc/passwd", root.join("a/b/passwd")).expect("writable");
    symlink("good", root.join("a/b/within")).expect("writable");
    symlink("nowhere", root.join("a/b/dangling")).expect("writable");
    symlink("circle", root.join("a/b/circle")).expect("writable");
    let made = Command::new("mkfifo").arg(root.join("a/b/pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    let services = services("");
    for service in &services.on {
        let (code, text) = left.import("mod_http_upload", &config(service), &[]);
        assert!(
            code == 0 && text.contains("copied 3 (13 B), there already 0, failed 0, left out 10"),
            "{text}"
        );
        for told in ["its name is not UTF-8", "leads out of the folder", "is no file", "two or three parts"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        for (path, status) in [
            ("good", 200),
            ("within", 200),
            ("back%5Cslash", 200),
            ("out", 404),
            ("passwd", 404),
            ("pipe", 404),
        ] {
            let answer = request(&service.address("public"), "GET", &format!("/old/a/b/{path}"), "", b"");
            assert_eq!(answer.status, status, "{path}");
        }
    }
}

#[test]
fn a_file_that_may_still_be_on_its_way_is_for_the_next_time() {
    let left = Left::with(&[("a/b/old", b"old")]);
    let young = left.0.path().join("a/b/young");
    fs::write(&young, b"half of i").expect("writable");
    let service = disk_service();
    let (code, text) = left.import("prosody-filer", &config(&service), &["--settled", "1h"]);
    assert!(
        code == 0 && text.contains("copied 1 (3 B)") && text.contains("may still be on its way"),
        "{text}"
    );
    fs::write(&young, b"half of it, and the rest").expect("writable");
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    fs::File::options()
        .write(true)
        .open(&young)
        .and_then(|file| file.set_modified(long_ago))
        .expect("settable");
    let (code, text) = left.import("prosody-filer", &config(&service), &["--settled", "1h"]);
    assert!(code == 0 && text.contains("copied 1 (24 B), there already 1, failed 0\n"), "{text}");
}

#[test]
fn files_may_be_kept_for_a_while_from_when_they_were_changed() {
    let left = Left::with(&[("a/b/old", b"old"), ("bob/b/young", b"young")]);
    let changed = SystemTime::now() - Duration::from_hours(2);
    let young = fs::File::options().write(true).open(left.0.path().join("bob/b/young")).expect("there");
    young.set_modified(changed).expect("settable");
    let services = services("");
    for service in &services.on {
        for copied in [1, 0] {
            let (code, text) = left.import("mod_http_upload", &config(service), &["--keep", "1d"]);
            assert!(code == 0 && text.contains(&format!("copied {copied} (")), "{text}");
            assert!(
                text.contains("is older than files are to be kept") && text.contains("left out 1"),
                "{text}"
            );
        }
        let answer = request(&service.address("public"), "GET", "/old/bob/b/young", "", b"");
        assert_eq!((answer.status, &*answer.body), (200, &b"young"[..]));
        let told = answer.header("cache-control").expect("told").to_owned();
        let age: u64 = told.split(['=', ',']).nth(2).expect("an age").parse().expect("a number");
        assert!((70_000..=79_200).contains(&age), "{told}");
    }
    let stored = services.on[0].stored_files();
    let entry = stored.iter().find(|path| path.to_string_lossy().contains("/expiring/")).expect("an entry");
    let entry = String::from_utf8_lossy(&fs::read(entry).expect("readable")).into_owned();
    assert!(entry.contains("bob/b/young") && entry.contains(&hash("bob")), "{entry}");
}

#[test]
fn quotas_count_what_was_imported() {
    let path = format!("{}/random/large", hash("alice"));
    let left = Left::with(&[(&path, &[0; 900]), ("bob/random/large", &[0; 900])]);
    let services = services("quota_per_user = '1000B'");
    for service in &services.on {
        let (code, text) = left.import("mod_http_upload", &config(service), &[]);
        assert_eq!(code, 0, "{text}");
        for (user, status) in [("alice", 507), ("bob", 507), ("carol", 201)] {
            assert_eq!(upload(service, Kind::V, user, "more", 200), status, "{user}");
        }
    }
}

#[test]
fn nothing_is_taken_at_an_old_url() {
    let service = disk_service();
    let path = format!("{}/random/new", hash("alice"));
    let target = format!("/old/{path}?v={}", tokens::v(&path, 4));
    let put = request(&service.address("public"), "PUT", &target, "Content-Length: 4\r\n", b"data");
    assert_eq!(put.status, 405, "{put:?}");
    let preflight = "Origin: https://web.example\r\nAccess-Control-Request-Method: GET\r\n";
    let options = request(&service.address("public"), "OPTIONS", &format!("/old/{path}"), preflight, b"");
    assert_eq!((options.status, options.header("access-control-allow-origin")), (200, Some("*")));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let service = Service::start_in(Arc::clone(&folder), &with_upload("", ""));
    let (config, left) = (config(&service), Left::with(&[("a/b/c", b"data")]));
    let root = left.0.path().display().to_string();
    for (kind, host, from, told) in [
        ("ftp", "localhost", &*root, "mod_http_upload, prosody-filer, hmac-file-server"),
        ("prosody-filer", "elsewhere.org", &root, "is not among the configured hosts"),
        ("prosody-filer", "localhost", "/no/such/folder", "FOLDER: /no/such/folder"),
        ("prosody-filer", "localhost", PROGRAM, "FOLDER: "),
    ] {
        let (code, text) =
            sidecar(&["store", "import", "--kind", kind, "--host", host, "--config", &config, from]);
        assert!(code == 64 && text.contains(told), "{code} {text}");
    }
    assert!(service.stored_files().is_empty());
}
