//! What has no finding.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::components;
use crate::setup::Setup;

#[test]
fn the_clean_configuration_has_no_finding() {
    let checked = Setup::clean().check();
    assert!(checked.found.is_empty(), "{checked:?}");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stdout.contains("note: the listener on port 5443: ejabberd does not limit what /ws takes")
    );
    assert!(checked.stdout.ends_with("1 vhost, 1 issuer, 1 key; 0 errors, 0 warnings\n"), "{checked:?}");
}

#[test]
fn without_ejabberds_only_the_services_own_is_looked_at() {
    let checked = Setup::clean().check_with(&[]);
    assert!(checked.found.is_empty(), "{checked:?}");
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn findings_are_in_the_order_of_the_file() {
    let setup = Setup::clean().yml("auth_use_cache: false", "auth_use_cache: true");
    let checked = setup.yml("jid_in_url: sha1", "jid_in_url: node").yml("extauth_pool_size: 4\n", "").check();
    let lines: Vec<usize> = checked
        .found
        .iter()
        .map(|found| found.place.rsplit(':').next().expect("a line").parse().expect("a number"))
        .collect();
    assert_eq!(lines.len(), 3, "{checked:?}");
    assert!(lines.is_sorted(), "{checked:?}");
    assert!(checked.stdout.ends_with("2 errors, 1 warning\n"), "{checked:?}");
}

/// The repository's own, with the macros of its page filled in, for each version that it has a file for.
#[test]
fn the_configuration_that_comes_with_the_service_has_no_finding() {
    let shipped = shipped();
    let versions = shipped.keys().filter_map(|name| name.strip_prefix("clients-")?.strip_suffix(".yml"));
    let mut versions: Vec<_> = versions.collect();
    if versions.is_empty() {
        versions.push("23.01");
    }
    // Slots that ejabberd signs, or asks for, or has nothing to do with.
    let ways = ["slots.yml", "service-url.yml", "component.yml"];
    for (version, way) in versions.into_iter().flat_map(|version| ways.map(|way| (version, way))) {
        let mut setup = Setup::clean().version(Some(version)).file("local.yml", MACROS);
        setup.toml.push_str(if way == "component.yml" { components::SECTION } else { "" });
        let mut parts = Vec::new();
        for (name, text) in &shipped {
            let of_version =
                name.strip_prefix("clients-").is_none_or(|rest| rest == format!("{version}.yml"));
            if name == "ejabberd.yml" {
                setup.yml.clone_from(text);
            } else {
                setup = setup.file(name, text);
                // Federation or none, and one way to upload.
                let other = ["no-federation.yml", "component.yml", "slots.yml", "service-url.yml"];
                let taken = name == way || !other.contains(&name.as_str());
                parts.extend(Some(name).filter(|_| of_version && taken));
            }
        }
        let checked = setup.file("parts.yml", &format!("include_config_file: {parts:?}\n")).check();
        assert!(checked.found.is_empty(), "{version}, {way}: {checked:?}");
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
}

/// The files of `ejabberd-config`, by name.
fn shipped() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ejabberd-config");
    let paths = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    let yml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml"));
    let named = yml.map(|path| {
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        (name, fs::read_to_string(path).expect("readable"))
    });
    named.collect()
}

const MACROS: &str = r#"define_macro:
  XMPP_HOSTS: ["a.org"]
  CERTFILES: ["/etc/ejabberd/tls.crt", "/etc/ejabberd/tls.key"]
  CONTACT_URLS: ["mailto:postmaster@a.org"]
  LISTEN_IP: "::"
  UPLOAD_MAX_SIZE: 104857600
  HTTP_IP: "::"
  C2S_IP: "::"
  TRUSTED_PROXIES: []
  C2S_PORT: 5222
  C2S_TLS_PORT: 5223
  S2S_PORT: 5269
  # Nothing listens there.
  API_PORT: 1
  HTTP_PORT: 5443
  HTTP_TLS: true
  WEBSOCKET_URL: "wss://a.org:5443/ws"
  BOSH_URL: "https://a.org:5443/bosh"
  STUN_PORT: 3478
  TURN_IP: "127.0.0.1"
  TURN_SECRET: "some other secret"
  EXTAUTH_PROGRAM: "FOLDER/bridge extauth --hook http://127.0.0.1:18081"
  UPLOAD_URL: "https://u.org/upload/@HOST@"
  COMPONENT_PORT: 5347
  COMPONENT_HOSTS: {"upload.a.org": {password: "the component's secret of these tests"}}
  SLOT_URL: "http://127.0.0.1:18081/slot"
  UPLOAD_SECRET: "the upload secret of these tests"
  FAIL2BAN_EXEMPT: ["127.0.0.0/8", "::1/128"]
"#;
