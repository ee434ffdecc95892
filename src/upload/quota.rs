//! Quotas: what a user and a vhost may have stored.

use bytesize::ByteSize;

use crate::policy::Overdrawn;
use crate::telemetry::reason::FileReason;

/// What may be stored at a vhost, in bytes; `None` for any amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    /// By each user.
    pub per_user: Option<u64>,
    /// In all.
    pub per_host: Option<u64>,
}

/// There is no room for a file. The text is for whoever wants to upload it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaRefusal {
    /// For this user.
    #[error("{} left of your {}", human(*.left, *.of), human(*.of, *.of))]
    User {
        /// What is left, in bytes.
        left: u64,
        /// Of how many.
        of: u64,
    },
    /// For anybody at the vhost.
    #[error("the space for uploads to this server is used up")]
    Host,
}

impl QuotaRefusal {
    pub(super) fn of(limit: QuotaOf, Overdrawn { left }: Overdrawn) -> Self {
        match limit {
            QuotaOf::User(of) => Self::User { left, of },
            QuotaOf::Host(_) => Self::Host,
        }
    }

    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::User { .. } => FileReason::QuotaUser,
            Self::Host => FileReason::QuotaHost,
        }
    }
}

/// One of the limits, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaOf {
    User(u64),
    Host(u64),
}

impl QuotaOf {
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::User(bytes) | Self::Host(bytes) => bytes,
        }
    }
}

/// In the units in which the limit was chosen: 1 GB or 1 GiB.
fn human(bytes: u64, limit: u64) -> String {
    let size = ByteSize::b(bytes).display();
    if limit.is_multiple_of(1000) { size.si().to_string() } else { size.iec().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_is_left() {
        let text = |left, of| QuotaRefusal::User { left, of }.to_string();
        assert_eq!(text(3_200_000, 1_000_000_000), "3.2 MB left of your 1.0 GB");
        assert_eq!(text(0, 1 << 30), "0 B left of your 1.0 GiB");
    }
}
