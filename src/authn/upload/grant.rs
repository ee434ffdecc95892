//! Permission to store one file.

use super::PutClaim;
use crate::types::{ContentType, ObjectPath, Vhost};

/// Permission to store one file. Only [`UploadAuthority`](super::UploadAuthority) makes one, and using it uses it up.
#[derive(Debug)]
pub struct PutGrant {
    vhost: Vhost,
    path: ObjectPath,
    size: u64,
    content_type: ContentType,
}

impl PutGrant {
    /// For a claim that was proved.
    pub(super) fn new(vhost: Vhost, claim: PutClaim<'_>) -> Self {
        let PutClaim { path, size, content_type, token: _ } = claim;
        Self { vhost, path, size, content_type }
    }

    /// The vhost that the file belongs to.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// Where the file goes.
    #[must_use]
    pub fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Exactly so many bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What it will be served as.
    #[must_use]
    pub fn content_type(&self) -> &ContentType {
        &self.content_type
    }
}
