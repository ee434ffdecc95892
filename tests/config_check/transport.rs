//! Tokens never in clear.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "c2s_without_tls",
        severity: "error",
        yml: ("    starttls_required: true\n", ""),
        line: "port: 5222",
        says: "the listener on port 5222 takes logins without TLS",
        write: "starttls_required: true",
    },
    Fault {
        code: "c2s_without_tls",
        severity: "error",
        yml: ("starttls_required: true", "starttls: true"),
        line: "port: 5222",
        says: "may be sent in clear",
        write: "starttls_required: true",
    },
    Fault {
        code: "web_without_tls",
        severity: "warning",
        yml: ("    tls: true\n", ""),
        line: "port: 5443",
        says: "port 5443 takes logins at /ws, /bosh without TLS",
        write: "tls: true",
    },
    Fault {
        code: "mqtt_without_tls",
        severity: "error",
        yml: ("acl:\n", "  - port: 1883\n    module: mod_mqtt\nacl:\n"),
        line: "port: 1883",
        says: "over MQTT without TLS",
        write: "tls: true",
    },
    Fault {
        code: "api_exposed",
        severity: "warning",
        yml: ("/bosh: mod_bosh", "/admin: ejabberd_web_admin"),
        line: "/admin",
        says: "port 5443 hands ejabberd_web_admin at /admin to other machines",
        write: "ip: \"127.0.0.1\"",
    },
    Fault {
        code: "api_exposed",
        severity: "warning",
        yml: ("    ip: \"127.0.0.1\"\n", ""),
        line: "/api",
        says: "mod_http_api at /api",
        write: "ip: \"127.0.0.1\"",
    },
    Fault {
        code: "api_exposed",
        severity: "warning",
        yml: ("acl:\n", "  - {port: 4560, module: ejabberd_xmlrpc}\nacl:\n"),
        line: "4560",
        says: "ejabberd_xmlrpc",
        write: "ip: \"127.0.0.1\"",
    },
    Fault {
        code: "api_exposed",
        severity: "warning",
        yml: ("acl:\n", "  - {port: 5280, module: ejabberd_http, tls: true, web_admin: true}\nacl:\n"),
        line: "5280",
        says: "ejabberd_web_admin at /admin",
        write: "127.0.0.1",
    },
    Fault {
        code: "web_without_tls",
        severity: "warning",
        yml: ("acl:\n", "  - {port: 5280, module: ejabberd_http, http_bind: true}\nacl:\n"),
        line: "5280",
        says: "takes logins at /bosh",
        write: "tls: true",
    },
    Fault {
        code: "trusted_proxies",
        severity: "error",
        yml: ("acl:\n", "trusted_proxies: all\nacl:\n"),
        line: "trusted_proxies",
        says: "everybody is believed",
        write: "trusted_proxies: [",
    },
    Fault {
        code: "trusted_proxies",
        severity: "error",
        yml: ("acl:\n", "trusted_proxies: [\"0.0.0.0/0\"]\nacl:\n"),
        line: "trusted_proxies",
        says: "everybody is believed",
        write: "trusted_proxies: [",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn what_stays_on_the_machine_needs_no_tls() {
    for (from, to) in [
        ("    tls: true\n", "    ip: \"::1\"\n"),
        (
            "  - port: 5443\n    module: ejabberd_http\n    tls: true\n",
            "  - port: \"unix:/run/web.sock\"\n    module: ejabberd_http\n",
        ),
        ("acl:\n", "  - {port: 1883, ip: 127.0.0.2, module: mod_mqtt}\nacl:\n"),
        ("starttls_required: true", "tls: true"),
        ("    starttls_required: true\n", "    ip: \"::ffff:127.0.0.1\"\n"),
    ] {
        let checked = Setup::clean().yml(from, to).check();
        assert!(checked.found.is_empty(), "{to}: {checked:?}");
    }
}
