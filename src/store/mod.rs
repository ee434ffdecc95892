//! Where files lie: a closed set of backends with one behaviour, held by `tests/store_conformance.rs`.
//!
//! The behaviour is an object store's, because that is what is hard to imitate: an object appears whole or not at all, is never
//! overwritten, and its length is known before its first byte.

mod body;
mod cause;
mod disk;
mod health;
mod joint;
mod key_locks;
mod lifetime;
mod memory;
mod s3;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
// A disk never lets its callers wait. Who asks it for one object after the other would let no other task run.
use tokio::task::coop::consume_budget;

pub use self::body::{BodyFault, UploadBody};
pub use self::cause::Cause;
pub use self::disk::DiskStore;
pub use self::health::StoreHealth;
pub use self::joint::{JointWork, Seats};
pub use self::lifetime::{Lifetime, seconds_since_1970, wait_until, within};
pub use self::memory::MemoryStore;
pub use self::s3::{
    Downloads, FirstWriter, Presigned, PresignedMethod, S3Credentials, S3Limits, S3Location, S3Store,
};
use crate::telemetry::metrics;
use crate::types::{ByteRange, ContentType, ObjectPath, UserHash, Vhost};

/// The name of an object, the same in every backend: `files/<vhost>/<path>`, `users/<entry>`, `tombs/<user>`, `expiring/<hour>/<entry>`,
/// `pointers/<vhost>/<user>/<size>/<path>`, and in a bucket `claims/<hash>/<claim>`, `probe/<number>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// What the names of some objects begin with, up to a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPrefix(String);

impl ObjectPrefix {
    /// The files of one user.
    #[must_use]
    pub fn files_of(vhost: &Vhost, owner: UserHash) -> Self {
        Self(format!("files/{vhost}/{owner}/"))
    }

    /// The files of a vhost.
    #[must_use]
    pub fn files_at(vhost: &Vhost) -> Self {
        Self(format!("files/{vhost}/"))
    }

    /// What tells of files of one user that do not lie below [`ObjectPrefix::files_of`] him.
    #[must_use]
    pub fn pointers_of(vhost: &Vhost, owner: UserHash) -> Self {
        Self(format!("pointers/{vhost}/{owner}/"))
    }

    /// What tells of files that will not be kept for ever, the first one first.
    #[must_use]
    pub fn expiring() -> Self {
        Self("expiring/".to_owned())
    }

    /// The entries of the registry of users.
    #[must_use]
    pub fn users() -> Self {
        Self("users/".to_owned())
    }

    /// What says which users were erased.
    #[must_use]
    pub fn tombs() -> Self {
        Self("tombs/".to_owned())
    }

    /// All uploaded files.
    #[must_use]
    pub fn files() -> Self {
        Self("files/".to_owned())
    }

    /// All that tells of files which do not lie below their user.
    #[must_use]
    pub fn pointers() -> Self {
        Self("pointers/".to_owned())
    }

    /// All of a store that is to last, in an order in which it can be brought to where a service is at work: what says who is erased, and whose a file is,
    /// before the files; and behind them what says when they are to go, because a sweep throws away what leads to no file.
    #[must_use]
    pub fn everything() -> [Self; 6] {
        let revoked = Self("revoked/".to_owned());
        [Self::tombs(), Self::users(), revoked, Self::pointers(), Self::files(), Self::expiring()]
    }
}

impl ObjectKey {
    /// The key of an uploaded file.
    #[must_use]
    pub fn file(vhost: &Vhost, path: &ObjectPath) -> Self {
        Self(format!("files/{vhost}/{path}"))
    }

    /// The key of an entry in the registry of users. Its parts are no file names of strangers.
    #[must_use]
    pub fn user_entry(entry: &str) -> Self {
        Self(format!("users/{entry}"))
    }

    /// The key of what says that a user was erased, and his slots with him.
    #[must_use]
    pub fn tomb(user: UserHash) -> Self {
        Self(format!("tombs/{user}"))
    }

    /// The key of what says when a file is to go: `hour` orders it, and `entry` is no file name of a stranger.
    #[must_use]
    pub fn expiring(hour: &str, entry: &str) -> Self {
        Self(format!("expiring/{hour}/{entry}"))
    }

