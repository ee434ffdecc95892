//! Every metric by its name.

mod table;
mod vhost;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

pub(super) use self::table::DONE;
use self::table::{
    ACCOUNTS, API_REQUESTS, BUILD_INFO, CAUSES, CERTIFICATE_EXPIRES, COMPONENT_UP, CONFIG_LOADED,
    CONNECTIONS, DOWNLOADS, FILE_REFUSED, FILES_EXPIRED, FILES_SWEPT, FIRST_WRITER, FIRST_WRITERS,
    HOOK_REFUSED, ISSUER_KEYS, LOGIN_SECONDS, LOGINS, OPERATIONS, REFUSED, RELOAD_SUCCESSFUL, RELOADS,
    REQUESTS_REJECTED, SLOTS, STORE_CAUSES, STORE_ERRORS, STORE_UP, UPLOAD_SECONDS, UPLOADS,
    UPLOADS_UNDER_WAY, USERS, USERS_LOADED, USERS_REFRESHED, USERS_UNWRITTEN, VHOST_USED,
};
pub use self::table::{Kind, Label, Metric, OF_PROCESS, OURS, markdown};
pub use self::vhost::VhostCounters;

use super::audit::NO_VHOST;
use super::reason::{FileReason, HookReason, RequestReason};
use crate::authn::jwt::Refusal;
use crate::store::Cause;
use crate::types::{Vhost, time_since_1970};

// Asked for once, because each login and each upload uses them.
static LOGIN_TIMES: LazyLock<Histogram> = LazyLock::new(|| histogram!(LOGIN_SECONDS));
static UPLOAD_TIMES: LazyLock<Histogram> = LazyLock::new(|| histogram!(UPLOAD_SECONDS));
static UNDER_WAY: LazyLock<Gauge> = LazyLock::new(|| gauge!(UPLOADS_UNDER_WAY));

/// Counts for this process. Its clones are the same.
#[derive(Debug, Clone)]
pub struct Counting(PrometheusHandle);

/// Starts counting for this process.
///
/// # Errors
///
/// [`BuildError`] if something else in this process counts already.
pub fn start() -> Result<Counting, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in OURS {
        if let Kind::Histogram(bounds) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
        }
    }
    let handle = builder.install_recorder()?;
    table::describe();
    Collector::default().describe();
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
    for operation in OPERATIONS {
        counter!(STORE_ERRORS, "operation" => *operation).increment(0);
    }
    for cause in CAUSES {
        counter!(STORE_CAUSES, "cause" => *cause).increment(0);
    }
    first_writer(None);
    for outcome in [DONE, REFUSED] {
        counter!(RELOADS, "outcome" => outcome).increment(0);
    }
    counter!(HOOK_REFUSED, "reason" => HookReason::CredentialsWrong.code()).increment(0);
    for listener in table::LISTENERS {
        let reason = RequestReason::TooManyConnections.code();
        counter!(REQUESTS_REJECTED, "listener" => *listener, "reason" => reason).increment(0);
    }
    config_loaded();
    UNDER_WAY.set(0);
    LazyLock::force(&LOGIN_TIMES);
    LazyLock::force(&UPLOAD_TIMES);
    Ok(Counting(handle))
}

impl Counting {
    /// All that was counted, as Prometheus reads it.
    #[must_use]
    pub fn render(&self) -> String {
        Collector::default().collect();
        self.keep_small();
        self.0.render()
    }

    /// What histograms were told lies in a heap until somebody looks at it. That has to be done from time to time, also where Prometheus does
    /// not ask.
    pub fn keep_small(&self) {
        self.0.run_upkeep();
    }
}

