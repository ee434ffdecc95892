//! URLs under which whoever has them gets a file from the store itself.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use super::S3Store;
use super::errors::s3_error;
use crate::store::{Cause, ObjectKey, StoreError};

/// What a URL is good for. One for GET is not valid for HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresignedMethod {
    /// The file.
    Get,
    /// What is known of it.
    Head,
}

/// What is signed: the store answers so and not otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Presigned<'a> {
    /// What it is good for.
    pub method: PresignedMethod,
    /// The `Content-Type` of the answer.
    pub content_type: &'a str,
    /// Its `Content-Disposition`.
    pub disposition: &'a str,
    /// How long the URL is valid.
    pub valid: Duration,
}

impl S3Store {
    /// A URL of the object under `key`, whether or not there is one. Nothing is asked of the store.
    pub(in crate::store) async fn presigned(
        &self,
        key: &ObjectKey,
        wanted: Presigned<'_>,
    ) -> Result<String, StoreError> {
        let Presigned { method, content_type, disposition, valid } = wanted;
        let unusable = |problem: String| s3_error("presigning", Cause::Failed, problem);
        let valid = PresigningConfig::expires_in(valid).map_err(|error| unusable(error.to_string()))?;
        let (client, bucket, key) = (&self.bucket.client, &*self.bucket.name, self.bucket.key(key));
        let signed = match method {
            PresignedMethod::Get => {
                let request = client.get_object().bucket(bucket).key(key);
                let request = request.response_content_type(content_type);
                request.response_content_disposition(disposition).presigned(valid).await.ok()
            }
            PresignedMethod::Head => {
                let request = client.head_object().bucket(bucket).key(key);
                let request = request.response_content_type(content_type);
                request.response_content_disposition(disposition).presigned(valid).await.ok()
            }
        };
        let signed = signed.ok_or_else(|| unusable("there are no usable credentials".to_owned()))?;
        Ok(signed.uri().to_owned())
    }
}
