//! What of a folder is taken, and what is left out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::{DirEntry, WalkDir};

use super::folder::PeerFolder;
use crate::store::ObjectKey;
use crate::types::{ObjectPath, PathError, seconds_since_1970};

/// A file that has a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name in a store.
    pub key: ObjectKey,
    /// Its length in bytes.
    pub size: u64,
}

/// Something that is not taken.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", shortened(.path))]
pub struct LeftOut {
    /// Where it lies in the folder.
    path: PathBuf,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("its name is not UTF-8, so that no URL leads to it")]
    Name,
    #[error("{0}, so that it is not the path of a slot")]
    Path(#[from] PathError),
    #[error("was changed a moment ago and may still be on its way: import once more")]
    Young,
    #[error("is older than files are to be kept")]
    Over,
    #[error("is a thumbnail without a URL of its own")]
    Thumbnail,
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// Whoever knows all of a path may fetch the file.
fn shortened(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let Some((_name, folders)) = parts.split_last().filter(|(_, folders)| !folders.is_empty()) else {
        return format!("{}", path.display());
    };
    let begins = folders.iter().map(|part| part.chars().take(6).collect::<String>() + "…");
    begins.collect::<Vec<_>>().join("/")
}

impl PeerFolder {
    /// All files below the folder, in the order of their names. Links are looked at and not walked into.
    pub fn entries(&self) -> impl Iterator<Item = Result<Found, LeftOut>> {
        let walk = WalkDir::new(&self.root).min_depth(1).sort_by_file_name().into_iter();
        let kept = walk.filter_entry(|entry| !self.is_internal(entry));
        kept.filter_map(|entry| match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) => Some(self.judge(entry.path())),
            Err(error) => {
                let path = error.path().map(|path| self.relative(path)).unwrap_or_default();
                Some(Err(LeftOut { path, why: Why::Unreadable(error.into()) }))
            }
        })
    }

    fn is_internal(&self, entry: &DirEntry) -> bool {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 1 && entry.file_type().is_dir() && self.peer.is_internal(&name)
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    fn judge(&self, path: &Path) -> Result<Found, LeftOut> {
        let relative = self.relative(path);
        self.found(path, &relative).map_err(|why| LeftOut { path: relative, why })
    }

    fn found(&self, path: &Path, relative: &Path) -> Result<Found, Why> {
        let slot = ObjectPath::from_decoded(relative.to_str().ok_or(Why::Name)?)?;
        let (_file, metadata) = self.open_within(path)?;
        if self.peer.is_thumbnail(path) {
            return Err(Why::Thumbnail);
        }
        let now = SystemTime::now();
        let modified = metadata.modified()?;
        let age = now.duration_since(modified).unwrap_or_else(|ahead| ahead.duration());
        if age < self.terms.settled {
            return Err(Why::Young);
        }
        if self.terms.deadline(modified).is_some_and(|deadline| deadline <= seconds_since_1970()) {
            return Err(Why::Over);
        }
        Ok(Found { key: ObjectKey::file(&self.vhost, &slot), size: metadata.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_enough_is_told_to_find_it_and_too_little_to_fetch_it() {
        for (path, told) in [
            ("0123456789/abcdefghij/name", "012345…/abcdef…"),
            ("\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}/name", "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}…"),
            ("flat", "flat"),
        ] {
            assert_eq!(shortened(Path::new(path)), told);
        }
    }
}
