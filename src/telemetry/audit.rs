//! What happened, for the operator: one log line and one count for each login, upload and refused download.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use tracing::field::display;

use super::metrics::{self, VhostCounters};
use super::reason::{LoginReason, Reason, RequestReason};
use super::throttle::{self, Kind};
use crate::policy::Rate;
use crate::types::{BareJid, ObjectPath, Vhost};

/// By this operators tell these lines from all others.
pub const TARGET: &str = "ejabberd_sidecar::audit";

/// The label of what belongs to no vhost of ours. A stranger's words never become labels.
pub(super) const NO_VHOST: &str = "unknown";

/// Why something did not happen.
#[derive(Clone, Copy)]
pub struct Why<'why> {
    /// The stable reason code.
    code: &'static str,
    /// The sentence for the operator.
    text: &'why dyn Display,
}

impl<'why> Why<'why> {
    /// One of the codes that `docs/reasons.md` explains, and a sentence for the operator.
    pub fn new(reason: impl Into<Reason>, text: &'why dyn Display) -> Self {
        Self { code: reason.into().code(), text }
    }
}

/// How a request for a file ended, other than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By the rules: the client's fault.
    Refused,
    /// By our fault.
    Failed,
}

impl Ending {
    fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Who tried to log in, and how long the decision took.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'attempt> {
    /// As ejabberd wrote it.
    pub user: &'attempt str,
    /// The same.
    pub server: &'attempt str,
    /// `None` if the server is no vhost of ours.
    pub vhost: Option<(&'attempt Vhost, &'attempt VhostCounters)>,
    /// From the question to the decision.
    pub took: Duration,
}

impl Attempt<'_> {
    fn micros(&self) -> u64 {
        u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX)
    }

    fn label(&self) -> &str {
        self.vhost.map_or(NO_VHOST, |(vhost, _)| vhost.as_str())
    }
}

/// `issuer` vouched for a user, with `key` where that has a name.
pub fn login_accepted(attempt: Attempt<'_>, issuer: &str, key: Option<&str>) {
    let Attempt { user, server, .. } = attempt;
    let micros = attempt.micros();
    tracing::info!(target: TARGET, user, vhost = server, outcome = "accepted", issuer, key, micros, "login");
    if let Some((_, counters)) = attempt.vhost {
        counters.logged_in();
    }
    metrics::login_took(attempt.took);
}

/// A login was refused. `issuer` and `key` are those of ours that it came with, if any. It is counted in any case; `rate` says how
/// often that happened to its user within a minute.
pub fn login_refused(
    attempt: Attempt<'_>,
    issuer: Option<&str>,
    key: Option<&str>,
    Why { code, text }: Why<'_>,
    rate: Rate,
) {
    let Attempt { user, server, .. } = attempt;
    let micros = attempt.micros();
    metrics::login(attempt.label(), "refused", code);
    metrics::login_took(attempt.took);
    if rate == Rate::Above || !throttle::may_tell(Kind::Question) {
        return;
    }
    let outcome = "refused";
    if rate == Rate::Within {
        tracing::info!(target: TARGET, user, vhost = server, outcome, reason = code, issuer, key, micros, "login: {text}");
    } else {
        let reason = LoginReason::LoginRate.code();
        tracing::info!(target: TARGET,
            user,
            vhost = server,
            outcome,
            reason,
            last = code,
            issuer,
            key,
            micros,
            "login: above limits.logins_per_minute, further failed logins of this user are only counted until the minute is over: {text}"
        );
    }
}

/// ejabberd asked to make or remove an account: `action` is `register` or `remove`.
pub fn account(action: &'static str, user: &str, server: &str, why_not: Option<Why<'_>>) {
    match why_not {
        None => {
            tracing::info!(target: TARGET, user, vhost = server, outcome = "done", "{action}");
            metrics::account(action, "done", "none");
        }
        Some(Why { code, text }) => {
            metrics::account(action, "refused", code);
            if throttle::may_tell(Kind::Question) {
                tracing::info!(target: TARGET, user, vhost = server, outcome = "refused", reason = code, "{action}: {text}");
            }
        }
    }
}

/// A request to the hook was no question, or not allowed to be one. No login was decided.
pub fn hook_refused(Why { code, text }: Why<'_>) {
    metrics::hook_refused(code);
    if throttle::may_tell(Kind::Question) {
        tracing::warn!(target: TARGET, outcome = "refused", reason = code, "hook: {text}");
    }
}

