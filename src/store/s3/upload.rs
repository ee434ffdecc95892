//! Files on their way in: one streamed `PutObject` of known length, or parts above what the store takes in one request.

use std::error::Error;

use aws_sdk_s3::config::{Builder, retry::RetryConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use futures_util::future::BoxFuture;

use super::S3Store;
use super::body::{BodyWatch, Source};
use super::bucket::{Bucket, PUT};
use super::errors::{failed, s3_error, silence, status};
use super::first_writer::FirstWriter;
use super::metadata::{is_of, metadata_of};
use crate::store::{Beforehand, Cause, NewObject, ObjectKey, PutError, UploadBody};

/// Files up to this size (bytes) are sent before it is known whether there is one already, where the store itself refuses a second one: to ask would take
/// as long as to send.
const NOT_WORTH_A_LOOK: u64 = 64 * 1024;

impl S3Store {
    pub(in crate::store) async fn put(
        &self,
        key: &ObjectKey,
        new: NewObject,
        body: impl UploadBody,
        known: Beforehand,
    ) -> Result<(), PutError> {
        self.try_put(key, new, body, known).await.map_err(|error| match error {
            // Whichever of the requests it was.
            PutError::Store(error) if error.cause() == Cause::Full => PutError::Full(error),
            other => other,
        })
    }

    async fn try_put(
        &self,
        key: &ObjectKey,
        mut new: NewObject,
        body: impl UploadBody,
        known: Beforehand,
    ) -> Result<(), PutError> {
        if self.hands_out() {
            // A store sends an object's metadata to whoever fetches it.
            new.uploader = None;
        }
        let _transfer = self.transfer(PUT)?;
        let mut claim = match self.first_writer().await {
            FirstWriter::Condition => None,
            FirstWriter::Claims => Some(self.claim(key).await?),
        };
        // Of claims it is the point: whoever had one before may have written. Otherwise a refusal is just cheaper before the body.
        let looks = claim.is_some() || (known == Beforehand::Nothing && new.size > NOT_WORTH_A_LOOK);
        if looks && self.bucket.head(key).await?.is_some() {
            return Err(PutError::Exists);
        }
        let upload = self.send(key, new, body);
        match &mut claim {
            None => upload.await,
            Some(claim) => tokio::select! {
                done = upload => done,
                lost = claim.keep() => Err(lost.into()),
            },
        }
    }

    async fn send(&self, key: &ObjectKey, new: NewObject, body: impl UploadBody) -> Result<(), PutError> {
        let source = Source::new(body, new.size);
        let id = format!("{:032x}", rand::random::<u128>());
        let sent = if new.size <= self.single_put_max {
            self.bucket.put_whole(key, &new, &id, &source).await
        } else {
            self.bucket.put_parts(key, &new, &id, &source, self.single_put_max).await
        };
        match sent {
            // The store may have done it, and only its answer was lost.
            Err(PutError::Store(error)) if self.bucket.is_there(key, &id).await => {
                tracing::debug!("stored all the same: {error}");
                Ok(())
            }
            other => other,
        }
    }
}

impl Bucket {
    async fn put_whole<B: UploadBody>(
        &self,
        key: &ObjectKey,
        new: &NewObject,
        id: &str,
        source: &Source<B>,
    ) -> Result<(), PutError> {
        let sent = self
            .client
            .put_object()
            .bucket(&*self.name)
            .key(self.key(key))
            .if_none_match("*")
            .content_length(new.size.try_into().unwrap_or(i64::MAX))
            .content_type(new.content_type.as_str())
            .set_metadata(Some(metadata_of(new, id)))
            .body(source.part(new.size))
            .customize()
            .config_override(not_twice())
            .send();
        let answer = self.streamed(PUT, sent, source.watch()).await?;
        // As for parts: a store may say 200 and mean something else.
        answer
            .e_tag
            .map(drop)
            .ok_or_else(|| s3_error(PUT, Cause::Answer, "the answer names no object").into())
    }

    /// Whether the object is there that the upload `id` made. A store that does not say so is not asked twice.
    async fn is_there(&self, key: &ObjectKey, id: &str) -> bool {
        let request = self.client.head_object().bucket(&*self.name).key(self.key(key));
        let answer = self.answered("HeadObject", request.send()).await;
        matches!(answer, Ok(Ok(found)) if is_of(found.metadata(), id))
    }

    /// Bounds a request that sends a body, and tells whose fault its end was.
    pub(super) fn streamed<'a, T, E: Error + ProvideErrorMetadata + 'static>(
        &self,
        operation: &'static str,
        sent: impl Future<Output = Result<T, SdkError<E>>> + Send + 'a,
        watch: &'a BodyWatch,
    ) -> BoxFuture<'a, Result<T, PutError>> {
        let (patience, stalled) = (self.patience, watch.stalled(self.patience));
        Box::pin(async move {
            tokio::select! {
                answer = sent => answer.map_err(|error| match watch.take_fault() {
                    // The SDK tells a body's error as one of its own.
                    Some(fault) => fault.into(),
                    None if status(&error) == Some(412) => PutError::Exists,
                    None => failed(operation, &error).into(),
                }),
                () = stalled => Err(silence(operation, patience).into()),
            }
        })
    }
}

/// A streamed body cannot be sent twice.
pub(super) fn not_twice() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}
