//! How much a client may send.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "stanza_size",
        severity: "error",
        yml: ("max_stanza_size: 65536", "max_stanza_size: 65537"),
        line: "max_stanza_size:",
        says: "port 5222: max_stanza_size is 65537",
        write: "max_stanza_size: 65536",
    },
    Fault {
        code: "stanza_size",
        severity: "error",
        yml: ("    max_stanza_size: 65536\n", ""),
        line: "port: 5222",
        says: "max_stanza_size is missing",
        write: "max_stanza_size: 65536",
    },
    Fault {
        code: "stanza_size",
        severity: "error",
        yml: ("max_stanza_size: 65536", "max_stanza_size: infinity"),
        line: "max_stanza_size:",
        says: "is no number",
        write: "max_stanza_size: 65536",
    },
    Fault {
        code: "token_size",
        severity: "error",
        yml: ("max_stanza_size: 65536", "max_stanza_size: 10000"),
        line: "max_stanza_size:",
        says: "max_stanza_size is 10000: the longest token",
        write: "max_stanza_size: 12288",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn from_26_04_on_the_limit_before_a_login_counts() {
    let newer = || Setup::clean().version(Some("26.04"));
    Fault {
        code: "token_size",
        severity: "error",
        yml: ("max_stanza_size: 65536", "max_stanza_size: 262144"),
        line: "port: 5222",
        says: "pre_auth_max_stanza_size is missing and so 8192",
        write: "pre_auth_max_stanza_size: 12288",
    }
    .assert_found_in(newer());
    // An option that older versions do not start with tells as much.
    for setup in [newer(), newer().version(None)] {
        Fault {
            code: "stanza_size",
            severity: "error",
            yml: ("max_stanza_size: 65536", "pre_auth_max_stanza_size: 100000"),
            line: "pre_auth_max_stanza_size:",
            says: "pre_auth_max_stanza_size is 100000",
            write: "pre_auth_max_stanza_size: 65536",
        }
        .assert_found_in(setup);
    }
    let both = "max_stanza_size: 262144\n    pre_auth_max_stanza_size: 16384";
    let checked = newer().yml("max_stanza_size: 65536", both).check();
    assert!(checked.found.is_empty(), "{checked:?}");
    let short = newer().toml("[upload]", "[auth]\ntoken_max_bytes = 4096\n[upload]").check();
    assert!(short.found.is_empty(), "{short:?}");
}

#[test]
fn an_unknown_version_is_told_as_a_condition() {
    let checked = Setup::clean().version(None).check();
    assert!(checked.found.is_empty(), "{checked:?}");
    assert!(
        checked.stdout.contains("note: the listener on port 5222: from ejabberd 26.04 on"),
        "{checked:?}"
    );
    let large = Setup::clean().version(None).yml("max_stanza_size: 65536", "max_stanza_size: 262144").check();
    assert!(large.found[0].text.contains("(before 26.04; yours is not known"), "{large:?}");
}

#[test]
fn a_longer_token_needs_a_larger_stanza() {
    let setup = Setup::clean().toml("[upload]", "[auth]\ntoken_max_bytes = 60000\n[upload]");
    assert_eq!(setup.check().found[0].code, "token_size");
}
