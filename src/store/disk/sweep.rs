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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::staging::Staged;
    use super::*;

    const AGE: Duration = Duration::from_mins(1);

    /// A file as a process leaves it that was killed.
    fn left(staging: &Path, random: &str) -> PathBuf {
        let path = staging.join(format!("upload-{random:0>24}"));
        let file = File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - 2 * AGE).unwrap();
        path
    }

    #[test]
    fn what_was_left_goes_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path();
        let gone = ["a", "b"].map(|name| left(staging, name));
        let living = Staged::create(staging).unwrap();
        living.file().set_modified(SystemTime::now() - 2 * AGE).unwrap();
        let young = staging.join(format!("upload-{:0>24}", "c"));
        fs::write(&young, b"a moment ago").unwrap();
        let foreign = staging.join("notes.txt");
        fs::write(&foreign, b"not ours").unwrap();
        File::open(&foreign).unwrap().set_modified(SystemTime::now() - 2 * AGE).unwrap();
        fs::create_dir(staging.join(format!("upload-{:0>24}", "d"))).unwrap();

        assert_eq!(sweep(staging, AGE).unwrap(), 2);
        assert!(gone.iter().all(|path| !path.exists()));
        assert!(young.exists() && foreign.exists());
        assert_eq!(staging.read_dir().unwrap().count(), 4);
        living.publish(&staging.join("published")).unwrap();
        assert_eq!(sweep(staging, AGE).unwrap(), 0);
    }

    #[test]
    fn what_was_published_after_the_sweep_saw_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (staging, target) = (folder.path().join("staging"), folder.path().join("published"));
        fs::create_dir(&staging).unwrap();
        let staged = Staged::create(&staging).unwrap();
        let seen = staging.read_dir().unwrap().next().unwrap().unwrap();
        staged.publish(&target).unwrap();
        remove_if_left(&seen, SystemTime::now()).unwrap_err();
        assert!(target.exists());
    }

    #[test]
    fn what_was_published_by_a_link_keeps_its_other_name() {
        let folder = tempfile::tempdir().unwrap();
        let (staging, target) = (folder.path().join("staging"), folder.path().join("published"));
        fs::create_dir(&staging).unwrap();
        // Killed between the two steps that publish where there is no renaming without overwriting.
        fs::hard_link(left(&staging, "a"), &target).unwrap();
        assert_eq!(sweep(&staging, AGE).unwrap(), 1);
        assert!(target.exists());
    }
}
