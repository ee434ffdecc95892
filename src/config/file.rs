//! The configuration file itself.

use std::path::{Path, PathBuf};

use super::watched::WatchedFile;

/// Where the configuration is read from, and read again.
#[derive(Debug, Default)]
pub struct ConfigFile {
    path: Option<PathBuf>,
    watched: Option<WatchedFile>,
}

impl ConfigFile {
    /// No path means the embedded defaults. With `watch`, a change from now on is noticed.
    #[must_use]
    pub fn new(path: Option<PathBuf>, watch: bool) -> Self {
        let mut watched = path.clone().filter(|_| watch).map(WatchedFile::new);
        if let Some(file) = &mut watched {
            // A file that cannot be read is told by whoever loads it.
            drop(file.read("config"));
        }
        Self { path, watched }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether it is another one now, and stays so; never where it is not watched.
    pub fn changed(&mut self) -> bool {
        self.watched.as_mut().is_some_and(|file| file.changed().is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn changes_where_it_is_watched_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sidecar.toml");
        fs::write(&path, "one").unwrap();
        let files = [true, false].map(|watch| ConfigFile::new(Some(path.clone()), watch));
        fs::write(&path, "two").unwrap();
        let told = files.map(|mut file| [(); 3].map(|()| file.changed()));
        assert_eq!(told, [[false, true, false], [false; 3]]);
    }
}
