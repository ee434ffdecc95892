//! The API and the web admin: for this machine alone.

use std::net::{IpAddr, SocketAddr};

use super::Case;
use super::listeners::{handlers, is_local, module, named};
use super::rights::is_everywhere;
use crate::ejabberd::{Ejabberd, Findings, Node, codes};

const APIS: [&str; 3] = ["mod_http_api", "ejabberd_xmlrpc", "ejabberd_web_admin"];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    proxies(case, findings);
    for listener in case.ejabberd.listeners().iter().filter(|listener| !is_local(listener)) {
        let is_api = |module: &str| APIS.contains(&module);
        let mut served = Vec::new();
        let mut place = &listener.place;
        for handler in handlers(listener).into_iter().rev().filter(|handler| is_api(handler.module)) {
            served.insert(0, format!("{} at {}", handler.module, handler.path));
            place = handler.place;
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

/// Whoever is believed about addresses may give any: `ip` rules and `mod_fail2ban` hold for nobody then.
fn proxies(case: &Case<'_>, findings: &mut Findings) {
    let Some(entry) = case.ejabberd.option("trusted_proxies") else { return };
    if let Some(all) =
        entry.value.items().iter().find(|item| item.text() == Some("all") || is_everywhere(item))
    {
        let problem = "trusted_proxies: everybody is believed about his address (X-Forwarded-For): rules by `ip` let everybody pass, and mod_fail2ban bans whom they name";
        let remedy = "trusted_proxies: [\"10.0.0.1\"]   # the proxies themselves, or [] without one";
        findings.add(codes::TRUSTED_PROXIES, &all.place, problem, remedy);
    }
}

/// Where a running ejabberd with this configuration can be asked from this machine.
pub(super) fn local_api(ejabberd: &Ejabberd) -> Option<String> {
    ejabberd.listeners().iter().filter(|listener| is_local(listener)).find_map(|listener| {
        let with_tls = listener.get("tls").and_then(Node::truth) == Some(true);
        let ip: IpAddr = listener.get("ip").and_then(Node::text)?.parse().ok()?;
        let port = listener.get("port").and_then(Node::number).and_then(|port| u16::try_from(port).ok())?;
        let handlers = handlers(listener);
        let api = handlers.iter().find(|handler| handler.module == "mod_http_api").filter(|_| !with_tls)?;
        Some(format!("http://{}{}", SocketAddr::new(ip, port), api.path.trim_end_matches('/')))
    })
}
