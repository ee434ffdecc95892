//! How long the objects in a folder are, without what a file has beside the object.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::is_missing;
use super::listing::Listing;
use super::trailer::{TAIL_BYTES, size_before};
use crate::store::{ObjectKey, ObjectPrefix};

/// Hands each object below `prefix` to `each`, with its length.
pub(super) fn list(
    root: &Path,
    prefix: &ObjectPrefix,
    mut each: impl FnMut(ObjectKey, u64),
) -> io::Result<()> {
    let mut failed = None;
    let mut look = |key: ObjectKey| match size(&root.join(key.as_str())) {
        Ok(size) => {
            each(key, size);
            ControlFlow::Continue(())
        }
        // Removed a moment ago.
        Err(error) if is_missing(&error) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    };
    let _ = Listing { root, after: "", each: &mut look }.walk(&prefix.0)?;
    failed.map_or(Ok(()), Err)
}

/// The object's length, as the end of the file tells it. A damaged one counts as it is.
fn size(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(tail_at) = length.checked_sub(TAIL_BYTES as u64) else { return Ok(length) };
    let mut tail = [0; TAIL_BYTES];
    file.read_exact_at(&mut tail, tail_at)?;
    Ok(size_before(tail, length).unwrap_or(length))
}
