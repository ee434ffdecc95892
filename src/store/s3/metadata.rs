//! What an object's metadata says of it: its lifetime, who uploaded it, when it was stored elsewhere.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::{Lifetime, NewObject, Uploader};
use crate::types::since_1970;

/// When it was stored elsewhere.
const STORED_AT: &str = "stored-at";
const KEEP_UNTIL: &str = "keep-until";
const SLOT_ENDS: &str = "slot-ends";
const BURIED: &str = "buried";
const USER: &str = "user";

/// Tells an upload's object from any other one.
const UPLOAD: &str = "upload";

/// Of an object that was streamed: its lifetime, who uploaded it, and by which upload it came.
pub(super) fn metadata_of(object: &NewObject, upload: &str) -> HashMap<String, String> {
    let mut metadata = metadata(object.life).unwrap_or_default();
    metadata.insert(UPLOAD.to_owned(), upload.to_owned());
    if let Some(uploader) = &object.uploader {
        metadata.insert(USER.to_owned(), uploader.as_str().to_owned());
    }
    if let Some(stored_at) = object.stored_at {
        let seconds = since_1970(stored_at).as_secs();
        metadata.insert(STORED_AT.to_owned(), seconds.to_string());
    }
    metadata
}

/// Whether an object came by `upload`.
pub(super) fn is_of(metadata: Option<&HashMap<String, String>>, upload: &str) -> bool {
    metadata.and_then(|metadata| metadata.get(UPLOAD)).is_some_and(|id| id == upload)
}

pub(super) fn metadata(life: Lifetime) -> Option<HashMap<String, String>> {
    let Lifetime { keep_until, slot_ends, buried } = life;
    let times = [(KEEP_UNTIL, keep_until), (SLOT_ENDS, slot_ends), (BURIED, buried.then_some(1))];
    let times = times.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
    Some(times.collect()).filter(|metadata: &HashMap<_, _>| !metadata.is_empty())
}

pub(super) fn life(metadata: Option<&HashMap<String, String>>) -> Lifetime {
    let number = |name| metadata?.get(name)?.parse().ok();
    Lifetime {
        keep_until: number(KEEP_UNTIL),
        slot_ends: number(SLOT_ENDS),
        buried: number(BURIED).is_some(),
    }
}

pub(super) fn uploader(metadata: Option<&HashMap<String, String>>) -> Option<Uploader> {
    Uploader::parse(metadata?.get(USER)?)
}

pub(super) fn stored_at(metadata: Option<&HashMap<String, String>>) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(metadata?.get(STORED_AT)?.parse().ok()?))
}
