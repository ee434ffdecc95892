//! Folders on the disk.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// A folder and no other, even if it is removed and made anew: file systems give the numbers of what was removed to what is new.
type Identity = (u64, u64, SystemTime);

/// So many are remembered; then it begins again.
const REMEMBERED: usize = 16 * 1024;

/// Syncs folders, and remembers those whose own way down from the root is on the disk: to sync an unchanged folder is to wait until the
/// disk has emptied its cache, and a file lies four folders deep.
#[derive(Debug, Default)]
pub(super) struct DurableFolders(Mutex<HashSet<Identity>>);

impl DurableFolders {
    /// Syncs `folder` and those above it up to `root`. That somebody else made one of them does not mean that he has synced it yet, so
    /// only those count that were synced from here.
    pub(super) fn sync(&self, folder: &Path, root: &Path) -> io::Result<()> {
        let mut synced = Vec::new();
        for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
            let Some(identity) = sync_folder(folder).map(|metadata| identity(&metadata))? else { continue };
            if self.known().contains(&identity) {
                break;
            }
            synced.push(identity);
        }
        let mut known = self.known();
        if known.len() + synced.len() > REMEMBERED {
            known.clear();
        }
        known.extend(synced);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Identity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` where the file system does not tell when a folder was made.
fn identity(metadata: &Metadata) -> Option<Identity> {
    Some((metadata.dev(), metadata.ino(), metadata.created().ok()?))
}

/// Syncs the names in `folder`.
pub(super) fn sync_folder(folder: &Path) -> io::Result<Metadata> {
    let folder = File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    folder.sync_all()?;
    folder.metadata()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_was_made_anew_is_not_known() {
        let root = tempfile::tempdir().unwrap();
        let (user, slot) = (root.path().join("user"), root.path().join("user/slot"));
        fs::create_dir_all(&slot).unwrap();
        let folders = DurableFolders::default();
        folders.sync(&slot, root.path()).unwrap();
        let identity = || identity(&user.metadata().unwrap());
        let Some(before) = identity() else { return };
        assert!(folders.known().contains(&before));

        // Clocks of file systems tick slowly.
        while identity() == Some(before) {
            fs::remove_dir_all(&user).unwrap();
            fs::create_dir_all(&slot).unwrap();
        }
        let after = identity().unwrap();
        assert!(!folders.known().contains(&after));
        folders.sync(&slot, root.path()).unwrap();
        assert!(folders.known().contains(&after));
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        DurableFolders::default().sync(&root.path().join("gone"), root.path()).unwrap_err();
    }
}
