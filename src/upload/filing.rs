//! A file goes into the store, and before it what leads to it.

use super::PutFailure;
use super::trail::Trail;
use crate::store::{NewObject, Store, UploadBody, seconds_since_1970};

/// Stores a file. What comes to nothing leaves no more than what a sweep removes: an entry, and a pointer until the sweep has come to that.
pub(super) async fn store_file(
    store: &Store,
    trail: &Trail,
    object: NewObject,
    body: impl UploadBody,
) -> Result<(), PutFailure> {
    let (file, life) = (trail.file(), object.life);
    let slot_ends = life.slot_ends.filter(|_| trail.pointed.is_some());
    let times: Vec<_> = [slot_ends, life.keep_until].into_iter().flatten().collect();
    if !times.is_empty() && store.head(&file).await?.is_some() {
        // Whoever tries a used slot again and again leaves nothing.
        return Err(PutFailure::Exists);
    }
    for time in times {
        trail.note_entry(store, time).await?;
    }
    trail.note_pointer(store).await?;
    let put = store.put(&file, object, body);
    let Some(slot_ends) = slot_ends else { return Ok(put.await?) };
    tokio::select! {
        stored = put => stored?,
        never = trail.keep_ahead(store, slot_ends) => match never {},
    }
    if seconds_since_1970() > slot_ends {
        // A sweep may have taken it for that of an upload that came to nothing. The file is stored either way, and the next sweep would mend it.
        drop(trail.note_pointer(store).await);
    }
    Ok(())
}
