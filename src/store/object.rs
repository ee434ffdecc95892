//! What is known of an object, and its bytes.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

use super::{Lifetime, StoreError, Uploader};
use crate::types::ContentType;

/// What is known of an object before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its length in bytes.
    pub size: u64,
    /// What it will be served as.
    pub content_type: ContentType,
    /// How long it lasts.
    pub life: Lifetime,
    /// Who uploads it, where that is known.
    pub uploader: Option<Uploader>,
    /// When it was stored, if that was not now but elsewhere.
    pub stored_at: Option<SystemTime>,
}

impl NewObject {
    /// An object of nobody's that is kept for ever.
    #[must_use]
    pub fn lasting(size: u64, content_type: ContentType) -> Self {
        Self { size, content_type, life: Lifetime::default(), uploader: None, stored_at: None }
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
    /// Who uploaded it, where that was written down.
    pub uploader: Option<Uploader>,
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
