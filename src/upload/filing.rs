//! A file goes into the store, and before it what leads to it.

use std::pin::pin;

use futures_util::FutureExt as _;
use futures_util::future::{Either, pending, select};

use super::PutFailure;
use super::trail::Trail;
use crate::store::{Beforehand, NewObject, Store, UploadBody};
use crate::types::seconds_since_1970;

/// Stores a file, of whose slot something may be `known`. What comes to nothing leaves no more than what a sweep removes: an entry, and a pointer until the sweep has come to that.
pub(super) async fn store_file(
    store: &Store,
    trail: &Trail,
    object: NewObject,
    body: impl UploadBody,
    mut known: Beforehand,
) -> Result<(), PutFailure> {
    let (file, life) = (trail.file(), object.life);
    let slot_ends = life.slot_ends.filter(|_| trail.pointed.is_some());
    let times: Vec<_> = [slot_ends, life.keep_until].into_iter().flatten().collect();
    // Whoever tries a used slot again and again leaves nothing.
    if !times.is_empty() && known == Beforehand::Nothing {
        if store.head(&file).await?.is_some() {
            return Err(PutFailure::Exists);
        }
        known = Beforehand::Unused;
    }
    for time in times {
        trail.note_entry(store, time).await?;
    }
    trail.note_pointer(store).await?;
    let ahead = match slot_ends {
        Some(ends) => trail.keep_ahead(store, ends).boxed(),
        None => pending().boxed(),
    };
    match select(pin!(store.put_known(&file, object, body, known)), ahead).await {
        Either::Left((stored, _)) => stored?,
        Either::Right((never, _)) => match never {},
    }
    if slot_ends.is_some_and(|ends| seconds_since_1970() > ends) {
        // A sweep may have taken it for that of an upload that came to nothing. The file is stored either way, and the next sweep would mend it.
        drop(trail.note_pointer(store).await);
    }
    Ok(())
}
