//! What ejabberd does not start with: seen with its own loader, 23.01.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "option_twice",
        severity: "error",
        yml: ("auth_use_cache: false", "auth_use_cache: false\nauth_use_cache: no # again"),
        line: "# again",
        says: "auth_use_cache stands here and at ejabberd.yml:5: ejabberd does not start",
        write: "take one of the two out",
    },
    Fault {
        code: "option_twice",
        severity: "error",
        yml: ("  mod_ping: {}", "  mod_ping: {}\n  mod_ping: {} # again"),
        line: "# again",
        says: "mod_ping stands here",
        write: "take one",
    },
    Fault {
        code: "option_twice",
        severity: "error",
        yml: (
            "    starttls_required: true\n",
            "    starttls_required: true\n    starttls_required: true # again\n",
        ),
        line: "# again",
        says: "starttls_required",
        write: "take one",
    },
    Fault {
        code: "option_twice",
        severity: "error",
        yml: ("    jid_in_url: sha1", "    jid_in_url: sha1\n    jid_in_url: sha1 # again"),
        line: "# again",
        says: "jid_in_url",
        write: "take one",
    },
    Fault {
        code: "option_twice",
        severity: "error",
        yml: ("modules:\n", "modules: {mod_ping: {}}\nmodules:\n"),
        line: "  mod_ping: {}",
        says: "mod_ping stands here",
        write: "take one",
    },
    Fault {
        code: "option_twice",
        severity: "error",
        yml: ("acl:\n", "acl:\n  loopback: {user: x} # first\nacl:\n"),
        line: "loopback: {ip",
        says: "loopback stands here",
        write: "take one",
    },
    Fault {
        code: "hosts_list",
        severity: "error",
        yml: ("hosts: [a.org]", "hosts: a.org"),
        line: "hosts:",
        says: "hosts is no list",
        write: "hosts: [",
    },
    Fault {
        code: "option_unknown",
        severity: "error",
        yml: ("  mod_ping: {}", "  mod_scram_upgrade: {}"),
        line: "mod_scram_upgrade",
        says: "ejabberd 23.01 does not know mod_scram_upgrade",
        write: "take it out",
    },
    Fault {
        code: "option_unknown",
        severity: "error",
        yml: ("auth_use_cache: false", "auth_use_cache: false\nupdate_sql_schema: true"),
        line: "update_sql_schema",
        says: "does not know update_sql_schema",
        write: "take it out",
    },
    Fault {
        code: "option_unknown",
        severity: "error",
        yml: ("max_stanza_size: 65536", "max_stanza_size: 65536\n    pre_auth_max_stanza_size: 16384"),
        line: "pre_auth_max",
        says: "port 5222: ejabberd 23.01 does not know pre_auth_max_stanza_size",
        write: "take it out",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn lists_and_maps_are_joined() {
    let setup = Setup::clean()
        .file("more.yml", "acl: {other: {user: x}}\nmodules: {mod_last: {}}\nhosts: []\nlisten: []\n")
        .yml("hosts: [a.org]", "hosts: [a.org]\ninclude_config_file: FOLDER/more.yml");
    let checked = setup.check();
    assert!(checked.found.is_empty(), "{checked:?}");
    assert!(!checked.stdout.contains("working directory"), "{checked:?}");
    let setup = setup.file("more.yml", "auth_use_cache: false\n");
    let checked = setup.check();
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert_eq!(checked.found[0].code, "option_twice", "{checked:?}");
}

#[test]
fn what_is_known_later_is_told_to_known_versions_alone() {
    for version in [None, Some("26.07")] {
        let checked = Setup::clean().version(version).yml("  mod_ping: {}", "  mod_antispam: {}").check();
        assert!(checked.found.iter().all(|found| found.code != "option_unknown"), "{checked:?}");
    }
}

#[test]
fn a_relative_include_is_a_remark() {
    let setup = Setup::clean()
        .file("more.yml", "")
        .yml("hosts: [a.org]", "hosts: [a.org]\ninclude_config_file: more.yml");
    let checked = setup.check();
    assert_eq!((checked.code, checked.found.len()), (Some(0), 0), "{checked:?}");
    assert!(
        checked.stdout.contains("note: ejabberd looks for more.yml in its working directory"),
        "{checked:?}"
    );
}
