//! Slots that the sidecar would refuse.

use crate::setup::{Fault, Setup};

const MODULE: &str = "  mod_http_upload:\n    put_url: \"https://u.org/upload/@HOST@\"\n    get_url: \"https://u.org/upload/@HOST@\"\n    external_secret: \"the upload secret of these tests\"\n    max_size: 104857600\n    jid_in_url: sha1\n";

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "upload_missing",
        severity: "warning",
        yml: (MODULE, ""),
        line: "modules:",
        says: "mod_http_upload is missing",
        write: "put_url: \"https://u.org/upload/@HOST@\"",
    },
    Fault {
        code: "put_url",
        severity: "error",
        yml: ("put_url: \"https://u.org/upload/@HOST@\"", "put_url: \"https://u.org/@HOST@\""),
        line: "put_url:",
        says: "put_url is https://u.org/a.org, and the sidecar's upload.public_url is https://u.org/upload/a.org",
        write: "put_url: \"https://u.org/upload/@HOST@\"",
    },
    Fault {
        code: "put_url",
        severity: "error",
        yml: ("    put_url: \"https://u.org/upload/@HOST@\"\n", ""),
        line: "mod_http_upload:",
        says: "put_url is missing and so https://a.org:5443/upload",
        write: "put_url: \"https://u.org/upload/@HOST@\"",
    },
    Fault {
        code: "get_url",
        severity: "error",
        yml: ("get_url: \"https://u.org/upload/@HOST@\"", "get_url: \"http://u.org/upload/@HOST@\""),
        line: "get_url:",
        says: "get_url is http://u.org/upload/a.org",
        write: "get_url: \"https://u.org/upload/@HOST@\"",
    },
    Fault {
        code: "secret_missing",
        severity: "error",
        yml: ("    external_secret: \"the upload secret of these tests\"\n", ""),
        line: "mod_http_upload:",
        says: "external_secret is missing",
        write: "external_secret:",
    },
    Fault {
        code: "secret_differs",
        severity: "error",
        yml: ("the upload secret of these tests", "some other secret of these tests"),
        line: "external_secret:",
        says: "mac_invalid",
        write: "external_secret:",
    },
    Fault {
        code: "secret_retired",
        severity: "warning",
        yml: ("the upload secret of these tests", "the one that was before it"),
        line: "external_secret:",
        says: "an old one",
        write: "external_secret:",
    },
    Fault {
        code: "upload_max_size",
        severity: "error",
        yml: ("max_size: 104857600", "max_size: 104857601"),
        line: "max_size: 1",
        says: "max_size is 104857601, and the sidecar takes 104857600",
        write: "max_size: 104857600",
    },
    Fault {
        code: "upload_max_size",
        severity: "error",
        yml: ("max_size: 104857600", "max_size: infinity"),
        line: "max_size: inf",
        says: "is no number",
        write: "max_size: 104857600",
    },
    Fault {
        code: "jid_in_url",
        severity: "error",
        yml: ("jid_in_url: sha1", "jid_in_url: node"),
        line: "jid_in_url:",
        says: "users' names",
        write: "jid_in_url: sha1",
    },
    Fault {
        code: "service_url",
        severity: "error",
        yml: ("    jid_in_url: sha1", "    service_url: \"https://me:secret@u.org/slot\""),
        line: "service_url",
        says: "is not this service's hook",
        write: "service_url: \"http://127.0.0.1:18081/slot\"",
    },
    Fault {
        code: "put_url",
        severity: "error",
        yml: (
            "put_url: \"https://u.org/upload/@HOST@\"",
            "put_url: \"https://me:some-secret@u.org/upload/@HOST@\"",
        ),
        line: "put_url",
        says: "put_url is https://u.org/upload/a.org, and",
        write: "put_url",
    },
    Fault {
        code: "put_url",
        severity: "error",
        yml: ("put_url: \"https://u.org/upload/@HOST@\"", "put_url: \"https:me:some-secret@u.org/upload\""),
        line: "put_url",
        says: "put_url is (not shown), and",
        write: "put_url",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn what_ejabberd_assumes_is_compared_too() {
    let setup = Setup::clean().yml("    max_size: 104857600\n", "");
    assert!(setup.check().found.is_empty());
    let small = setup.toml("[upload]", "[upload]\nmax_size = '1MiB'").check();
    assert_eq!(small.found[0].code, "upload_max_size", "{small:?}");
    assert!(small.found[0].text.contains("max_size is missing and so 104857600"), "{small:?}");
    let without_get = Setup::clean().yml("    get_url: \"https://u.org/upload/@HOST@\"\n", "").check();
    assert!(without_get.found.is_empty(), "{without_get:?}");
    let slash = Setup::clean().toml("/upload/@HOST@", "/upload/@HOST@/").check();
    assert!(slash.found.is_empty(), "{slash:?}");
}

#[test]
fn vhosts_that_share_an_address_are_found() {
    let setup = Setup::clean()
        .yml("hosts: [a.org]", "hosts: [a.org, b.org]")
        .yml("put_url: \"https://u.org/upload/@HOST@\"", "put_url: \"https://u.org/upload/a.org\"");
    let mut setup = setup.yml("    get_url: \"https://u.org/upload/@HOST@\"\n", "");
    setup.toml.push_str(
        "[[hosts.'b.org'.issuers]]\nissuer = 'b'\nsecret = 'an issuer secret of b.org, long enough'\n",
    );
    let checked = setup.check();
    let codes: Vec<_> = checked.found.iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["upload_url_shared", "secret_shared"], "{checked:?}");
    assert!(
        checked.found[0].text.starts_with("b.org: put_url is the same for several vhosts"),
        "{checked:?}"
    );
    assert!(checked.found[0].remedy.contains("put_url: \"https://u.org/upload/@HOST@\""), "{checked:?}");
}

