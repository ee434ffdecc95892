//! `url check`: why an upload is refused.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::content_type;
use super::pasted::Pasted;
use super::steps::Steps;
use crate::app::sites;
use crate::authn::{
    BearerToken, Carrier, PresentedToken, ProsodySlot, PutClaim, PutGrant, SlotTerms, UploadRefusal,
};
use crate::cli::Failure;
use crate::cli::exit::{answer, remark};
use crate::cli::stdin::argument_or_stdin;
use crate::config::{Environment, HostSettings, Settings};
use crate::telemetry::reason::FileReason;
use crate::types::{ContentType, UserHash, seconds_since_1970};
use crate::upload::{Located, Place, Site, Sites};

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
    #[arg(long = "type", value_name = "TYPE")]
    content_type: Option<String>,
    /// The Authorization header that the client sends, if it does: its line, or its value
    #[arg(long, value_name = "HEADER")]
    authorization: Option<SecretString>,
    /// The URL of a PUT, or its path with the query, or - to read it from stdin, where no process list shows it. Header lines may follow:
    /// what `url sign` prints can be piped in
    url: SecretString,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = Settings::load(self.config.as_deref(), &Environment::of_process())?;
        settings.notices.iter().try_for_each(remark)?;
        let url = argument_or_stdin(&self.url, URL_MAX_BYTES)
            .map_err(|error| Failure::Unusable(format!("URL: cannot be read from stdin: {error}")))?;
        let mut pasted = Pasted::read(url.expose_secret());
        if let Some(header) = &self.authorization {
            pasted.add_header(header.expose_secret());
        }
        let sent_type = self.content_type.as_deref().or(pasted.content_type);
        let content_type = sent_type.map(content_type).transpose()?;
        let mut steps = Steps::default();
        let sites = sites(&settings.hosts)?;
        let verdict = self.judge(&settings.hosts, &sites, &pasted, content_type, &mut steps);
        answer(steps.with(verdict))?;
        if verdict.is_ok() { Ok(()) } else { Err(Failure::Shown(ExitCode::FAILURE)) }
    }

    /// The same steps in the same order as the service takes them; each is told.
    fn judge(
        &self,
        hosts: &[HostSettings],
        sites: &Sites,
        pasted: &Pasted<'_>,
        content_type: Option<ContentType>,
        steps: &mut Steps,
    ) -> Result<(), FileReason> {
        let Some(Located { site, place, path }) = sites.locate(pasted.path) else {
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
        let claim = PutClaim { path, size, content_type, token: presented(place, pasted) };
        tell_what_is_signed(&claim, site, steps);
        let grant = match site.authority.authorize(claim.clone(), seconds_since_1970()) {
            Ok(grant) => grant,
            Err(refusal) => return steps.no(&explain(refusal, site, sites, &claim), refusal.reason()),
        };
        match (grant.user(), grant.expires()) {
            (Some(user), Some(expires)) => {
                let left = time(expires.saturating_sub(seconds_since_1970()));
                steps.ok(&format!("token matches: the slot of {user} is good for another {left}"));
            }
            _ => steps.ok("token matches"),
        }
        follow_rules(hosts, &grant, steps)
    }
}

fn time(seconds: u64) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(seconds))
}

fn presented<'p>(place: Place<'p>, pasted: &Pasted<'p>) -> PresentedToken<'p> {
    match (&pasted.authorization[..], place) {
        ([], Place::Tokened(token)) => PresentedToken::Bearer(BearerToken::in_path(token)),
        ([], _) => PresentedToken::from_query(pasted.query),
        ([header], _) => PresentedToken::from_authorization(header, pasted.query),
        _ => PresentedToken::TwoHeaders,
    }
}

fn tell_what_is_signed(claim: &PutClaim<'_>, site: &Site, steps: &mut Steps) {
    let (token, signed) = match claim.token {
        PresentedToken::Mac { scheme, .. } => {
            let content_type = claim.content_type.clone().unwrap_or_else(ContentType::unknown);
            (format!("scheme {scheme}"), scheme.signed(&claim.path, claim.size, &content_type))
        }
        PresentedToken::Bearer(token) if let Some(jwt) = site.authority.jwt(token) => {
            return tell_jwt(jwt, steps);
        }
        PresentedToken::Bearer(token) => {
            let place = match token.carrier {
                Carrier::Header => "an Authorization header",
                Carrier::Query => "the query",
                Carrier::Path => "the path",
            };
            let Ok((_, terms)) = token.read() else {
                return steps.ok(&format!("token of scheme bearer in {place}"));
            };
            let signed = terms.signed(&site.vhost, &claim.path, claim.size);
            (format!("scheme bearer in {place}"), signed)
        }
        _ => return,
    };
    let signed = signed.replace('\0', "\u{2400}");
    steps.ok(&format!("token of {token}, for which {signed:?} has to be signed"));
}

/// A JWT says itself what was signed.
fn tell_jwt(jwt: &str, steps: &mut Steps) {
    let Ok(ProsodySlot { slot, filename, size, terms, .. }) = ProsodySlot::read(jwt) else {
        return steps.ok("token of scheme jwt in an Authorization header");
    };
    let kind = terms.content_type.unwrap_or_else(ContentType::unknown);
    let told = format!("for {:?}, {size} bytes of {kind}, of {}", format!("{slot}/{filename}"), terms.user);
    steps.ok(&format!("token of scheme jwt in an Authorization header, {told}"));
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
fn explain(refusal: UploadRefusal, site: &Site, sites: &Sites, claim: &PutClaim<'_>) -> String {
    let terms = match claim.token {
        PresentedToken::Bearer(token) => match site.authority.jwt(token) {
            Some(jwt) => ProsodySlot::read(jwt).ok().map(|slot| slot.terms),
            None => token.read().ok().map(|(_, terms)| terms),
        },
        _ => None,
    };
    match (refusal, terms) {
        (UploadRefusal::MacInvalid | UploadRefusal::JwtInvalid, _) => {
            match sites
                .all()
                .find(|site| site.authority.authorize(claim.clone(), seconds_since_1970()).is_ok())
            {
                Some(other) => format!(
                    "{refusal}; it matches with the secret of {}: compare put_url and secrets",
                    other.vhost
                ),
                None => refusal.to_string(),
            }
        }
        (UploadRefusal::BearerMissing, _) => {
            format!("{refusal}; here it is given by --authorization, or on a line below the URL")
        }
        (UploadRefusal::BearerInvalid, _) => {
            format!("{refusal}; a secret that was taken out of upload.secrets takes its slots along")
        }
        (UploadRefusal::BearerUser, Some(terms)) if terms.user.domain() != &*site.vhost => {
            format!("{refusal}: the slot is {}'s", terms.user)
        }
        (UploadRefusal::BearerUser, Some(terms)) => {
            format!(
                "{refusal}: the slot is {}'s, whose paths begin with {}",
                terms.user,
                UserHash::from(&terms.user)
            )
        }
        (UploadRefusal::Expired, Some(terms)) => {
            format!("{refusal}, {} ago", time(seconds_since_1970().saturating_sub(terms.expires)))
        }
        (UploadRefusal::LivesTooLong, Some(terms)) => {
            format!("{refusal}: for another {}", time(terms.expires.saturating_sub(seconds_since_1970())))
        }
        (UploadRefusal::TypeMismatch, Some(SlotTerms { content_type: Some(signed), .. })) => {
            format!("{refusal}, {signed}")
        }
        _ => refusal.to_string(),
    }
}
