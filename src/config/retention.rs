//! `[upload.retention_by_purpose]`.

use humantime::Duration;
use serde::Deserialize;

use super::or_none::OrNone;
use crate::types::Purpose;

/// How long files are kept that are uploaded through a slot of scheme `bearer` for a purpose of XEP-0363: a time, or `"none"` for ever. Once one is named here, or
/// `retention` is set, purposes that are not named are refused, and not offered to clients.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPurposes {
    /// Files that are parts of messages, which is what clients upload if they name no purpose. They are taken in any case, and kept for `retention` without this.
    ///
    /// Default: none
    message: Option<OrNone<Duration>>,
    /// Pictures of users and the like.
    ///
    /// Default: none
    profile: Option<OrNone<Duration>>,
    /// Files that are of no use after a short while.
    ///
    /// Default: none
    ephemeral: Option<OrNone<Duration>>,
    /// Files that are to stay.
    ///
    /// Default: none
    permanent: Option<OrNone<Duration>>,
}

impl RawPurposes {
    pub(super) fn of(&self, purpose: Purpose) -> Option<OrNone<Duration>> {
        match purpose {
            Purpose::Message => self.message,
            Purpose::Profile => self.profile,
            Purpose::Ephemeral => self.ephemeral,
            Purpose::Permanent => self.permanent,
        }
    }
}
