//! Administrators: nobody whom an issuer could log in by accident or on purpose.

use super::{Both, Case};
use crate::config::IssuerSettings;
use crate::ejabberd::{Entry, Findings, Node, Value, codes};
use crate::policy::ADMIN_NAMES;
use crate::types::Localpart;

/// Conditions that hold for users whom nobody listed.
const PATTERNS: [&str; 7] =
    ["user_regexp", "user_glob", "server", "server_regexp", "server_glob", "node_regexp", "node_glob"];

pub(super) fn check(case: &Case<'_>, host: &Both<'_>, findings: &mut Findings) {
    let Some(acls) = host.theirs.option("acl") else { return };
    let names = names(case, host);
    for acl in acls.value.entries().filter(|acl| names.contains(&acl.key.as_str())) {
        for condition in acl.value.entries() {
            if condition.key == "user" {
                for (name, entry) in users(&condition.value, host) {
                    user(&acl.key, &name, entry.unwrap_or(condition), host, findings);
                }
            } else if PATTERNS.contains(&condition.key.as_str()) && of_host(condition, host) {
                pattern(&acl.key, condition, &host.theirs.name, findings);
            }
        }
    }
}

/// The lists of administrators: the one that is called so, those who may configure, those who may do everything over the API.
fn names<'a>(case: &'a Case<'_>, host: &'a Both<'_>) -> Vec<&'a str> {
    let mut names = vec!["admin"];
    let configure = host.theirs.option("access_rules").and_then(|rules| rules.value.get("configure"));
    let permissions = case.ejabberd.option("api_permissions").into_iter().flat_map(|all| all.value.entries());
    let wide = permissions.filter(|permission| {
        let what = permission.value.get("what").map(Node::items).unwrap_or_default();
        what.iter().any(|what| what.text() == Some("*"))
    });
    let who = wide.filter_map(|permission| permission.value.get("who"));
    configure.into_iter().chain(who).for_each(|node| texts(node, &mut names));
    names
}

fn texts<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    match &node.value {
        Value::Scalar { text, .. } => found.push(text),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| texts(&entry.value, found)),
    }
}

fn pattern(acl: &str, condition: &Entry, vhost: &str, findings: &mut Findings) {
    let problem = format!(
        "acl {acl} has {}: whomever an issuer logs in and that matches is an administrator",
        condition.key
    );
    let remedy =
        format!("user: [\"somebody@{vhost}\"]   # each by name, and in deny_localparts of its issuers");
    findings.add_for(vhost, codes::ADMIN_PATTERN, &condition.place, problem, remedy);
}

/// `server: other.example.org` is about somebody else.
fn of_host(condition: &Entry, host: &Both<'_>) -> bool {
    let servers = condition.value.items();
    condition.key != "server"
        || servers
            .iter()
            .any(|server| server.text().is_some_and(|name| name.eq_ignore_ascii_case(&host.theirs.name)))
}

/// The users of this vhost: `name`, `name@host` and `name: host`, with the line of the last.
fn users<'a>(list: &'a Node, host: &Both<'_>) -> Vec<(String, Option<&'a Entry>)> {
    let of_host = |domain: &str| domain.eq_ignore_ascii_case(&host.theirs.name);
    let texts = list.items().iter().filter_map(Node::text);
    let listed = texts.filter_map(|text| match text.split_once('@') {
        Some((name, domain)) => of_host(domain).then(|| (name.to_owned(), None)),
        None => Some((text.to_owned(), None)),
    });
    let mapped = list.entries().filter_map(|entry| {
        let domains = entry.value.items();
        let ours = domains.is_empty() || domains.iter().any(|domain| domain.text().is_some_and(of_host));
        let name = entry.key.split('@').next().unwrap_or_default();
        ours.then(|| (name.to_owned(), Some(entry)))
    });
    listed.chain(mapped).collect()
}

fn user(acl: &str, name: &str, entry: &Entry, host: &Both<'_>, findings: &mut Findings) {
    let Ok(localpart) = Localpart::new(name) else { return };
    let mints = |issuer: &&IssuerSettings| issuer.localparts.admit(&localpart);
    let Some(issuer) = host.ours.issuers.iter().find(mints) else { return };
    let vhost = &host.theirs.name;
    let problem = format!(
        "{name}@{vhost} is an administrator (acl {acl}), and {:?} may log in as him: whoever gets that name there is one",
        issuer.issuer
    );
    let mut denied: Vec<_> = ADMIN_NAMES.to_vec();
    denied.push(localpart.as_str());
    let remedy =
        format!("deny_localparts = {denied:?}   # in [[hosts.{vhost:?}.issuers]]; add those that you have");
    findings.add_for(vhost, codes::ADMIN_MINTABLE, &entry.place, problem, remedy);
}
