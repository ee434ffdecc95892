//! Whether a folder could be a store, without making or changing anything in it.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::{STAGING, one_volume};

/// What is wrong with a folder, with its path.
pub(super) fn probe(root: &Path) -> Result<(), String> {
    if !root.exists() {
        // It is made at the start, where that is allowed.
        let above = root.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
        let above = above.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        return writable(above)
            .map_err(|problem| format!("{} is not there and cannot be made: {problem}", root.display()));
    }
    writable(root)?;
    let parts = ["files", STAGING].map(|name| root.join(name));
    let there: Vec<_> = parts.iter().filter(|part| part.exists()).collect();
    there.iter().try_for_each(|part| writable(part))?;
    match there[..] {
        [files, staging] => one_volume([files, staging]).map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

fn writable(folder: &Path) -> Result<(), String> {
    let place = folder.display();
    if !folder.is_dir() {
        return Err(format!("{place} is no folder"));
    }
    access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("{place} cannot be written to: {}", io::Error::from(error)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_looked_at_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b");
        probe(&root).unwrap();
        assert!(!root.exists());
        fs::create_dir_all(root.join("files")).unwrap();
        probe(&root).unwrap();
        fs::write(root.join(STAGING), "").unwrap();
        assert!(probe(&root).unwrap_err().ends_with("is no folder"));
        assert!(probe(&root.join(STAGING).join("c")).is_err());
    }
}
