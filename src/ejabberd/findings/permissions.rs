//! `api_permissions`: who may use the API over HTTP.

use super::Case;
use super::rights::{Needs, Rights, needs};
use crate::ejabberd::{Entry, Findings, Node, Value, codes};

/// Commands that make, take over or remove accounts, hand out tokens, run code, or end ejabberd; what ends with `*` stands for all that begin so.
const POWERFUL: [&str; 37] = [
    "backup",
    "ban_account",
    "change_password",
    "convert_to_*",
    "delete_mnesia",
    "delete_old_users*",
    "dump*",
    "evacuate_kindly",
    "export*",
    "halt",
    "import_*",
    "install_fallback",
    "join_cluster*",
    "leave_cluster",
    "load",
    "mnesia_*",
    "module_*",
    "oauth_*",
    "private_set",
    "register",
    "remove_user",
    "rename_*",
    "restart*",
    "restore",
    "revoke_*",
    "send_stanza*",
    "set_master",
    "set_vcard*",
    "srg_*",
    "stop",
    "stop_kindly",
    "stop_s2s_connections",
    "unban_account",
    "uninstall_fallback",
    "unregister",
    "update",
    "update_sql",
];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let rights = Rights::of_all(case.ejabberd);
    for permission in over_http(case) {
        let what = permission.value.get("what").map(Node::items).unwrap_or_default();
        let Some(who) = permission.value.entry("who").filter(|_| !what.is_empty()) else { continue };
        match (needs(&rights.who(&who.value)), powerful(permission)) {
            (Needs::Nothing, _) => {
                let problem =
                    format!("{:?} lets everybody who reaches the API use it (who: all)", permission.key);
                let remedy = "who: {access: {allow: {acl: admin}}}";
                findings.add(codes::API_EVERYONE, &who.place, problem, remedy);
            }
            (Needs::Address, Some(most)) => wide(permission, &most, findings),
            _ => {}
        }
    }
}

/// The permissions of others than who may run `ejabberdctl`.
pub(super) fn over_http<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Entry> {
    let all = case.ejabberd.option("api_permissions").into_iter().flat_map(|all| all.value.entries());
    all.filter(|permission| {
        let from = permission.value.get("from").map(Node::items).unwrap_or_default();
        from.is_empty() || from.iter().any(|from| from.text() != Some("ejabberd_ctl"))
    })
}

/// What makes a permission one for administrators, for a sentence: everything, commands by a tag, or a command that has it all.
pub(super) fn powerful(permission: &Entry) -> Option<String> {
    let mut names = Vec::new();
    texts(permission.value.get("what")?, &mut names);
    if names.contains(&"*") {
        return Some("do everything".to_owned());
    }
    let has_it_all = |name: &&&str| {
        let of_kind =
            |known: &&str| known.strip_suffix('*').map_or(**name == *known, |begin| name.starts_with(begin));
        name.trim_start_matches('[').starts_with("tag:") || POWERFUL.iter().any(of_kind)
    };
    names.iter().find(has_it_all).map(|name| format!("use {name}"))
}

/// A tag may be written as a list of its own.
fn texts<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    match &node.value {
        Value::Scalar { text, .. } => found.push(text),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Map(_) => {}
    }
}

fn wide(permission: &Entry, most: &str, findings: &mut Findings) {
    let problem = format!(
        "{:?} lets every process that asks from a listed address {most}, without a password",
        permission.key
    );
    let place = permission.value.entry("what").map_or(&permission.place, |what| &what.place);
    let remedy = "what: [status, connected_users_number]   # just the commands that are needed";
    findings.add(codes::API_LOCAL, place, problem, remedy);
}
