//! Storing a file.

use super::room::NoPlace;
use super::{RuleRefusal, UploadRules, Uploads};
use crate::authn::PutGrant;
use crate::store::{BodyFault, NewObject, ObjectKey, PutError, StoreError, UploadBody};
use crate::types::UserHash;

/// Why a file that could have been stored was not. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum PutFailure {
    /// Not what the vhost takes.
    #[error(transparent)]
    Rule(#[from] RuleRefusal),
    /// The user was erased, and with him his slots, which carry no date that would end them.
    #[error("the user of this slot was erased, and has not come back")]
    Erased,
    /// There are too many uploads already.
    #[error("as many uploads as limits.uploads allows are under way")]
    Busy,
    /// There are several attempts at this slot already.
    #[error("several uploads to this slot are under way")]
    SlotBusy,
    /// The slot was used before; the file that is there was not touched.
    #[error("there is a file already: a slot is used once")]
    Exists,
    /// The client stopped or sent another length.
    #[error(transparent)]
    Sender(BodyFault),
    /// There is no room left.
    #[error("the store is full: {0}")]
    Full(StoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoPlace> for PutFailure {
    fn from(none: NoPlace) -> Self {
        match none {
            NoPlace::Full => Self::Busy,
            NoPlace::SlotBusy => Self::SlotBusy,
        }
    }
}

impl Uploads {
    /// Stores the file that `grant` permits. When this returns, it is durable and whole.
    ///
    /// # Errors
    ///
    /// [`PutFailure`]; the slot can then be tried again, unless a file is there.
    pub async fn put(&self, grant: PutGrant, body: impl UploadBody) -> Result<(), PutFailure> {
        // A vhost without rules takes no byte.
        self.rules.get(grant.vhost()).unwrap_or(&UploadRules::default()).check(&grant)?;
        let key = ObjectKey::file(grant.vhost(), grant.path());
        let _place = self.room.enter(&key)?;
        let owner = grant.path().owner().and_then(|owner| owner.parse().ok());
        let owner = owner.or_else(|| grant.user().map(UserHash::from));
        if self.is_erased(owner).await? {
            return Err(PutFailure::Erased);
        }
        let object = NewObject { size: grant.size(), content_type: grant.content_type().clone() };
        self.store.put(&key, object, body).await.map_err(|error| match error {
            PutError::Exists => PutFailure::Exists,
            PutError::Sender(fault) => PutFailure::Sender(fault),
            PutError::Full(error) => PutFailure::Full(error),
            PutError::Store(error) => PutFailure::Store(error),
        })?;
        // Perhaps he was while the file was on its way, and whoever erased him did not see it. If that cannot be found out, the file is
        // stored all the same, and an answer that says otherwise would be wrong.
        if matches!(self.is_erased(owner).await, Ok(true)) {
            self.store.delete(&key).await?;
            return Err(PutFailure::Erased);
        }
        Ok(())
    }

    /// A tomb stays for good. Of the few users who have one, those who came back are known to the registry.
    async fn is_erased(&self, user: Option<UserHash>) -> Result<bool, StoreError> {
        let Some(user) = user else { return Ok(false) };
        let has_tomb = self.store.head(&ObjectKey::tomb(user)).await?.is_some();
        Ok(has_tomb && !self.registry.knows(user).await?)
    }
}
