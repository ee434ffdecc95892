//! What would break or open a hole, a file a subject.

mod admins;
mod api;
mod components;
mod extauth;
mod listeners;
mod login;
mod macros;
mod permissions;
mod rights;
mod stanzas;
mod start;
mod uploads;
mod vhosts;
mod words;

use super::{Ejabberd, Findings, HostView, Version};
use crate::config::{HostSettings, Settings};

/// Everything that is looked at.
struct Case<'a> {
    ejabberd: &'a Ejabberd,
    settings: &'a Settings,
    /// As far as it is known.
    version: Option<Version>,
}

/// A vhost, both sides of it.
struct Both<'a> {
    theirs: HostView,
    ours: &'a HostSettings,
}

/// Compares ejabberd's configuration with the service's settings.
pub fn find(ejabberd: &Ejabberd, settings: &Settings, version: Option<Version>, findings: &mut Findings) {
    let case = Case { ejabberd, settings, version };
    macros::check(&case, findings);
    start::check(&case, findings);
    vhosts::check(&case, findings);
    let both: Vec<_> = settings
        .hosts
        .iter()
        .filter_map(|ours| Some(Both { theirs: ejabberd.host(ours.vhost.as_str())?, ours }))
        .collect();
    for host in &both {
        login::check(&case, host, findings);
        extauth::check(&case, host, findings);
        uploads::check(&case, &both, host, findings);
        admins::check(&case, host, findings);
    }
    listeners::check(&case, findings);
    components::check(&case, findings);
    stanzas::check(&case, findings);
    api::check(&case, findings);
    permissions::check(&case, findings);
}

/// Where a running ejabberd with this configuration can be asked from this machine: its API on a loopback address.
#[must_use]
pub fn local_api(ejabberd: &Ejabberd) -> Option<String> {
    api::local_api(ejabberd)
}

/// Whether ejabberd asks the sidecar about the users of a vhost.
#[must_use]
pub fn asks_us(ejabberd: &Ejabberd, vhost: &str) -> bool {
    let methods = ejabberd.host(vhost).map(|host| auth_methods(&host)).unwrap_or_default();
    methods.iter().any(|method| method == "external" || method == "http")
}

/// The methods of a vhost; `internal` is what ejabberd does without any.
fn auth_methods(host: &HostView) -> Vec<String> {
    match host.option("auth_method") {
        Some(entry) => entry.value.items().iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
        None => vec!["internal".to_owned()],
    }
}

/// Which macro a value came from, for the sentence about it.
fn by_macro(node: &super::Node) -> String {
    match &node.from_macro {
        Some((name, place)) => format!(" (by the macro {name}, {place})"),
        None => String::new(),
    }
}
