//! Objects in a folder.
//!
//! `files/…` and `users/…` hold the published objects, `staging/` those on their way in. An object is one file: its bytes, then a
//! [`trailer`] with its type, so that both are published by one rename that never overwrites.
//!
//! Writes and reads are plain blocking calls on the thread that serves the connection: moving 20,000 frames a GiB to other
//! threads costs more than the calls. The public listener has a runtime of its own for this, so that logins do not wait.

mod bury;
mod durable;
mod empty;
mod faults;
mod listing;
mod probe;
mod publish;
mod reader;
mod sizes;
mod staging;
mod sweep;
mod trailer;
mod writer;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::statvfs;
use tokio::task::JoinError;

use self::durable::{DurableFolders, sync_folder};
use self::empty::{remove_past_hours, without_empty};
use self::faults::{at, is_missing, of};
use self::listing::Listing;
use self::publish::publish;
use self::reader::{Opened, Wanted};
use self::staging::{STAGING, Staged};
use self::sweep::sweep;
use self::writer::Writer;
use super::body::receive;
use super::{NewObject, Object, ObjectInfo, ObjectKey, ObjectPrefix, PutError, StoreError, UploadBody};
use crate::types::{ByteRange, seconds_since_1970};

/// Files up to this size (bytes) are sent before it is known whether there is room: to look would cost more than it spares.
const NOT_WORTH_A_LOOK: u64 = 64 * 1024;

/// A folder of objects.
#[derive(Debug)]
pub struct DiskStore {
    root: PathBuf,
    staging: PathBuf,
    /// With it, an object is on the disk before its upload is answered.
    durable: Option<Arc<DurableFolders>>,
}

impl DiskStore {
    /// Opens the store in `root`, making the folder if there is none. With `sync` an object is on the disk before
    /// [`Store::put`](super::Store::put) answers; without, it is lost if the machine stops in the next half minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be made or written to.
    pub fn open(root: &Path, sync: bool) -> Result<Self, StoreError> {
        let durable = sync.then(Arc::default);
        // Once, or each file that is made would ask for the working directory.
        let root = &std::path::absolute(root).map_err(at("find", root))?;
        let store = Self { root: root.clone(), staging: root.join(STAGING), durable };
        let there_before = root.ancestors().find(|folder| folder.exists()).unwrap_or(root);
        // Readable by the service alone: files are handed out by capability URL, not by login on the machine.
        let mut folders = DirBuilder::new();
        folders.recursive(true).mode(0o700);
        for folder in ["files", STAGING].map(|name| root.join(name)) {
            folders.create(&folder).map_err(at("make", &folder))?;
        }
        one_volume([&root.join("files"), &store.staging])?;
        if let Some(folders) = &store.durable {
            folders.sync(root, there_before).map_err(at("sync", root))?;
        }
        store.check()?;
        Ok(store)
    }

    /// Opens the store in `root` to read from it, and makes nothing: it may be a backup, without `staging/`, or mounted read-only.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is none.
    pub fn open_for_reading(root: &Path) -> Result<Self, StoreError> {
        let root = std::path::absolute(root).map_err(at("find", root))?;
        // As long as this is there, the store is.
        let there = [STAGING, "files"].map(|name| root.join(name)).into_iter().find(|folder| folder.is_dir());
        let missing = || at("look for", &root.join("files"))(io::ErrorKind::NotFound.into());
        Ok(Self { staging: there.ok_or_else(missing)?, root, durable: None })
    }

    pub(super) async fn put(
        &self,
        key: &ObjectKey,
        new: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        self.store(key, new, body).await.map_err(|error| match error {
            PutError::Store(failed) if failed.is_full() => PutError::Full(failed),
            other => other,
        })
    }

    async fn store(&self, key: &ObjectKey, new: NewObject, body: impl UploadBody) -> Result<(), PutError> {
        let target = self.path(key);
        match target.symlink_metadata() {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            // A file where the path wants a folder is in the way, too.
            Ok(_) => return Err(PutError::Exists),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(PutError::Exists),
            Err(error) => return Err(of("look for", key)(error).into()),
        }
        let staged = self.stage(new, body).await?;
        let Some(folders) = self.durable.clone() else {
            return publish(staged, key, &target, &self.root, None);
        };
        let (published_key, root) = (key.clone(), self.root.clone());
        // One hop for each file: waiting for the disk would hold up the other connections of this thread.
        let publish = move || publish(staged, &published_key, &target, &root, Some(&folders));
        let published = tokio::task::spawn_blocking(publish).await;
        published.unwrap_or_else(|ended| Err(of("publish", key)(cancelled(ended)).into()))
    }

    /// Writes `body` and the trailer into a file that goes away again unless it is published.
    async fn stage(&self, new: NewObject, body: impl UploadBody) -> Result<Staged, PutError> {
        let (staging, size) = (&self.staging, new.size);
        self.check_room(size).map_err(at("write to", staging))?;
        let staged = Staged::create(staging).map_err(at("make a file in", staging))?;
        let mut writer = Writer::new(staged, new, self.durable.is_some());
        receive(body, size, |data| writer.write(data), at("write to", staging)).await?;
        Ok(writer.finish().map_err(at("write to", staging))?)
    }

