//! Files above what the store takes in one request: parts of known length, one behind the other, streamed like a whole file.
//! Nothing is visible before the last request, which is conditional like any other upload.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::future::join_all;
use tokio::runtime::Handle;

use super::body::Source;
use super::bucket::{Bucket, answered_within};
use super::errors::{failed, s3_error, status};
use super::metadata::metadata_of;
use super::upload::not_twice;
use crate::store::{Cause, NewObject, ObjectKey, PutError, StoreError, UploadBody};
use crate::types::ContentType;

/// More parts than that no store takes.
const MOST_PARTS: u64 = 10_000;
/// Putting the parts together may take the store longer than anything else.
const COMPLETION: u32 = 5;

const CREATE: &str = "CreateMultipartUpload";
const PART: &str = "UploadPart";
const COMPLETE: &str = "CompleteMultipartUpload";

/// Uploads in parts that are under way: their ids, and the names of their objects.
#[derive(Debug, Default)]
pub(super) struct Parts(Mutex<HashMap<String, String>>);

impl Parts {
    fn begin(&self, id: &str, key: &str) {
        self.locked().insert(id.to_owned(), key.to_owned());
    }

    fn end(&self, id: &str) {
        self.locked().remove(id);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload that the store knows of, and forgets when this is dropped before its end.
#[derive(Debug)]
struct Multipart {
    bucket: Bucket,
    key: String,
    id: String,
    /// Whether there is nothing left to forget.
    ended: bool,
}

impl Bucket {
    /// In parts of at most `part` bytes, or of as many as there have to be.
    pub(super) async fn put_parts<B: UploadBody>(
        &self,
        key: &ObjectKey,
        new: &NewObject,
        id: &str,
        source: &Source<B>,
        part: u64,
    ) -> Result<(), PutError> {
        let upload = self.begin(key, new, id).await?;
        let done = upload.send(new.size, part, source).await;
        match done {
            Ok(parts) => upload.complete(parts).await,
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    async fn begin(&self, key: &ObjectKey, new: &NewObject, id: &str) -> Result<Multipart, StoreError> {
        let key = self.key(key);
        let request = self.client.create_multipart_upload().bucket(&*self.name).key(&key);
        let request = request
            .content_type(ContentType::as_str(&new.content_type))
            .set_metadata(Some(metadata_of(new, id)));
        let answer = self.answered(CREATE, request.send()).await?;
        let id = answer.map_err(|error| failed(CREATE, &error))?.upload_id;
        let id = id.ok_or_else(|| s3_error(CREATE, Cause::Answer, "the answer names no upload"))?;
        self.parts.begin(&id, &key);
        Ok(Multipart { bucket: self.clone(), key, id, ended: false })
    }

    /// Forgets all uploads in parts that this process has begun, and waits until all is cleared away that was begun to be: it ends.
    pub(super) async fn give_up(&self) {
        let left: Vec<_> = self.parts.locked().drain().collect();
        let given_up = left.iter().map(|(id, key)| self.abort(key, id));
        let failed = join_all(given_up).await.into_iter().filter(Result::is_err).count();
        if failed > 0 {
            tracing::warn!("parts of {failed} uploads are left for a day");
        }
        self.clearing.close();
        self.clearing.wait().await;
    }

    /// Forgets an upload and its parts. That there is none is fine.
    pub(super) async fn abort(&self, key: &str, id: &str) -> Result<(), StoreError> {
        const ABORT: &str = "AbortMultipartUpload";
        let request = self.client.abort_multipart_upload().bucket(&*self.name).key(key).upload_id(id);
        match self.answered(ABORT, request.send()).await? {
            Err(error) if status(&error) != Some(404) => Err(failed(ABORT, &error)),
            _ => Ok(()),
        }
    }
}

impl Multipart {
    async fn send<B: UploadBody>(
        &self,
        size: u64,
        part: u64,
        source: &Source<B>,
    ) -> Result<Vec<CompletedPart>, PutError> {
        let part = part.max(size.div_ceil(MOST_PARTS));
        let mut parts = Vec::new();
        let mut left = size;
        for number in 1.. {
            let bytes = part.min(left);
            parts.push(self.send_part(number, bytes, source).await?);
            left -= bytes;
            if left == 0 {
                break;
            }
        }
        Ok(parts)
    }

    async fn send_part<B: UploadBody>(
        &self,
        number: i32,
        bytes: u64,
        source: &Source<B>,
    ) -> Result<CompletedPart, PutError> {
        let Self { bucket, key, id, .. } = self;
        let request = bucket.client.upload_part().bucket(&*bucket.name).key(key).upload_id(id);
        let request = request
            .part_number(number)
            .content_length(bytes.try_into().unwrap_or(i64::MAX))
            .body(source.part(bytes));
        let sent = request.customize().config_override(not_twice()).send();
        let answer = bucket.streamed(PART, sent, source.watch()).await?;
        let etag = answer.e_tag.ok_or_else(|| s3_error(PART, Cause::Answer, "the answer names no part"))?;
        Ok(CompletedPart::builder().part_number(number).e_tag(etag).build())
    }

    async fn complete(mut self, parts: Vec<CompletedPart>) -> Result<(), PutError> {
        let done = self.try_complete(parts).await;
        self.ended = done.is_ok();
        if done.is_err() {
            self.abort().await;
        }
        done
    }

    /// It may take long, and a store may say 200 before it knows: then what follows tells whether it is an error.
    async fn try_complete(&self, parts: Vec<CompletedPart>) -> Result<(), PutError> {
        let Self { bucket, key, id, .. } = self;
        let request = bucket.client.complete_multipart_upload().bucket(&*bucket.name).key(key).upload_id(id);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = request.if_none_match("*").multipart_upload(parts);
        let patience = bucket.patience * COMPLETION;
        match answered_within(patience, COMPLETE, request.send()).await? {
            Ok(answer) if answer.e_tag.is_some() => Ok(()),
            Ok(_) => Err(s3_error(COMPLETE, Cause::Answer, "the answer names no object").into()),
            Err(error) if status(&error) == Some(412) => Err(PutError::Exists),
            Err(error) => Err(failed(COMPLETE, &error).into()),
        }
    }

    /// What cannot be forgotten now is swept later.
    async fn abort(mut self) {
        if let Err(error) = self.bucket.abort(&self.key, &self.id).await {
            tracing::warn!("parts of an upload are left for a day: {error}");
        }
        self.ended = true;
    }
}

impl Drop for Multipart {
    /// The upload was given up in the middle.
    fn drop(&mut self) {
        self.bucket.parts.end(&self.id);
        if self.ended {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let (bucket, key, id) = (self.bucket.clone(), self.key.clone(), self.id.clone());
            drop(self.bucket.clearing.spawn_on(async move { bucket.abort(&key, &id).await }, &runtime));
        }
    }
}
