//! `api_permissions`: who may use the API over HTTP.

use super::Case;
use crate::ejabberd::{Ejabberd, Entry, Findings, Node, Value, codes};

/// How much somebody has to be to pass, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    /// To ask from some addresses.
    Address,
    /// To log in.
    Account,
    /// Nobody passes.
    Impossible,
}

/// Access rules that refer to each other; ejabberd allows one step.
const MAX_STEPS: usize = 4;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let rules = Rules(case.ejabberd);
    let Some(permissions) = case.ejabberd.option("api_permissions") else { return };
    for permission in permissions.value.entries() {
        let from = permission.value.get("from").map(Node::items).unwrap_or_default();
        let console_only = !from.is_empty() && from.iter().all(|from| from.text() == Some("ejabberd_ctl"));
        let what = permission.value.get("what").map(Node::items).unwrap_or_default();
        if console_only || what.is_empty() {
            continue;
        }
        let Some(who) = permission.value.entry("who") else { continue };
        let everything = what.iter().any(|what| what.text() == Some("*"));
        match rules.who(&who.value) {
            Needs::Nothing => {
                let problem =
                    format!("{:?} lets everybody who reaches the API use it (who: all)", permission.key);
                findings.add(
                    codes::API_EVERYONE,
                    &who.place,
                    problem,
                    "who: {access: {allow: {acl: admin}}}",
                );
            }
            Needs::Address if everything => wide(permission, findings),
            _ => {}
        }
    }
}

fn wide(permission: &Entry, findings: &mut Findings) {
    let problem = format!(
        "{:?} lets every process that asks from a listed address do everything, without a password",
        permission.key
    );
    let place = permission.value.entry("what").map_or(&permission.place, |what| &what.place);
    let remedy = "what: [status, connected_users_number]   # just the commands that are needed";
    findings.add(codes::API_LOCAL, place, problem, remedy);
}

struct Rules<'a>(&'a Ejabberd);

impl Rules<'_> {
    /// `who`: one of its members is enough.
    fn who(&self, who: &Node) -> Needs {
        let named = who.items().iter().filter_map(|item| Some(self.acl(item.text()?)));
        let given = who.entries().map(|entry| match entry.key.as_str() {
            "access" => self.access(&entry.value, 0),
            key => self.condition(key, &entry.value),
        });
        named.chain(given).min().unwrap_or(Needs::Impossible)
    }

    /// An access rule, by name or written out: one `allow` is enough.
    fn access(&self, rule: &Node, step: usize) -> Needs {
        if let Some(name) = rule.text() {
            let named = self.0.option("access_rules").and_then(|rules| rules.value.get(name));
            return match (name, named) {
                ("all", _) => Needs::Nothing,
                (_, Some(rule)) if step < MAX_STEPS => self.access(rule, step + 1),
                _ => Needs::Impossible,
            };
        }
        let short = rule.items().iter().filter(|item| item.text() == Some("allow")).map(|_| Needs::Nothing);
        let long = rule.entries().filter(|entry| entry.key == "allow").map(|entry| self.allow(&entry.value));
        short.chain(long).min().unwrap_or(Needs::Impossible)
    }

    /// `allow`: all of its conditions have to hold.
    fn allow(&self, conditions: &Node) -> Needs {
        let named = conditions.items().iter().filter_map(|item| Some(self.acl(item.text()?)));
        let given = conditions.entries().map(|entry| self.condition(&entry.key, &entry.value));
        named.chain(given).max().unwrap_or(Needs::Nothing)
    }

    fn condition(&self, key: &str, value: &Node) -> Needs {
        match key {
            "ip" => Needs::Address,
            "acl" => value
                .items()
                .iter()
                .filter_map(|item| Some(self.acl(item.text()?)))
                .min()
                .unwrap_or(Needs::Impossible),
            "all" => Needs::Nothing,
            _ => Needs::Account,
        }
    }

    /// A named list of conditions: one is enough.
    fn acl(&self, name: &str) -> Needs {
        match name {
            "all" => Needs::Nothing,
            "none" => Needs::Impossible,
            _ => {
                let acl = self.0.option("acl").and_then(|acls| acls.value.get(name));
                acl.map_or(Needs::Impossible, |acl| match &acl.value {
                    Value::Scalar { text, .. } if text == "all" => Needs::Nothing,
                    _ => {
                        let all = acl.entries().map(|entry| match entry.key.as_str() {
                            "ip" => Needs::Address,
                            "all" => Needs::Nothing,
                            _ => Needs::Account,
                        });
                        all.min().unwrap_or(Needs::Impossible)
                    }
                })
            }
        }
    }
}
