//! Objects in S3 or what speaks like it.
//!
//! An upload is one streamed `PutObject` of known length, or parts where the store takes no more in one request: nothing is buffered, and the
//! object appears whole or not at all. That the first writer wins is up to the store or to claims ([`FirstWriter`]).

mod body;
mod bucket;
mod claims;
mod client;
mod credentials;
mod errors;
mod first_writer;
mod http;
mod list;
mod metadata;
mod multipart;
mod presign;
mod read;
mod rules;
mod sweep;
mod upload;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use self::bucket::Bucket;
pub use self::credentials::S3Credentials;
use self::errors::s3_error;
pub use self::first_writer::FirstWriter;
use self::first_writer::Knowledge;
pub use self::http::has_authorities;
use self::presign::Signer;
pub use self::presign::{Downloads, Presigned, PresignedMethod};
pub use self::rules::{BucketRules, KeptVersions, OwnRule, RuleGap, RuleKind, RuleState, RulesError};
use super::key_locks::KeyLocks;
use super::{Cause, Lifetime, NewObject, ObjectInfo, ObjectKey, ObjectPrefix, StoreError};

/// How long the store may neither take bytes, nor send any, nor answer. Not the SDK's read timeout: that one counts the time in
/// which a slow client sends.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where objects lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket; it has to exist.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// `http(s)://host[:port]` of a store that is not AWS.
    pub endpoint: Option<String>,
    /// Put before every key.
    pub prefix: String,
    /// The bucket in the path and not in the host name.
    pub path_style: bool,
}

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct S3Limits {
    /// The most bytes that the store takes in one request. What is larger goes in parts of that size.
    pub single_put_max: u64,
    /// Transfers under way; further ones are refused.
    pub concurrency: usize,
}

impl Default for S3Limits {
    fn default() -> Self {
        Self { single_put_max: 5 << 30, concurrency: 2048 }
    }
}

/// Objects in a bucket.
#[derive(Debug)]
pub struct S3Store {
    bucket: Bucket,
    single_put_max: u64,
    transfers: Arc<Semaphore>,
    knowledge: Knowledge,
    writers: KeyLocks,
    /// How long a claim counts.
    lease: Duration,
    /// If clients get files from the store itself.
    signer: Option<Signer>,
}

impl S3Store {
    /// A store in `location`. Nothing is sent until an object is asked for.
    #[must_use]
    pub fn new(location: S3Location, credentials: &S3Credentials) -> Self {
        let bucket = Bucket {
            client: client::client(&location, credentials, PATIENCE),
            name: location.bucket.into(),
            prefix: location.prefix.into(),
            patience: PATIENCE,
            parts: Arc::default(),
            clearing: TaskTracker::new(),
        };
        let S3Limits { single_put_max, concurrency } = S3Limits::default();
        Self {
            bucket,
            single_put_max,
            transfers: Arc::new(Semaphore::new(concurrency)),
            knowledge: Knowledge::default(),
            writers: KeyLocks::default(),
            lease: claims::LEASE,
            signer: None,
        }
    }

    /// The same store, from which clients get files themselves or not.
    #[must_use]
    pub fn with_downloads(self, downloads: Downloads) -> Self {
        let signer = Signer::of(downloads, &self.bucket.client);
        Self { signer, ..self }
    }

    /// The same store with other limits.
    #[must_use]
    pub fn with_limits(self, S3Limits { single_put_max, concurrency }: S3Limits) -> Self {
        Self { single_put_max, transfers: Arc::new(Semaphore::new(concurrency)), ..self }
    }

    /// The same store, given up after a silence of `patience` and not of a minute.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.bucket.client = client::with_patience(&self.bucket.client, patience);
        self.bucket.patience = patience;
        self
    }

    /// The same store, where a claim counts for `lease` and not for a minute. All who share the bucket have to say the same.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// The same store, of which it is known who sees to it that a key is written once: nothing is tried out.
    #[must_use]
    pub fn with_first_writer(self, known: FirstWriter) -> Self {
        self.knowledge.set(known);
        self
    }

    /// Who sees to it that a key is written once, if that is known.
    #[must_use]
    pub fn known_first_writer(&self) -> Option<FirstWriter> {
        self.knowledge.get()
    }

    pub(super) async fn note(
        &self,
        key: &ObjectKey,
        object: NewObject,
        text: String,
    ) -> Result<(), StoreError> {
        self.bucket.write(key, object, Bytes::from(text)).await
    }

    pub(super) async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.bucket.head(key).await
    }

    pub(super) async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.bucket.delete(key).await
    }

    pub(super) async fn bury(
        &self,
        key: &ObjectKey,
        seen: &ObjectInfo,
        life: Lifetime,
    ) -> Result<(), StoreError> {
        self.bucket.bury(key, seen, life).await
    }

    pub(super) async fn delete_all(&self, prefix: &ObjectPrefix) -> Result<(), StoreError> {
        self.bucket.delete_all(prefix).await
    }

    pub(super) async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut (impl FnMut(ObjectKey, u64) -> ControlFlow<()> + Send),
    ) -> Result<(), StoreError> {
        self.bucket.list(prefix, after, each).await
    }

    /// Whether the store answers; the first time, and after each time it did not, also how it takes uploads.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        if let Err(error) = self.bucket.look().await {
            self.knowledge.forget();
            return Err(error);
        }
        self.find_out().await.map(drop)
    }

    /// Finds out who sees to it that a key is written once, if that is not known.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store does not answer, or takes nothing.
    pub async fn try_first_writer(&self) -> Result<FirstWriter, StoreError> {
        self.bucket.look().await?;
        self.find_out().await
    }

    pub(super) async fn give_up(&self) {
        self.bucket.give_up().await;
    }

    /// A place among the transfers that may go on at once.
    fn transfer(&self, operation: &'static str) -> Result<OwnedSemaphorePermit, StoreError> {
        let place = Arc::clone(&self.transfers).try_acquire_owned();
        place.map_err(|_| s3_error(operation, Cause::Concurrency, "not begun"))
    }
}
