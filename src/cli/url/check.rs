//! `url check`: why an upload is refused.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use secrecy::{ExposeSecret as _, SecretString};

use super::content_type;
use crate::app::sites;
use crate::authn::{PresentedToken, PutClaim, PutGrant, UploadRefusal};
use crate::cli::Failure;
use crate::cli::exit::{answer, remark};
use crate::cli::stdin::argument_or_stdin;
use crate::config::{Environment, HostSettings, Settings};
use crate::telemetry::reason::FileReason;
use crate::types::ContentType;
use crate::upload::{Located, Place, Sites};

/// More than a URL that could be accepted has.
const URL_MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    /// The service's configuration file; without one, the secrets in ./data are used
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The file's size in bytes, which is signed: what the client sends as Content-Length
    #[arg(long, value_name = "BYTES")]
    size: Option<u64>,
    /// The file's type: what the client sends as Content-Type, if it does
    #[arg(long = "type", value_name = "TYPE", default_value = "application/octet-stream")]
    content_type: String,
    /// The URL of a PUT, or its path with the query, or - to read it from stdin, where no process list shows it
    url: SecretString,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        settings.notices.iter().try_for_each(remark)?;
        let content_type = content_type(&self.content_type)?;
        let url = argument_or_stdin(&self.url, URL_MAX_BYTES)
            .map_err(|error| Failure::Unusable(format!("URL: cannot be read from stdin: {error}")))?;
        let mut steps = Steps::default();
        let sites = sites(&settings.hosts)?;
        let verdict = self.judge(&settings.hosts, &sites, url.expose_secret(), content_type, &mut steps);
        answer(steps.with(verdict))?;
        if verdict.is_ok() { Ok(()) } else { Err(Failure::Shown(ExitCode::FAILURE)) }
    }

    /// The same steps in the same order as the service takes them; each is told.
    fn judge(
        &self,
        hosts: &[HostSettings],
        sites: &Sites,
        url: &str,
        content_type: ContentType,
        steps: &mut Steps,
    ) -> Result<(), FileReason> {
        let (path, query) = split(url);
        let Some(Located { site, place, path }) = sites.locate(path) else {
            let bases: Vec<_> = hosts.iter().map(|host| host.upload.public_url.as_str()).collect();
            let problem = format!("lies below no public_url ({})", bases.join(", "));
            return steps.no(&problem, FileReason::PathUnknown);
        };
        if place == Place::Legacy {
            return steps.no(
                "lies below a legacy prefix, where files are handed out only",
                FileReason::MethodNotAllowed,
            );
        }
        steps.ok(&format!("lies below the public_url of {}", site.vhost));
        let path = match path {
            Ok(path) => path,
            Err(error) => return steps.no(&error.to_string(), FileReason::PathMalformed),
        };
        steps.ok(&format!("path, decoded once: {:?}", path.as_str()));
        let Some(size) = self.size else {
            return steps
                .no("--size is missing: whether the token matches depends on it", FileReason::LengthMissing);
        };
        let token = PresentedToken::from_query(query);
        if let PresentedToken::Mac { scheme, .. } = token {
            let signed = scheme.signed(&path, size, &content_type).replace('\0', "\u{2400}");
            steps.ok(&format!("token of scheme {scheme}, for which {signed:?} has to be signed"));
        }
        let claim = PutClaim { path, size, content_type, token };
        let grant = match site.authority.authorize(claim.clone()) {
            Ok(grant) => grant,
            Err(refusal) => return steps.no(&explain(refusal, sites, &claim), refusal.reason()),
        };
        steps.ok("token matches");
        follow_rules(hosts, &grant, steps)
    }
}

fn follow_rules(hosts: &[HostSettings], grant: &PutGrant, steps: &mut Steps) -> Result<(), FileReason> {
    let host = hosts.iter().find(|host| host.vhost == *grant.vhost());
    match host.map(|host| host.upload.rules.check(grant)) {
        Some(Ok(())) => {
            steps.ok("size, type and extension are taken");
            Ok(())
        }
        Some(Err(refusal)) => steps.no(&refusal.to_string(), refusal.reason()),
        None => steps.no("the vhost is not configured", FileReason::PathUnknown),
    }
}

/// With what is worth a look.
fn explain(refusal: UploadRefusal, sites: &Sites, claim: &PutClaim<'_>) -> String {
    let other = sites.all().find(|site| site.authority.authorize(claim.clone()).is_ok());
    match other {
        Some(other) if refusal == UploadRefusal::MacInvalid => {
            format!("{refusal}; it matches with the secret of {}: compare put_url and secrets", other.vhost)
        }
        _ => refusal.to_string(),
    }
}

/// Path and query of a URL as they are sent. Not by a URL parser: that would tidy up `..` and escapes, which are signed as they are.
fn split(url: &str) -> (&str, &str) {
    let without_fragment = url.split('#').next().unwrap_or_default();
    let from_path = match without_fragment.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => without_fragment,
    };
    from_path.split_once('?').unwrap_or((from_path, ""))
}

/// What was found out, a line each.
#[derive(Default)]
struct Steps(String);

impl Steps {
    fn ok(&mut self, text: &str) {
        self.line("ok", text);
    }

    fn no(&mut self, text: &str, reason: FileReason) -> Result<(), FileReason> {
        self.line("NO", &format!("{text} [{}]", reason.code()));
        Err(reason)
    }

    fn line(&mut self, sign: &str, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{sign}    {text}");
    }

    fn with(self, verdict: Result<(), FileReason>) -> String {
        let verdict = match verdict {
            Ok(()) => {
                "accepted, unless the slot was used before, its user was erased or the store has no room"
                    .to_owned()
            }
            Err(reason) => format!("refused: {}", reason.code()),
        };
        format!("{}{verdict}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_as_they_are_sent() {
        for (url, path, query) in [
            ("https://u.org/a/..?v=1", "/a/..", "v=1"),
            ("https://u.org:8080/a/b%2Fc", "/a/b%2Fc", ""),
            ("/a/b?v=1?2#x", "/a/b", "v=1?2"),
            ("https://u.org", "", ""),
            ("http://u.org/\u{fc}/?v2=", "/\u{fc}/", "v2="),
        ] {
            assert_eq!(split(url), (path, query), "{url}");
        }
    }
}
