//! What kind of failure a store had: few enough for a metric, and each with what to do about it.

use super::StoreError;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A file operation failed, for another reason than room.
    Disk,
    /// What is stored is not what was stored.
    Damaged,
    /// There is no room left.
    Full,
    /// The credentials are wrong, or may not do this.
    Denied,
    /// There are no credentials.
    Credentials,
    /// The store's clock and ours differ by too much.
    Clock,
    /// There is no such bucket.
    Bucket,
    /// The bucket lies in another region.
    Region,
    /// The store has too much to do.
    Busy,
    /// We have: as many transfers are under way as `store.concurrency` allows.
    Concurrency,
    /// No connection, or one that broke.
    Unreachable,
    /// Nothing came for too long.
    Silent,
    /// An error of the store's own.
    Failed,
    /// An answer that cannot be right.
    Answer,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Disk,
        Self::Damaged,
        Self::Full,
        Self::Denied,
        Self::Credentials,
        Self::Clock,
        Self::Bucket,
        Self::Region,
        Self::Busy,
        Self::Concurrency,
        Self::Unreachable,
        Self::Silent,
        Self::Failed,
        Self::Answer,
    ];

    /// For metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Damaged => "damaged",
            Self::Full => "full",
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::Bucket => "bucket",
            Self::Region => "region",
            Self::Busy => "busy",
            Self::Concurrency => "concurrency",
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::Failed => "failed",
            Self::Answer => "answer",
        }
    }

    /// What it means and what to do, in a clause without names. Whoever may look at readiness may read it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Disk => "the file system refuses an operation",
            Self::Damaged => "a file was changed by somebody else",
            Self::Full => "there is no room, or its quota is used up: make room or raise the quota",
            Self::Denied => {
                "the credentials are wrong or lack a right: check access_key_id, secret_access_key and the key's rights on the bucket"
            }
            Self::Credentials => {
                "no credentials were found: set access_key_id, or what the AWS SDK looks for (environment, shared files, web identity)"
            }
            Self::Clock => "the clocks of the store and of this machine differ by too much: set them (NTP)",
            Self::Bucket => "there is no such bucket: create it, or check store.bucket",
            Self::Region => "the bucket is signed for another region: check store.region",
            Self::Busy => "the store asks for fewer requests: it is tried again",
            Self::Concurrency => "as many transfers as store.concurrency allows are under way",
            Self::Unreachable => "no connection to the store: check store.endpoint, DNS, TLS and the network",
            Self::Silent => "the store does not answer in time",
            Self::Failed => "the store has an error of its own: its log says more",
            Self::Answer => "the answer is not what the protocol asks for: is store.endpoint an S3 server?",
        }
    }
}

impl StoreError {
    /// What kind of failure it is.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Disk { source, .. } if is_full(source) => Cause::Full,
            Self::Disk { .. } => Cause::Disk,
            Self::Damaged { .. } => Cause::Damaged,
            Self::S3 { cause, .. } => *cause,
            Self::Several { first, .. } => first.cause(),
        }
    }
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
