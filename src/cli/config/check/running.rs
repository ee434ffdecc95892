//! What is running: the service and ejabberd. That they are not is no fault.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::Settings;
use crate::ejabberd::{Ejabberd, Findings, Place, Version, codes, findings};
use crate::extauth::{Hook, Probe, Probed};
use crate::types::Address;

/// Nobody's name: it is only asked whether there is one.
const NOBODY: &str = "config-check";

/// Asks the service; answers whether it runs.
pub(super) fn service(settings: &Settings, place: &Place, findings: &mut Findings) -> bool {
    let listen = &settings.listen;
    match Probe::new(at(&listen.ops, ""), None).get("readyz") {
        Probed::NotThere => {
            findings
                .notes
                .push(format!("the service is not running: nothing listens at listen.ops, {}", listen.ops));
            return false;
        }
        Probed::Answered(200, text) if text.starts_with("ready") => {
            for line in text.lines().filter(|line| line.contains(": down") || line.contains("not loaded")) {
                let problem = format!("the service runs and says: {line}");
                findings.add(codes::SERVICE_DEGRADED, place, problem, "# its log says why");
            }
        }
        Probed::Answered(status, _) => {
            findings
                .notes
                .push(format!("listen.ops, {}: something else listens there (status {status})", listen.ops));
            return false;
        }
        Probed::Silent(problem) => {
            let problem = format!("listen.ops, {}, does not answer: {problem}", listen.ops);
            findings.add(codes::SERVICE_DEGRADED, place, problem, "# its log says why");
            return false;
        }
    }
    let Some(host) = settings.hosts.first() else { return true };
    let hook = Probe::new(at(&listen.hook, &listen.hook_prefix), listen.hook_credentials.as_ref());
    let problem = match hook.user_exists(NOBODY, host.vhost.as_str()) {
        Probed::Answered(200, _) => return true,
        Probed::Answered(status, _) => {
            format!("answers with status {status}: the service runs with other settings")
        }
        Probed::NotThere => "is not there: the service runs with other settings".to_owned(),
        Probed::Silent(problem) => format!("does not answer: {problem}"),
    };
    let problem = format!("listen.hook, {}, {problem}", listen.hook);
    findings.add(codes::HOOK_SILENT, place, problem, "# restart the service with this configuration");
    true
}

/// Where to ask a listener of ours.
fn at(address: &Address, prefix: &str) -> Hook {
    match address {
        Address::Unix(path) => Hook::Unix(path.clone()),
        Address::Tcp(address) => {
            let ip = match address {
                SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                address => address.ip(),
            };
            Hook::Http(format!("http://{}{prefix}", SocketAddr::new(ip, address.port())))
        }
    }
}

/// Asks ejabberd, where its API is known, for its version and, if the service runs, for a user: then it asks the service.
pub(super) fn ejabberd(
    theirs: Option<&Ejabberd>,
    settings: &Settings,
    service_runs: bool,
    findings: &mut Findings,
) -> Option<Version> {
    let found = || theirs.and_then(findings::local_api);
    let url = settings.ejabberd.api_url.clone().or_else(found)?;
    let probe = Probe::new(Hook::Http(url.clone()), None);
    let status = match probe.command("status", "{}") {
        Probed::Answered(200, text) => text,
        Probed::Answered(status, _) => {
            findings.notes.push(format!(
                "ejabberd's API at {url} answers `status` with {status}: api_permissions do not let us ask"
            ));
            return None;
        }
        Probed::NotThere => {
            findings.notes.push(format!("ejabberd is not running: nothing listens at its API, {url}"));
            return None;
        }
        Probed::Silent(problem) => {
            findings.notes.push(format!("ejabberd's API at {url} does not answer: {problem}"));
            return None;
        }
    };
    let version = Version::find(&status);
    if let Some(version) = version {
        findings.notes.push(format!("ejabberd {version} is running"));
    }
    if service_runs {
        login_path(&probe, theirs, settings, findings);
    }
    version
}

/// `check_account` asks the extauth program, which asks the service.
fn login_path(probe: &Probe, theirs: Option<&Ejabberd>, settings: &Settings, findings: &mut Findings) {
    let Some(host) = settings.hosts.first() else { return };
    let arguments = format!("{{\"user\":\"{NOBODY}\",\"host\":\"{}\"}}", host.vhost);
    let problem = match probe.command("check_account", &arguments) {
        Probed::Answered(500.., _) => "it fails".to_owned(),
        Probed::Silent(problem) => problem,
        Probed::NotThere | Probed::Answered(..) => return,
    };
    let place = theirs.map_or_else(|| Place::of_file("ejabberd".as_ref()), |theirs| theirs.file.clone());
    let problem = format!("ejabberd runs and gets no answer about a user (check_account): {problem}");
    findings.add(
        codes::LOGIN_PATH,
        &place,
        problem,
        "# start the sidecar, then restart ejabberd; its log says why",
    );
}
