//! What a configuration becomes.

mod issuers;
mod uploads;

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::login::UserExists;
use crate::store::S3Credentials;

const ISSUER: &str = "issuer = 'i'\nsecret = '0123456789abcdef0123456789abcdef'";

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    load_from(&TempDir::new().unwrap(), toml, variables)
}

fn load_from(folder: &TempDir, toml: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, toml).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Settings::load(Some(&file), &Environment::from_variables(variables))
}

fn minimal() -> String {
    format!(
        "[upload]\nsecrets = ['shared with ejabberd']\n[store]\nkind = 'disk'\npath = 'files'\n[[hosts.'a.org'.issuers]]\n{ISSUER}\n"
    )
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let folder = TempDir::new().unwrap();
    let settings = load_from(&folder, &minimal(), &[]).unwrap();
    let listen = &settings.listen;
    let addresses = [&listen.public, &listen.hook, &listen.ops].map(ToString::to_string);
    assert_eq!(addresses, ["0.0.0.0:8080", "127.0.0.1:8081", "0.0.0.0:8082"]);
    let host = &settings.hosts[0];
    assert_eq!((host.auth.user_exists, host.auth.token_max_bytes), (UserExists::Seen, 8192));
    assert_eq!(host.upload.public_url.as_str(), "http://localhost:8080/upload/a.org");
    assert_eq!(host.upload.rules.max_size, 100 * 1024 * 1024);
    let issuer = &host.issuers[0];
    assert_eq!((issuer.leeway, issuer.max_lifetime), (Duration::from_secs(30), Duration::from_hours(24)));
    let StoreSettings::Disk { path, sync } = &settings.store else { unreachable!("{:?}", settings.store) };
    assert_eq!((path, *sync), (&folder.path().join("files"), true), "paths start at the file's folder");
}

#[test]
fn a_vhost_overrides_and_the_rest_is_shared() {
    let more = "[hosts.'a.org'.auth]\nuser_exists = 'all'\n[hosts.'a.org'.upload]\nmax_size = '1kB'\nsecrets = ['a secret of its own']\npublic_url = 'https://u.a.org/'\n";
    let other = format!("[auth]\ntoken_max_bytes = 999\n[[hosts.'b.org'.issuers]]\n{ISSUER}\n");
    let settings = load(&format!("{}{more}{other}", minimal()), &[]).unwrap();
    let [a, b] = settings.hosts.as_slice() else { unreachable!("{:?}", settings.hosts) };
    assert_eq!((a.auth.user_exists, a.auth.token_max_bytes), (UserExists::All, 999));
    assert_eq!((b.auth.user_exists, b.auth.token_max_bytes), (UserExists::Seen, 999));
    assert_eq!(
        (a.upload.rules.max_size, a.upload.signing_secret.bytes()),
        (1000, &b"a secret of its own"[..])
    );
    assert_eq!(b.upload.signing_secret.bytes(), b"shared with ejabberd");
    assert_eq!(a.upload.public_url.as_str(), "https://u.a.org/");
}

