//! Files that come another way than by an upload.

use super::trail::{Pointed, Trail};
use crate::store::{Store, StoreError};
use crate::types::{ObjectPath, UserHash, Vhost};

/// Notes, durably, what leads to a file, which has to be done before it is stored: that it is to be removed at `deadline` (seconds since 1970), and, if its path
/// does not name its user, that he is the `owner` of so many bytes.
///
/// # Errors
///
/// [`StoreError`] if it may not be noted.
pub async fn note_arrival(
    store: &Store,
    vhost: &Vhost,
    path: &ObjectPath,
    owner: Option<(UserHash, u64)>,
    deadline: Option<u64>,
) -> Result<(), StoreError> {
    let pointed = owner.map(|(owner, size)| Pointed { owner, size });
    let trail = Trail { vhost: vhost.clone(), path: path.clone(), pointed };
    if let Some(deadline) = deadline {
        trail.note_entry(store, deadline).await?;
    }
    trail.note_pointer(store).await
}