/// Who asked for a slot, and through which door.
#[derive(Debug, Clone, Copy)]
pub struct SlotAsked<'asked> {
    /// Who, as far as a bare JID goes.
    pub user: &'asked str,
    /// `None` if he belongs to no vhost of ours.
    pub vhost: Option<&'asked Vhost>,
    /// How it came.
    pub door: &'static str,
}

impl SlotAsked<'_> {
    fn label(&self) -> &str {
        self.vhost.map_or(NO_VHOST, |vhost| vhost.as_str())
    }
}

/// A slot for so many bytes was issued. Neither its path nor the file's name is told: whoever knows them may read the file.
pub fn slot_issued(asked: SlotAsked<'_>, bytes: u64) {
    let SlotAsked { user, door, .. } = asked;
    let vhost = asked.label();
    tracing::info!(target: TARGET, user, vhost, door, outcome = "issued", bytes, "slot");
    metrics::slot(vhost, "issued", "none");
}

/// A slot was refused. It is counted in any case; `rate` says how often its user asked within a minute.
pub fn slot_refused(asked: SlotAsked<'_>, Why { code, text }: Why<'_>, rate: Rate) {
    let SlotAsked { user, door, .. } = asked;
    let vhost = asked.label();
    metrics::slot(vhost, "refused", code);
    if rate != Rate::Above && throttle::may_tell(Kind::Slot) {
        tracing::info!(target: TARGET, user, vhost, door, outcome = "refused", reason = code, "slot: {text}");
    }
}

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub struct ApiCall<'call> {
    /// What is asked for: `slot`, `list` or `remove`.
    pub name: &'static str,
    /// The client's address, as far as it is known.
    pub client: Option<IpAddr>,
    /// `None` where it is not known whose request it is.
    pub vhost: Option<&'call Vhost>,
    /// Who, once he has shown a token.
    pub user: Option<&'call BareJid>,
}

impl ApiCall<'_> {
    fn count(&self, outcome: &'static str, reason: &'static str) {
        metrics::api(self.vhost.map_or(NO_VHOST, |vhost| vhost.as_str()), self.name, outcome, reason);
    }

    fn tell(&self, ending: Ending, Why { code, text }: Why<'_>) {
        let Self { name: call, client, vhost, user } = *self;
        let (vhost, user) = (vhost.map(|vhost| vhost.as_str()), user.map(|user| user.as_str()));
        let client = client.map(display);
        let outcome = ending.name();
        match ending {
            Ending::Refused => {
                tracing::info!(target: TARGET, call, vhost, user, client, outcome, reason = code, "api: {text}");
            }
            Ending::Failed => {
                tracing::error!(target: TARGET, call, vhost, user, client, outcome, reason = code, "api: {text}");
            }
        }
    }
}

/// A request was answered, in which nothing happened that has to be told, or that is told already. `not_well` says how it ended otherwise.
pub fn api_answered(call: ApiCall<'_>, not_well: Option<(Ending, Reason)>) {
    let (outcome, reason) =
        not_well.map_or((metrics::DONE, "none"), |(ending, reason)| (ending.name(), reason.code()));
    call.count(outcome, reason);
}

/// A request ended otherwise than well.
pub fn api_ended(call: ApiCall<'_>, ending: Ending, why: Why<'_>) {
    call.count(ending.name(), why.code);
    let kind = match ending {
        Ending::Refused => Kind::Request,
        Ending::Failed => Kind::Failure,
    };
    if throttle::may_tell(kind) {
        call.tell(ending, why);
    }
}

/// A request showed no good token. `issuer` and `key` are those of ours that it came with, if any; `rate` says how often that happened at its
/// client's address within a minute.
pub fn api_unauthenticated(
    call: ApiCall<'_>,
    issuer: Option<&str>,
    key: Option<&str>,
    Why { code, text }: Why<'_>,
    rate: Rate,
) {
    let outcome = Ending::Refused.name();
    call.count(outcome, code);
    if rate == Rate::Above || !throttle::may_tell(Kind::Request) {
        return;
    }
    let ApiCall { name: call, client, vhost, .. } = call;
    let (vhost, client) = (vhost.map(|vhost| vhost.as_str()), client.map(display));
    if rate == Rate::Within {
        tracing::info!(target: TARGET, call, vhost, client, outcome, reason = code, issuer, key, "api: {text}");
    } else {
        let reason = LoginReason::LoginRate.code();
        tracing::info!(target: TARGET,
            call,
            vhost,
            client,
            outcome,
            reason,
            last = code,
            issuer,
            key,
            "api: above limits.logins_per_minute, further bad tokens from this address are only counted until the minute is over: {text}"
        );
    }
}

