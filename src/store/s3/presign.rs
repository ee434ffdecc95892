//! URLs under which whoever has them gets a file from the store itself.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;

use super::S3Store;
use super::errors::s3_error;
use crate::store::{Cause, ObjectKey, StoreError};

/// Who hands out files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Downloads {
    /// The service.
    Proxy,
    /// The store, to which clients are sent.
    Redirect {
        /// `http(s)://host[:port]` by which clients reach it, if that is not the service's way.
        endpoint: Option<String>,
    },
}

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

/// A client that never asks anything. The name of the server is signed: it has to be the one that clients use.
#[derive(Debug)]
pub(super) struct Signer(Client);

impl Signer {
    /// `client` with another name of the server, if there is one.
    pub(super) fn of(downloads: Downloads, client: &Client) -> Option<Self> {
        match downloads {
            Downloads::Proxy => None,
            Downloads::Redirect { endpoint: None } => Some(Self(client.clone())),
            Downloads::Redirect { endpoint: Some(endpoint) } => {
                let config = client.config().to_builder().endpoint_url(endpoint);
                Some(Self(Client::from_conf(config.build())))
            }
        }
    }
}

impl S3Store {
    pub(in crate::store) fn hands_out(&self) -> bool {
        self.signer.is_some()
    }

    /// A URL of the object under `key`, whether or not there is one. The store is not asked.
    pub(in crate::store) async fn presigned(
        &self,
        key: &ObjectKey,
        wanted: Presigned<'_>,
    ) -> Result<Option<String>, StoreError> {
        let Some(Signer(client)) = &self.signer else { return Ok(None) };
        let Presigned { method, content_type, disposition, valid } = wanted;
        let unusable = |cause, problem: String| s3_error("presigning", cause, problem);
        let valid = PresigningConfig::expires_in(valid)
            .map_err(|error| unusable(Cause::Failed, error.to_string()))?;
        let (bucket, key) = (&*self.bucket.name, self.bucket.key(key));
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
        let signed = signed.ok_or_else(|| unusable(Cause::Credentials, "nothing was signed".to_owned()))?;
        Ok(Some(signed.uri().to_owned()))
    }
}
