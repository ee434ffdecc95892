//! Who decides about a login, and how he is asked.

use std::fs;
use std::process::Command;

use crate::setup::{Fault, Setup};
use crate::support::PROGRAM;

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        code: "auth_method",
        severity: "error",
        yml: ("auth_method: [external]", "auth_method: [external, internal]"),
        line: "auth_method:",
        says: "a.org: auth_method has internal",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_method",
        severity: "error",
        yml: ("auth_method: [external]", "auth_method: sql"),
        line: "auth_method:",
        says: "auth_method has sql",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_method",
        severity: "error",
        yml: ("auth_method: [external]\n", ""),
        line: "hosts:",
        says: "auth_method is missing",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_method",
        severity: "error",
        yml: ("auth_method: [external]", "auth_method: anonymous"),
        line: "auth_method:",
        says: "never asked",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_anonymous",
        severity: "warning",
        yml: ("auth_method: [external]", "auth_method: [external, anonymous]"),
        line: "auth_method:",
        says: "strangers log in",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_http",
        severity: "error",
        yml: ("auth_method: [external]", "auth_method: http"),
        line: "auth_method:",
        says: "ejabberd 23.01 lets every user log in as any other one",
        write: "auth_method: [external]",
    },
    Fault {
        code: "auth_cache",
        severity: "error",
        yml: ("auth_use_cache: false", "auth_use_cache: true"),
        line: "auth_use_cache:",
        says: "auth_use_cache is on",
        write: "auth_use_cache: false",
    },
    Fault {
        code: "auth_cache",
        severity: "error",
        yml: ("auth_use_cache: false\n", ""),
        line: "auth_method:",
        says: "because it is missing",
        write: "auth_use_cache: false",
    },
    Fault {
        code: "auth_cache",
        severity: "error",
        yml: ("auth_use_cache: false", "host_config: {a.org: {auth_use_cache: true}}\nauth_use_cache: off"),
        line: "host_config:",
        says: "a.org: auth_use_cache is on",
        write: "auth_use_cache: false",
    },
    Fault {
        code: "sasl_plain",
        severity: "error",
        yml: ("[\"digest-md5\", \"X-OAUTH2\"]", "[digest-md5, plain]"),
        line: "disable_sasl_mechanisms:",
        says: "nobody can log in",
        write: "disable_sasl_mechanisms: [\"digest-md5\", \"X-OAUTH2\"]",
    },
    Fault {
        code: "sasl_mechanisms",
        severity: "warning",
        yml: ("disable_sasl_mechanisms: [\"digest-md5\", \"X-OAUTH2\"]\n", ""),
        line: "auth_method:",
        says: "is missing",
        write: "disable_sasl_mechanisms: [\"digest-md5\", \"X-OAUTH2\"]",
    },
    Fault {
        code: "fast_login",
        severity: "error",
        yml: ("  mod_ping: {}", "  mod_auth_fast: {}"),
        line: "mod_auth_fast",
        says: "without asking the sidecar",
        write: "take the module out",
    },
    Fault {
        code: "password_change",
        severity: "warning",
        yml: ("  mod_ping: {}", "  mod_register: {}"),
        line: "mod_register",
        says: "shows success",
        write: "take the module out",
    },
    Fault {
        code: "extauth_program",
        severity: "error",
        yml: ("extauth_program: \"FOLDER/bridge extauth --hook http://127.0.0.1:18081\"\n", ""),
        line: "auth_method:",
        says: "extauth_program is missing",
        write: "extauth_program: \"ejabberd-sidecar extauth --hook http://127.0.0.1:18081\"",
    },
    Fault {
        code: "extauth_not_found",
        severity: "error",
        yml: ("FOLDER/bridge extauth", "FOLDER/nothing extauth"),
        line: "extauth_program:",
        says: "is not there",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_not_found",
        severity: "error",
        yml: ("FOLDER/bridge extauth", "nothing-of-that-name extauth"),
        line: "extauth_program:",
        says: "nothing-of-that-name is not there",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_foreign",
        severity: "warning",
        yml: ("FOLDER/bridge extauth --hook http://127.0.0.1:18081", "/bin/sh"),
        line: "extauth_program:",
        says: "does not read as `ejabberd-sidecar extauth`",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_foreign",
        severity: "warning",
        yml: ("http://127.0.0.1:18081\"", "$HOOK\""),
        line: "extauth_program:",
        says: "more than a program with its arguments",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_hook",
        severity: "error",
        yml: ("http://127.0.0.1:18081\"", "http://127.0.0.1:18082\""),
        line: "extauth_program:",
        says: "asks http://127.0.0.1:18082, and the sidecar's listen.hook is http://127.0.0.1:18081",
        write: "bridge extauth --hook http://127.0.0.1:18081\"",
    },
    Fault {
        code: "extauth_hook",
        severity: "error",
        yml: (" --hook http://127.0.0.1:18081\"", "\""),
        line: "extauth_program:",
        says: "asks http://127.0.0.1:8081",
        write: "--hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_pool_size",
        severity: "warning",
        yml: ("extauth_pool_size: 4\n", ""),
        line: "extauth_program:",
        says: "extauth_pool_size is missing",
        write: "extauth_pool_size: 4",
    },
    Fault {
        code: "oauth_login",
        severity: "error",
        yml: (
            "disable_sasl_mechanisms: [\"digest-md5\", \"X-OAUTH2\"]\nlisten:\n",
            "disable_sasl_mechanisms: [\"digest-md5\"]\nlisten:\n  - {port: 5280, module: ejabberd_http, request_handlers: {/oauth: ejabberd_oauth}}\n",
        ),
        line: "port: 5280",
        says: "ejabberd_oauth at /oauth hands out tokens",
        write: "X-OAUTH2",
    },
    Fault {
        code: "sasl_mechanisms",
        severity: "warning",
        yml: ("[\"digest-md5\", \"X-OAUTH2\"]", "[\"digest-md5\"]"),
        line: "disable_sasl_mechanisms",
        says: "does not have X-OAUTH2:",
        write: "X-OAUTH2",
    },
    Fault {
        code: "sasl_mechanisms",
        severity: "warning",
        yml: ("[\"digest-md5\", \"X-OAUTH2\"]", "[SCRAM-SHA-1]"),
        line: "disable_sasl_mechanisms",
        says: "does not have digest-md5, X-OAUTH2:",
        write: "X-OAUTH2",
    },
    Fault {
        code: "password_change",
        severity: "warning",
        yml: ("  mod_ping: {}", "  mod_register_web: {}"),
        line: "mod_register_web",
        says: "shows success",
        write: "take the module out",
    },
    Fault {
        code: "extauth_pool_empty",
        severity: "error",
        yml: ("extauth_pool_size: 4", "extauth_pool_size: 0"),
        line: "extauth_pool_size",
        says: "from 1 on",
        write: "extauth_pool_size: 4",
    },
    Fault {
        code: "extauth_arguments",
        severity: "error",
        yml: ("127.0.0.1:18081\"", "127.0.0.1:18081 --graze=some-secret\""),
        line: "extauth_program",
        says: "unexpected argument found (--graze)",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_arguments",
        severity: "error",
        yml: ("127.0.0.1:18081\"", "127.0.0.1:18081 --hook http://127.0.0.1:18081\""),
        line: "extauth_program",
        says: "(--hook)",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_arguments",
        severity: "error",
        yml: ("127.0.0.1:18081\"", "127.0.0.1:18081 some-secret\""),
        line: "extauth_program",
        says: "unexpected argument",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_arguments",
        severity: "error",
        yml: ("127.0.0.1:18081\"", "127.0.0.1:18081 --grace soon\""),
        line: "extauth_program",
        says: "(--grace)",
        write: "extauth --hook http://127.0.0.1:18081",
    },
    Fault {
        code: "extauth_hook",
        severity: "error",
        yml: ("http://127.0.0.1:18081\"", "http://me:some-secret@127.0.0.1:18081\""),
        line: "extauth_program",
        says: "credentials belong into --credentials-file",
        write: "extauth --hook http://127.0.0.1:18081",
    },
];

