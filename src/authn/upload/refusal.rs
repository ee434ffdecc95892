//! Why an upload token is refused.

use super::{Scheme, ServerScheme};
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
    TokenDoubled(ServerScheme),
    /// Made with another secret, for another path, size or type.
    #[error("the upload token does not match: another secret, path, size or, with v2, type was signed")]
    MacInvalid,
    /// A scheme that this vhost does not accept.
    #[error("upload tokens of scheme {0} are not accepted: upload.accept does not name it")]
    SchemeNotAccepted(Scheme),
    /// An `Authorization` header, and no scheme that uses one.
    #[error(
        "uploads with an Authorization header are not accepted: upload.accept names neither bearer nor jwt"
    )]
    AuthorizationNotAccepted,
    /// An `Authorization` header for something else.
    #[error("the Authorization header is no Bearer token, and nothing else counts beside one")]
    AuthorizationNotBearer,
    /// More than one header.
    #[error("the request has more than one Authorization header")]
    AuthorizationDoubled,
    /// The URL of one of our slots, without the header that belongs to it.
    #[error("the slot's Authorization header is missing: the client, or a proxy, dropped it")]
    BearerMissing,
    /// Something that no slot of ours has.
    #[error(
        "the Bearer token, or what the URL says of it (user, expires, type, keep), is not as it was issued"
    )]
    BearerMalformed,
    /// In the query, where that was not turned on.
    #[error("the Bearer token is in the URL's query, which upload.token_in_url does not allow")]
    BearerInUrl,
    /// A user of another vhost, or the path of another user.
    #[error("the slot's user is no user of this vhost, or not the one whose path this is")]
    BearerUser,
    /// Made with another secret, or for something else.
    #[error(
        "the Bearer token does not match: another secret, vhost, user, path, size, type, keep or expiry was signed"
    )]
    BearerInvalid,
    /// No token of Prosody's.
    #[error(
        "the Bearer token is no JWT as Prosody makes it for a slot: HS256, with slot, filename, filesize, filetype, sub and exp"
    )]
    JwtMalformed,
    /// Made with another secret.
    #[error("the JWT's signature does not match: another secret, or a changed token")]
    JwtInvalid,
    /// For another file.
    #[error("the JWT is for another slot or filename than the path's")]
    JwtPath,
    /// For another size.
    #[error("the file has another size than the JWT is for")]
    JwtSize,
    /// Not yet.
    #[error("the JWT counts from a time on that lies ahead (iat, nbf); are the clocks in step?")]
    JwtAhead,
    /// Its time is over.
    #[error("the slot has expired")]
    Expired,
    /// Its time is far longer than slots have.
    #[error("the slot is good for far longer than upload.slot_ttl")]
    LivesTooLong,
    /// Another `Content-Type` than the slot's.
    #[error("the file comes with another Content-Type than the slot is for")]
    TypeMismatch,
}

impl UploadRefusal {
    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::TokenMissing => FileReason::TokenMissing,
            Self::TokenMalformed | Self::TokenDoubled(_) => FileReason::TokenMalformed,
            Self::MacInvalid => FileReason::MacInvalid,
            Self::SchemeNotAccepted(_) => FileReason::SchemeNotAccepted,
            Self::AuthorizationNotAccepted | Self::AuthorizationNotBearer => {
                FileReason::AuthorizationNotAccepted
            }
            Self::AuthorizationDoubled => FileReason::AuthorizationDoubled,
            Self::BearerMissing => FileReason::BearerMissing,
            Self::BearerMalformed => FileReason::BearerMalformed,
            Self::BearerInUrl => FileReason::BearerInUrl,
            Self::BearerUser => FileReason::BearerUserMismatch,
            Self::BearerInvalid => FileReason::BearerInvalid,
            Self::JwtMalformed => FileReason::JwtMalformed,
            Self::JwtInvalid => FileReason::JwtInvalid,
            Self::JwtPath => FileReason::JwtPathMismatch,
            Self::JwtSize => FileReason::JwtSizeMismatch,
            Self::JwtAhead => FileReason::JwtNotYetValid,
            Self::Expired => FileReason::SlotExpired,
            Self::LivesTooLong => FileReason::SlotLivesTooLong,
            Self::TypeMismatch => FileReason::TypeMismatch,
        }
    }
}
