//! Where files lie: a closed set of backends with one behaviour, held by `tests/store_conformance.rs`.
//!
//! The behaviour is an object store's, because that is what is hard to imitate: an object appears whole or not at all, is never
//! overwritten, and its length is known before its first byte.

mod body;
mod cause;
mod disk;
mod error;
mod health;
mod joint;
mod key;
mod key_locks;
mod lifetime;
mod memory;
mod object;
mod s3;
mod uploader;

use std::ops::ControlFlow;
use std::time::Duration;

use http_body_util::Full;
// A disk never lets its callers wait. Who asks it for one object after the other would let no other task run.
use tokio::task::coop::consume_budget;

pub use self::body::{BodyFault, UploadBody};
pub use self::cause::Cause;
pub use self::disk::DiskStore;
pub use self::error::{PutError, StoreError};
pub use self::health::StoreHealth;
pub use self::joint::{JointWork, Seats};
pub use self::key::{ObjectKey, ObjectPrefix};
pub use self::lifetime::{Lifetime, wait_until, within};
pub use self::memory::MemoryStore;
pub use self::object::{NewObject, Object, ObjectBody, ObjectInfo};
pub use self::s3::{
    BucketRules, Downloads, FirstWriter, KeptVersions, OwnRule, Presigned, PresignedMethod, RuleGap,
    RuleKind, RuleState, RulesError, S3Credentials, S3Limits, S3Location, S3Store, has_authorities,
};
pub use self::uploader::Uploader;
use crate::telemetry::metrics;
use crate::types::{ByteRange, ContentType};

/// How long nobody has written to what a crashed process left. A client that is silent is given up sooner.
const ABANDONED: Duration = Duration::from_mins(1);

/// What is known of a key before something is stored under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beforehand {
    /// Nothing.
    Nothing,
    /// There was no object a moment ago.
    Unused,
}

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
    /// [`PutError`]; [`PutError::Exists`] before the body is read, unless the body is so small that it is not worth a question.
    pub async fn put(
        &self,
        key: &ObjectKey,
        object: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        self.put_known(key, object, body, Beforehand::Nothing).await
    }

    /// The same, where something may be `known` of the key: a bucket is asked once less then.
    ///
    /// # Errors
    ///
    /// [`PutError`]; [`PutError::Exists`] perhaps only behind the body, if the key was unused before.
    pub async fn put_known(
        &self,
        key: &ObjectKey,
        object: NewObject,
        body: impl UploadBody,
        known: Beforehand,
    ) -> Result<(), PutError> {
        let stored = match self {
            Self::Disk(disk) => disk.put(key, object, body).await,
            Self::S3(s3) => s3.put(key, object, body, known).await,
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

    /// Leaves nothing of uploads, as far as that needs anybody to do it: the process ends. A store that does not answer keeps it waiting.
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
