//! Whether a folder could be a store, without making or changing anything in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::STAGING;

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
    let mut volumes = Vec::new();
    for part in &parts {
        match fs::metadata(part) {
            Ok(metadata) => {
                writable(part)?;
                volumes.push(metadata.dev());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{}: {error}", part.display())),
        }
    }
    if let [files, staging] = volumes[..]
        && files != staging
    {
        let [files, staging] = parts.map(|part| part.display().to_string());
        return Err(format!(
            "{files} and {staging} are on two volumes: a file could not be moved from one to the other"
        ));
    }
    Ok(())
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
