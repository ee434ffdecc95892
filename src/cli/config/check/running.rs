//! What is running: the service and ejabberd. That they are not is no fault.

use serde_json::json;

use crate::config::{HostSettings, Settings};
use crate::ejabberd::{Ejabberd, Findings, Place, Version, codes, findings};
use crate::extauth::{Hook, Probe, Probed};

/// Nobody's name: it is only asked whether there is one.
const NOBODY: &str = "config-check";

/// What the hook said of a user.
pub(super) struct Asked {
    user: String,
    vhost: String,
    exists: bool,
}

/// Asks the service, where it runs; answers what its hook said.
pub(super) fn service(
    settings: &Settings,
    theirs: Option<&Ejabberd>,
    place: &Place,
    findings: &mut Findings,
) -> Option<Asked> {
    if !is_ready(settings, place, findings) {
        return None;
    }
    let listen = &settings.listen;
    let Candidate { user, vhost, is_theirs } = candidate(settings, theirs)?;
    let hook =
        Probe::new(Hook::listening_at(&listen.hook, &listen.hook_prefix), listen.hook_credentials.as_ref());
    let problem = match hook.user_exists(&user, &vhost) {
        Probed::Answered(200, text) => {
            return is_theirs.then(|| Asked { user, vhost, exists: text == "true" });
        }
        Probed::Answered(status @ (401 | 404), _) => {
            findings.notes.push(format!(
                "listen.hook, {}, answers with status {status}: the service runs with other settings; reload it, or restart it for what needs that",
                listen.hook
            ));
            return None;
        }
        Probed::Answered(status, _) => format!("answers with status {status}"),
        Probed::NotThere => "is not there: the service runs with other settings".to_owned(),
        Probed::Silent(problem) => format!("does not answer: {problem}"),
    };
    let problem = format!("listen.hook, {}, {problem}", listen.hook);
    findings.add(codes::HOOK_SILENT, place, problem, "# restart the service with this configuration");
    None
}

/// Whom to ask about.
struct Candidate {
    user: String,
    vhost: String,
    /// Whether ejabberd asks the sidecar about the vhost.
    is_theirs: bool,
}

/// Somebody who exists in any case, or nobody; of a vhost of ejabberd's, if there is one.
fn candidate(settings: &Settings, theirs: Option<&Ejabberd>) -> Option<Candidate> {
    let asks =
        |host: &HostSettings| theirs.is_none_or(|theirs| findings::asks_us(theirs, host.vhost.as_str()));
    let (asked, others): (Vec<_>, Vec<_>) = settings.hosts.iter().partition(|host| asks(host));
    let (hosts, is_theirs) = if asked.is_empty() { (others, false) } else { (asked, true) };
    let listed = hosts.iter().find_map(|host| {
        let user = host.auth.users_file.as_ref()?.users().iter().next()?;
        Some((user.to_string(), host.vhost.to_string()))
    });
    let (user, vhost) = listed.or_else(|| Some((NOBODY.to_owned(), hosts.first()?.vhost.to_string())))?;
    Some(Candidate { user, vhost, is_theirs })
}

/// Whether the service runs and says so.
fn is_ready(settings: &Settings, place: &Place, findings: &mut Findings) -> bool {
    let ops = &settings.listen.ops;
    match Probe::new(Hook::listening_at(ops, ""), None).get("readyz") {
        Probed::NotThere => {
            findings.notes.push(format!("the service is not running: nothing listens at listen.ops, {ops}"));
            false
        }
        Probed::Answered(200, text) if text.starts_with("ready") => {
            for line in text.lines().filter(|line| line.contains(": down") || line.contains("not loaded")) {
                let problem = format!("the service runs and says: {line}");
                findings.add(codes::SERVICE_DEGRADED, place, problem, "# its log says why");
            }
            true
        }
        Probed::Answered(status, _) => {
            findings.notes.push(format!("listen.ops, {ops}: something else listens there (status {status})"));
            false
        }
        Probed::Silent(problem) => {
            let problem = format!("listen.ops, {ops}, does not answer: {problem}");
            findings.add(codes::SERVICE_DEGRADED, place, problem, "# its log says why");
            false
        }
    }
}

/// Asks ejabberd, where its API is known, for its version, and for the user of whom the hook told: it has to ask there itself.
pub(super) fn ejabberd(
    theirs: Option<&Ejabberd>,
    settings: &Settings,
    asked: Option<&Asked>,
    findings: &mut Findings,
) -> Option<Version> {
    let found = || theirs.and_then(findings::local_api);
    let url = settings.ejabberd.api_url.clone().or_else(found)?;
    let probe = Probe::new(Hook::Http(url.clone()), None);
    let note = match probe.command("status", "{}") {
        Probed::Answered(200, text) => {
            if let Some(asked) = asked {
                login_path(&probe, settings, asked, theirs, findings);
            }
            let version = Version::find(&text);
            let known = version.map_or_else(String::new, |version| format!(" {version}"));
            findings.notes.push(format!("ejabberd{known} is running"));
            return version;
        }
        Probed::Answered(status, _) => {
            format!(
                "ejabberd's API at {url} answers `status` with {status}: api_permissions do not let us ask"
            )
        }
        Probed::NotThere => format!("ejabberd is not running: nothing listens at its API, {url}"),
        Probed::Silent(problem) => format!("ejabberd's API at {url} does not answer: {problem}"),
    };
    findings.notes.push(note);
    None
}

/// `check_account` asks the extauth program, which asks the hook.
fn login_path(
    probe: &Probe,
    settings: &Settings,
    asked: &Asked,
    theirs: Option<&Ejabberd>,
    findings: &mut Findings,
) {
    let Asked { user, vhost, exists } = asked;
    let before = refused(settings);
    let answer = probe.command("check_account", &json!({ "user": user, "host": vhost }).to_string());
    let is_refused = before.zip(refused(settings)).is_some_and(|(before, after)| after > before);
    let problem = match answer {
        Probed::NotThere => return,
        _ if is_refused => "the hook refuses the bridge's credentials (credentials_wrong)".to_owned(),
        Probed::Answered(200, text) if *exists && text.trim() == "1" => {
            format!("it does not know {user}@{vhost}, whom the sidecar knows")
        }
        Probed::Answered(500.., _) => "it fails".to_owned(),
        Probed::Silent(problem) => problem,
        Probed::Answered(..) => return,
    };
    let place = theirs.map_or_else(|| Place::of_file("ejabberd".as_ref()), |theirs| theirs.file.clone());
    let problem = format!("ejabberd runs and does not reach the sidecar (check_account): {problem}");
    let remedy = "# start the sidecar, then restart ejabberd; its log says why";
    findings.add(codes::LOGIN_PATH, &place, problem, remedy);
}

/// How many requests the hook has refused for their credentials, if the service tells.
fn refused(settings: &Settings) -> Option<u64> {
    const COUNT: &str = "ejabberd_sidecar_hook_refused_total{reason=\"credentials_wrong\"}";
    let Probed::Answered(200, text) =
        Probe::new(Hook::listening_at(&settings.listen.ops, ""), None).get("metrics")
    else {
        return None;
    };
    Some(text.lines().find_map(|line| line.strip_prefix(COUNT)?.trim().parse().ok()).unwrap_or_default())
}
