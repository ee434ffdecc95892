//! `ejabberd_service`: where the sidecar connects as a component.

use std::net::IpAddr;

use super::listeners::{module, named};
use super::{Case, by_macro};
use crate::config::ComponentSettings;
use crate::ejabberd::hosts::same_host;
use crate::ejabberd::{Findings, Node, codes};

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let Some(component) = &case.settings.component else { return };
    let listeners = case.ejabberd.listeners().iter();
    let listeners: Vec<_> = listeners.filter(|listener| module(listener) == "ejabberd_service").collect();
    match listeners.iter().find(|listener| is_at(listener, &component.server)) {
        Some(listener) => password(listener, component, findings),
        None => missing(case, component, listeners.first().copied(), findings),
    }
}

/// Whether who connects to `server` reaches it. Names of other machines are believed.
fn is_at(listener: &Node, server: &str) -> bool {
    let Some((host, port)) = server.rsplit_once(':') else { return false };
    let text = |key| listener.get(key).and_then(Node::text);
    let ip = text("ip").and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
    let meets = match (ip, host.trim_matches(['[', ']']).parse::<IpAddr>()) {
        (Some(ip), Ok(host)) => ip.is_unspecified() || host.to_canonical() == ip,
        (Some(ip), Err(_)) if host == "localhost" => ip.is_unspecified() || ip.is_loopback(),
        (Some(ip), Err(_)) => !ip.is_loopback(),
        (None, _) => true,
    };
    text("port") == Some(port) && meets
}

fn missing(case: &Case<'_>, component: &ComponentSettings, other: Option<&Node>, findings: &mut Findings) {
    let ComponentSettings { jid, server, .. } = component;
    let (place, problem) = match other {
        Some(other) => {
            let ip = other.get("ip").and_then(Node::text).map(|ip| format!(" of {ip}")).unwrap_or_default();
            let problem =
                format!("component.server is {server}, and components connect to {}{ip}", named(other));
            (&other.place, problem)
        }
        None => (
            case.ejabberd.option("listen").map_or(&case.ejabberd.file, |listen| &listen.place),
            format!("no listener is of module ejabberd_service, and component.server is {server}"),
        ),
    };
    let port = server.rsplit_once(':').map_or("5347", |(_, port)| port);
    let remedy = format!(
        "listen:\n  - port: {port}\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n    hosts:\n      \"{jid}\":\n        password: …   # component.secret"
    );
    findings.add(codes::COMPONENT_LISTENER, place, problem, remedy);
}

/// A listener without `hosts` has one password for all.
fn password<'a>(listener: &'a Node, component: &ComponentSettings, findings: &mut Findings) {
    let jid = component.jid.as_str();
    let host = |hosts: &'a Node| hosts.entries().find(|entry| same_host(&entry.key, jid));
    let options = match listener.get("hosts").map(|hosts| host(hosts).ok_or(hosts)) {
        None => listener,
        Some(Ok(host)) => &host.value,
        Some(Err(hosts)) => {
            let problem = format!(
                "hosts of {} does not name {jid}, which is component.jid{}",
                named(listener),
                by_macro(hosts)
            );
            let remedy = format!("hosts:\n  \"{jid}\":\n    password: …   # component.secret");
            return findings.add(codes::COMPONENT_HOST, &hosts.place, problem, remedy);
        }
    };
    let given = options.entry("password");
    let bytes = given.and_then(|entry| entry.value.text()).unwrap_or_default().as_bytes();
    if bytes != component.secret.bytes() {
        let problem = format!(
            "the password of {jid}{} is not component.secret: ejabberd refuses the component, and there are no slots",
            given.map_or_else(String::new, |entry| by_macro(&entry.value))
        );
        let place = given.map_or(&options.place, |entry| &entry.place);
        findings.add(
            codes::COMPONENT_SECRET,
            place,
            problem,
            "password: …   # what component.secret_file holds",
        );
    }
}
