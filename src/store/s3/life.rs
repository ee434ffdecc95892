//! An object's lifetime among its metadata.

use std::collections::HashMap;

use crate::store::Lifetime;

const KEEP_UNTIL: &str = "keep-until";
const SLOT_ENDS: &str = "slot-ends";
const BURIED: &str = "buried";

/// Tells an upload's object from any other one.
const UPLOAD: &str = "upload";

/// Of an object that was streamed: its lifetime, and which upload it came by.
pub(super) fn metadata_of(life: Lifetime, upload: &str) -> HashMap<String, String> {
    let mut metadata = metadata(life).unwrap_or_default();
    metadata.insert(UPLOAD.to_owned(), upload.to_owned());
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
