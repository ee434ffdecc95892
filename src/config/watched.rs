//! Small files that are read again when they change.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Far more than a key set or a list of users has.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A file, and what it held when it was read last.
pub struct WatchedFile {
    path: PathBuf,
    last: Option<Vec<u8>>,
    /// What it held when it was looked at last.
    next: Option<Vec<u8>>,
}

/// Without what it holds, which may be a private key.
impl fmt::Debug for WatchedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl WatchedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, last: None, next: None }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it for the first time; `key` is the setting that names it.
    pub(super) fn read(&mut self, key: &str) -> Result<Vec<u8>, ConfigError> {
        let bytes = read_small(&self.path, key)?;
        self.last = Some(bytes.clone());
        self.next = self.last.clone();
        Ok(bytes)
    }

    /// What it held when it was first read, or when a change was told last; `None` if that was that it cannot be read.
    pub(super) fn held(&self) -> Option<&[u8]> {
        self.last.as_deref()
    }

    /// What it holds now, if that is something else than before and was so twice: it may just be in the middle of being written. An
    /// error is told once, too, and not each time.
    ///
    /// The bytes are compared, and not the time of the change: a mounted file is exchanged without one.
    pub fn changed(&mut self) -> Option<io::Result<Vec<u8>>> {
        let read = read(&self.path);
        let now = read.as_ref().ok().cloned();
        let stays = self.next == now;
        self.next.clone_from(&now);
        if now == self.last || !stays {
            return None;
        }
        self.last = now;
        Some(read)
    }
}

/// Reads a small file; `key` is the setting that names it.
pub(super) fn read_small(path: &Path, key: &str) -> Result<Vec<u8>, ConfigError> {
    read(path).map_err(|error| ConfigError::at(key, format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("is above {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn tells_each_change_once_and_when_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let mut file = WatchedFile::new(path.clone());
        assert!(file.read("setting").unwrap_err().to_string().starts_with("setting: "));

        fs::write(&path, "one").unwrap();
        assert_eq!(file.read("setting").unwrap(), b"one");
        assert!(file.changed().is_none());
        fs::write(&path, "tw").unwrap();
        assert!(file.changed().is_none(), "perhaps half written");
        fs::write(&path, "two").unwrap();
        assert!(file.changed().is_none());
        assert_eq!(file.changed().unwrap().unwrap(), b"two");
        assert!(file.changed().is_none());
        fs::remove_file(&path).unwrap();
        assert!(file.changed().is_none());
        assert!(file.changed().unwrap().is_err());
        assert!(file.changed().is_none());
        fs::write(&path, "one").unwrap();
        assert!(file.changed().is_none());
        fs::write(&path, "two").unwrap();
        assert!(file.changed().is_none());
        assert_eq!(file.changed().unwrap().unwrap(), b"two");
    }
}