    /// Refuses what cannot be stored before the sender sends it. Only a first look: others may be writing, too.
    fn check_room(&self, size: u64) -> io::Result<()> {
        if size <= NOT_WORTH_A_LOOK {
            return Ok(());
        }
        // Where nothing is told there may be room, and where the folder is gone, that is found out next.
        let Some(room) = statvfs(&self.staging).ok().filter(|room| room.f_blocks > 0) else { return Ok(()) };
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if size <= free {
            return Ok(());
        }
        let problem = format!("the file has {size} bytes, and {free} are free");
        Err(io::Error::new(io::ErrorKind::StorageFull, problem))
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        let opened = self.open_object(key, Wanted::Bytes)?;
        Ok(opened.map(|opened| {
            let size = opened.info.size;
            opened.into_object(key, 0..size)
        }))
    }

    pub(super) fn get_part(&self, key: &ObjectKey, range: ByteRange) -> Result<Option<Object>, StoreError> {
        let opened = self.open_object(key, Wanted::Bytes)?;
        Ok(opened.map(|opened| opened.into_object(key, range.first()..range.last() + 1)))
    }

    pub(super) fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        Ok(self.open_object(key, Wanted::Info)?.map(|opened| opened.info))
    }

    pub(super) fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {
                self.sync_removal(without_empty(&path, &self.root)).map_err(of("sync the folder of", key))
            }
            Err(error) if is_missing(&error) => self.unless_away(()),
            Err(error) => Err(of("remove", key)(error)),
        }
    }

    /// Removes the folder, which is one step for each file and one sync for all. An upload into it that is under way fails and can be
    /// tried again.
    pub(super) fn delete_all(&self, prefix: &ObjectPrefix) -> Result<(), StoreError> {
        let folder = self.root.join(prefix.0.trim_end_matches('/'));
        match fs::remove_dir_all(&folder) {
            Ok(()) => self.sync_removal(&folder).map_err(at("sync what is above", &folder)),
            Err(error) if is_missing(&error) => self.unless_away(()),
            Err(error) => Err(at("remove", &folder)(error)),
        }
    }

    fn sync_removal(&self, path: &Path) -> io::Result<()> {
        if self.durable.is_none() {
            return Ok(());
        }
        let above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        for folder in above {
            match sync_folder(folder) {
                // Somebody else has removed it as well: then the one above tells.
                Err(gone) if gone.kind() == io::ErrorKind::NotFound && folder != self.root => {}
                done => return done.map(drop),
            }
        }
        Ok(())
    }

    pub(super) fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut impl FnMut(ObjectKey) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.map_or("", ObjectKey::as_str);
        let listed = Listing { root: &self.root, after, each }.walk(&prefix.0);
        let _ = listed.map_err(at("list", &self.root))?;
        self.unless_away(())
    }

    /// On a thread of its own: each file is opened for it.
    pub(super) async fn sizes(
        &self,
        prefix: &ObjectPrefix,
        each: impl FnMut(ObjectKey, u64) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (root, prefix) = (self.root.clone(), prefix.clone());
        let listed = blocking(move || sizes::list(&root, &prefix, each)).await;
        listed.map_err(at("list", &self.root))?;
        self.unless_away(())
    }

    /// Finds out whether a store could be in `root`, which is left as it is.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn probe(root: &Path) -> Result<(), String> {
        probe::probe(root)
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        Staged::create(&self.staging).map(drop).map_err(at("make a file in", &self.staging))
    }

    /// Removes what processes that crashed have left on its way in and nobody has touched for `age`, and answers how many files. Several
    /// processes may sweep one folder, and write into it.
    pub(super) fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        remove_past_hours(&self.root.join("expiring"), seconds_since_1970());
        sweep(&self.staging, age).map_err(at("sweep", &self.staging))
    }

    fn open_object(&self, key: &ObjectKey, wanted: Wanted) -> Result<Option<Opened>, StoreError> {
        let file = match File::open(self.path(key)) {
            Ok(file) => file,
            Err(missing) if is_missing(&missing) => return self.unless_away(None),
            Err(error) => return Err(of("open", key)(error)),
        };
        let metadata = file.metadata().map_err(of("look at", key))?;
        if metadata.is_dir() {
            return Ok(None);
        }
        let opened = Opened::read(file, &metadata, wanted).map_err(of("read", key))?;
        opened.map(Some).ok_or_else(|| StoreError::Damaged { object: key.redacted() })
    }

    /// `answer`, which tells that something is not there, unless the whole store is away: then nobody knows.
    fn unless_away<T>(&self, answer: T) -> Result<T, StoreError> {
        self.staging.symlink_metadata().map(|_| answer).map_err(at("look for", &self.staging))
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }
}

/// Does what takes its time on a thread that nobody waits for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| Err(cancelled(ended)))
}

/// A panic goes on here; otherwise the process ends.
fn cancelled(ended: JoinError) -> io::Error {
    match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(cancelled) => io::Error::other(cancelled),
    }
}

/// A file gets from one to the other by a change of its name.
fn one_volume(folders: [&Path; 2]) -> Result<(), StoreError> {
    let [files, staging] = folders.map(|folder| folder.metadata().map_err(at("look at", folder)));
    if files?.dev() == staging?.dev() {
        return Ok(());
    }
    let problem = io::Error::other(format!(
        "it is on another volume than {}: mount one volume for both, at the folder above",
        folders[0].display()
    ));
    Err(at("use", folders[1])(problem))
}

#[cfg(test)]
mod tests;
