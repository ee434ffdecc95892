//! The service's own configuration, beyond what `serve` refuses.

use std::time::{Duration, SystemTime};

use crate::cli::exit::counted;
use crate::config::{HostSettings, Settings, TlsPair};
use crate::ejabberd::{Findings, Place, codes};

/// A certificate that is renewed by a machine has been renewed by then.
const SOON: Duration = Duration::from_hours(14 * 24);

/// Answers a line about what there is.
pub(super) fn check(
    settings: &Settings,
    tls: Option<&TlsPair>,
    place: &Place,
    findings: &mut Findings,
) -> String {
    for notice in &settings.notices {
        let remedy = "# in the sidecar's configuration: see docs/logins.md";
        findings.add(codes::SETTING, place, notice, remedy);
    }
    if let Some(tls) = tls {
        certificate(tls, place, findings);
    }
    shared_secrets(&settings.hosts, place, findings);
    let issuers = settings.hosts.iter().flat_map(|host| &host.issuers);
    let keys: usize = issuers.clone().map(|issuer| issuer.keys.set().len()).sum();
    let (vhosts, issuers) = (counted(settings.hosts.len(), "vhost"), counted(issuers.count(), "issuer"));
    format!("{vhosts}, {issuers}, {}", counted(keys, "key"))
}

fn certificate(tls: &TlsPair, place: &Place, findings: &mut Findings) {
    let Some(expires) = tls.expires() else { return };
    let [file, _] = tls.paths();
    let (now, day) = (SystemTime::now(), humantime::format_rfc3339_seconds(expires));
    let remedy = format!("listen.tls.cert   # renew {}; it is read again by itself", file.display());
    if expires <= now {
        let problem = format!("listen.tls.cert: {} has expired, {day}: no client accepts it", file.display());
        findings.add(codes::CERTIFICATE_EXPIRED, place, problem, remedy);
    } else if expires <= now + SOON {
        let problem = format!("listen.tls.cert: {} expires soon, {day}", file.display());
        findings.add(codes::CERTIFICATE_EXPIRES, place, problem, remedy);
    }
}

fn shared_secrets(hosts: &[HostSettings], place: &Place, findings: &mut Findings) {
    let shares = |one: &HostSettings| {
        let other = hosts.iter().filter(|other| other.vhost != one.vhost);
        let mut secrets = other.flat_map(|other| other.upload.secrets());
        secrets.any(|secret| one.upload.secrets().any(|own| own.bytes() == secret.bytes()))
    };
    for host in hosts.iter().filter(|host| shares(host)) {
        let problem = "upload.secrets: vhosts share one, and so accept each other's slots, each once";
        let remedy =
            "[hosts.\"…\".upload]\nsecrets_file = \"…\"   # one of its own, and in ejabberd's host_config";
        findings.add_for(host.vhost.as_str(), codes::SECRET_SHARED, place, problem, remedy);
    }
}
