//! A component that ejabberd would not take.

use crate::setup::{Fault, Setup};

pub(crate) const LISTENER: &str = "listen:\n  - port: 5347\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n    hosts:\n      \"upload.a.org\":\n        password: \"the component's secret of these tests\"\n";
pub(crate) const SECTION: &str =
    "[component]\njid = 'upload.a.org'\nsecret = \"the component's secret of these tests\"\n";

/// With a component, and slots from nowhere else.
fn with_component() -> Setup {
    let mut setup = Setup::clean().yml("listen:\n", LISTENER);
    let module = setup.yml.find("  mod_http_upload:").expect("the last one");
    setup.yml.truncate(module);
    setup.toml.push_str(SECTION);
    setup
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "component_listener",
        severity: "error",
        yml: ("port: 5347", "port: 5348"),
        line: "port: 5348",
        says: "component.server is 127.0.0.1:5347, and components connect to the listener on port 5348 of 127.0.0.1",
        write: "port: 5347",
    },
    Fault {
        code: "component_listener",
        severity: "error",
        yml: ("5347\n    ip: \"127.0.0.1\"", "5347\n    ip: \"10.0.0.1\""),
        line: "port: 5347",
        says: "on port 5347 of 10.0.0.1",
        write: "ip: \"127.0.0.1\"",
    },
    Fault {
        code: "component_listener",
        severity: "error",
        yml: (LISTENER, "listen:\n"),
        line: "listen:",
        says: "no listener is of module ejabberd_service",
        write: "module: ejabberd_service",
    },
    Fault {
        code: "component_host",
        severity: "error",
        yml: ("\"upload.a.org\":", "\"files.a.org\":"),
        line: "\"files.a.org\":",
        says: "does not name upload.a.org, which is component.jid",
        write: "\"upload.a.org\":",
    },
    Fault {
        code: "component_secret",
        severity: "error",
        yml: ("the component's secret of these tests", "some other secret of these tests"),
        line: "some other secret",
        says: "the password of upload.a.org is not component.secret",
        write: "password: …",
    },
    Fault {
        code: "component_secret",
        severity: "error",
        yml: ("\n        password: \"the component's secret of these tests\"", " {}"),
        line: "upload.a.org",
        says: "the password of upload.a.org is not component.secret",
        write: "password: …",
    },
];

#[test]
fn each_fault_is_found() {
    let clean = with_component().check();
    assert!(clean.found.is_empty(), "{clean:?}");
    for fault in FAULTS {
        fault.assert_found_in(with_component());
    }
}

#[test]
fn a_listener_that_can_be_reached_is_believed() {
    for (ip, server) in [
        ("    ip: \"127.0.0.1\"\n", "localhost:5347"),
        ("    ip: \"0.0.0.0\"\n", "127.0.0.1:5347"),
        ("    ip: \"::\"\n", "[::1]:5347"),
        ("    ip: \"10.0.0.1\"\n", "ejabberd:5347"),
        ("", "10.0.0.1:5347"),
    ] {
        let setup = with_component().yml("5347\n    ip: \"127.0.0.1\"\n", &format!("5347\n{ip}"));
        let checked =
            setup.toml("jid = 'upload.a.org'", &format!("jid = 'upload.a.org'\nserver = '{server}'")).check();
        assert!(checked.found.is_empty(), "{ip}, {server}: {checked:?}");
    }
}

#[test]
fn one_password_may_be_for_all() {
    let hosts = "    hosts:\n      \"upload.a.org\":\n        password: ";
    let checked = with_component().yml(hosts, "    password: ").check();
    assert!(checked.found.is_empty(), "{checked:?}");
}
