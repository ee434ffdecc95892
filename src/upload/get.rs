//! Handing out a file. Its URL, which nobody can guess, is the permission.

use super::Uploads;
use crate::store::{Lifetime, Object, ObjectInfo, ObjectKey, Presigned, StoreError};
use crate::types::{ByteRange, ObjectPath, Vhost, seconds_since_1970};

/// Why a file is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum GetFailure {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// There was one.
    #[error("the file was removed, or the time is over for which it was kept")]
    Gone,
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
        living(self.store.get(&ObjectKey::file(vhost, path)).await?, |object| object.info.life)
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
        living(self.store.get_part(&ObjectKey::file(vhost, path), part).await?, |object| object.info.life)
    }

    /// What is known of a file.
    ///
    /// # Errors
    ///
    /// [`GetFailure`]
    pub async fn head(&self, vhost: &Vhost, path: &ObjectPath) -> Result<ObjectInfo, GetFailure> {
        living(self.store.head(&ObjectKey::file(vhost, path)).await?, |info| info.life)
    }
}

impl Uploads {
    /// Whether the store hands out files itself.
    #[must_use]
    pub fn redirects(&self) -> bool {
        self.store.hands_out()
    }

    /// Where the store hands out a file itself, if it does. Whether there is one has to have been looked at before.
    ///
    /// # Errors
    ///
    /// [`GetFailure::Store`]
    pub async fn elsewhere(
        &self,
        vhost: &Vhost,
        path: &ObjectPath,
        wanted: Presigned<'_>,
    ) -> Result<Option<String>, GetFailure> {
        Ok(self.store.presigned(&ObjectKey::file(vhost, path), wanted).await?)
    }
}

/// What is over is not handed out, though the sweep may not have come by yet.
fn living<T>(found: Option<T>, life: impl FnOnce(&T) -> Lifetime) -> Result<T, GetFailure> {
    let found = found.ok_or(GetFailure::Missing)?;
    if life(&found).is_over(seconds_since_1970()) { Err(GetFailure::Gone) } else { Ok(found) }
}
