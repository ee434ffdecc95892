//! Every metric by its name.

use std::path::Path;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::types::Vhost;

const LOGINS: &str = "ejabberd_sidecar_logins_total";
const ACCOUNTS: &str = "ejabberd_sidecar_accounts_total";
const USERS: &str = "ejabberd_sidecar_users";
const USERS_LOADED: &str = "ejabberd_sidecar_users_loaded";
const FILE_REFUSED: &str = "ejabberd_sidecar_file_refused";
const USERS_UNWRITTEN: &str = "ejabberd_sidecar_users_unwritten";
const HOOK_REFUSED: &str = "ejabberd_sidecar_hook_refused_total";
const UPLOADS: &str = "ejabberd_sidecar_uploads_total";
const UPLOAD_BYTES: &str = "ejabberd_sidecar_upload_bytes_total";
const DOWNLOADS: &str = "ejabberd_sidecar_downloads_total";
const CONNECTIONS: &str = "ejabberd_sidecar_connections";
const REQUESTS_REJECTED: &str = "ejabberd_sidecar_requests_rejected_total";
const RELOADS: &str = "ejabberd_sidecar_reloads_total";
const RELOAD_SUCCESSFUL: &str = "ejabberd_sidecar_reload_successful";
const STORE_UP: &str = "ejabberd_sidecar_store_up";

/// Starts counting for this process, and answers what renders the counters.
///
/// # Errors
///
/// [`BuildError`] if something else in this process counts already.
pub fn start() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    describe_counter!(LOGINS, "Logins by vhost, outcome (accepted, refused) and reason");
    describe_counter!(
        ACCOUNTS,
        "Accounts that ejabberd asked to register or remove, by action, outcome and reason"
    );
    describe_gauge!(USERS, "Users who exist: who logged in once or was registered");
    describe_gauge!(USERS_LOADED, "Whether it is known who exists (1), or everybody does until it is (0)");
    describe_gauge!(
        FILE_REFUSED,
        "Whether a file cannot be used as it is now (1), so that what it held before stays in force, or can (0)"
    );
    describe_gauge!(USERS_UNWRITTEN, "Users of whom the store does not know yet");
    describe_counter!(
        HOOK_REFUSED,
        "Requests to the hook that were no questions, or came without its credentials, by reason"
    );
    describe_counter!(UPLOADS, "Uploads by vhost, outcome (stored, refused, failed) and reason");
    describe_counter!(UPLOAD_BYTES, "Bytes of stored uploads by vhost");
    describe_counter!(DOWNLOADS, "Downloads by vhost, outcome (served, refused, failed) and reason");
    describe_gauge!(CONNECTIONS, "Open connections by listener");
    describe_counter!(
        REQUESTS_REJECTED,
        "Requests and connections that were turned away before they were one of the above, by listener and reason"
    );
    describe_gauge!(STORE_UP, "Whether the store answered when it was last asked (1) or not (0)");
    Ok(handle)
}

/// Makes the counters of what goes well at a vhost appear at zero: a rate needs a value from before the first event.
pub fn announce(vhost: &Vhost) {
    for (name, outcome) in [(LOGINS, "accepted"), (UPLOADS, "stored"), (DOWNLOADS, "served")] {
        counter!(name, "vhost" => vhost.to_string(), "outcome" => outcome, "reason" => "none").increment(0);
    }
    upload_bytes(vhost.as_str(), 0);
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

pub(super) fn hook_refused(reason: &'static str) {
    counter!(HOOK_REFUSED, "reason" => reason).increment(1);
}

pub(super) fn upload(vhost: &str, outcome: &'static str, reason: &'static str) {
    counter!(UPLOADS, "vhost" => vhost.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

pub(super) fn upload_bytes(vhost: &str, bytes: u64) {
    counter!(UPLOAD_BYTES, "vhost" => vhost.to_owned()).increment(bytes);
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
    let outcome = match how {
        Reload::Done => "done",
        Reload::Refused => "refused",
    };
    counter!(RELOADS, "outcome" => outcome).increment(1);
    gauge!(RELOAD_SUCCESSFUL).set(if how == Reload::Done { 1.0 } else { 0.0 });
}

/// Says whether the store answered.
pub fn store_up(up: bool) {
    gauge!(STORE_UP).set(if up { 1.0 } else { 0.0 });
}
