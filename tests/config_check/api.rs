//! Who may use the API, and who is an administrator.

use crate::setup::{Fault, Setup};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "api_everyone",
        severity: "error",
        yml: ("    who: {acl: loopback}\n", "    who: all\n"),
        line: "    who: all",
        says: "\"sidecar\" lets everybody",
        write: "who: {access: {allow: {acl: admin}}}",
    },
    Fault {
        code: "api_everyone",
        severity: "error",
        yml: ("{from: ejabberd_ctl, who: all", "{who: all"),
        line: "\"console\"",
        says: "\"console\" lets everybody",
        write: "who:",
    },
    Fault {
        code: "api_local",
        severity: "error",
        yml: ("what: [status]", "what: [\"*\", \"!stop\"]  # of this"),
        line: "# of this",
        says: "\"sidecar\" lets every process that asks from a listed address do everything",
        write: "what: [status",
    },
    Fault {
        code: "api_local",
        severity: "error",
        yml: (
            "{allow: [{acl: loopback}, {acl: admin}]}",
            "[{allow: {acl: admin}}, {allow: {ip: 127.0.0.1/8}}]",
        ),
        line: "\"!stop\"",
        says: "\"admins\" lets every process",
        write: "what: [status",
    },
    Fault {
        code: "admin_mintable",
        severity: "error",
        yml: ("user: [\"root@a.org\"]", "user: [\"boss@a.org\", \"root@a.org\"]"),
        line: "admin: {",
        says: "boss@a.org is an administrator (acl admin), and \"https://login.a.org\" may log in as him",
        write: "deny_localparts = [\"admin\", \"administrator\", \"ejabberd\", \"root\", \"boss\"]",
    },
    Fault {
        code: "admin_mintable",
        severity: "error",
        yml: (
            "  admin: {user: [\"root@a.org\"]}",
            "  admin:\n    - user:\n        - boss: a.org\n        - other: b.org",
        ),
        line: "boss",
        says: "boss@a.org",
        write: "deny_localparts",
    },
    Fault {
        code: "admin_pattern",
        severity: "error",
        yml: ("user: [\"root@a.org\"]", "user_regexp: \"\""),
        line: "user_regexp",
        says: "acl admin has user_regexp",
        write: "user: [\"somebody@a.org\"]",
    },
    Fault {
        code: "admin_pattern",
        severity: "error",
        yml: ("user: [\"root@a.org\"]", "server: a.org"),
        line: "admin: {",
        says: "acl admin has server",
        write: "user:",
    },
    Fault {
        code: "admin_pattern",
        severity: "error",
        yml: ("user: [\"root@a.org\"]", "shared_group: admins"),
        line: "admin: {",
        says: "acl admin has shared_group",
        write: "user:",
    },
    Fault {
        code: "admin_everybody",
        severity: "error",
        yml: ("api_permissions:", "access_rules: {configure: {allow: all}} # of this\napi_permissions:"),
        line: "# of this",
        says: "access rule configure: everybody is an administrator",
        write: "user:",
    },
    Fault {
        code: "admin_everybody",
        severity: "error",
        yml: ("api_permissions:", "access_rules: {configure: [allow]} # of this\napi_permissions:"),
        line: "# of this",
        says: "everybody",
        write: "user:",
    },
    Fault {
        code: "admin_everybody",
        severity: "error",
        yml: ("api_permissions:", "access_rules: {configure: {allow: loopback}}\napi_permissions:"),
        line: "loopback: {ip",
        says: "whoever comes from an address",
        write: "user:",
    },
    Fault {
        code: "admin_mintable",
        severity: "error",
        yml: (
            "api_permissions:",
            "access_rules: {configure: {allow: {user: \"boss@a.org\"}}} # of this\napi_permissions:",
        ),
        line: "# of this",
        says: "boss@a.org is an administrator (access rule configure)",
        write: "deny_localparts",
    },
    Fault {
        code: "admin_mintable",
        severity: "error",
        yml: ("  \"sidecar\":", "  \"x\": {who: {user: \"boss@a.org\"}, what: \"*\"}\n  \"sidecar\":"),
        line: "\"x\"",
        says: "boss@a.org is an administrator (api_permissions \"x\")",
        write: "deny_localparts",
    },
    Fault {
        code: "admin_mintable",
        severity: "error",
        yml: (
            "api_permissions:\n",
            "access_rules:\n  adm: {allow: bosses}\nacl: {bosses: {user: kim}}\napi_permissions:\n  \"x\": {who: {access: adm}, what: [\"[tag:accounts]\"]}\n",
        ),
        line: "bosses: {user",
        says: "kim@a.org is an administrator (acl bosses)",
        write: "deny_localparts",
    },
    Fault {
        code: "api_local",
        severity: "error",
        yml: ("what: [status]", "what: [\"[tag:accounts]\"]"),
        line: "tag:",
        says: "use [tag:accounts], without a password",
        write: "what: [status",
    },
    Fault {
        code: "api_local",
        severity: "error",
        yml: ("what: [status]", "what: [status, oauth_issue_token]"),
        line: "oauth_issue",
        says: "use oauth_issue_token",
        write: "what: [status",
    },
    Fault {
        code: "api_everyone",
        severity: "error",
        yml: ("    who: {acl: loopback}\n", "    who: {ip: [10.0.0.0/8, \"::/0\"]}\n"),
        line: "::/0",
        says: "lets everybody",
        write: "who:",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn administrators_of_elsewhere_are_nobody_here() {
    for to in ["user: [\"boss@b.org\"]", "server: b.org", "user: [\"\"]", "user: [root]"] {
        let checked = Setup::clean().yml("user: [\"root@a.org\"]", to).check();
        assert!(checked.found.is_empty(), "{to}: {checked:?}");
    }
    let denied = Setup::clean()
        .toml("issuer = \"https://login.a.org\"", "issuer = 'i'\ndeny_localparts = ['bo.*', 'root']");
    let checked = denied.yml("root@a.org", "boss@a.org").check();
    assert!(checked.found.is_empty(), "{checked:?}");
}

#[test]
fn administrators_are_those_who_may_do_everything_whatever_they_are_called() {
    let checked = Setup::clean().yml("  loopback:", "  boss: {user: [kim]}\n  loopback:");
    let harmless = checked.check();
    assert!(harmless.found.is_empty(), "{harmless:?}");
    let configures =
        checked.yml("api_permissions:", "access_rules: {configure: {allow: boss}}\napi_permissions:").check();
    assert_eq!(configures.found[0].code, "admin_mintable", "{configures:?}");
    assert!(configures.found[0].text.contains("kim@a.org is an administrator (acl boss)"), "{configures:?}");
    let named = Setup::clean()
        .yml("  loopback:", "  boss: {user: [kim]}\n  loopback:")
        .yml("{acl: admin}]}}", "{acl: boss}]}}");
    assert_eq!(named.check().found[0].code, "admin_mintable");
}

#[test]
fn rules_are_followed_by_name() {
    let named = Setup::clean().yml("{access: {allow: [{acl: loopback}, {acl: admin}]}}", "{access: trusted}");
    let open =
        named.yml("api_permissions:", "access_rules: {trusted: {allow: loopback}}\napi_permissions:").check();
    assert_eq!(open.found[0].code, "api_local", "{open:?}");
    let named = Setup::clean().yml("{access: {allow: [{acl: loopback}, {acl: admin}]}}", "admin");
    assert!(named.check().found.is_empty());
    let endless = Setup::clean().yml("{access: {allow: [{acl: loopback}, {acl: admin}]}}", "{access: round}");
    let endless = endless.yml("api_permissions:", "access_rules: {round: round}\napi_permissions:");
    assert!(endless.check().found.is_empty(), "nobody passes");
}

#[test]
fn all_conditions_of_one_rule_have_to_hold() {
    let rules = "access_rules: {configure: {allow: [admin, local]}}\nacl: {local: {user_regexp: ''}}\n";
    let checked = Setup::clean().yml("api_permissions:", &format!("{rules}api_permissions:")).check();
    assert!(checked.found.is_empty(), "the narrowest counts: {checked:?}");
    let rules = "access_rules: {configure: [{deny: all}, {allow: all}]}\n";
    let checked = Setup::clean().yml("api_permissions:", &format!("{rules}api_permissions:")).check();
    assert!(checked.found.is_empty(), "nobody is left: {checked:?}");
}