#[test]
fn secrets_come_from_files_one_a_line_and_without_white_space() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("upload"), "the signing secret \n\n  a retired secret\n").unwrap();
    fs::write(folder.path().join("issuer"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let toml = "[upload]\nsecrets_file = 'upload'\n[store]\nkind = 'disk'\npath = 'files'\n[[hosts.'a.org'.issuers]]\nissuer = 'i'\nsecret_file = 'issuer'\n";
    let host = &load_from(&folder, toml, &[]).unwrap().hosts[0];
    assert_eq!(host.upload.signing_secret.bytes(), b"the signing secret");
    assert_eq!(host.upload.retired_secrets[0].bytes(), b"a retired secret");
    assert_eq!(host.issuers[0].keys.secrets()[0].bytes(), b"0123456789abcdef0123456789abcdef");

    fs::remove_file(folder.path().join("issuer")).unwrap();
    let missing = load_from(&folder, toml, &[]).unwrap_err().to_string();
    assert!(
        missing.starts_with("hosts.\"a.org\".issuers[0].secret_file: ")
            && missing.contains("issuer: No such file"),
        "{missing}"
    );
}

#[test]
fn all_files_that_are_missing_are_told_at_once_and_each_once() {
    let folder = TempDir::new().unwrap();
    let issuer = |host: &str| format!("[[hosts.'{host}'.issuers]]\nissuer = 'i'\nsecret_file = '{host}'\n");
    let toml = format!(
        "[upload]\nsecrets_file = 'upload'\n[component]\njid = 'u.a.org'\nsecret_file = 'component'\n[store]\nkind = 's3'\nbucket = 'b'\naccess_key_id = 'a'\nsecret_access_key_file = 'key'\n[limits]\nconnections = 0\n{}{}",
        issuer("a.org"),
        issuer("b.org")
    );
    let wrong = load_from(&folder, &toml, &[]).unwrap_err();
    let keys: Vec<_> =
        wrong.lines().iter().filter_map(|line| line.split_once(": ")).map(|(key, _)| key).collect();
    assert_eq!(
        keys,
        [
            "hosts.\"a.org\".issuers[0].secret_file",
            "upload.secrets_file",
            "hosts.\"b.org\".issuers[0].secret_file",
            "component.secret_file",
            "store.secret_access_key_file",
            "limits.connections",
        ]
    );
    assert_eq!(wrong.to_string(), wrong.lines().join("\n"));
}

#[test]
fn variables_replace_values_and_are_typed_by_their_look() {
    let settings = load(
        &minimal(),
        &[
            ("EJABBERD_SIDECAR__LIMITS__CONNECTIONS", "7"),
            ("EJABBERD_SIDECAR__UPLOAD__SECRETS", "[\"a secret from outside\", \"another one of them\"]"),
            ("EJABBERD_SIDECAR__STORE__SYNC", "false"),
            ("EJABBERD_SIDECAR__LIMITS__DRAIN", "2m"),
            ("EJABBERD_SIDECAR__UPLOAD__MAX_SIZE", "5"),
            ("EJABBERD_SIDECAR_IMAGE", "not for us"),
        ],
    )
    .unwrap();
    assert_eq!(settings.hosts[0].upload.rules.max_size, 5);
    assert_eq!((settings.limits.connections, settings.limits.drain), (7, Duration::from_mins(2)));
    assert_eq!(settings.hosts[0].upload.signing_secret.bytes(), b"a secret from outside");
    assert!(matches!(settings.store, StoreSettings::Disk { sync: false, .. }), "{:?}", settings.store);
}

#[test]
fn beyond_loopback_the_hook_needs_credentials() {
    let listen = "[listen]\nhook = '0.0.0.0:8081'\nhook_prefix = '/auth'\nhook_credentials = 'ejabberd:0123456789abcdef'";
    let settings = load(&format!("{}{listen}", minimal()), &[]).unwrap();
    assert_eq!(settings.listen.hook.to_string(), "0.0.0.0:8081");
    assert!(settings.listen.hook_credentials.is_some());
}

#[test]
fn a_name_of_digits_is_a_name() {
    let s3 = "kind = 's3'\naccess_key_id = 'a'\nsecret_access_key = 'k'";
    let toml = minimal().replace("kind = 'disk'\npath = 'files'", s3);
    let settings = load(&toml, &[("EJABBERD_SIDECAR__STORE__BUCKET", "123")]).unwrap();
    assert!(matches!(&settings.store, StoreSettings::S3 { location, .. } if location.bucket == "123"));
}

#[test]
fn what_is_refused_of_object_storage_is_named() {
    let key = "access_key_id = 'a'\nsecret_access_key = 'k'";
    for (options, says) in [
        ("access_key_id = 'a'".to_owned(), "store.secret_access_key: is missing"),
        ("secret_access_key = 'k'".to_owned(), "store.access_key_id: is missing"),
        (format!("{key}\nendpoint = 'localhost:9000'"), "store.endpoint: is not a URL"),
        (format!("{key}\nsingle_put_max = '1MiB'"), "store.single_put_max: is not between"),
        (format!("{key}\nsingle_put_max = '6GiB'"), "store.single_put_max: is not between"),
        (format!("{key}\nconcurrency = 0"), "store.concurrency: is not between"),
        (
            format!("{key}\ndownload_endpoint = 'https://a.org'"),
            "store.download_endpoint: belongs to download",
        ),
        (
            format!("{key}\ndownload = 'redirect'\ndownload_endpoint = 'a.org'"),
            "store.download_endpoint: is not a URL",
        ),
        (format!("{key}\nsync = false"), "store.sync: belongs to kind"),
    ] {
        let store = format!("kind = 's3'\nbucket = 'b'\n{options}");
        let message = load(&minimal().replace("kind = 'disk'\npath = 'files'", &store), &[]).unwrap_err();
        assert!(message.to_string().contains(says), "{says}: {message}");
    }
}

#[test]
fn without_a_key_the_sdk_looks_for_one() {
    let toml = minimal().replace("kind = 'disk'\npath = 'files'", "kind = 's3'\nbucket = 'b'");
    let settings = load(&toml, &[]).unwrap();
    assert!(matches!(&settings.store, StoreSettings::S3 { credentials: S3Credentials::Found, .. }));
}

#[test]
fn what_is_refused_is_named() {
    let cases = [
        (minimal().replace("'a.org'", "'a b'"), "hosts.\"a b\": is not a domain name"),
        (
            format!("{}[[hosts.'A.ORG'.issuers]]\n{ISSUER}", minimal()),
            "hosts.\"a.org\": was configured before",
        ),
        (
            format!("{}[[hosts.'a.org'.issuers]]\n{ISSUER}", minimal()),
            "hosts.\"a.org\".issuers[1].issuer: was named before",
        ),
        (
            minimal().replace(&format!("[[hosts.'a.org'.issuers]]\n{ISSUER}"), "[hosts.'a.org']"),
            "hosts.\"a.org\".issuers: is missing",
        ),
        (
            minimal().replace(
                "secrets = ['shared with ejabberd']",
                "public_url = 'ftp://x'\nsecrets = ['shared with ejabberd']",
            ),
            "upload.public_url: has to be",
        ),
        (minimal().replace("secrets = ['shared with ejabberd']", ""), "upload.secrets: is missing"),
        (
            minimal().replace("secrets = ['shared with ejabberd']", "secrets = 'shared with ejabberd'"),
            "unusable value, expected a sequence",
        ),
        (minimal().replace("kind = 'disk'", ""), "store.kind: is missing"),
        (format!("{}[listen]\nhook_credentials = 'ejabberd:short'", minimal()), "listen.hook_credentials: has to be name:password"),
        (format!("{}[listen]\nhook_prefix = 'auth/'", minimal()), "listen.hook_prefix: has to look like /auth"),
        (format!("{}[listen]\nhook = '0.0.0.0:8081'", minimal()), "listen.hook: whoever reaches the hook"),
        (
            format!("{}[hosts.'a.org'.upload]\nsecrets = []", minimal()),
            "hosts.\"a.org\".upload.secrets: holds no secret",
        ),
        (
            format!(
                "{}[hosts.'a.org'.upload]\nsecrets = ['only for a.org, this']\n[[hosts.'b.org'.issuers]]\nissuer = 'i'\nsecret = 'shared with ejabberd'",
                minimal().replace("0123456789abcdef0123456789abcdef", "shared with ejabberd of thirty-two bytes")
            )
            .replace("'shared with ejabberd'", "'shared with ejabberd of thirty-two bytes'"),
            "hosts.\"a.org\".issuers[0]: has an upload secret as its key",
        ),
        (minimal().replace("issuer = 'i'", "issuer = 'i'\nleeway = '1h'"), "hosts.\"a.org\".issuers[0].leeway: is above"),
        (format!("{}[auth]\ntoken_max_bytes = 0", minimal()), "auth.token_max_bytes: has to be from"),
    ];
    for (toml, says) in cases {
        let message = load(&toml, &[]).unwrap_err().to_string();
        assert!(message.contains(says), "{says}: {message}");
        assert!(!message.contains("shared with ejabberd"), "a secret in: {message}");
    }
}

#[test]
fn unusable_limits_and_login_settings_are_named() {
    for (more, says) in [
        ("[auth]\nusers_file = 'nowhere'", "auth.users_file: "),
        ("[auth]\nprovisioning = true\nuser_exists = 'none'", "auth.provisioning: needs user_exists"),
        ("[limits]\nlogins_per_minute = 0", "limits.logins_per_minute: is zero"),
        ("[limits]\nconnections = 9000000000000000000", "limits.connections: is above"),
        ("[limits]\nconnections = 'many'", "limits.connections: invalid digit found in string"),
    ] {
        let message = load(&format!("{}{more}", minimal()), &[]).unwrap_err().to_string();
        assert!(message.contains(says), "{says}: {message}");
    }
}
