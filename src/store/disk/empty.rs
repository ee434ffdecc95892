//! Folders that are of no use any more.

use std::fs;
use std::path::Path;

/// Removes the folder that a slot had to itself, once it is empty, and answers what was removed last: a file of a slot, or else its folder. An upload
/// to the slot that is just being published there fails, and can be tried again. Other folders are shared, and stay.
pub(super) fn without_empty<'path>(path: &'path Path, root: &Path) -> &'path Path {
    let slot = path.parent().filter(|folder| folder.strip_prefix(root).is_ok_and(is_of_slot));
    slot.filter(|slot| fs::remove_dir(slot).is_ok()).unwrap_or(path)
}

/// `files/<vhost>/<user>/<random>` or, where the path of a slot names no user, `files/<vhost>/<random>`.
fn is_of_slot(folder: &Path) -> bool {
    folder.starts_with("files") && matches!(folder.components().count(), 3 | 4)
}

/// Removes what is empty of the folders for hours that are over: nothing is written into those any more.
pub(super) fn remove_past_hours(folder: &Path, now: u64) {
    let last = (now / 3600).saturating_sub(1);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let hour = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
        if hour.is_some_and(|hour| hour < last) {
            // Not yet, if something is left there.
            drop(fs::remove_dir(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(root: &Path, path: &str) -> std::path::PathBuf {
        let folder = root.join(path);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn only_an_empty_folder_of_a_slot_goes_wherever_the_store_is() {
        let above = tempfile::tempdir().unwrap();
        for root in [above.path().join("store"), above.path().join("files/x"), above.path().join("files/x/y")]
        {
            for slot in ["files/a.org/hash/random", "files/a.org/uuid"] {
                let slot = folder(&root, slot);
                let (removed, other) = (slot.join("removed"), slot.join("other"));
                fs::write(&other, b"").unwrap();
                assert_eq!(without_empty(&removed, &root), removed);
                fs::remove_file(&other).unwrap();
                assert_eq!(without_empty(&removed, &root), slot);
                assert!(!slot.exists() && slot.parent().unwrap().exists());
            }
            for shared in ["users", "users/2026", "expiring/00000001", "tombs", "pointers/a.org/hash/5/uuid"]
            {
                let shared = folder(&root, shared);
                let removed = shared.join("removed");
                assert_eq!(without_empty(&removed, &root), removed);
                assert!(shared.exists());
            }
        }
    }

    #[test]
    fn hours_that_are_over_go_once_they_are_empty() {
        let root = tempfile::tempdir().unwrap();
        let [past, full, last, now, other] =
            ["00000007", "00000008", "00000009", "00000010", "notes"].map(|name| folder(root.path(), name));
        fs::write(full.join("entry"), b"").unwrap();
        remove_past_hours(root.path(), 10 * 3600 + 5);
        assert!(!past.exists());
        assert!(full.exists() && last.exists() && now.exists() && other.exists());
    }
}
