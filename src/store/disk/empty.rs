//! Folders that are of no use any more.

use std::fs;
use std::path::Path;

/// Removes the folder that a slot had to itself, once it is empty, and answers what was removed last: a file of a slot, or else its folder. An upload
/// to the slot that is just being published there fails, and can be tried again. Other folders are shared, and stay.
pub(super) fn without_empty(path: &Path) -> &Path {
    let below_files = |slot: &&Path| slot.ancestors().skip(2).take(2).any(|above| above.ends_with("files"));
    let slot = path.parent().filter(below_files);
    slot.filter(|slot| fs::remove_dir(slot).is_ok()).unwrap_or(path)
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
    fn only_an_empty_folder_of_a_slot_goes() {
        let root = tempfile::tempdir().unwrap();
        for slot in ["files/a.org/hash/random", "files/a.org/uuid"] {
            let slot = folder(root.path(), slot);
            let (removed, other) = (slot.join("removed"), slot.join("other"));
            fs::write(&other, b"").unwrap();
            assert_eq!(without_empty(&removed), removed);
            fs::remove_file(&other).unwrap();
            assert_eq!(without_empty(&removed), slot);
            assert!(!slot.exists() && slot.parent().unwrap().exists());
        }
        for shared in ["users/2026", "expiring/00000001", "tombs"] {
            let shared = folder(root.path(), shared);
            let removed = shared.join("removed");
            assert_eq!(without_empty(&removed), removed);
            assert!(shared.exists());
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
