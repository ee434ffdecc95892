//! Objects in a folder.
//!
//! `files/…` and `users/…` hold the published objects, `staging/` those on their way in. An object is one file: its bytes, then a
//! [`trailer`] with its type, so that both are published by one rename that never overwrites.
//!
//! Writes and reads are plain blocking calls on the thread that serves the connection: moving 20,000 frames a GiB to other
//! threads costs more than the calls. The public listener has a runtime of its own for this, so that logins do not wait.

mod listing;
mod publish;
mod reader;
mod trailer;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use http_body_util::BodyExt as _;
use tempfile::{NamedTempFile, TempPath};

use self::listing::Listing;
use self::publish::{publish, sync_folder, sync_folders};
use self::reader::FileBody;
use self::trailer::Trailer;
use super::body::receive;
use super::{NewObject, Object, ObjectInfo, ObjectKey, ObjectPrefix, PutError, StoreError, UploadBody};
use crate::types::ByteRange;

/// A folder of objects.
#[derive(Debug)]
pub struct DiskStore {
    root: PathBuf,
    staging: PathBuf,
    sync: bool,
}

impl DiskStore {
    /// Opens the store in `root`, making the folder if there is none. With `sync` an object is on the disk before
    /// [`Store::put`](super::Store::put) answers; without, it is lost if the machine stops in the next half minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be made or written to.
    pub fn open(root: &Path, sync: bool) -> Result<Self, StoreError> {
        let store = Self { root: root.to_owned(), staging: root.join("staging"), sync };
        let there_before = root.ancestors().find(|folder| folder.exists()).unwrap_or(root);
        make_folder(&store.root.join("files")).map_err(at("make", root))?;
        make_folder(&store.staging).map_err(at("make", &store.staging))?;
        if sync {
            sync_folders(root, there_before).map_err(at("sync", root))?;
        }
        store.check()?;
        Ok(store)
    }

    pub(super) async fn put(
        &self,
        key: &ObjectKey,
        new: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        let target = self.path(key);
        match target.symlink_metadata() {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            // A file where the path wants a folder is in the way, too.
            Ok(_) => return Err(PutError::Exists),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(PutError::Exists),
            Err(error) => return Err(of("look for", key)(error).into()),
        }
        let staged = self.stage(&new, body).await?;
        let (key, root, sync) = (key.clone(), self.root.clone(), self.sync);
        // One hop for each file: waiting for the disk would hold up the other connections of this thread.
        let published =
            tokio::task::spawn_blocking(move || publish(staged, &key, &target, &root, sync)).await;
        published.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        let Some((file, info)) = self.open_object(key)? else { return Ok(None) };
        let body = FileBody::new(file, key.clone(), 0..info.size).boxed_unsync();
        Ok(Some(Object { info, body }))
    }

    pub(super) fn get_part(&self, key: &ObjectKey, range: ByteRange) -> Result<Option<Object>, StoreError> {
        let Some((file, info)) = self.open_object(key)? else { return Ok(None) };
        let body = FileBody::new(file, key.clone(), range.first()..range.last() + 1).boxed_unsync();
        Ok(Some(Object { info, body }))
    }

    pub(super) fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        Ok(self.open_object(key)?.map(|(_, info)| info))
    }

    pub(super) fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => self.sync_removal(&path).map_err(of("sync the folder of", key)),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(of("remove", key)(error)),
        }
    }

    /// Removes the folder, which is one step for each file and one sync for all. An upload into it that is under way fails and can be
    /// tried again.
    pub(super) fn delete_all(&self, prefix: &ObjectPrefix) -> Result<(), StoreError> {
        let folder = self.root.join(prefix.0.trim_end_matches('/'));
        match fs::remove_dir_all(&folder) {
            Ok(()) => self.sync_removal(&folder).map_err(at("sync what is above", &folder)),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(at("remove", &folder)(error)),
        }
    }

    fn sync_removal(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        if self.sync { sync_folder(folder) } else { Ok(()) }
    }

    pub(super) fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut impl FnMut(ObjectKey),
    ) -> Result<(), StoreError> {
        let after = after.map_or("", ObjectKey::as_str);
        Listing { root: &self.root, after, each }.walk(&prefix.0).map_err(at("list", &self.root))
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        tempfile::tempfile_in(&self.staging).map(drop).map_err(at("write to", &self.staging))
    }

    /// Writes `body` and the trailer into a file that goes away again unless it is published.
    async fn stage(&self, new: &NewObject, body: impl UploadBody) -> Result<(File, TempPath), PutError> {
        let staging = &self.staging;
        let staged = NamedTempFile::new_in(staging).map_err(at("make a file in", staging))?;
        let (mut file, path) = staged.into_parts();
        receive(body, new.size, |data| file.write_all(data), at("write to", staging)).await?;
        let trailer = Trailer::new(new.content_type.clone());
        file.write_all(&trailer.encode(new.size)).map_err(at("write to", staging))?;
        Ok((file, path))
    }

    fn open_object(&self, key: &ObjectKey) -> Result<Option<(File, ObjectInfo)>, StoreError> {
        let file = match File::open(self.path(key)) {
            Ok(file) => file,
            Err(missing) if is_missing(&missing) => return Ok(None),
            Err(error) => return Err(of("open", key)(error)),
        };
        let metadata = file.metadata().map_err(of("look at", key))?;
        if metadata.is_dir() {
            return Ok(None);
        }
        let found = Trailer::read(&file, metadata.len()).map_err(of("read", key))?;
        let (trailer, size) = found.ok_or_else(|| StoreError::Damaged { object: key.redacted() })?;
        Ok(Some((file, trailer.into_info(size))))
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }
}

