//! Why an upload token is refused.

use super::Scheme;
use crate::telemetry::reason::FileReason;

/// Why an upload token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// No token.
    #[error("the URL has no upload token (?v=, ?v2=, ?token=)")]
    TokenMissing,
    /// Not 64 hex digits.
    #[error("the upload token is not a hex HMAC-SHA256")]
    TokenMalformed,
    /// Two of a kind.
    #[error("the URL has more than one token of scheme {0}")]
    TokenDoubled(Scheme),
    /// Made with another secret, for another path, size or type.
    #[error("the upload token does not match: another secret, path, size or, with v2, type was signed")]
    MacInvalid,
    /// A scheme that this vhost does not accept.
    #[error("upload tokens of scheme {0} are not accepted: upload.accept does not name it")]
    SchemeNotAccepted(Scheme),
    /// An `Authorization` header.
    #[error("uploads with an Authorization header are not accepted")]
    AuthorizationNotAccepted,
}

impl UploadRefusal {
    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::TokenMissing => FileReason::TokenMissing,
            Self::TokenMalformed | Self::TokenDoubled(_) => FileReason::TokenMalformed,
            Self::MacInvalid => FileReason::MacInvalid,
            Self::SchemeNotAccepted(_) => FileReason::SchemeNotAccepted,
            Self::AuthorizationNotAccepted => FileReason::AuthorizationNotAccepted,
        }
    }
}
