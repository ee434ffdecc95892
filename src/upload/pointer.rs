//! Slots whose paths do not name their user, though their tokens do: a small object below his own prefix lets quota and erasure find the file.

use super::expiry::hash;
use crate::authn::PutGrant;
use crate::store::{ObjectKey, Store, StoreError};
use crate::types::{ContentType, UserHash};

/// Whose upload it is, as far as that is known.
pub(super) fn owner(grant: &PutGrant) -> Option<UserHash> {
    grant.user().map(UserHash::from).or_else(|| hash(grant.path()))
}

/// What leads from a user to his file, if its path does not.
#[derive(Debug)]
pub(super) struct Pointer {
    key: ObjectKey,
    pub(super) owner: UserHash,
}

impl Pointer {
    /// `None` if none is needed.
    pub(super) fn of(grant: &PutGrant) -> Option<Self> {
        let owner = grant.user().map(UserHash::from).filter(|owner| hash(grant.path()) != Some(*owner))?;
        Some(Self { key: ObjectKey::pointer(grant.vhost(), owner, grant.size(), grant.path()), owner })
    }

    /// Writes it down, durably: before the file is there, and behind it once more, in case another attempt at the slot has failed and removed it.
    pub(super) async fn note(&self, store: &Store) -> Result<(), StoreError> {
        store.note(&self.key, ContentType::unknown(), String::new()).await
    }

    /// Removes it, unless the file is there.
    pub(super) async fn withdraw(&self, store: &Store, file: &ObjectKey) -> Result<(), StoreError> {
        if store.head(file).await?.is_none() { store.delete(&self.key).await } else { Ok(()) }
    }
}