/// Makes the counters of what somebody should be told of at a vhost appear at zero, as those of what goes well do: a rate needs a value
/// from before the first event.
pub fn announce(vhost: &Vhost) {
    announced().insert(vhost.to_string());
    for (name, outcome, reason) in [
        (LOGINS, REFUSED, Refusal::KeyUnknown.code()),
        (LOGINS, REFUSED, Refusal::KeysMissing.code()),
        (LOGINS, REFUSED, Refusal::SignatureInvalid.code()),
        (SLOTS, "issued", "none"),
        (UPLOADS, REFUSED, FileReason::MacInvalid.code()),
        (UPLOADS, REFUSED, FileReason::TooManyUploads.code()),
        (UPLOADS, "failed", FileReason::StoreFailed.code()),
        (UPLOADS, "failed", FileReason::StoreFull.code()),
        (DOWNLOADS, "failed", FileReason::StoreFailed.code()),
    ] {
        counter!(name, "vhost" => vhost.to_string(), "outcome" => outcome, "reason" => reason).increment(0);
    }
    for call in table::API_CALLS {
        counter!(API_REQUESTS, "vhost" => vhost.to_string(), "call" => *call, "outcome" => DONE, "reason" => "none").increment(0);
    }
    counter!(FILES_EXPIRED, "vhost" => vhost.to_string()).increment(0);
}

