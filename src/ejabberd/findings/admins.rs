//! Administrators: nobody whom an issuer could log in by accident or on purpose.

use super::permissions::{over_http, powerful};
use super::rights::{By, Grant, Rights};
use super::{Both, Case};
use crate::config::IssuerSettings;
use crate::ejabberd::{Entry, Findings, Node, codes};
use crate::policy::ADMIN_NAMES;
use crate::types::Localpart;

pub(super) fn check(case: &Case<'_>, host: &Both<'_>, findings: &mut Findings) {
    let rights = Rights::of_host(&host.theirs);
    let by_name = [("acl admin", rights.named("admin")), ("access rule configure", rights.rule("configure"))];
    let mut seen = Vec::new();
    for (of, grants) in by_name {
        for grant in grants {
            match grant.by {
                By::All => everybody(of, "everybody is an administrator", &grant, host, findings),
                By::Address => {
                    everybody(
                        of,
                        "whoever comes from an address is an administrator",
                        &grant,
                        host,
                        findings,
                    );
                }
                By::Users(_) | By::Pattern(_) => judge(&grant, of, host, &mut seen, findings),
            }
        }
    }
    for permission in over_http(case).filter(|permission| powerful(permission).is_some()) {
        let who = permission.value.get("who").map(|who| rights.who(who)).unwrap_or_default();
        for grant in who {
            judge(&grant, &format!("api_permissions {:?}", permission.key), host, &mut seen, findings);
        }
    }
}

/// Each condition once, by whatever ways it is reached. `of` names what it stands in, where that has no name of its own.
fn judge<'a>(
    grant: &Grant<'a>,
    of: &str,
    host: &Both<'_>,
    seen: &mut Vec<&'a Entry>,
    findings: &mut Findings,
) {
    let (By::Users(condition) | By::Pattern(condition)) = grant.by else { return };
    if seen.iter().any(|other| std::ptr::eq(*other, condition)) {
        return;
    }
    seen.push(condition);
    let of = grant.acl.map_or_else(|| of.to_owned(), |acl| format!("acl {acl}"));
    if condition.key == "user" {
        for (name, entry) in users(&condition.value, host) {
            user(&of, &name, entry.unwrap_or(condition), host, findings);
        }
    } else if of_host(condition, host) {
        pattern(&of, condition, &host.theirs.name, findings);
    }
}

fn everybody(of: &str, what: &str, grant: &Grant<'_>, host: &Both<'_>, findings: &mut Findings) {
    let vhost = &host.theirs.name;
    let remedy =
        format!("{{user: [\"somebody@{vhost}\"]}}   # each by name, and in deny_localparts of its issuers");
    findings.add_for(vhost, codes::ADMIN_EVERYBODY, grant.place, format!("{of}: {what}"), remedy);
}

fn pattern(of: &str, condition: &Entry, vhost: &str, findings: &mut Findings) {
    let problem = format!(
        "{of} has {}: whomever an issuer logs in and that matches is an administrator",
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

fn user(of: &str, name: &str, entry: &Entry, host: &Both<'_>, findings: &mut Findings) {
    let Ok(localpart) = Localpart::new(name) else { return };
    let mints = |issuer: &&IssuerSettings| issuer.localparts.admit(&localpart);
    let Some(issuer) = host.ours.issuers.iter().find(mints) else { return };
    let vhost = &host.theirs.name;
    let problem = format!(
        "{name}@{vhost} is an administrator ({of}), and {:?} may log in as him: whoever gets that name there is one",
        issuer.issuer
    );
    let mut denied: Vec<_> = ADMIN_NAMES.to_vec();
    denied.push(localpart.as_str());
    let remedy =
        format!("deny_localparts = {denied:?}   # in [[hosts.{vhost:?}.issuers]]; add those that you have");
    findings.add_for(vhost, codes::ADMIN_MINTABLE, &entry.place, problem, remedy);
}
