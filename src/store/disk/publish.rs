//! Makes a staged file visible: durable first, then in one step, never over another.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::durable::DurableFolders;
use super::faults::of;
use super::staging::{STAGING, Staged};
use crate::store::{ObjectKey, PutError};

/// So often a folder is made that somebody else removes.
const TRIES: u32 = 10;

/// Publishes the staged file as `target`, below `root`. With `durable` the file, its name and every folder on the way to it are
/// on the disk when this returns.
pub(super) fn publish(
    staged: Staged,
    key: &ObjectKey,
    target: &Path,
    root: &Path,
    durable: Option<&DurableFolders>,
) -> Result<(), PutError> {
    let parent = target.parent().unwrap_or(root);
    if durable.is_some() {
        staged.file().sync_all().map_err(of("sync", key))?;
    }
    match place(staged, target, parent, &root.join(STAGING)) {
        Ok(()) => {}
        Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => return Err(PutError::Exists),
        Err(error) => return Err(of("publish", key)(error).into()),
    }
    if let Some(folders) = durable {
        folders.sync(parent, root).map_err(|error| {
            // Not durable, so not there: the upload can be tried again.
            drop(fs::remove_file(target));
            of("sync the folder of", key)(error)
        })?;
    }
    Ok(())
}

/// Names the staged file, in a folder that somebody else may remove as long as it is empty.
fn place(mut staged: Staged, target: &Path, parent: &Path, staging: &Path) -> io::Result<()> {
    let mut tries = 1;
    loop {
        let error = match make_folders(parent, staging) {
            Err(error) => error,
            Ok(()) => match staged.publish(target) {
                Ok(()) => return Ok(()),
                Err((again, error)) => {
                    staged = again;
                    error
                }
            },
        };
        if error.kind() != io::ErrorKind::NotFound || tries == TRIES {
            return Err(error);
        }
        tries += 1;
    }
}

/// Makes `folder` and those above it, the deepest first, because that is mostly the only one that is missing. Nothing is made where
/// the store is not: an empty mount point stays empty.
fn make_folders(folder: &Path, staging: &Path) -> io::Result<()> {
    match make_folder(folder) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            staging.symlink_metadata()?;
            make_folders(folder.parent().ok_or(missing)?, staging)?;
            make_folder(folder)
        }
        made => made,
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}