/// A user removed a file of so many bytes. Its owner is told and not its path, as of an upload.
pub fn file_removed(call: ApiCall<'_>, bytes: u64) {
    let ApiCall { name, client, vhost, user } = call;
    let (vhost, user) = (vhost.map(|vhost| vhost.as_str()), user.map(|user| user.as_str()));
    let client = client.map(display);
    tracing::info!(target: TARGET, call = name, vhost, user, client, outcome = "removed", bytes, "api");
    call.count(metrics::DONE, "none");
}

/// Who asked for a file, or sent one.
#[derive(Debug, Clone, Copy)]
pub struct FileRequest<'request> {
    /// `None` if the path belongs to no vhost of ours.
    pub vhost: Option<(&'request Vhost, &'request VhostCounters)>,
    /// The client's address, as far as it is known.
    pub client: Option<IpAddr>,
    /// Whose slot it is, where a slot proved that.
    pub user: Option<&'request BareJid>,
}

impl FileRequest<'_> {
    fn label(&self) -> &str {
        self.vhost.map_or(NO_VHOST, |(vhost, _)| vhost.as_str())
    }
}

/// A file was stored. Its owner is told and not its path: whoever knows the path may read the file.
pub fn stored(request: FileRequest<'_>, path: &ObjectPath, bytes: u64, took: Duration) {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (vhost, owner, client) = (request.label(), path.owner(), request.client.map(display));
    let user = request.user.map(|user| user.as_str());
    tracing::info!(target: TARGET, vhost, user, owner, client, outcome = "stored", bytes, millis, "upload");
    if let Some((_, counters)) = request.vhost {
        counters.stored(bytes);
    }
    metrics::upload_took(took);
}

/// An upload ended otherwise.
pub fn upload_ended(request: FileRequest<'_>, ending: Ending, why: Why<'_>) {
    tell("upload", request, ending, why);
    metrics::upload(request.label(), ending.name(), why.code);
}

/// A file is being served.
pub fn served(request: FileRequest<'_>) {
    if let Some((_, counters)) = request.vhost {
        counters.served();
    }
}

/// So many bytes of a file that is served were handed to the connection.
pub fn handed_out(request: FileRequest<'_>, bytes: u64) {
    if let Some((_, counters)) = request.vhost {
        counters.handed_out(bytes);
    }
}

/// A download ended otherwise.
pub fn download_ended(request: FileRequest<'_>, ending: Ending, why: Why<'_>) {
    tell("download", request, ending, why);
    metrics::download(request.label(), ending.name(), why.code);
}

/// Bounded even where it is our fault: whoever asks again and again for what the store cannot give must not fill the disk.
fn tell(what: &str, request: FileRequest<'_>, ending: Ending, Why { code, text }: Why<'_>) {
    let kind = match ending {
        Ending::Refused => Kind::Request,
        Ending::Failed => Kind::Failure,
    };
    if !throttle::may_tell(kind) {
        return;
    }
    let (vhost, client, outcome) = (request.label(), request.client.map(display), ending.name());
    let user = request.user.map(|user| user.as_str());
    match ending {
        Ending::Refused => {
            tracing::info!(target: TARGET, vhost, user, client, outcome, reason = code, "{what}: {text}");
        }
        Ending::Failed => {
            tracing::error!(target: TARGET, vhost, user, client, outcome, reason = code, "{what}: {text}");
        }
    }
}

/// A request was refused by its listener, before any of the above could see it. `client` is whoever is known to be behind it.
pub fn request_rejected(listener: &'static str, client: Option<IpAddr>, Why { code, text }: Why<'_>) {
    metrics::request_rejected(listener, code);
    if throttle::may_tell(Kind::Request) {
        let client = client.map(display);
        tracing::info!(target: TARGET, listener, client, outcome = "refused", reason = code, "request: {text}");
    }
}

/// A connection did not come to be encrypted. That is counted; who scans ports does it all the time.
pub fn handshake_failed(listener: &'static str, client: Option<IpAddr>, problem: &dyn Display) {
    let code = RequestReason::TlsFailed.code();
    metrics::request_rejected(listener, code);
    let client = client.map(display);
    tracing::debug!(target: TARGET, listener, client, reason = code, "handshake: {problem}");
}
