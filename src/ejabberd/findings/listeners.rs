//! Where clients connect: never without TLS.

use std::net::IpAddr;

use super::Case;
use crate::ejabberd::{Findings, Node, Place, codes};

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
    of_socket || ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// Options of older versions that stand for a path with its module.
const SWITCHES: [(&str, &str, &str); 6] = [
    ("web_admin", "/admin", "ejabberd_web_admin"),
    ("http_bind", "/bosh", "mod_bosh"),
    ("register", "/register", "mod_register_web"),
    ("captcha", "/captcha", "ejabberd_captcha"),
    ("xmlrpc", "/xmlrpc", "ejabberd_xmlrpc"),
    ("http_poll", "/http-poll", "mod_http_poll"),
];

/// A path of an HTTP listener.
pub(super) struct Handler<'a> {
    pub(super) path: &'a str,
    pub(super) module: &'a str,
    pub(super) place: &'a Place,
}

/// What an HTTP listener serves.
pub(super) fn handlers(listener: &Node) -> Vec<Handler<'_>> {
    let given = listener.get("request_handlers").into_iter().flat_map(Node::entries);
    let given = given.filter_map(|entry| {
        Some(Handler { path: &entry.key, module: entry.value.text()?, place: &entry.place })
    });
    let switched = SWITCHES.iter().filter_map(|(key, path, module)| {
        let entry = listener.entry(key).filter(|_| on(listener, key))?;
        Some(Handler { path, module, place: &entry.place })
    });
    given.chain(switched).collect()
}

fn on(listener: &Node, key: &str) -> bool {
    listener.get(key).and_then(Node::truth) == Some(true)
}

fn c2s(listener: &Node, findings: &mut Findings) {
    if on(listener, "starttls_required") || on(listener, "tls") || is_local(listener) {
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
    for handler in handlers(listener).iter().filter(|handler| handler.module == "ejabberd_http_ws") {
        findings.notes.push(format!(
            "{}: ejabberd does not limit what {} takes before a login: see ejabberd-config/README.md",
            named(listener),
            handler.path
        ));
    }
    if on(listener, "tls") || is_local(listener) {
        return;
    }
    let handlers = handlers(listener);
    let takes_logins = handlers.iter().filter(|handler| LOGINS.contains(&handler.module));
    let paths: Vec<_> = takes_logins.map(|handler| handler.path).collect();
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
