//! How long the objects in a folder are, without what a file has beside the object.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::is_missing;
use super::listing::{Listing, about};
use super::trailer::{TAIL_BYTES, size_before};
use crate::store::{ObjectKey, ObjectPrefix};

/// Hands each object below `prefix` to `each`, with its length. Nothing is known if a folder cannot be read, or what is in it not be looked at; one
/// file that cannot be read is a damaged one.
pub(super) fn list(
    root: &Path,
    prefix: &ObjectPrefix,
    mut each: impl FnMut(ObjectKey, u64),
) -> io::Result<()> {
    let mut failed = None;
    let mut look = |key: ObjectKey| match size(&root.join(key.as_str())) {
        Ok(size) => {
            each(key, size);
            ControlFlow::Continue(())
        }
        // Removed a moment ago.
        Err(error) if is_missing(&error) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(about(&key, &error));
            ControlFlow::Break(())
        }
    };
    let _ = Listing { root, after: "", each: &mut look }.walk(&prefix.0)?;
    failed.map_or(Ok(()), Err)
}

/// The object's length. One that cannot be read counts with all that its file takes.
fn size(path: &Path) -> io::Result<u64> {
    match File::open(path).and_then(|file| size_told(&file)) {
        Err(error) if !is_missing(&error) => Ok(path.symlink_metadata()?.len()),
        told => told,
    }
}

/// As the end of the file tells it; a damaged one counts as it is.
fn size_told(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let Some(tail_at) = length.checked_sub(TAIL_BYTES as u64) else { return Ok(length) };
    let mut tail = [0; TAIL_BYTES];
    file.read_exact_at(&mut tail, tail_at)?;
    Ok(size_before(tail, length).unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::NewObject;
    use crate::store::disk::trailer::Trailer;
    use crate::types::{ContentType, parse_vhost};

    fn listed(root: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut listed = Vec::new();
        let prefix = ObjectPrefix::files_at(&parse_vhost("localhost").unwrap());
        list(root, &prefix, |key, size| {
            listed.push((key.as_str().rsplit('/').next().unwrap().to_owned(), size));
        })?;
        Ok(listed)
    }

    fn folder(root: &Path) -> std::path::PathBuf {
        let folder = root.join("files/localhost/hash/random");
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_cannot_be_read_counts_with_all_that_it_takes() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let trailer = Trailer::new(&NewObject::lasting(4, ContentType::unknown())).encode(4);
        fs::write(folder.join("a"), [b"data", &trailer[..]].concat()).unwrap();
        fs::write(folder.join("b-cut"), [b"data", &trailer[1..]].concat()).unwrap();
        fs::write(folder.join("c-short"), b"x").unwrap();
        // It can be looked at and not opened, whoever the tests are run by.
        symlink("d-loop", folder.join("d-loop")).unwrap();
        fs::write(folder.join("e"), [b"data", &trailer[..]].concat()).unwrap();
        let told = listed(root.path()).unwrap();
        let told: Vec<_> = told.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let cut = 3 + trailer.len() as u64;
        assert_eq!(told, [("a", 4), ("b-cut", cut), ("c-short", 1), ("d-loop", 6), ("e", 4)]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_told_without_the_names_in_it() {
        let root = tempfile::tempdir().unwrap();
        folder(root.path());
        // Longer than any name can be: an error that root gets as well.
        let unreadable = ObjectPrefix(format!("files/localhost/hash/{}/", "x".repeat(300)));
        let error = list(root.path(), &unreadable, |_, _| {}).unwrap_err().to_string();
        assert!(error.starts_with("files/localhost/hash/xxxxxx…: "), "{error}");
        let missing = ObjectPrefix("files/localhost/missing/".to_owned());
        list(root.path(), &missing, |_, _| {}).unwrap();
    }
}
