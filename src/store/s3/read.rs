//! Objects on their way out.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;
use http_body_util::BodyExt as _;
use tower_http::timeout::TimeoutBody;

use super::S3Store;
use super::bucket::Bucket;
use super::errors::{found, s3_error};
use super::metadata::{life, stored_at, uploader};
use crate::store::{Cause, Object, ObjectInfo, ObjectKey, StoreError};
use crate::types::{ByteRange, ContentType};

impl S3Store {
    pub(in crate::store) async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        self.read(key, None).await
    }

    pub(in crate::store) async fn get_part(
        &self,
        key: &ObjectKey,
        range: ByteRange,
    ) -> Result<Option<Object>, StoreError> {
        // The answer's length is the part's, its Content-Range tells the object's.
        self.read(key, Some(range)).await
    }

    async fn read(&self, key: &ObjectKey, part: Option<ByteRange>) -> Result<Option<Object>, StoreError> {
        let transfer = self.transfer("GetObject")?;
        let range = part.map(|part| format!("bytes={}-{}", part.first(), part.last()));
        let request = self
            .bucket
            .client
            .get_object()
            .bucket(&*self.bucket.name)
            .key(self.bucket.key(key))
            .set_range(range);
        let answer = self.bucket.answered("GetObject", request.send()).await?;
        let Some(found) = found("GetObject", answer)? else { return Ok(None) };
        let size = match part {
            None => found.content_length,
            Some(part) => Some(size_behind(found.content_range.as_deref(), part)?),
        };
        let metadata = found.metadata.as_ref();
        let info = info(size, found.content_type, found.e_tag, found.last_modified, metadata)?;
        let body = TimeoutBody::new(self.bucket.patience, found.body.into_inner());
        let body = body.map_err(move |error| {
            let _until_the_end = &transfer;
            s3_error("GetObject", Cause::Unreachable, error.to_string())
        });
        Ok(Some(Object { info, body: body.boxed_unsync() }))
    }
}

impl Bucket {
    pub(super) async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let request = self.client.head_object().bucket(&*self.name).key(self.key(key));
        let answer = self.answered("HeadObject", request.send()).await?;
        let Some(found) = found("HeadObject", answer)? else { return Ok(None) };
        let metadata = found.metadata.as_ref();
        info(found.content_length, found.content_type, found.e_tag, found.last_modified, metadata).map(Some)
    }
}

/// The object's size from the `Content-Range` of an answer with a part of it. A store that does not know ranges would send all of it.
fn size_behind(content_range: Option<&str>, part: ByteRange) -> Result<i64, StoreError> {
    let size = content_range
        .and_then(|range| range.rsplit_once('/')?.1.parse::<u64>().ok())
        .filter(|size| content_range == Some(&part.content_range(*size)));
    let size = size.and_then(|bytes| bytes.try_into().ok());
    let problem = "the answer does not hold the bytes that were asked for";
    size.ok_or_else(|| s3_error("GetObject", Cause::Answer, problem))
}

fn info(
    size: Option<i64>,
    content_type: Option<String>,
    etag: Option<String>,
    modified: Option<DateTime>,
    metadata: Option<&HashMap<String, String>>,
) -> Result<ObjectInfo, StoreError> {
    let size = size.and_then(|bytes| bytes.try_into().ok());
    let problem = "the answer does not tell the object's length";
    Ok(ObjectInfo {
        size: size.ok_or_else(|| s3_error("request", Cause::Answer, problem))?,
        content_type: content_type
            .and_then(|given| ContentType::parse(&given).ok())
            .unwrap_or_else(ContentType::unknown),
        etag: etag.unwrap_or_else(|| NO_ETAG.to_owned()),
        modified: stored_at(metadata)
            .or_else(|| SystemTime::try_from(modified?).ok())
            .unwrap_or(SystemTime::UNIX_EPOCH),
        life: life(metadata),
        uploader: uploader(metadata),
    })
}

/// In the place of a validator, where a store tells none.
pub(super) const NO_ETAG: &str = "\"\"";
