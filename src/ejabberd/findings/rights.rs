//! Whom `acl`, `access_rules` and the like let pass.

use ipnet::IpNet;

use crate::ejabberd::{Ejabberd, Entry, HostView, Node, Place};

/// How much somebody has to be to pass, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needs {
    /// Everybody passes.
    Nothing,
    /// To ask from some addresses.
    Address,
    /// To log in.
    Account,
    /// Nobody passes.
    Impossible,
}

/// One way to pass.
#[derive(Debug, Clone)]
pub(super) struct Grant<'a> {
    /// Who passes.
    pub(super) by: By<'a>,
    /// Where that is said.
    pub(super) place: &'a Place,
    /// The name of the list that says so, if it has one.
    pub(super) acl: Option<&'a str>,
}

/// Who passes.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    /// Everybody.
    All,
    /// Whoever asks from an address.
    Address,
    /// Users by name.
    Users(&'a Entry),
    /// Users whom nobody listed: by a pattern, a group, a resource.
    Pattern(&'a Entry),
}

/// Rules that refer to each other; ejabberd allows one step.
const MAX_STEPS: usize = 4;

/// The named lists and rules of a vhost, or of all.
pub(super) struct Rights<'a> {
    acls: Option<&'a Node>,
    rules: Option<&'a Node>,
}

impl<'a> Rights<'a> {
    pub(super) fn of_all(ejabberd: &'a Ejabberd) -> Self {
        Self::new(|key| ejabberd.option(key))
    }

    pub(super) fn of_host(host: &'a HostView) -> Self {
        Self::new(|key| host.option(key))
    }

    fn new(option: impl Fn(&str) -> Option<&'a Entry>) -> Self {
        let value = |key| option(key).map(|entry| &entry.value);
        Self { acls: value("acl"), rules: value("access_rules") }
    }

    /// `who` of `api_permissions`: one of its members is enough.
    pub(super) fn who(&self, who: &'a Node) -> Vec<Grant<'a>> {
        let named = who.items().iter().filter_map(|item| Some(self.acl(item.text()?, item, 0)));
        let given = who.entries().map(|entry| match entry.key.as_str() {
            "access" => self.access(&entry.value, 0),
            // Whoever may ask for an OAuth token.
            "oauth" => entry.value.get("access").map(|rule| self.access(rule, 0)).unwrap_or_default(),
            _ => self.condition(entry, None, 0),
        });
        named.chain(given).flatten().collect()
    }

    /// The rule of a name.
    pub(super) fn rule(&self, name: &str) -> Vec<Grant<'a>> {
        self.rules.and_then(|rules| rules.get(name)).map(|rule| self.access(rule, 0)).unwrap_or_default()
    }

    /// A rule, by name or written out: one `allow` is enough.
    fn access(&self, rule: &'a Node, step: usize) -> Vec<Grant<'a>> {
        match rule.text() {
            Some("all" | "allow") => return vec![everybody(&rule.place, None)],
            Some(name) => {
                let named = self.rules.and_then(|rules| rules.get(name)).filter(|_| step < MAX_STEPS);
                return named.map(|rule| self.access(rule, step + 1)).unwrap_or_default();
            }
            None => {}
        }
        let mut all = Vec::new();
        for item in rule.items().iter().filter(|item| item.text() == Some("allow")) {
            all.push(everybody(&item.place, None));
        }
        for entry in rule.entries() {
            let who = self.allow(entry);
            match entry.key.as_str() {
                "allow" => all.extend(who),
                // Nobody is left for what follows.
                "deny" if needs(&who) == Needs::Nothing => break,
                _ => {}
            }
        }
        all
    }

    /// `allow`: all of its conditions have to hold, so that the narrowest one counts.
    fn allow(&self, entry: &'a Entry) -> Vec<Grant<'a>> {
        let conditions = &entry.value;
        let named = conditions.items().iter().filter_map(|item| Some(self.acl(item.text()?, item, 0)));
        let given = conditions.entries().map(|entry| self.condition(entry, None, 0));
        let listed = |grants: &[Grant<'_>]| grants.iter().all(|grant| matches!(grant.by, By::Users(_)));
        named
            .chain(given)
            .max_by_key(|grants| (needs(grants), listed(grants)))
            .unwrap_or_else(|| vec![everybody(&entry.place, None)])
    }

    fn condition(&self, entry: &'a Entry, acl: Option<&'a str>, step: usize) -> Vec<Grant<'a>> {
        let by = match entry.key.as_str() {
            "acl" => {
                let names = entry.value.items().iter();
                return names
                    .filter_map(|item| Some(self.acl(item.text()?, item, step + 1)))
                    .flatten()
                    .collect();
            }
            "all" => By::All,
            "ip" if entry.value.items().iter().any(is_everywhere) => By::All,
            "ip" => By::Address,
            "user" => By::Users(entry),
            _ => By::Pattern(entry),
        };
        vec![Grant { by, place: &entry.place, acl }]
    }

    /// A named list of conditions, used at `at`: one is enough.
    fn acl(&self, name: &str, at: &'a Node, step: usize) -> Vec<Grant<'a>> {
        match name {
            "all" => return vec![everybody(&at.place, None)],
            "none" => return Vec::new(),
            _ => {}
        }
        let acls = self.acls.into_iter().flat_map(Node::entries);
        acls.filter(|acl| acl.key == name && step < MAX_STEPS).flat_map(|acl| self.list(acl, step)).collect()
    }

    /// The list of a name, wherever it is used.
    pub(super) fn named(&self, name: &str) -> Vec<Grant<'a>> {
        let acls = self.acls.into_iter().flat_map(Node::entries);
        acls.filter(|acl| acl.key == name).flat_map(|acl| self.list(acl, 0)).collect()
    }

    fn list(&self, acl: &'a Entry, step: usize) -> Vec<Grant<'a>> {
        let name = Some(acl.key.as_str());
        if acl.value.items().iter().any(|item| item.text() == Some("all")) {
            return vec![everybody(&acl.place, name)];
        }
        acl.value.entries().flat_map(|entry| self.condition(entry, name, step)).collect()
    }
}

fn everybody<'a>(place: &'a Place, acl: Option<&'a str>) -> Grant<'a> {
    Grant { by: By::All, place, acl }
}

/// `0.0.0.0/0` and the like.
pub(super) fn is_everywhere(network: &Node) -> bool {
    network
        .text()
        .and_then(|text| text.parse::<IpNet>().ok())
        .is_some_and(|network| network.prefix_len() == 0)
}

/// What is enough.
pub(super) fn needs(grants: &[Grant<'_>]) -> Needs {
    let each = grants.iter().map(|grant| match grant.by {
        By::All => Needs::Nothing,
        By::Address => Needs::Address,
        By::Users(_) | By::Pattern(_) => Needs::Account,
    });
    each.min().unwrap_or(Needs::Impossible)
}
