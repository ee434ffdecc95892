//! Vhosts that one side does not know, and options of one vhost.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "vhost_not_in_ejabberd",
        severity: "error",
        yml: ("hosts: [a.org]", "hosts: []"),
        line: "hosts:",
        says: "a.org: the sidecar has a section for it",
        write: "hosts: [\"a.org\"]",
    },
    Fault {
        code: "vhost_not_in_sidecar",
        severity: "error",
        yml: ("hosts: [a.org]", "hosts:\n  - a.org\n  - c.org"),
        line: "- c.org",
        says: "c.org: nobody can log in",
        write: "[[hosts.\"c.org\".issuers]]",
    },
    Fault {
        code: "vhost_on_its_own",
        severity: "warning",
        yml: ("hosts: [a.org]", "hosts: [a.org,\n c.org]\nhost_config: {c.org: {auth_method: [ldap]}}"),
        line: " c.org]",
        says: "c.org: its users log in without the sidecar",
        write: "[[hosts.\"c.org\".issuers]]",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn what_is_said_for_a_vhost_takes_the_place_of_the_general() {
    let checked = Setup::clean().with_second_vhost().check();
    assert!(checked.found.is_empty(), "{checked:?}");
}

#[test]
fn what_is_appended_for_a_vhost_comes_with_the_general() {
    let mut setup = Setup::clean();
    setup.yml.push_str(
        "append_host_config:\n  a.org:\n    modules: {mod_register: {}} # added\n    auth_method: [internal]\n",
    );
    let checked = setup.check();
    let found: Vec<_> =
        checked.found.iter().map(|found| (found.code.as_str(), found.place.as_str())).collect();
    let added = format!("ejabberd.yml:{}", setup.line("# added"));
    assert_eq!(
        found,
        [("auth_method", "ejabberd.yml:2"), ("password_change", added.as_str())],
        "{checked:?}"
    );
}

#[test]
fn what_is_said_for_one_vhost_is_found_for_it() {
    let mut setup = Setup::clean().with_second_vhost();
    setup
        .yml
        .push_str("host_config:\n  B.org:\n    auth_use_cache: true # there\n    auth_method: external\n");
    let checked = setup.check();
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert_eq!(checked.found[0].place, format!("ejabberd.yml:{}", setup.line("# there")));
    assert!(checked.found[0].text.starts_with("b.org: auth_use_cache is on"), "{checked:?}");
}

#[test]
fn what_is_the_same_for_several_vhosts_is_one_finding() {
    let checked =
        Setup::clean().with_second_vhost().yml("auth_use_cache: false", "auth_use_cache: true").check();
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert!(checked.found[0].text.starts_with("a.org, b.org: "), "{checked:?}");
}

#[test]
fn modules_of_a_vhost_take_the_place_of_the_general_ones() {
    let mut setup = Setup::clean();
    setup.yml.push_str("host_config:\n  a.org:\n    modules: {mod_ping: {}}\n");
    let checked = setup.check();
    assert_eq!(checked.found[0].code, "upload_missing", "{checked:?}");
}

#[test]
fn several_sections_of_a_vhost_all_count() {
    let mut setup = Setup::clean().file("more.yml", "host_config: {a.org: {auth_use_cache: true}}\n");
    setup.yml.push_str("host_config: {a.org: {extauth_pool_size: 2}}\ninclude_config_file: more.yml\n");
    let checked = setup.check();
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert_eq!(checked.found[0].place, "more.yml:1");
}