#[test]
fn slots_of_a_scheme_that_is_not_accepted_are_found() {
    let url = "    service_url: \"http://127.0.0.1:18081/slot\"";
    let setup = Setup::clean().yml("    jid_in_url: sha1", url);
    let checked = setup.toml("[upload]", "[upload]\naccept = 'v'").check();
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert_eq!(checked.found[0].code, "service_url", "{checked:?}");
    assert!(
        checked.found[0].text.contains("of scheme bearer, which upload.accept does not name"),
        "{checked:?}"
    );
}

#[test]
fn slots_may_come_from_this_services_hook() {
    let key = "0123456789abcdef-of-slots";
    let with_key = format!("hook = \"127.0.0.1:18081\"\nhook_slot_key = \"{key}\"");
    let with_credentials = "hook = \"127.0.0.1:18081\"\nhook_credentials = \"me:0123456789abcdef0123\"";
    let with_prefix = "hook = \"127.0.0.1:18081\"\nhook_prefix = \"/in\"";
    for (listen, end, fine) in [
        ("hook = \"127.0.0.1:18081\"", "/slot".to_owned(), true),
        ("hook = \"127.0.0.1:18081\"", "/slots".to_owned(), false),
        (with_prefix, "/in/slot".to_owned(), true),
        (with_prefix, "/slot".to_owned(), false),
        (&with_key, format!("/slot/{key}"), true),
        (&with_key, "/slot/another-key-of-some-length".to_owned(), false),
        (&with_key, "/slot".to_owned(), false),
        (with_credentials, "/slot".to_owned(), false),
    ] {
        let url = format!("    service_url: \"http://127.0.0.1:18081{end}\"");
        let setup = Setup::clean().toml("hook = \"127.0.0.1:18081\"", listen);
        let checked = setup.yml("    jid_in_url: sha1", &url).check();
        let found = checked.found.iter().any(|found| found.code == "service_url");
        assert_eq!(found, !fine, "{listen}, {end}: {checked:?}");
        assert!(!checked.stdout.contains(key) && !checked.stdout.contains("another-key"), "{checked:?}");
    }
}
