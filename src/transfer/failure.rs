//! Why an object is not at the target.

use crate::store::{PutError, StoreError};

/// Why an object was not brought to the target. Nothing else is concerned.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Both sides have one, and nobody said which one counts.
    #[error(
        "the target has another one of this name, which was not touched; --prefer source or --prefer target says which one counts"
    )]
    Differs,
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Source(StoreError),
    /// The target failed.
    #[error("the target failed: {0}")]
    Target(#[from] StoreError),
    /// It could not be stored.
    #[error("it was not stored: {0}")]
    Put(#[from] PutError),
    /// What is at the target is not what was sent. It was removed again.
    #[error("what arrived at the target is not what was sent, and was removed again")]
    Damaged,
    /// A file that somebody wrote to meanwhile.
    #[error("it was changed while it was read")]
    Changed,
}

impl Failure {
    /// Whether it may go better in a moment, as with a store at the other end of a network.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Source(error)
            | Self::Target(error)
            | Self::Put(PutError::Store(error) | PutError::Full(error)) => is_far(error),
            Self::Put(_) | Self::Damaged => true,
            Self::Differs | Self::Changed => false,
        }
    }

    /// Whether it is about the object, and says nothing of others.
    #[must_use]
    pub fn is_of_object(&self) -> bool {
        matches!(self, Self::Differs | Self::Changed | Self::Source(StoreError::Damaged { .. }))
    }
}

fn is_far(error: &StoreError) -> bool {
    !matches!(error, StoreError::Disk { .. } | StoreError::Damaged { .. })
}
