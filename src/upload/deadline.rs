//! Deadlines of files that come another way than by an upload.

use super::trail::{Pointed, Trail};
use crate::store::{Store, StoreError};
use crate::types::{ObjectPath, UserHash, Vhost};

/// Notes, durably, that a file is to be removed at `deadline` (seconds since 1970), which has to be done before it is stored. If its path does not name its user,
/// he is the `owner` of so many bytes.
///
/// # Errors
///
/// [`StoreError`] if it may not be noted.
pub async fn note_deadline(
    store: &Store,
    vhost: &Vhost,
    path: &ObjectPath,
    owner: Option<(UserHash, u64)>,
    deadline: u64,
) -> Result<(), StoreError> {
    let pointed = owner.map(|(owner, size)| Pointed { owner, size });
    Trail { vhost: vhost.clone(), path: path.clone(), pointed }.note_entry(store, deadline).await
}
