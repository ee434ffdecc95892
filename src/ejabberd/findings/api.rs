//! The API and the web admin: for this machine alone.

use std::net::{IpAddr, SocketAddr};

use super::Case;
use super::listeners::{handlers, is_local, module, named};
use crate::ejabberd::{Ejabberd, Entry, Findings, Node, codes};

const APIS: [&str; 3] = ["mod_http_api", "ejabberd_xmlrpc", "ejabberd_web_admin"];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for listener in case.ejabberd.listeners().iter().filter(|listener| !is_local(listener)) {
        let is_api = |module: &str| APIS.contains(&module);
        let mut served = Vec::new();
        let mut place = &listener.place;
        for entry in handlers(listener).into_iter().rev() {
            if let Some(module) = entry.value.text().filter(|module| is_api(module)) {
                served.insert(0, format!("{module} at {}", entry.key));
                place = &entry.place;
            }
        }
        if is_api(module(listener)) {
            served.push(module(listener).to_owned());
        }
        if !served.is_empty() {
            let problem = format!("{} hands {} to other machines", named(listener), served.join(" and "));
            findings.add(
                codes::API_EXPOSED,
                place,
                problem,
                "ip: \"127.0.0.1\"   # in a listener of its own",
            );
        }
    }
}

/// Where a running ejabberd with this configuration can be asked from this machine.
pub(super) fn local_api(ejabberd: &Ejabberd) -> Option<String> {
    ejabberd.listeners().iter().filter(|listener| is_local(listener)).find_map(|listener| {
        let with_tls = listener.get("tls").and_then(Node::truth) == Some(true);
        let ip: IpAddr = listener.get("ip").and_then(Node::text)?.parse().ok()?;
        let port = listener.get("port").and_then(Node::number).and_then(|port| u16::try_from(port).ok())?;
        let serves_api = |entry: &&Entry| entry.value.text() == Some("mod_http_api");
        let path = handlers(listener).into_iter().find(serves_api).filter(|_| !with_tls)?;
        Some(format!("http://{}{}", SocketAddr::new(ip, port), path.key.trim_end_matches('/')))
    })
}
