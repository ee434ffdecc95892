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
