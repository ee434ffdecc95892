//! Administrators: nobody whom an issuer could log in by accident or on purpose.

use super::Both;
use crate::config::IssuerSettings;
use crate::ejabberd::{Entry, Findings, Node, codes};
use crate::policy::ADMIN_NAMES;
use crate::types::Localpart;

/// Conditions that hold for users whom nobody listed.
const PATTERNS: [&str; 7] =
    ["user_regexp", "user_glob", "server", "server_regexp", "server_glob", "node_regexp", "node_glob"];

pub(super) fn check(host: &Both<'_>, findings: &mut Findings) {
    let Some(acls) = host.theirs.option("acl") else { return };
    let Some(admin) = acls.value.get("admin") else { return };
    for condition in admin.entries() {
        if condition.key == "user" {
            for (name, entry) in users(&condition.value, host) {
                user(&name, entry.unwrap_or(condition), host, findings);
            }
        } else if PATTERNS.contains(&condition.key.as_str()) && of_host(condition, host) {
            let problem = format!(
                "acl admin has {}: whomever an issuer logs in and that matches is an administrator",
                condition.key
            );
            let remedy = format!(
                "user: [\"somebody@{}\"]   # each by name, and in deny_localparts of its issuers",
                host.theirs.name
            );
            findings.add_for(&host.theirs.name, codes::ADMIN_PATTERN, &condition.place, problem, remedy);
        }
    }
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

fn user(name: &str, entry: &Entry, host: &Both<'_>, findings: &mut Findings) {
    let Ok(localpart) = Localpart::new(name) else { return };
    let mints = |issuer: &&IssuerSettings| issuer.localparts.admit(&localpart);
    let Some(issuer) = host.ours.issuers.iter().find(mints) else { return };
    let vhost = &host.theirs.name;
    let problem = format!(
        "{name}@{vhost} is an administrator (acl admin), and {:?} may log in as him: whoever gets that name there is one",
        issuer.issuer
    );
    let mut denied: Vec<_> = ADMIN_NAMES.to_vec();
    denied.push(localpart.as_str());
    let remedy =
        format!("deny_localparts = {denied:?}   # in [[hosts.{vhost:?}.issuers]]; add those that you have");
    findings.add_for(vhost, codes::ADMIN_MINTABLE, &entry.place, problem, remedy);
}
