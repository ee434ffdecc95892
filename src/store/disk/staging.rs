//! Files on their way in.
//!
//! Each is a file of its own in `staging/`, locked by the process that writes it for as long as it does. The system lets go of the lock
//! when the process ends, in whatever way: what somebody else can lock was left behind, and is for the [`sweep`](mod@super::sweep).
//!
//! A file without a name (`O_TMPFILE`) would need no sweep, but NFS has none.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempPath;

/// The folder, below the store's own. It is made when the store is opened and never again: where it is not, the store is not.
pub(super) const STAGING: &str = "staging";
/// What the names begin with.
const PREFIX: &str = "upload-";
/// As many letters and digits follow. Enough of them that no name is ever given twice.
const RANDOM_CHARS: usize = 24;

/// A file that goes away again unless it is published.
#[derive(Debug)]
pub(super) struct Staged {
    // Before the file: the name goes while the lock is held.
    path: TempPath,
    file: File,
}

impl Staged {
    /// Makes an empty file in the folder `staging`.
    pub(super) fn create(staging: &Path) -> io::Result<Self> {
        let named = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM_CHARS).tempfile_in(staging)?;
        let (file, path) = named.into_parts();
        // Where there are no locks the sweep gets none either, and removes nothing.
        drop(lock(&file));
        Ok(Self { path, file })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file the name `target`, in one step and never over another. It is locked until it has no name in `staging` any more. If that fails, it
    /// can be tried again.
    pub(super) fn publish(self, target: &Path) -> Result<(), (Self, io::Error)> {
        let Self { path, file } = self;
        path.persist_noclobber(target).map_err(|refused| (Self { path: refused.path, file }, refused.error))
    }

    /// The same, in the place of whatever has that name.
    pub(super) fn replace(self, target: &Path) -> io::Result<()> {
        self.path.persist(target).map_err(|refused| refused.error)
    }
}

/// Whether a file of this name may be one of [`Staged`].
pub(super) fn is_staged(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM_CHARS && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Locks the file without waiting, until it is closed.
pub(super) fn lock(file: &File) -> io::Result<()> {
    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_locked_until_it_is_published_and_gone_if_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::create(folder.path()).unwrap();
        let path = staged.path.to_path_buf();
        assert!(is_staged(path.file_name().unwrap()), "{}", path.display());
        let other = File::open(&path).unwrap();
        lock(&other).unwrap_err();
        staged.publish(&folder.path().join("published")).unwrap();
        lock(&other).unwrap();

        drop(Staged::create(folder.path()).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "only what was published");
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in ["upload-", "upload-short", "upload-0123456789abcdef0123456/", "lost+found", ".nfs0001"] {
            assert!(!is_staged(OsStr::new(name)), "{name}");
        }
    }
}
