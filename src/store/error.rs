//! Why something could not be done.

use std::sync::Arc;

use super::{BodyFault, Cause};

/// A backend failed. The text is for the operator. It can be told to all who wait for the same thing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A file operation.
    #[error("{action} {place}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which folder, or object ([`super::ObjectKey::redacted`]).
        place: String,
        /// What the system answered.
        source: Arc<std::io::Error>,
    },
    /// The file is not one that this store wrote, or was changed since.
    #[error("{object} is damaged: the trailer of its file does not describe it")]
    Damaged {
        /// Which one ([`super::ObjectKey::redacted`]).
        object: String,
    },
    /// A request to object storage.
    #[error("{operation} at object storage: {problem}: {}", cause.advice())]
    S3 {
        /// Which request.
        operation: &'static str,
        /// What kind of failure it is.
        cause: Cause,
        /// What came back, or did not.
        problem: String,
    },
    /// What was to be done with many objects.
    #[error("it failed for {failed} objects, for the first one so: {first}")]
    Several {
        /// For how many it failed. It was done for the others.
        failed: usize,
        /// What the first one had.
        first: Box<StoreError>,
    },
}

impl StoreError {
    /// Whether there was no room: on the file system, in a quota, or below the limit for one file.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cause() == Cause::Full
    }
}

/// Why an object was not stored. Nothing of it is left, and it can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// There is one already; it was not touched.
    #[error("the object exists already")]
    Exists,
    /// The sender stopped, or sent another number of bytes than it said.
    #[error("{0}")]
    Sender(#[from] BodyFault),
    /// Somebody else writes it, and has not finished while this one waited.
    #[error("another upload to the same slot is under way")]
    Busy,
    /// The store has no room for it. What is there is not concerned.
    #[error("the store is full: {0}")]
    Full(StoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