/// Readable by the service alone: files are handed out by capability URL, not by login on the machine.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// No such file, or a file where a folder would have to be.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What went wrong with a folder of the store.
fn at(action: &'static str, folder: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Disk { action, place: folder.display().to_string(), source }
}

/// What went wrong with an object.
fn of(action: &'static str, key: &ObjectKey) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Disk { action, place: key.redacted(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use http_body_util::Full;

    use super::*;
    use crate::types::{ContentType, ObjectPath, parse_vhost};

    fn key(path: &str) -> ObjectKey {
        ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse(path).unwrap())
    }

    async fn store_with(path: &str) -> (tempfile::TempDir, DiskStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(&folder.path().join("new/store"), true).unwrap();
        let object = NewObject { size: 4, content_type: ContentType::unknown() };
        store.put(&key(path), object, Full::from("data")).await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn a_folder_is_no_object() {
        let (_folder, store) = store_with("a/b/c").await;
        assert!(store.head(&key("a/b")).unwrap().is_none());
        assert!(store.head(&key("a/b/c")).unwrap().is_some());
    }

    #[tokio::test]
    async fn what_is_in_the_way_of_a_path_is_not_touched() {
        let (_folder, store) = store_with("a/b").await;
        for path in ["a/b/c", "a/b"] {
            let object = NewObject { size: 4, content_type: ContentType::unknown() };
            let put = store.put(&key(path), object, Full::from("more")).await;
            assert!(matches!(put, Err(PutError::Exists)), "{path}: {put:?}");
        }
        let (_folder, store) = store_with("a/b/c").await;
        let object = NewObject { size: 4, content_type: ContentType::unknown() };
        let put = store.put(&key("a/b"), object, Full::from("more")).await;
        assert!(matches!(put, Err(PutError::Exists)), "{put:?}");
    }

    #[tokio::test]
    async fn of_two_processes_one_publishes() {
        let folder = tempfile::tempdir().unwrap();
        let stores = [(); 2].map(|()| DiskStore::open(folder.path(), true).unwrap());
        for round in 0..20 {
            let key = key(&format!("a/{round}/c"));
            let put = |store: usize| {
                let object = NewObject { size: 4, content_type: ContentType::unknown() };
                stores[store].put(&key, object, Full::from("data"))
            };
            let outcomes = tokio::join!(put(0), put(1));
            let won = [outcomes.0.is_ok(), outcomes.1.is_ok()];
            assert!(won[0] != won[1], "{round}: {won:?}");
        }
        assert_eq!(stores[0].staging.read_dir().unwrap().count(), 0, "the loser's file is gone");
    }

    #[tokio::test]
    async fn a_file_that_was_changed_is_not_served() {
        let (_folder, store) = store_with("a/random-part/c").await;
        fs::OpenOptions::new()
            .append(true)
            .open(store.path(&key("a/random-part/c")))
            .unwrap()
            .write_all(b"x")
            .unwrap();
        let damaged = store.get(&key("a/random-part/c")).unwrap_err();
        assert!(
            matches!(&damaged, StoreError::Damaged { object } if object == "files/localhost/a/random…"),
            "{damaged}"
        );
    }

    #[tokio::test]
    async fn files_and_folders_are_the_services_own() {
        let (_folder, store) = store_with("a/b/c").await;
        let path = store.path(&key("a/b/c"));
        for path in [path.as_path(), path.parent().unwrap(), &store.staging] {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let file = NamedTempFile::new().unwrap();
        let refused = DiskStore::open(&file.path().join("store"), true).unwrap_err().to_string();
        assert!(refused.contains(file.path().to_str().unwrap()), "{refused}");
    }
}
