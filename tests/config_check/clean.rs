//! What has no finding.

use std::fs;
use std::path::Path;

use crate::setup::Setup;

#[test]
fn the_clean_configuration_has_no_finding() {
    let checked = Setup::clean().check();
    assert!(checked.found.is_empty(), "{checked:?}");
    assert_eq!(checked.code, Some(0), "{checked:?}");
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

/// The repository's own, with the macros of its page filled in.
#[test]
fn the_configuration_that_comes_with_the_service_has_no_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ejabberd-config");
    let text = fs::read_to_string(folder.join("ejabberd.yml")).expect("readable");
    let mut setup = Setup::clean().file(
        "local.yml",
        r#"define_macro:
  XMPP_HOSTS: ["a.org"]
  CERTFILES: ["/etc/ejabberd/tls.crt", "/etc/ejabberd/tls.key"]
  C2S_IP: "::"
  C2S_PORT: 5222
  EXTAUTH_PROGRAM: "FOLDER/bridge extauth --hook http://127.0.0.1:18081"
  UPLOAD_URL: "https://u.org/upload/@HOST@"
  UPLOAD_SECRET: "the upload secret of these tests"
  FAIL2BAN_EXEMPT: ["127.0.0.0/8", "::1/128"]
"#,
    );
    setup.yml = text;
    let checked = setup.check();
    assert!(checked.found.is_empty(), "{checked:?}");
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