#[test]
fn each_fault_is_found() {
    FAULTS.iter().for_each(Fault::assert_found);
}

#[test]
fn a_program_that_cannot_be_run_is_found() {
    let fault = Fault {
        code: "extauth_not_executable",
        severity: "error",
        yml: ("FOLDER/bridge extauth", "FOLDER/script extauth"),
        line: "extauth_program:",
        says: "cannot be run",
        write: "chmod 755 ",
    };
    fault.assert_found_in(Setup::clean().script("script", 0o644));
    let runs = Setup::clean().script("script", 0o755).yml("FOLDER/bridge extauth", "'FOLDER/script' extauth");
    assert!(runs.check().found.is_empty());
}

#[test]
fn the_default_hook_is_right_by_chance() {
    let setup = Setup::clean().toml("127.0.0.1:18081", "127.0.0.1:8081");
    let setup = setup.yml(" --hook http://127.0.0.1:18081\"", "\"");
    let checked = setup.check();
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(checked.found[0].code, "extauth_no_hook", "{checked:?}");
    assert_eq!(checked.found.len(), 1, "{checked:?}");
    assert!(checked.found[0].remedy.contains("--hook http://127.0.0.1:8081"), "{checked:?}");
}

#[test]
fn hooks_are_compared_by_where_they_lead() {
    for (listen, asked) in [
        ("hook = \"unix:/run/hook.sock\"", "unix:/run/hook.sock"),
        ("hook = \"127.0.0.1:18081\"", "http://localhost:18081/"),
        ("hook = \"[::1]:18081\"", "http://[::1]:18081"),
        ("hook = \"127.0.0.1:18081\"\nhook_prefix = \"/auth\"", "http://127.0.0.1:18081/auth"),
    ] {
        let setup = Setup::clean().toml("hook = \"127.0.0.1:18081\"", listen);
        let setup = setup.yml("http://127.0.0.1:18081\"", &format!("{asked}\""));
        let checked = setup.check();
        assert!(checked.found.is_empty(), "{asked}: {checked:?}");
    }
    for (listen, asked) in [
        ("hook = \"unix:/run/hook.sock\"", "unix:/run/other.sock"),
        ("hook = \"unix:/run/hook.sock\"", "http://127.0.0.1:18081"),
        ("hook = \"127.0.0.1:18081\"", "http://[::1]:18081"),
        ("hook = \"127.0.0.1:18081\"\nhook_prefix = \"/auth\"", "http://127.0.0.1:18081"),
        ("hook = \"127.0.0.1:18081\"", "127.0.0.1:18081"),
    ] {
        let setup = Setup::clean().toml("hook = \"127.0.0.1:18081\"", listen);
        let setup = setup.yml("http://127.0.0.1:18081\"", &format!("{asked}\""));
        let checked = setup.check();
        assert_eq!(
            checked.found.iter().map(|found| found.code.as_str()).collect::<Vec<_>>(),
            ["extauth_hook"],
            "{asked}"
        );
    }
}

