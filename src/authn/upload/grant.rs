//! Permission to store one file.

use super::{PutClaim, Scheme, SlotTerms};
use crate::types::{BareJid, ContentType, ObjectPath, Vhost};

/// Permission to store one file. Only [`UploadAuthority`](super::UploadAuthority) makes one, and using it uses it up.
#[derive(Debug)]
pub struct PutGrant {
    vhost: Vhost,
    path: ObjectPath,
    size: u64,
    content_type: ContentType,
    /// What the slot says, if it is one of ours.
    terms: Option<SlotTerms>,
    issued: Option<u64>,
    scheme: Scheme,
}

impl PutGrant {
    /// For a claim that was proved by `scheme`, which names no user and no end.
    pub(super) fn unbound(vhost: Vhost, claim: PutClaim<'_>, scheme: Scheme) -> Self {
        let PutClaim { path, size, content_type, token: _ } = claim;
        let content_type = content_type.unwrap_or_else(ContentType::unknown);
        Self { vhost, path, size, content_type, terms: None, issued: None, scheme }
    }

    /// For a claim that was proved by `scheme`, on these terms, which are from `issued` (seconds since 1970) at the earliest.
    pub(super) fn on_terms(
        vhost: Vhost,
        claim: PutClaim<'_>,
        scheme: Scheme,
        terms: SlotTerms,
        issued: u64,
    ) -> Self {
        let PutClaim { path, size, content_type, token: _ } = claim;
        let content_type = terms.content_type.clone().or(content_type).unwrap_or_else(ContentType::unknown);
        Self { vhost, path, size, content_type, terms: Some(terms), issued: Some(issued), scheme }
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

    /// Whose upload it is, where the slot says so.
    #[must_use]
    pub fn user(&self) -> Option<&BareJid> {
        self.terms.as_ref().map(|terms| &terms.user)
    }

    /// Until when the file is to be kept, in seconds since 1970, where the slot says so.
    #[must_use]
    pub fn keep(&self) -> Option<u64> {
        self.terms.as_ref().and_then(|terms| terms.keep)
    }

    /// Until when the slot was good, in seconds since 1970. Those of XMPP servers have no end.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.terms.as_ref().map(|terms| terms.expires)
    }

    /// Since when there is the slot, in seconds since 1970, by the clock of whoever issued it: certainly not since earlier. Those of XMPP servers do not
    /// tell.
    #[must_use]
    pub fn issued(&self) -> Option<u64> {
        self.issued
    }

    /// How it was proved.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
}
