//! The counters of what goes well at a vhost: asked for once, because each login and each file uses them.

use std::sync::Arc;

use metrics::{Counter, counter};

use super::table::{DOWNLOAD_BYTES, DOWNLOADS, LOGINS, UPLOAD_BYTES, UPLOADS};
use crate::types::Vhost;

/// Those of one vhost. Its clones are the same.
#[derive(Debug, Clone)]
pub struct VhostCounters(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    logins: Counter,
    uploads: Counter,
    upload_bytes: Counter,
    downloads: Counter,
    download_bytes: Counter,
}

impl VhostCounters {
    /// From now on they are told, at zero if nothing happened yet: a rate needs a value from before the first event.
    #[must_use]
    pub fn of(vhost: &Vhost) -> Self {
        let good = |name, outcome| counter!(name, "vhost" => vhost.to_string(), "outcome" => outcome, "reason" => "none");
        let bytes = |name| counter!(name, "vhost" => vhost.to_string());
        Self(Arc::new(Counters {
            logins: good(LOGINS, "accepted"),
            uploads: good(UPLOADS, "stored"),
            upload_bytes: bytes(UPLOAD_BYTES),
            downloads: good(DOWNLOADS, "served"),
            download_bytes: bytes(DOWNLOAD_BYTES),
        }))
    }

    pub(in crate::telemetry) fn logged_in(&self) {
        self.0.logins.increment(1);
    }

    pub(in crate::telemetry) fn stored(&self, bytes: u64) {
        self.0.uploads.increment(1);
        self.0.upload_bytes.increment(bytes);
    }

    pub(in crate::telemetry) fn served(&self) {
        self.0.downloads.increment(1);
    }

    pub(in crate::telemetry) fn handed_out(&self, bytes: u64) {
        self.0.download_bytes.increment(bytes);
    }
}
