//! Removes what crashed processes have left in `staging/`, and nothing that a living one writes.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::staging::{is_staged, lock};

/// Removes the files in `staging` that nobody has touched for `age` and nobody holds, and answers how many.
///
/// The age leaves a process the moment that it needs to lock the file it has made. Between the lock and the removal nothing can go wrong:
/// a file whose lock can be had is not written any more, so either its process is gone, or it was published just now. Then its name here
/// is gone, and since no name is given twice, there is nothing to remove. Should a lock not hold (a network file system that keeps locks
/// on each machine apart), an upload that was silent for as long as `age` cannot be published and is answered with an error: a published
/// file has no name here, so it is never in danger.
pub(super) fn sweep(staging: &Path, age: Duration) -> io::Result<usize> {
    let long_ago = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut removed = 0;
    for entry in fs::read_dir(staging)? {
        // Whatever is wrong with one file, another sweep of it among others, is no reason to keep the rest.
        removed += usize::from(entry.and_then(|entry| remove_if_left(&entry, long_ago)).unwrap_or(false));
    }
    Ok(removed)
}

fn remove_if_left(entry: &DirEntry, long_ago: SystemTime) -> io::Result<bool> {
    if !is_staged(&entry.file_name()) {
        return Ok(false);
    }
    let metadata = entry.metadata()?;
    if !metadata.is_file() || metadata.modified()? > long_ago {
        return Ok(false);
    }
    // NFS locks only what is open for writing.
    let file = File::options().write(true).open(entry.path())?;
    lock(&file)?;
    fs::remove_file(entry.path())?;
    Ok(true)
}
