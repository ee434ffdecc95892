//! May this user upload so many bytes now? What is asked before a slot is issued.

use std::net::IpAddr;

use super::usage::NoRoom;
use super::{QuotaRefusal, RateRefusal, Uploads};
use crate::policy::PurposeRefusal;
use crate::store::{ObjectKey, StoreError};
use crate::telemetry::reason::{FileReason, Reason};
use crate::types::{BareJid, ObjectPath, UserHash, Vhost};

/// Why he may not. The text is for him.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// Too much within a minute.
    #[error(transparent)]
    Rate(#[from] RateRefusal),
    /// There is no room.
    #[error(transparent)]
    Quota(#[from] QuotaRefusal),
    /// The vhost does not take files for this.
    #[error(transparent)]
    Purpose(#[from] PurposeRefusal),
    /// Nobody knows.
    #[error("the files of this server cannot be reached now: try again later")]
    Store(#[source] StoreError),
}

impl NotNow {
    /// The stable reason code.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let reason = match self {
            Self::Rate(rate) => rate.reason(),
            Self::Quota(quota) => quota.reason(),
            Self::Purpose(_) => FileReason::PurposeNotAllowed,
            Self::Store(_) => FileReason::StoreFailed,
        };
        reason.into()
    }

    /// When to ask again, in seconds, where time helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Rate(rate) => Some(rate.retry_after()),
            Self::Store(_) => Some(5),
            Self::Quota(_) | Self::Purpose(_) => None,
        }
    }
}

impl From<NoRoom> for NotNow {
    fn from(none: NoRoom) -> Self {
        match none {
            NoRoom::Quota(quota) => quota.into(),
            NoRoom::Store(error) => Self::Store(error),
        }
    }
}

impl Uploads {
    /// Finds out whether `user` may have a slot for so many bytes at `now`, seconds since 1970. It counts as one of his slots of this minute. `client`
    /// is where he asks from, if that is known.
    ///
    /// # Errors
    ///
    /// [`NotNow`]
    pub async fn may_upload(
        &self,
        vhost: &Vhost,
        user: &BareJid,
        bytes: u64,
        client: Option<IpAddr>,
        now: u64,
    ) -> Result<(), NotNow> {
        let owner = UserHash::from(user);
        self.rates.take_slot(owner, client, now)?;
        let quotas = self.rules(vhost).quotas;
        Ok(self.usage.has_room(quotas, vhost, owner, bytes, now).await?)
    }

    /// He got the slot, which is good until `until`: its bytes count for the slots that he asks for next.
    pub fn promised(&self, vhost: &Vhost, user: &BareJid, path: &ObjectPath, bytes: u64, until: u64) {
        let key = ObjectKey::file(vhost, path);
        self.usage.promise(vhost, user.into(), &key, bytes, until);
    }
}