pub(super) fn login(vhost: &str, outcome: &'static str, reason: &'static str) {
    counter!(LOGINS, "vhost" => vhost.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

pub(super) fn account(action: &'static str, outcome: &'static str, reason: &'static str) {
    counter!(ACCOUNTS, "action" => action, "outcome" => outcome, "reason" => reason).increment(1);
}

/// Says how many users exist.
pub fn users(known: usize) {
    gauge!(USERS).set(number(known));
}

/// Says of how many users the store does not know yet.
pub fn users_unwritten(users: usize) {
    gauge!(USERS_UNWRITTEN).set(number(users));
}

/// Says that the store has just told who exists.
pub fn users_refreshed() {
    gauge!(USERS_REFRESHED).set(now());
}

/// Counts a file that was removed because its time was over.
pub fn file_expired(vhost: &Vhost) {
    counter!(FILES_EXPIRED, "vhost" => label(vhost)).increment(1);
}

fn announced() -> MutexGuard<'static, BTreeSet<String>> {
    static ANNOUNCED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of a vhost that the store names: there may be files of some that were configured long ago, or never.
fn label(vhost: &Vhost) -> String {
    announced().get(vhost.as_str()).cloned().unwrap_or_else(|| NO_VHOST.to_owned())
}

/// No file is left whose time is over.
pub fn files_swept() {
    gauge!(FILES_SWEPT).set(now());
}

/// Nobody has looked for files whose time is over yet.
pub fn files_not_swept() {
    gauge!(FILES_SWEPT).set(f64::NAN);
}

/// Tells how many bytes a vhost's files have; `None` if they are not counted any more.
pub fn vhost_used(vhost: &Vhost, bytes: Option<u64>) {
    #[expect(clippy::cast_precision_loss, reason = "a number to look at")]
    let bytes = bytes.map_or(f64::NAN, |bytes| bytes as f64);
    gauge!(VHOST_USED, "vhost" => vhost.to_string()).set(bytes);
}

/// Says whether it is known who exists.
pub fn users_loaded(loaded: bool) {
    gauge!(USERS_LOADED).set(if loaded { 1.0 } else { 0.0 });
}

/// Says whether a file of the configuration, named by its path, was refused when it was read again.
pub fn file_refused(path: &Path, refused: bool) {
    gauge!(FILE_REFUSED, "file" => path.display().to_string()).set(if refused { 1.0 } else { 0.0 });
}

#[expect(clippy::cast_precision_loss, reason = "nobody has that many users")]
fn number(users: usize) -> f64 {
    users as f64
}

fn now() -> f64 {
    time_since_1970().as_secs_f64()
}

/// Says how many keys an issuer has; `None` if it is not configured any more.
pub fn issuer_keys(vhost: &Vhost, issuer: &str, keys: Option<usize>) {
    let keys = keys.map_or(f64::NAN, number);
    gauge!(ISSUER_KEYS, "vhost" => vhost.to_string(), "issuer" => issuer.to_owned()).set(keys);
}

/// Says when the certificate of the public listener expires, in seconds since 1970; `None` if there is none.
pub fn certificate_expires(at: Option<Duration>) {
    gauge!(CERTIFICATE_EXPIRES).set(at.map_or(f64::NAN, |at| at.as_secs_f64()));
}

/// Counts an upload as under way for as long as the answer lives.
#[must_use]
pub fn upload_under_way() -> UploadUnderWay {
    UNDER_WAY.increment(1);
    UploadUnderWay(())
}

/// An upload that is counted.
#[derive(Debug)]
pub struct UploadUnderWay(());

impl Drop for UploadUnderWay {
    fn drop(&mut self) {
        UNDER_WAY.decrement(1);
    }
}

/// An operation of the store failed by the store's fault.
pub fn store_failed(operation: &'static str, cause: Cause) {
    counter!(STORE_ERRORS, "operation" => operation).increment(1);
    counter!(STORE_CAUSES, "cause" => cause.code()).increment(1);
}

/// Says who sees to it that a slot is used once, as far as that is known.
pub fn first_writer(by: Option<&'static str>) {
    for each in FIRST_WRITERS {
        gauge!(FIRST_WRITER, "by" => *each).set(if Some(*each) == by { 1.0 } else { 0.0 });
    }
}

pub(super) fn login_took(time: Duration) {
    LOGIN_TIMES.record(time);
}

pub(super) fn upload_took(time: Duration) {
    UPLOAD_TIMES.record(time);
}

pub(super) fn hook_refused(reason: &'static str) {
    counter!(HOOK_REFUSED, "reason" => reason).increment(1);
}

pub(super) fn slot(vhost: &str, outcome: &'static str, reason: &'static str) {
    counter!(SLOTS, "vhost" => vhost.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

pub(super) fn api(vhost: &str, call: &'static str, outcome: &'static str, reason: &'static str) {
    counter!(API_REQUESTS, "vhost" => vhost.to_owned(), "call" => call, "outcome" => outcome, "reason" => reason)
        .increment(1);
}

/// Says whether ejabberd takes the component for one of its own; `None` where there is none.
pub fn component_up(up: Option<bool>) {
    gauge!(COMPONENT_UP).set(match up {
        None => f64::NAN,
        Some(true) => 1.0,
        Some(false) => 0.0,
    });
}

pub(super) fn upload(vhost: &str, outcome: &'static str, reason: &'static str) {
    counter!(UPLOADS, "vhost" => vhost.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

pub(super) fn download(vhost: &str, outcome: &'static str, reason: &'static str) {
    counter!(DOWNLOADS, "vhost" => vhost.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

/// Counts a connection for as long as the answer lives.
#[must_use]
pub fn connection(listener: &'static str) -> OpenConnection {
    gauge!(CONNECTIONS, "listener" => listener).increment(1);
    OpenConnection(listener)
}

/// A connection that is counted.
#[derive(Debug)]
pub struct OpenConnection(&'static str);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!(CONNECTIONS, "listener" => self.0).decrement(1);
    }
}

pub(super) fn request_rejected(listener: &'static str, reason: &'static str) {
    counter!(REQUESTS_REJECTED, "listener" => listener, "reason" => reason).increment(1);
}

/// How a reload of the configuration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// It counts.
    Done,
    /// It cannot be used, and nothing changed.
    Refused,
}

/// Counts a reload.
pub fn reloaded(how: Reload) {
    match how {
        Reload::Done => {
            config_loaded();
            counter!(RELOADS, "outcome" => DONE).increment(1);
        }
        Reload::Refused => {
            gauge!(RELOAD_SUCCESSFUL).set(0);
            counter!(RELOADS, "outcome" => REFUSED).increment(1);
        }
    }
}

fn config_loaded() {
    gauge!(RELOAD_SUCCESSFUL).set(1);
    gauge!(CONFIG_LOADED).set(now());
}

/// Says whether the store answered.
pub fn store_up(up: bool) {
    gauge!(STORE_UP).set(if up { 1.0 } else { 0.0 });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::parse_vhost;

    #[test]
    fn only_vhosts_of_the_configuration_are_labels() {
        let [ours, other] = ["ours.label.test", "other.label.test"].map(|name| parse_vhost(name).unwrap());
        announce(&ours);
        assert_eq!([label(&ours), label(&other)], ["ours.label.test", "unknown"]);
    }
}