#[test]
fn credentials_that_are_not_shown_are_found() {
    let credentials = "hook = \"127.0.0.1:18081\"\nhook_credentials = \"ejabberd:0123456789abcdef0123\"";
    let setup = Setup::clean().toml("hook = \"127.0.0.1:18081\"", credentials);
    let checked = setup.check();
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert_eq!(checked.found[0].code, "extauth_credentials", "{checked:?}");
    assert!(checked.found[0].remedy.contains("extauth --credentials-file FILE --hook"), "{checked:?}");
    let setup = setup.yml(" --hook http", " --credentials-file=FOLDER/pair --hook http");
    for (pair, says) in [
        ("", "the bridge does not start: --credentials-file: "),
        ("ejabberd:short", "has to be name:password"),
        ("ejabberd:some-secret-of-another", "holds others than listen.hook_credentials"),
    ] {
        if !pair.is_empty() {
            fs::write(setup.path("pair"), pair).expect("writable");
        }
        let checked = setup.check();
        assert_eq!(checked.found.len(), 1, "{pair}: {checked:?}");
        assert_eq!(checked.found[0].code, "extauth_credentials", "{checked:?}");
        assert!(checked.found[0].text.contains(says), "{says}: {checked:?}");
    }
    fs::write(setup.path("pair"), "ejabberd:0123456789abcdef0123\n").expect("writable");
    assert!(setup.check().found.is_empty());
}

#[test]
fn the_bridge_itself_never_repeats_a_password() {
    let output = Command::new(PROGRAM)
        .args(["extauth", "--hook", "http://me:some-secret@127.0.0.1:1"])
        .output()
        .expect("program starts");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("--hook: write http://127.0.0.1:8081") && !said.contains("secret"), "{said}");
}

#[test]
fn http_is_fine_from_the_version_on_that_looks_at_authzid() {
    let setup = || Setup::clean().yml("auth_method: [external]", "auth_method: [http]");
    assert!(
        setup()
            .version(Some("26.07"))
            .yml("max_stanza_size: 65536", "pre_auth_max_stanza_size: 12288")
            .check()
            .found
            .is_empty()
    );
    let checked = setup().version(None).check();
    assert_eq!(checked.found[0].code, "auth_http", "{checked:?}");
    assert!(
        checked.found[0].text.contains("before 26.07 (yours is not known: say --ejabberd-version)"),
        "{checked:?}"
    );
}

#[test]
fn a_cache_that_is_off_for_everything_is_off() {
    let checked = Setup::clean().yml("auth_use_cache: false", "use_cache: false").check();
    assert!(checked.found.is_empty(), "{checked:?}");
}
