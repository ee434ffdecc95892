//! The service's own configuration.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::setup::Setup;

#[track_caller]
fn assert_only(setup: &Setup, code: &str, exit: i32, says: &str) {
    let checked = setup.check_with(&[]);
    let [found] = &checked.found[..] else { unreachable!("{code}: one finding, and not {checked:?}") };
    assert_eq!((found.code.as_str(), checked.code), (code, Some(exit)), "{checked:?}");
    assert!(
        found.place == "sidecar.toml" && found.text.contains(says) && !found.remedy.is_empty(),
        "{found:?}"
    );
}

#[test]
fn an_unusable_configuration_ends_with_64_as_it_does_for_serve() {
    let checked = Setup::clean().toml("kind = \"disk\"", "kind = \"disc\"").check_with(&[]);
    assert_eq!(checked.code, Some(64), "{checked:?}");
    let overlapping = Setup::clean().with_second_vhost().toml("/upload/@HOST@", "/upload").check_with(&[]);
    assert_eq!(overlapping.code, Some(64), "{overlapping:?}");
    let apart = Setup::clean()
        .toml("an issuer's secret of these tests, long enough", "the upload secret of these tests");
    let apart = apart.check_with(&[]);
    assert_eq!(apart.code, Some(64), "{apart:?}");
    assert!(apart.stderr.contains("has an upload secret as its key"), "{apart:?}");
}

#[test]
fn a_store_that_does_not_work_is_found() {
    let setup = Setup::clean().file("store", "");
    assert_only(&setup, "store", 1, "is no folder");
    let setup = Setup::clean().toml("path = \"store\"", "path = \"sidecar.toml/store\"");
    assert_only(&setup, "store", 1, "is not there and cannot be made");
}

#[test]
fn a_store_on_two_volumes_is_found() {
    let disk = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let memory = TempDir::new_in("/dev/shm").expect("a folder in memory");
    fs::create_dir(disk.path().join("staging")).expect("writable");
    symlink(memory.path(), disk.path().join("files")).expect("writable");
    let setup = Setup::clean().toml("path = \"store\"", &format!("path = \"{}\"", disk.path().display()));
    assert_only(&setup, "store", 1, "on another volume");
}

#[test]
fn object_storage_that_is_away_is_found() {
    let setup = Setup::clean().toml(
        "kind = \"disk\"\npath = \"store\"",
        "kind = 's3'\nbucket = 'b'\nendpoint = 'http://127.0.0.1:1'\naccess_key_id = 'id'\nsecret_access_key = 'some other secret'",
    );
    assert_only(&setup, "store", 1, "the store does not work: ListObjectsV2 at object storage");
}

#[test]
fn vhosts_that_share_an_upload_secret_are_found() {
    let setup = Setup::clean()
        .with_second_vhost()
        .toml("['the upload secret of b.org']", "['the one that was before it']");
    assert_only(&setup, "secret_shared", 0, "a.org, b.org: upload.secrets");
}

#[test]
fn keys_that_are_of_no_use_are_found() {
    let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"strange"}]}"#;
    let setup = Setup::clean().file("keys", set);
    let setup =
        setup.toml("secret = \"an issuer's secret of these tests, long enough\"", "jwks_file = 'keys'");
    assert_only(&setup, "setting", 0, "is not used");
}

fn write_certificate(folder: &Path, until: (i32, u8, u8)) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    let key = KeyPair::generate().expect("a key");
    fs::write(folder.join("cert.pem"), params.self_signed(&key).expect("a certificate").pem())
        .expect("writable");
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("writable");
}

fn with_certificate(until: (i32, u8, u8)) -> Setup {
    let setup = Setup::clean().toml("[upload]", "tls = { cert = 'cert.pem', key = 'key.pem' }\n[upload]");
    write_certificate(setup.folder.path(), until);
    setup
}

#[test]
fn a_certificate_that_has_expired_is_found() {
    assert_only(
        &with_certificate((2001, 2, 3)),
        "certificate_expired",
        1,
        "has expired, 2001-02-03T00:00:00Z",
    );
    assert!(with_certificate((2999, 1, 1)).check_with(&[]).found.is_empty());
}

#[test]
fn a_certificate_that_expires_soon_is_found() {
    let in_a_week = std::time::SystemTime::now() + std::time::Duration::from_hours(7 * 24);
    let text = humantime::format_rfc3339_seconds(in_a_week).to_string();
    let number = |from: usize, to: usize| text[from..to].parse::<u16>().expect("digits");
    let small = |from, to| u8::try_from(number(from, to)).expect("small");
    assert_only(
        &with_certificate((number(0, 4).into(), small(5, 7), small(8, 10))),
        "certificate_expires",
        0,
        "expires soon",
    );
}
