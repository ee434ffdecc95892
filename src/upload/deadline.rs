//! Deadlines of files that come another way than by an upload.

use super::expiry::Expiry;
use crate::store::{ObjectKey, Store, StoreError};
use crate::types::{ObjectPath, Vhost};

/// Notes, durably, that a file is to be removed at `deadline` (seconds since 1970), which has to be done before it is stored. If its path does not name its user,
/// `pointer` does.
///
/// # Errors
///
/// [`StoreError`] if it may not be noted.
pub async fn note_deadline(
    store: &Store,
    vhost: &Vhost,
    path: &ObjectPath,
    pointer: Option<&ObjectKey>,
    deadline: u64,
) -> Result<(), StoreError> {
    let owner = pointer.and_then(ObjectKey::owner);
    Expiry { vhost: vhost.clone(), path: path.clone(), owner }.note(store, deadline).await
}
