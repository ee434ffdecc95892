//! The metrics in one table, which is also that of `docs/metrics.md`.

use std::fmt::Write as _;

use metrics::{describe_counter, describe_gauge, describe_histogram};

use crate::store::Cause;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts what lies below some bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// A label, and its values where they are few. The others are bounded too: by the configuration, or by the reason codes of this program.
pub type Label = (&'static str, &'static [&'static str]);

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// What it means.
    pub text: &'static str,
}

const VHOST: Label = ("vhost", &[]);
const REASON: Label = ("reason", &[]);
const LISTENER: Label = ("listener", LISTENERS);

pub(super) const LISTENERS: &[&str] = &["public", "hook", "ops"];
/// The operations of a store that can fail.
pub(super) const OPERATIONS: &[&str] = &["put", "get", "head", "delete", "list", "check"];
/// What the API is asked for; the last one for what it does not know.
pub(super) const API_CALLS: &[&str] = &["slot", "list", "remove", "other"];
/// What a store fails with.
pub(super) const CAUSES: &[&str] = &{
    let mut codes = [""; Cause::ALL.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = Cause::ALL[at].code();
        at += 1;
    }
    codes
};
/// Who sees to it that a slot is used once.
pub(super) const FIRST_WRITERS: &[&str] = &["condition", "claims"];
pub(in crate::telemetry) const DONE: &str = "done";
pub(super) const REFUSED: &str = "refused";

pub(super) const LOGINS: &str = "ejabberd_sidecar_logins_total";
pub(super) const LOGIN_SECONDS: &str = "ejabberd_sidecar_login_seconds";
pub(super) const ACCOUNTS: &str = "ejabberd_sidecar_accounts_total";
pub(super) const USERS: &str = "ejabberd_sidecar_users";
pub(super) const USERS_LOADED: &str = "ejabberd_sidecar_users_loaded";
pub(super) const USERS_UNWRITTEN: &str = "ejabberd_sidecar_users_unwritten";
pub(super) const USERS_REFRESHED: &str = "ejabberd_sidecar_users_refreshed_timestamp_seconds";
pub(super) const ISSUER_KEYS: &str = "ejabberd_sidecar_issuer_keys";
pub(super) const HOOK_REFUSED: &str = "ejabberd_sidecar_hook_refused_total";
pub(super) const SLOTS: &str = "ejabberd_sidecar_slots_total";
pub(super) const API_REQUESTS: &str = "ejabberd_sidecar_api_requests_total";
pub(super) const COMPONENT_UP: &str = "ejabberd_sidecar_component_up";
pub(super) const UPLOADS: &str = "ejabberd_sidecar_uploads_total";
pub(super) const UPLOADS_UNDER_WAY: &str = "ejabberd_sidecar_uploads_under_way";
pub(super) const UPLOAD_BYTES: &str = "ejabberd_sidecar_upload_bytes_total";
pub(super) const UPLOAD_SECONDS: &str = "ejabberd_sidecar_upload_seconds";
pub(super) const DOWNLOADS: &str = "ejabberd_sidecar_downloads_total";
pub(super) const DOWNLOAD_BYTES: &str = "ejabberd_sidecar_download_bytes_total";
pub(super) const FILES_EXPIRED: &str = "ejabberd_sidecar_files_expired_total";
pub(super) const FILES_SWEPT: &str = "ejabberd_sidecar_files_swept_timestamp_seconds";
pub(super) const VHOST_USED: &str = "ejabberd_sidecar_vhost_used_bytes";
pub(super) const CONNECTIONS: &str = "ejabberd_sidecar_connections";
pub(super) const REQUESTS_REJECTED: &str = "ejabberd_sidecar_requests_rejected_total";
pub(super) const STORE_UP: &str = "ejabberd_sidecar_store_up";
pub(super) const STORE_ERRORS: &str = "ejabberd_sidecar_store_errors_total";
pub(super) const STORE_CAUSES: &str = "ejabberd_sidecar_store_error_causes_total";
pub(super) const FIRST_WRITER: &str = "ejabberd_sidecar_store_first_writer";
pub(super) const FILE_REFUSED: &str = "ejabberd_sidecar_file_refused";
pub(super) const RELOADS: &str = "ejabberd_sidecar_reloads_total";
pub(super) const RELOAD_SUCCESSFUL: &str = "ejabberd_sidecar_reload_successful";
pub(super) const CONFIG_LOADED: &str = "ejabberd_sidecar_config_loaded_timestamp_seconds";
pub(super) const CERTIFICATE_EXPIRES: &str = "ejabberd_sidecar_tls_certificate_expires_timestamp_seconds";
pub(super) const BUILD_INFO: &str = "ejabberd_sidecar_build_info";

const fn counter(name: &'static str, labels: &'static [Label], text: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, text }
}

const fn gauge(name: &'static str, labels: &'static [Label], text: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, text }
}

