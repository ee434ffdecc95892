//! How much a client may send: enough for a token, and not more than the bridge can be told.

use super::Case;
use super::listeners::{module, named};
use crate::ejabberd::{Entry, Findings, Node, Version, codes};

/// ejabberd tells the bridge a password in a frame of at most 65535 bytes; base64 in a stanza of this size holds fewer.
const MOST: u64 = 65_536;
/// ejabberd's default before a login, from 26.04 on.
const PRE_AUTH_DEFAULT: u64 = 8192;
const PRE_AUTH: &str = "pre_auth_max_stanza_size";
const MAX: &str = "max_stanza_size";
/// The element around a password, with the user's name.
const AROUND: u64 = 512;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let listeners = case.ejabberd.listeners().iter().filter(|listener| module(listener) == "ejabberd_c2s");
    for listener in listeners {
        let limits = Limits::of(listener, case.version);
        limits.against_frames(findings);
        limits.for_tokens(longest_token(case), findings);
    }
}

/// As a stanza: base64, with what stands around it.
fn longest_token(case: &Case<'_>) -> u64 {
    let bytes = case.settings.hosts.iter().map(|host| host.auth.token_max_bytes).max().unwrap_or_default();
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX / 4);
    bytes.div_ceil(3) * 4 + AROUND
}

struct Limits<'a> {
    listener: &'a Node,
    max: Option<&'a Entry>,
    pre_auth: Option<&'a Entry>,
    /// Whether there is a limit for those who are not logged in: as far as it is known.
    has_pre_auth: Option<bool>,
}

impl<'a> Limits<'a> {
    fn of(listener: &'a Node, version: Option<Version>) -> Self {
        let pre_auth = listener.entry(PRE_AUTH);
        let has_pre_auth = if pre_auth.is_some() {
            // Older versions do not start with it.
            Some(true)
        } else {
            version.map(|version| version >= Version::PRE_AUTH_LIMIT)
        };
        Self { listener, max: listener.entry(MAX), pre_auth, has_pre_auth }
    }

    /// What is in force before a login, with its name. `None` is no limit.
    fn before_login(&self) -> (&'static str, Option<&'a Entry>, Option<u64>) {
        let max = self.max.and_then(|entry| entry.value.number());
        if self.has_pre_auth != Some(true) {
            return (MAX, self.max, max);
        }
        let pre_auth = self.pre_auth.map_or(Some(PRE_AUTH_DEFAULT), |entry| entry.value.number());
        match (pre_auth, max) {
            (pre_auth, Some(max)) if pre_auth.is_none_or(|pre_auth| max < pre_auth) => {
                (MAX, self.max, Some(max))
            }
            (pre_auth, _) => (PRE_AUTH, self.pre_auth, pre_auth),
        }
    }

    fn against_frames(&self, findings: &mut Findings) {
        let (key, entry, limit) = self.before_login();
        if limit.is_some_and(|limit| limit <= MOST) {
            return;
        }
        let listener = named(self.listener);
        let how = match (entry, limit) {
            (Some(_), Some(limit)) => format!("{key} is {limit}"),
            (Some(_), None) => format!("{key} is no number"),
            (None, _) => format!("{key} is missing"),
        };
        let until = match self.has_pre_auth {
            None => {
                format!(" (before {}; yours is not known: say --ejabberd-version)", Version::PRE_AUTH_LIMIT)
            }
            Some(_) => String::new(),
        };
        let problem = format!(
            "{listener}: {how}: whoever sends a password above 65535 bytes ends the bridges, one after the other{until}"
        );
        let place = entry.map_or(&self.listener.place, |entry| &entry.place);
        findings.add(codes::STANZA_SIZE, place, problem, format!("{key}: {MOST}"));
    }

    fn for_tokens(&self, needed: u64, findings: &mut Findings) {
        let (key, entry, limit) = self.before_login();
        let listener = named(self.listener);
        if let Some(limit) = limit
            && limit < needed
        {
            let how = if entry.is_some() { "is" } else { "is missing and so" };
            let problem = format!(
                "{listener}: {key} {how} {limit}: the longest token (auth.token_max_bytes) needs {needed}, and is refused before the sidecar is asked"
            );
            let place = entry.map_or(&self.listener.place, |entry| &entry.place);
            let enough = needed.next_multiple_of(1024).min(MOST);
            findings.add(
                codes::TOKEN_SIZE,
                place,
                problem,
                format!("{key}: {enough}   # or a smaller auth.token_max_bytes in the sidecar"),
            );
        } else if self.has_pre_auth.is_none() && needed > PRE_AUTH_DEFAULT {
            findings.notes.push(format!(
                "{listener}: from ejabberd {} on it needs {PRE_AUTH}: {}, or the longest tokens (auth.token_max_bytes) are refused; the version is not known: say --ejabberd-version",
                Version::PRE_AUTH_LIMIT,
                needed.next_multiple_of(1024).min(MOST),
            ));
        }
    }
}