    /// The key of what says that `owner` has a file of `size` bytes at `path`, which does not name him.
    #[must_use]
    pub fn pointer(vhost: &Vhost, owner: UserHash, size: u64, path: &ObjectPath) -> Self {
        Self(format!("pointers/{vhost}/{owner}/{size}/{path}"))
    }

    /// For an uploaded file of `vhost`, its path.
    #[must_use]
    pub fn path_at(&self, vhost: &Vhost) -> Option<&str> {
        self.0.strip_prefix("files/")?.strip_prefix(vhost.as_str())?.strip_prefix('/')
    }

    /// For a pointer, the key of its file and the file's size.
    #[must_use]
    pub fn pointed(&self) -> Option<(Self, u64)> {
        let (vhost, rest) = self.0.strip_prefix("pointers/")?.split_once('/')?;
        let (size, path) = rest.split_once('/')?.1.split_once('/')?;
        Some((Self(format!("files/{vhost}/{path}")), size.parse().ok()?))
    }

    /// Whether it says that a user was erased.
    #[must_use]
    pub fn is_tomb(&self) -> bool {
        self.0.starts_with("tombs/")
    }

    /// Whose file it is, or who is erased, as far as the key tells that.
    #[must_use]
    pub fn owner(&self) -> Option<UserHash> {
        let (kind, rest) = self.0.split_once('/')?;
        match kind {
            "tombs" => rest.parse().ok(),
            "files" | "pointers" => rest.split('/').nth(1)?.parse().ok(),
            _ => None,
        }
    }

    /// The key for a log: enough to find the object, too little to fetch it, since whoever knows its path may read it.
    #[must_use]
    pub fn redacted(&self) -> String {
        if !self.0.starts_with("files/") && !self.0.starts_with("pointers/") {
            return self.0.clone();
        }
        let (folder, _name) = self.0.rsplit_once('/').unwrap_or_default();
        let (owner, random) = folder.rsplit_once('/').unwrap_or_default();
        let begin: String = random.chars().take(6).collect();
        format!("{owner}/{begin}…")
    }

    /// The key as a relative path with slashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of an object before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its length in bytes.
    pub size: u64,
    /// What it will be served as.
    pub content_type: ContentType,
    /// How long it lasts.
    pub life: Lifetime,
    /// When it was stored, if that was not now but elsewhere.
    pub stored_at: Option<SystemTime>,
}

impl NewObject {
    /// An object that is kept for ever.
    #[must_use]
    pub fn lasting(size: u64, content_type: ContentType) -> Self {
        Self { size, content_type, life: Lifetime::default(), stored_at: None }
    }
}

/// What a store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its length in bytes.
    pub size: u64,
    /// What it is served as.
    pub content_type: ContentType,
    /// A strong validator, quoted as it stands in the header.
    pub etag: String,
    /// When it was stored.
    pub modified: SystemTime,
    /// How long it lasts.
    pub life: Lifetime,
}

/// The bytes of an object, read as they are asked for.
pub type ObjectBody = UnsyncBoxBody<Bytes, StoreError>;

/// An object, or a part of one, that is being read.
#[derive(Debug)]
pub struct Object {
    /// What is known of it, all of it.
    pub info: ObjectInfo,
    /// Its bytes.
    pub body: ObjectBody,
}

/// A backend failed. The text is for the operator. It can be told to all who wait for the same thing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A file operation.
    #[error("{action} {place}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which folder, or object ([`ObjectKey::redacted`]).
        place: String,
        /// What the system answered.
        source: Arc<std::io::Error>,
    },
    /// The file is not one that this store wrote, or was changed since.
    #[error("{object} is damaged: the trailer of its file does not describe it")]
    Damaged {
        /// Which one ([`ObjectKey::redacted`]).
        object: String,
    },
    /// A request to object storage.
    #[error("{operation} at object storage: {problem}: {}", cause.advice())]
    S3 {
        /// Which request.
        operation: &'static str,
        /// What kind of failure it is.
        cause: Cause,
        /// What came back, or did not.
        problem: String,
    },
    /// What was to be done with many objects.
    #[error("it failed for {failed} objects, for the first one so: {first}")]
    Several {
        /// For how many it failed. It was done for the others.
        failed: usize,
        /// What the first one had.
        first: Box<StoreError>,
    },
}

impl StoreError {
    /// Whether there was no room: on the file system, in a quota, or below the limit for one file.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cause() == Cause::Full
    }
}

