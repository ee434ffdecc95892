//! The bucket and what is asked of it in one small request each.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::errors::{failed, found, silence, status};
use super::metadata::metadata;
use super::multipart::Parts;
use super::read::NO_ETAG;
use crate::store::{Lifetime, NewObject, ObjectInfo, ObjectKey, StoreError};

/// A bucket. What is to be cleared away is cleared away by whoever still holds it, so it is cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: Arc<str>,
    /// What all names begin with.
    pub(super) prefix: Arc<str>,
    /// How long the store may neither take bytes, nor send any, nor answer.
    pub(super) patience: Duration,
    pub(super) parts: Arc<Parts>,
    /// What is cleared away behind the back of whoever has what he asked for.
    pub(super) clearing: TaskTracker,
}

impl Bucket {
    /// The object's whole name.
    pub(super) fn key(&self, key: &ObjectKey) -> String {
        format!("{}{}", self.prefix, key.as_str())
    }

    /// Bounds a request without a body. The SDK's futures are large, and would be a part of whatever waits for one.
    pub(super) fn answered<'a, T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = T> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        answered_within(self.patience, operation, request)
    }

    /// Writes a small object, whatever is there. It is tried again, since it lies in memory.
    pub(super) async fn write(
        &self,
        key: &ObjectKey,
        object: NewObject,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&*self.name).key(self.key(key));
        let request = request
            .content_type(object.content_type.as_str())
            .set_metadata(metadata(object.life))
            .body(ByteStream::from(bytes));
        let answer = self.answered(PUT, request.send()).await?;
        answer.map(drop).map_err(|error| failed(PUT, &error))
    }

    pub(super) async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&*self.name).key(self.key(key));
        let answer = self.answered("DeleteObject", request.send()).await?;
        found("DeleteObject", answer).map(drop)
    }

    /// Replaces what was `seen` by an empty object. What is there in its place by now stays: it is buried already, or gone, or another one.
    pub(super) async fn bury(
        &self,
        key: &ObjectKey,
        seen: &ObjectInfo,
        life: Lifetime,
    ) -> Result<(), StoreError> {
        let etag = Some(seen.etag.clone()).filter(|etag| etag != NO_ETAG);
        match self.replace(key, life, etag.clone()).await? {
            // Not every store knows the condition on writes: what such a one does not refuse, it overwrites.
            Replaced::Unsupported if etag.is_some() => self.replace(key, life, None).await.map(drop),
            _ => Ok(()),
        }
    }

    async fn replace(
        &self,
        key: &ObjectKey,
        life: Lifetime,
        if_match: Option<String>,
    ) -> Result<Replaced, StoreError> {
        let request = self.client.put_object().bucket(&*self.name).key(self.key(key));
        let request =
            request.set_if_match(if_match).set_metadata(metadata(life)).body(ByteStream::from_static(b""));
        match self.answered(PUT, request.send()).await? {
            Ok(_) => Ok(Replaced::Done),
            Err(error) => match status(&error) {
                Some(404)
                    if error.as_service_error().is_some_and(|e| e.meta().code() != Some("NoSuchBucket")) =>
                {
                    Ok(Replaced::Changed)
                }
                Some(409 | 412) => Ok(Replaced::Changed),
                Some(501) => Ok(Replaced::Unsupported),
                _ => Err(failed(PUT, &error)),
            },
        }
    }
}

/// The same, for a request that may take longer.
pub(super) fn answered_within<'a, T>(
    patience: Duration,
    operation: &'static str,
    request: impl Future<Output = T> + Send + 'a,
) -> BoxFuture<'a, Result<T, StoreError>> {
    let answer = timeout(patience, request);
    Box::pin(async move { answer.await.map_err(|_| silence(operation, patience)) })
}

/// What came of a conditional overwriting.
enum Replaced {
    Done,
    /// It is no longer what it was.
    Changed,
    /// The store does not know the condition, and says so.
    Unsupported,
}

pub(super) const PUT: &str = "PutObject";
