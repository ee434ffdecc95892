//! Every kind of finding is explained and tested.

use std::collections::BTreeSet;

use ejabberd_sidecar::ejabberd::codes;

use crate::{api, components, hosts, login, macros, stanzas, start, transport, uploads};

/// Tested in functions of their own.
const ELSEWHERE: [&str; 17] = [
    "macro_in_text",
    "extauth_not_executable",
    "extauth_no_hook",
    "extauth_credentials",
    "upload_url_shared",
    "store",
    "bucket_expires",
    "bucket_versions",
    "bucket_cors",
    "certificate_expired",
    "certificate_expires",
    "secret_shared",
    "setting",
    "hook_silent",
    "service_degraded",
    "login_path",
    "token_size",
];

#[test]
fn each_kind_has_a_test() {
    let faults = [
        api::FAULTS,
        components::FAULTS,
        hosts::FAULTS,
        login::FAULTS,
        macros::FAULTS,
        stanzas::FAULTS,
        start::FAULTS,
        transport::FAULTS,
        uploads::FAULTS,
    ];
    let tested: BTreeSet<_> = faults.into_iter().flatten().map(|fault| fault.code).chain(ELSEWHERE).collect();
    let known: BTreeSet<_> = codes::ALL.iter().map(|code| code.name).collect();
    assert_eq!(tested, known);
    assert_eq!(known.len(), codes::ALL.len(), "each name once");
}

#[test]
fn each_kind_is_explained_and_nothing_else_is() {
    let page = include_str!("../../docs/config-check.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let explained: Vec<_> = rows.filter_map(|row| row.split_once("` | ")).collect();
    let names: Vec<_> = explained.iter().map(|(name, _)| *name).collect();
    let known: Vec<_> = codes::ALL.iter().map(|code| code.name).collect();
    assert_eq!(names, known, "in the order of src/ejabberd/codes.rs");
    for ((name, row), code) in explained.iter().zip(codes::ALL) {
        let severity = code.severity.to_string();
        assert!(row.starts_with(&format!("{severity} | ")), "{name} is an {severity}");
        assert!(row.split(" | ").all(|cell| cell.trim_end_matches(" |").len() > 4), "{name}: {row}");
    }
}