/// Why an object was not stored. Nothing of it is left, and it can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// There is one already; it was not touched.
    #[error("the object exists already")]
    Exists,
    /// The sender stopped, or sent another number of bytes than it said.
    #[error("{0}")]
    Sender(#[from] BodyFault),
    /// Somebody else writes it, and has not finished while this one waited.
    #[error("another upload to the same slot is under way")]
    Busy,
    /// The store has no room for it. What is there is not concerned.
    #[error("the store is full: {0}")]
    Full(StoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long nobody has written to what a crashed process left. A client that is silent is given up sooner.
const ABANDONED: Duration = Duration::from_mins(1);

/// A place for objects.
#[derive(Debug)]
pub enum Store {
    /// A folder, which several processes may share.
    Disk(DiskStore),
    /// A bucket.
    S3(S3Store),
    /// For tests: gone with the process.
    Memory(MemoryStore),
}

impl Store {
    /// Stores `body` under `key`, durably and in one step, unless there is an object already. The first one to finish wins.
    ///
    /// # Errors
    ///
    /// [`PutError`]; [`PutError::Exists`] before the body is read, where that is known by then.
    pub async fn put(
        &self,
        key: &ObjectKey,
        object: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        let stored = match self {
            Self::Disk(disk) => disk.put(key, object, body).await,
            Self::S3(s3) => s3.put(key, object, body).await,
            Self::Memory(memory) => memory.put(key, object, body).await,
        };
        if let Err(PutError::Full(error) | PutError::Store(error)) = &stored {
            metrics::store_failed("put", error.cause());
        }
        stored
    }

    /// Stores a small object of our own. That there is one already is fine: what has the same name says the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it may not be there.
    pub async fn note(
        &self,
        key: &ObjectKey,
        content_type: ContentType,
        text: String,
    ) -> Result<(), StoreError> {
        let object = NewObject::lasting(text.len() as u64, content_type);
        if let Self::S3(s3) = self {
            return counted("put", s3.note(key, object, text).await);
        }
        // Away from the caller's memory, who mostly holds an upload as well.
        match Box::pin(self.put(key, object, Full::from(text))).await {
            Ok(()) | Err(PutError::Exists | PutError::Busy) => Ok(()),
            Err(PutError::Store(error) | PutError::Full(error)) => Err(error),
            Err(PutError::Sender(never)) => unreachable!("a text has its length: {never}"),
        }
    }

    /// Opens the object under `key`, `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be found out.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.get(key),
            Self::S3(s3) => s3.get(key).await,
            Self::Memory(memory) => Ok(memory.get(key)),
        };
        counted("get", done)
    }

    /// Opens a part of the object under `key`, `None` if there is none. The range has to have been made for this object's size; what is
    /// known of the object is told of all of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be found out.
    pub async fn get_part(&self, key: &ObjectKey, range: ByteRange) -> Result<Option<Object>, StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.get_part(key, range),
            Self::S3(s3) => s3.get_part(key, range).await,
            Self::Memory(memory) => Ok(memory.get_part(key, range)),
        };
        counted("get", done)
    }

    /// What is known of the object under `key`, `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be found out.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let done = match self {
            Self::Disk(disk) => {
                consume_budget().await;
                disk.head(key)
            }
            Self::S3(s3) => s3.head(key).await,
            Self::Memory(memory) => Ok(memory.head(key)),
        };
        counted("head", done)
    }

    /// What may be the MD5 of an object's bytes: a bucket's validator mostly is, but not that of an object in several parts, or under a key of its
    /// owner's. If it equals the MD5 of some bytes, those are the object's.
    #[must_use]
    pub fn told_md5(&self, info: &ObjectInfo) -> Option<[u8; 16]> {
        let mut md5 = [0; 16];
        match self {
            Self::S3(_) => hex::decode_to_slice(info.etag.trim_matches('"'), &mut md5).ok().map(|()| md5),
            Self::Disk(_) | Self::Memory(_) => None,
        }
    }

    /// Removes the object under `key`, durably. That there is none is fine.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it may still be there.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let done = match self {
            Self::Disk(disk) => {
                consume_budget().await;
                disk.delete(key)
            }
            Self::S3(s3) => s3.delete(key).await,
            Self::Memory(memory) => memory.delete(key),
        };
        counted("delete", done)
    }

    /// Leaves nothing of the object under `key` but its name, in one step and durably: a slot that was used stays used. Whoever is reading the
    /// object reads on. If it is by now another one than was `seen`, and the store can tell (it may not know conditional writes), it stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the object may still be there.
    pub async fn bury(&self, key: &ObjectKey, seen: &ObjectInfo, life: Lifetime) -> Result<(), StoreError> {
        let life = Lifetime { buried: true, ..life };
        let done = match self {
            Self::Disk(disk) => {
                consume_budget().await;
                disk.bury(key, life)
            }
            Self::S3(s3) => s3.bury(key, seen, life).await,
            Self::Memory(memory) => memory.bury(key, life),
        };
        counted("delete", done)
    }

    /// Hands the keys of all objects below `prefix` to `each`, in the order of their bytes. With `after`, those which come after
    /// that key; what comes before is skipped, and not read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be more.
    pub async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        mut each: impl FnMut(ObjectKey) + Send,
    ) -> Result<(), StoreError> {
        self.list_while(prefix, after, |key| {
            each(key);
            ControlFlow::Continue(())
        })
        .await
    }

    /// The same, until `each` breaks. What comes behind is not read, or little of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be more.
    pub async fn list_while(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        mut each: impl FnMut(ObjectKey) -> ControlFlow<()> + Send,
    ) -> Result<(), StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.list(prefix, after, &mut each),
            Self::S3(s3) => s3.list(prefix, after, &mut |key, _| each(key)).await,
            Self::Memory(memory) => {
                memory.list(prefix, after, &mut each);
                Ok(())
            }
        };
        counted("list", done)
    }

    /// Hands the keys of all objects below `prefix` to `each`, with their lengths in bytes. What is stored or removed meanwhile may be among them or
    /// not. The calling thread is not held up.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there may be more.
    pub async fn sizes(
        &self,
        prefix: &ObjectPrefix,
        mut each: impl FnMut(ObjectKey, u64) + Send + 'static,
    ) -> Result<(), StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.sizes(prefix, each).await,
            Self::S3(s3) => {
                let mut each = |key, size| {
                    each(key, size);
                    ControlFlow::Continue(())
                };
                s3.list(prefix, None, &mut each).await
            }
            Self::Memory(memory) => {
                memory.sizes(prefix, &mut each);
                Ok(())
            }
        };
        counted("list", done)
    }

    /// Removes all objects below `prefix`. What is there can be tried again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if some may still be there.
    pub async fn delete_all(&self, prefix: &ObjectPrefix) -> Result<(), StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.delete_all(prefix),
            Self::S3(s3) => s3.delete_all(prefix).await,
            Self::Memory(memory) => {
                memory.delete_all(prefix);
                Ok(())
            }
        };
        counted("delete", done)
    }

    /// Removes what processes that crashed have left of uploads, and answers of how many: files in `staging/`, parts of uploads in a bucket, claims.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that could not be found out.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        match self {
            Self::Disk(disk) => disk.sweep(ABANDONED),
            Self::S3(s3) => s3.sweep().await,
            Self::Memory(_) => Ok(0),
        }
    }

    /// Leaves nothing of uploads under way, as far as that needs anybody to do it: the process ends.
    pub async fn give_up(&self) {
        if let Self::S3(s3) = self {
            s3.give_up().await;
        }
    }

    /// Whether clients get objects from the store itself.
    #[must_use]
    pub fn hands_out(&self) -> bool {
        matches!(self, Self::S3(s3) if s3.hands_out())
    }

    /// A URL under which clients get the object from the store itself, whether or not there is one; `None` if they do not.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there are no credentials to sign it with.
    pub async fn presigned(
        &self,
        key: &ObjectKey,
        wanted: Presigned<'_>,
    ) -> Result<Option<String>, StoreError> {
        match self {
            Self::S3(s3) => counted("get", s3.presigned(key, wanted).await),
            Self::Disk(_) | Self::Memory(_) => Ok(None),
        }
    }

    /// Finds out whether the store would serve a request now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it would not.
    pub async fn check(&self) -> Result<(), StoreError> {
        let done = match self {
            Self::Disk(disk) => disk.check(),
            Self::S3(s3) => s3.check().await,
            Self::Memory(_) => Ok(()),
        };
        counted("check", done)
    }
}

fn counted<T>(operation: &'static str, done: Result<T, StoreError>) -> Result<T, StoreError> {
    done.inspect_err(|error| metrics::store_failed(operation, error.cause()))
}
