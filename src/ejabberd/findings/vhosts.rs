//! Vhosts that only one side knows.

use super::{Case, auth_methods};
use crate::ejabberd::{Findings, codes};
use crate::types::parse_vhost;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let Case { ejabberd, settings, .. } = case;
    for ours in &settings.hosts {
        let name = ours.vhost.as_str();
        if ejabberd.host(name).is_none() {
            let place = ejabberd.option("hosts").map_or(&ejabberd.file, |hosts| &hosts.place);
            findings.add_for(
                name,
                codes::VHOST_NOT_IN_EJABBERD,
                place,
                "the sidecar has a section for it, and ejabberd does not serve it",
                format!("hosts: [{name:?}]"),
            );
        }
    }
    for host in ejabberd.hosts() {
        let Some(name) = host.text() else { continue };
        if parse_vhost(name).is_some_and(|vhost| settings.host(&vhost).is_some()) {
            continue;
        }
        let Some(view) = ejabberd.host(name) else { continue };
        let asks = auth_methods(&view).iter().any(|method| method == "external" || method == "http");
        let (code, problem) = if asks {
            (codes::VHOST_NOT_IN_SIDECAR, "nobody can log in: the sidecar has no section for it")
        } else {
            (codes::VHOST_ON_ITS_OWN, "its users log in without the sidecar, which has no section for it")
        };
        let remedy =
            format!("[[hosts.{name:?}.issuers]]   # in the sidecar's configuration, with issuer and keys");
        findings.add_for(name, code, &host.place, problem, remedy);
    }
}
