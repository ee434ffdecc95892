//! Handing out a file. Its URL, which nobody can guess, is the permission.

use super::Uploads;
use crate::store::{Object, ObjectInfo, ObjectKey, StoreError};
use crate::types::{ByteRange, ObjectPath, Vhost};

/// Why a file is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum GetFailure {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Uploads {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`GetFailure`]
    pub async fn get(&self, vhost: &Vhost, path: &ObjectPath) -> Result<Object, GetFailure> {
        self.store.get(&ObjectKey::file(vhost, path)).await?.ok_or(GetFailure::Missing)
    }

    /// Opens a part of a file.
    ///
    /// # Errors
    ///
    /// [`GetFailure`]
    pub async fn get_part(
        &self,
        vhost: &Vhost,
        path: &ObjectPath,
        part: ByteRange,
    ) -> Result<Object, GetFailure> {
        self.store.get_part(&ObjectKey::file(vhost, path), part).await?.ok_or(GetFailure::Missing)
    }

    /// What is known of a file.
    ///
    /// # Errors
    ///
    /// [`GetFailure`]
    pub async fn head(&self, vhost: &Vhost, path: &ObjectPath) -> Result<ObjectInfo, GetFailure> {
        self.store.head(&ObjectKey::file(vhost, path)).await?.ok_or(GetFailure::Missing)
    }
}
