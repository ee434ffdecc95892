//! Makes a staged file visible: durable first, then in one step, never over another.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::TempPath;

use super::{at, make_folder};
use crate::store::PutError;

/// Publishes the staged file as `target`, below `root`. With `sync` the file, its name and every folder on the way to it are
/// on the disk when this returns.
pub(super) fn publish(
    (file, staged): (File, TempPath),
    target: &Path,
    root: &Path,
    sync: bool,
) -> Result<(), PutError> {
    let parent = target.parent().unwrap_or(root);
    if sync {
        file.sync_all().map_err(at("sync", &staged))?;
    }
    make_folder(parent).map_err(at("make", parent))?;
    match staged.persist_noclobber(target) {
        Ok(()) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => return Err(PutError::Exists),
        Err(failed) => return Err(at("publish", target)(failed.error).into()),
    }
    if sync {
        sync_folders(parent, root).map_err(at("sync", parent))?;
    }
    Ok(())
}

/// Syncs `folder` and all above it up to `root`. All of them each time: another process may have made one a moment ago and not
/// have synced it yet, and syncing an unchanged folder costs next to nothing.
fn sync_folders(folder: &Path, root: &Path) -> io::Result<()> {
    for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
