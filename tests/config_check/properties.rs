//! Whatever a file holds, it is read or refused.

use std::fs;

use ejabberd_sidecar::config::{Environment, Settings};
use ejabberd_sidecar::ejabberd::{Findings, findings, read};
use proptest::prelude::*;

use crate::setup::{Setup, YML};

fn judge(text: &str, settings: &Settings, setup: &Setup) {
    let file = setup.path("any.yml");
    fs::write(&file, text).expect("writable");
    if let Ok(ejabberd) = read(&file) {
        let mut found = Findings::default();
        findings::find(&ejabberd, settings, None, &mut found);
        for finding in found.sorted() {
            assert!(!finding.to_string().is_empty());
        }
        drop(findings::local_api(&ejabberd));
    }
}

fn settings(setup: &Setup) -> Settings {
    setup.write();
    Settings::load(Some(&setup.path("sidecar.toml")), &Environment::default()).expect("usable")
}

/// Pieces of YAML and of ejabberd's options, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words = vec![
        "hosts",
        "a.org",
        "listen",
        "port",
        "module",
        "ejabberd_c2s",
        "ejabberd_http",
        "request_handlers",
        "acl",
        "admin",
        "user",
        "modules",
        "mod_http_upload",
        "put_url",
        "define_macro",
        "A_B",
        "host_config",
        "append_host_config",
        "auth_method",
        "extauth_program",
        "api_permissions",
        "who",
        "what",
        "access",
        "allow",
        "ip",
        "max_stanza_size",
        "include_config_file",
        "@HOST@",
        "\"*\"",
        "'",
        "\"",
        ": ",
        ":\n  ",
        "\n",
        "\n  ",
        "\n    - ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "!!str ",
        "| ",
        "> ",
        "#",
        "\t",
        "---\n",
        "?",
        "~",
        "65536",
        "all",
        "\u{e9}",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(words), 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let setup = Setup::clean();
        judge(&text, &settings(&setup), &setup);
    }

    #[test]
    fn any_pieces_are_read_or_refused(text in pieces()) {
        let setup = Setup::clean();
        judge(&text, &settings(&setup), &setup);
    }

    /// A real configuration that lost a part, or has pieces of others in the middle.
    #[test]
    fn a_damaged_configuration_is_read_or_refused(from in 0..YML.len(), length in 0..200_usize, more in pieces()) {
        let to = (from + length).min(YML.len());
        let setup = Setup::clean();
        judge(&format!("{}{more}{}", &YML[..from], &YML[to..]), &settings(&setup), &setup);
    }
}
