//! Values that stand under a name.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[Fault {
    code: "macro_undefined",
    severity: "error",
    yml: ("  mod_ping: {}", "  mod_ping: {ping_interval: PING_INTERVAL}"),
    line: "PING_INTERVAL",
    says: "nothing defines the macro PING_INTERVAL",
    write: "define_macro:\nPING_INTERVAL: …",
}];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn values_come_from_macros_of_macros() {
    let setup = Setup::clean().yml(
        "hosts: [a.org]",
        "define_macro: {HOSTS: [HOST_A], HOST_A: a.org, CACHE: OFF, OFF: false}\nhosts: HOSTS",
    );
    let setup = setup.yml("auth_use_cache: false", "auth_use_cache: 'CACHE'");
    let checked = setup.check();
    assert!(checked.found.is_empty(), "{checked:?}");
}

#[test]
fn a_finding_tells_the_macro_and_where_it_is() {
    let setup = Setup::clean().yml("hosts: [a.org]", "define_macro:\n  CACHE: true # here\nhosts: [a.org]");
    let setup = setup.yml("auth_use_cache: false", "auth_use_cache: CACHE");
    let checked = setup.check();
    let here = format!("auth_use_cache is on (by the macro CACHE, ejabberd.yml:{})", setup.line("# here"));
    assert!(checked.found[0].text.contains(&here), "{checked:?}");
    assert_eq!(checked.found[0].place, format!("ejabberd.yml:{}", setup.line("auth_use_cache:")));
}

#[test]
fn what_may_be_a_secret_is_not_named() {
    let setup = Setup::clean().yml("\"the upload secret of these tests\"", "SECRET_ABCDEF_0123");
    let checked = setup.check();
    assert_eq!(checked.found[0].code, "macro_undefined", "{checked:?}");
    assert!(checked.found[0].text.contains("external_secret: nothing defines what reads as a macro"));
    assert!(!checked.stdout.contains("ABCDEF"), "{checked:?}");
}

#[test]
fn older_versions_leave_names_in_a_text() {
    let filled_in = || {
        let setup = Setup::clean().yml("hosts: [a.org]", "define_macro: {SLOTS: upload}\nhosts: [a.org]");
        setup.yml("put_url: \"https://u.org/upload/@HOST@\"", "put_url: \"https://u.org/@SLOTS@/@HOST@\"")
    };
    let old = filled_in().check();
    assert_eq!(old.found.len(), 1, "{old:?}");
    assert_eq!(old.found[0].code, "macro_in_text", "{old:?}");
    assert!(old.found[0].text.contains("put_url: ejabberd 23.01 leaves @SLOTS@ as it is"), "{old:?}");
    let unknown = filled_in().version(None).check();
    assert!(unknown.found.is_empty(), "{unknown:?}");
    assert!(unknown.stdout.contains("@SLOTS@ is filled in from ejabberd 25.03 on; yours is not known"));
}

#[test]
fn keywords_are_filled_in() {
    let setup = Setup::clean().yml(
        "hosts: [a.org]",
        "define_keyword: {BASE: \"https://u.org\"}\ndefine_macro: {FOLDER_OF: upload}\nhosts: [a.org]",
    );
    let setup =
        setup.yml("put_url: \"https://u.org/upload/@HOST@\"", "put_url: \"@BASE@/@FOLDER_OF@/@HOST@\"");
    let checked = setup.version(None).check();
    assert!(checked.found.is_empty(), "{checked:?}");
}

#[test]
fn macros_that_go_in_circles_are_named() {
    let setup =
        Setup::clean().yml("hosts: [a.org]", "define_macro:\n  ONE_A: TWO_B\n  TWO_B: [ONE_A]\nhosts: ONE_A");
    let checked = setup.check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(
        checked.stderr.contains("ejabberd.yml:2: the macro ONE_A is defined by itself: give it a value"),
        "{checked:?}"
    );
}

#[test]
fn macros_that_are_defined_twice_are_named() {
    let setup = Setup::clean().yml("hosts: [a.org]", "define_macro:\n  ONE: 1\n  ONE: 2\nhosts: [a.org]");
    let checked = setup.check();
    assert_eq!(checked.code, Some(64), "{checked:?}");
    assert!(
        checked.stderr.contains("ejabberd.yml:3: ONE was defined before, at ejabberd.yml:2"),
        "{checked:?}"
    );
}

#[test]
fn anchors_are_followed() {
    let setup = Setup::clean()
        .yml("put_url: \"https://u.org/upload/@HOST@\"", "put_url: &url \"https://u.org/upload/@HOST@\"");
    let setup = setup.yml("get_url: \"https://u.org/upload/@HOST@\"", "get_url: *url");
    let checked = setup.check();
    assert!(checked.found.is_empty(), "{checked:?}");
}
