//! Folders that are of no use any more.

use std::fs;
use std::path::Path;

/// Removes the folders that an object had to itself, once they are empty, and answers what was removed last: the object, or else a folder above it.
/// Whoever is publishing there at this moment makes them anew. Other folders are shared, and stay.
pub(super) fn without_empty<'path>(path: &'path Path, root: &Path) -> &'path Path {
    let below_root = path.strip_prefix(root).unwrap_or(path);
    let most = if below_root.starts_with("pointers") { usize::MAX } else { 1 };
    let own = path.ancestors().skip(1).take(most);
    let own = own.take_while(|folder| folder.strip_prefix(root).is_ok_and(is_own));
    own.take_while(|folder| fs::remove_dir(folder).is_ok()).last().unwrap_or(path)
}

/// `files/<vhost>/<user>/<random>` or, where the path of a slot names no user, `files/<vhost>/<random>`; and what is below
/// `pointers/<vhost>/<user>`.
fn is_own(folder: &Path) -> bool {
    let depth = folder.components().count();
    (folder.starts_with("files") && matches!(depth, 3 | 4)) || (folder.starts_with("pointers") && depth > 3)
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
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;
    use crate::store::{DiskStore, ObjectKey, Store};
    use crate::types::{ContentType, ObjectPath, UserHash, parse_vhost};

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
            for shared in ["users", "users/2026", "expiring/00000001", "tombs", "pointers/a.org/hash"] {
                let shared = folder(&root, shared);
                let removed = shared.join("removed");
                assert_eq!(without_empty(&removed, &root), removed);
                assert!(shared.exists());
            }
        }
    }

    #[test]
    fn of_a_pointer_no_folder_below_its_user_stays() {
        let root = tempfile::tempdir().unwrap();
        let (here, there) = ("pointers/a.org/hash/5/uuid", "pointers/a.org/hash/5/other");
        let (here, there) = (folder(root.path(), here), folder(root.path(), there));
        assert_eq!(without_empty(&here.join("removed"), root.path()), here);
        assert_eq!(without_empty(&there.join("removed"), root.path()), there.parent().unwrap());
        assert!(root.path().join("pointers/a.org/hash").exists());
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn pointers_of_a_user_come_and_go_at_once_and_leave_no_folder() {
        for (sync, times) in [(true, 20), (false, 500)] {
            come_and_go(sync, times).await;
        }
    }

    async fn come_and_go(sync: bool, times: u32) {
        let folder = tempfile::tempdir().unwrap();
        let disk = DiskStore::open(folder.path(), sync).unwrap();
        let store = Arc::new(Store::Disk(disk));
        let owner: UserHash = "9637f279e87dc3aba7eb582ceceaa621fa695865".parse().unwrap();
        let mut tasks = JoinSet::new();
        for path in ["a/name", "a/other", "b/name", "c/name"] {
            let (path, vhost) = (ObjectPath::parse(path).unwrap(), parse_vhost("localhost").unwrap());
            let (store, pointer) = (Arc::clone(&store), ObjectKey::pointer(&vhost, owner, 5, &path));
            tasks.spawn(async move {
                for _ in 0..times {
                    store.note(&pointer, ContentType::unknown(), String::new()).await.unwrap();
                    assert!(store.head(&pointer).await.unwrap().is_some());
                    store.delete(&pointer).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        let user = folder.path().join("pointers/localhost").join(owner.to_string());
        assert_eq!(user.read_dir().unwrap().count(), 0);
    }
}
