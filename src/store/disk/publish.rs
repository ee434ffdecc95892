//! Makes a staged file visible: durable first, then in one step, never over another.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempPath;

use super::{make_folder, of};
use crate::store::{ObjectKey, PutError};

/// Publishes the staged file as `target`, below `root`. With `sync` the file, its name and every folder on the way to it are
/// on the disk when this returns.
pub(super) fn publish(
    (file, staged): (File, TempPath),
    key: &ObjectKey,
    target: &Path,
    root: &Path,
    sync: bool,
) -> Result<(), PutError> {
    let parent = target.parent().unwrap_or(root);
    if sync {
        file.sync_all().map_err(of("sync", key))?;
    }
    make_folder(parent).map_err(of("make the folder of", key))?;
    match staged.persist_noclobber(target) {
        Ok(()) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => return Err(PutError::Exists),
        Err(failed) => return Err(of("publish", key)(failed.error).into()),
    }
    if sync {
        sync_folders(parent, root).map_err(|error| {
            // Not durable, so not there: the upload can be tried again.
            drop(fs::remove_file(target));
            of("sync the folder of", key)(error)
        })?;
    }
    Ok(())
}

/// Syncs `folder` and all above it up to `root`. All of them each time: another process may have made one a moment ago and not
/// have synced it yet, and syncing an unchanged folder costs next to nothing.
pub(super) fn sync_folders(folder: &Path, root: &Path) -> io::Result<()> {
    for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Syncs the names in `folder`.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()
}