/// All that are ours, in the order in which they are told.
pub const OURS: &[Metric] = &[
    counter(LOGINS, &[VHOST, ("outcome", &["accepted", REFUSED]), REASON], "Logins"),
    Metric {
        name: LOGIN_SECONDS,
        kind: Kind::Histogram(&[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25]),
        labels: &[],
        text: "How long the decision about a login took, whichever it was",
    },
    counter(
        ACCOUNTS,
        &[("action", &["register", "remove"]), ("outcome", &[DONE, REFUSED]), REASON],
        "Accounts that ejabberd asked to register or remove",
    ),
    gauge(USERS, &[], "Users who exist: who logged in once or was registered"),
    gauge(USERS_LOADED, &[], "Whether it is known who exists (1), or everybody does until it is (0)"),
    gauge(USERS_UNWRITTEN, &[], "Users of whom the store does not know yet"),
    gauge(USERS_REFRESHED, &[], "When it was last asked of the store who exists, with success"),
    gauge(ISSUER_KEYS, &[VHOST, ("issuer", &[])], "Keys that an issuer's tokens are verified with"),
    counter(
        HOOK_REFUSED,
        &[REASON],
        "Requests to the hook that were no questions, or came without its credentials",
    ),
    counter(
        SLOTS,
        &[VHOST, ("outcome", &["issued", REFUSED]), REASON],
        "Upload slots that users asked for, of scheme bearer",
    ),
    counter(
        API_REQUESTS,
        &[VHOST, ("call", API_CALLS), ("outcome", &[DONE, REFUSED, "failed"]), REASON],
        "Requests to the API; its slots are among the slots as well",
    ),
    gauge(
        COMPONENT_UP,
        &[],
        "Whether ejabberd takes the component for one of its own (1) or not (0); NaN where none is configured",
    ),
    counter(UPLOADS, &[VHOST, ("outcome", &["stored", REFUSED, "failed"]), REASON], "Uploads"),
    gauge(UPLOADS_UNDER_WAY, &[], "Uploads that have a place among limits.uploads now"),
    counter(UPLOAD_BYTES, &[VHOST], "Bytes of stored uploads"),
    Metric {
        name: UPLOAD_SECONDS,
        kind: Kind::Histogram(&[0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1800.0]),
        labels: &[],
        text: "How long a stored upload took, from its head to its answer",
    },
    counter(DOWNLOADS, &[VHOST, ("outcome", &["served", REFUSED, "failed"]), REASON], "Downloads"),
    counter(DOWNLOAD_BYTES, &[VHOST], "Bytes of files that were handed to connections"),
    counter(FILES_EXPIRED, &[VHOST], "Files that this process removed because their time was over"),
    gauge(
        FILES_SWEPT,
        &[],
        "When it was last made sure that no file is left whose time has been over for an hour; NaN until then, in a process's first hour",
    ),
    gauge(
        VHOST_USED,
        &[VHOST],
        "Bytes of the files of a vhost with upload.quota_per_host, as they were last counted; NaN once it has none any more",
    ),
    gauge(CONNECTIONS, &[LISTENER], "Open connections"),
    counter(
        REQUESTS_REJECTED,
        &[LISTENER, REASON],
        "Requests and connections that were turned away before they were one of the above",
    ),
    gauge(STORE_UP, &[], "Whether the store answered when it was last asked (1) or not (0)"),
    counter(STORE_ERRORS, &[("operation", OPERATIONS)], "Operations of the store that failed by its fault"),
    counter(STORE_CAUSES, &[("cause", CAUSES)], "The same operations, by what they failed with"),
    gauge(
        FIRST_WRITER,
        &[("by", FIRST_WRITERS)],
        "In object storage, who sees to it that a slot is used once (1): the store by If-None-Match, or claims, which cost four requests more an upload",
    ),
    gauge(
        FILE_REFUSED,
        &[("file", &[])],
        "Whether a file cannot be used as it is now (1), so that what it held before stays in force, or can (0)",
    ),
    counter(RELOADS, &[("outcome", &[DONE, REFUSED])], "Reloads of the configuration (SIGHUP)"),
    gauge(
        RELOAD_SUCCESSFUL,
        &[],
        "Whether the configuration could be used when it was last read (1) or not (0)",
    ),
    gauge(CONFIG_LOADED, &[], "When the configuration that is in force was read"),
    gauge(CERTIFICATE_EXPIRES, &[], "When the certificate of the public listener expires; NaN without one"),
    gauge(BUILD_INFO, &[("version", &[])], "Always 1; the version is its label"),
];

/// Those of the process, which have the names that every exporter uses.
pub const OF_PROCESS: &[Metric] = &[
    gauge("process_start_time_seconds", &[], "When the process started"),
    counter("process_cpu_seconds_total", &[], "Seconds of processor time"),
    gauge("process_resident_memory_bytes", &[], "Memory that is resident"),
    gauge("process_virtual_memory_bytes", &[], "Memory that is mapped"),
    gauge("process_virtual_memory_max_bytes", &[], "The limit on that"),
    gauge("process_open_fds", &[], "Open file descriptors"),
    gauge("process_max_fds", &[], "The limit on those"),
    gauge("process_threads", &[], "Threads"),
];

/// Tells Prometheus what each is.
pub(super) fn describe() {
    for Metric { name, kind, text, .. } in OURS {
        match kind {
            Kind::Counter => describe_counter!(*name, *text),
            Kind::Gauge => describe_gauge!(*name, *text),
            Kind::Histogram(_) => describe_histogram!(*name, *text),
        }
    }
}

/// The table of `docs/metrics.md`.
#[must_use]
pub fn markdown() -> String {
    let mut table = "| metric | type | labels | |\n|---|---|---|---|\n".to_owned();
    for Metric { name, kind, labels, text } in OURS.iter().chain(OF_PROCESS) {
        let labels: Vec<_> = labels.iter().map(label).collect();
        // Into memory, which cannot fail.
        let _ = writeln!(table, "| `{name}` | {} | {} | {text} |", kind.name(), labels.join(", "));
    }
    table
}

fn label((name, values): &Label) -> String {
    if values.is_empty() {
        return format!("`{name}`");
    }
    let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
    format!("`{name}` ({})", values.join(", "))
}
