//! Where clients connect: never without TLS.

use std::net::IpAddr;

use super::Case;
use crate::ejabberd::{Entry, Findings, Node, codes};

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for listener in case.ejabberd.listeners() {
        match module(listener) {
            "ejabberd_c2s" => c2s(listener, findings),
            "mod_mqtt" => mqtt(listener, findings),
            "ejabberd_http" => web(listener, findings),
            _ => {}
        }
    }
}

pub(super) fn module(listener: &Node) -> &str {
    listener.get("module").and_then(Node::text).unwrap_or("ejabberd_c2s")
}

/// For sentences: the port that it has.
pub(super) fn named(listener: &Node) -> String {
    let port = listener.get("port").and_then(Node::text).unwrap_or("?");
    format!("the listener on port {port}")
}

/// Whether only processes of this machine reach it.
pub(super) fn is_local(listener: &Node) -> bool {
    let of_socket = listener.get("port").and_then(Node::text).is_some_and(|port| port.starts_with("unix:"));
    let ip = listener.get("ip").and_then(Node::text).and_then(|ip| ip.parse::<IpAddr>().ok());
    of_socket || ip.is_some_and(|ip| ip.is_loopback())
}

/// What an HTTP listener serves: paths with their modules.
pub(super) fn handlers(listener: &Node) -> Vec<&Entry> {
    listener.get("request_handlers").map(|handlers| handlers.entries().collect()).unwrap_or_default()
}

fn on(listener: &Node, key: &str) -> bool {
    listener.get(key).and_then(Node::truth) == Some(true)
}

fn c2s(listener: &Node, findings: &mut Findings) {
    if on(listener, "starttls_required") || on(listener, "tls") {
        return;
    }
    let problem = format!("{} takes logins without TLS: tokens may be sent in clear", named(listener));
    findings.add(codes::C2S_WITHOUT_TLS, &listener.place, problem, "starttls_required: true");
}

fn mqtt(listener: &Node, findings: &mut Findings) {
    if on(listener, "tls") || is_local(listener) {
        return;
    }
    let problem = format!("{} takes logins over MQTT without TLS: tokens are sent in clear", named(listener));
    findings.add(codes::MQTT_WITHOUT_TLS, &listener.place, problem, "tls: true");
}

fn web(listener: &Node, findings: &mut Findings) {
    const LOGINS: [&str; 3] = ["ejabberd_http_ws", "mod_bosh", "mod_mqtt"];
    if on(listener, "tls") || is_local(listener) {
        return;
    }
    let takes_logins = |entry: &&Entry| entry.value.text().is_some_and(|module| LOGINS.contains(&module));
    let paths: Vec<_> =
        handlers(listener).into_iter().filter(takes_logins).map(|entry| entry.key.as_str()).collect();
    if paths.is_empty() {
        return;
    }
    let problem = format!(
        "{} takes logins at {} without TLS, from other machines, too",
        named(listener),
        paths.join(", ")
    );
    let remedy = "tls: true   # or, behind a proxy that does TLS: ip: \"127.0.0.1\"";
    findings.add(codes::WEB_WITHOUT_TLS, &listener.place, problem, remedy);
}
