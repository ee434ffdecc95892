//! What a refused or failed file request is answered, in one match. The reason goes to the operator; a stranger reads the status.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::authn::UploadRefusal;
use crate::store::{BodyFault, Cause};
use crate::telemetry::audit::{Ending, Why};
use crate::telemetry::reason::FileReason;
use crate::types::{InvalidContentType, PathError, Unsatisfiable};
use crate::upload::{GetFailure, PutFailure, RuleRefusal};

/// Seconds after which a client may ask again when the store is away or there is no place for him.
pub(in crate::http) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Why a request for a file did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("the path lies below no vhost's public_url")]
    NoSite,
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("only GET, HEAD, PUT and OPTIONS are served")]
    Method,
    #[error("files are handed out and not taken below a legacy prefix")]
    Legacy,
    #[error("a URL with a token in its path takes a file; it is handed out at the slot's other URL")]
    PutOnly,
    #[error("a file is sent as a whole, and not in parts (Content-Range)")]
    ContentRange,
    #[error("the file is not what the request makes its answer depend on (If-Match, If-Unmodified-Since)")]
    Precondition,
    #[error(transparent)]
    Range(#[from] Unsatisfiable),
    #[error("the request does not tell its length (Content-Length)")]
    NoLength,
    #[error(transparent)]
    ContentType(#[from] InvalidContentType),
    #[error(transparent)]
    Token(#[from] UploadRefusal),
    #[error(transparent)]
    Put(#[from] PutFailure),
    #[error(transparent)]
    Get(#[from] GetFailure),
}

impl FileError {
    /// The status, the stable reason code, and whose fault it is.
    fn verdict(&self) -> (StatusCode, FileReason, Ending) {
        use Ending::{Failed, Refused};
        match self {
            Self::NoSite => (StatusCode::NOT_FOUND, FileReason::PathUnknown, Refused),
            Self::Path(_) => (StatusCode::BAD_REQUEST, FileReason::PathMalformed, Refused),
            Self::Method | Self::Legacy | Self::PutOnly => {
                (StatusCode::METHOD_NOT_ALLOWED, FileReason::MethodNotAllowed, Refused)
            }
            Self::NoLength => (StatusCode::LENGTH_REQUIRED, FileReason::LengthMissing, Refused),
            Self::ContentType(_) => (StatusCode::BAD_REQUEST, FileReason::ContentTypeMalformed, Refused),
            Self::Token(refusal) => (token_status(*refusal), refusal.reason(), Refused),
            Self::ContentRange => (StatusCode::BAD_REQUEST, FileReason::ContentRange, Refused),
            Self::Precondition => (StatusCode::PRECONDITION_FAILED, FileReason::PreconditionFailed, Refused),
            Self::Range(_) => (StatusCode::RANGE_NOT_SATISFIABLE, FileReason::RangeUnsatisfiable, Refused),
            Self::Put(PutFailure::Rule(rule @ RuleRefusal::TooLarge { .. })) => {
                (StatusCode::PAYLOAD_TOO_LARGE, rule.reason(), Refused)
            }
            Self::Put(PutFailure::Rule(rule)) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, rule.reason(), Refused),
            Self::Put(PutFailure::SlotBusy) => {
                (StatusCode::SERVICE_UNAVAILABLE, FileReason::SlotBusy, Refused)
            }
            Self::Put(PutFailure::Busy) => {
                (StatusCode::SERVICE_UNAVAILABLE, FileReason::TooManyUploads, Refused)
            }
            Self::Put(PutFailure::Rate(_)) => (StatusCode::TOO_MANY_REQUESTS, FileReason::ByteRate, Refused),
            Self::Put(PutFailure::Quota(quota)) => {
                (StatusCode::INSUFFICIENT_STORAGE, quota.reason(), Refused)
            }
            Self::Put(PutFailure::Counting) => {
                (StatusCode::SERVICE_UNAVAILABLE, FileReason::Counting, Failed)
            }
            Self::Put(PutFailure::KeepOver) => (StatusCode::GONE, FileReason::KeepOver, Refused),
            Self::Get(GetFailure::Gone) => (StatusCode::GONE, FileReason::Gone, Refused),
            Self::Put(PutFailure::Erased) => (StatusCode::GONE, FileReason::UserErased, Refused),
            Self::Put(PutFailure::Exists) => (StatusCode::CONFLICT, FileReason::Exists, Refused),
            Self::Put(PutFailure::Sender(BodyFault::Silent)) => {
                (StatusCode::REQUEST_TIMEOUT, FileReason::BodyTimeout, Refused)
            }
            Self::Put(PutFailure::Sender(BodyFault::Slow)) => {
                (StatusCode::REQUEST_TIMEOUT, FileReason::BodyTooSlow, Refused)
            }
            Self::Put(PutFailure::Sender(_)) => {
                (StatusCode::BAD_REQUEST, FileReason::BodyIncomplete, Refused)
            }
            Self::Get(GetFailure::Missing) => (StatusCode::NOT_FOUND, FileReason::Missing, Refused),
            Self::Put(PutFailure::Full(_)) => {
                (StatusCode::INSUFFICIENT_STORAGE, FileReason::StoreFull, Failed)
            }
            Self::Put(PutFailure::Store(error)) | Self::Get(GetFailure::Store(error)) => {
                let busy = matches!(error.cause(), Cause::Busy | Cause::Concurrency);
                let reason = if busy { FileReason::StoreBusy } else { FileReason::StoreFailed };
                (StatusCode::SERVICE_UNAVAILABLE, reason, Failed)
            }
        }
    }

    /// The methods that are served there (RFC 9110 §10.2.1).
    fn allowed(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Legacy => "GET, HEAD, OPTIONS",
            Self::PutOnly => "PUT, OPTIONS",
            _ => "GET, HEAD, PUT, OPTIONS",
        })
    }

    /// How long the file is of which no such part exists.
    fn content_range(&self) -> Option<HeaderValue> {
        let Self::Range(unsatisfiable) = self else { return None };
        HeaderValue::from_str(&unsatisfiable.content_range()).ok()
    }

    /// When to try again, in seconds.
    fn retry_after(&self) -> Option<u64> {
        let Self::Put(PutFailure::Rate(rate)) = self else { return None };
        Some(rate.retry_after)
    }

    /// For the audit event.
    pub(super) fn audit(&self) -> (Ending, Why<'_>) {
        let (_, reason, ending) = self.verdict();
        (ending, Why::new(reason, self))
    }
}

/// Slots of ours ask for a header, and say when they end; XMPP servers' tokens do neither.
fn token_status(refusal: UploadRefusal) -> StatusCode {
    match refusal {
        UploadRefusal::TokenMissing
        | UploadRefusal::TokenMalformed
        | UploadRefusal::TokenDoubled(_)
        | UploadRefusal::MacInvalid
        | UploadRefusal::SchemeNotAccepted(_) => StatusCode::FORBIDDEN,
        UploadRefusal::AuthorizationNotAccepted
        | UploadRefusal::AuthorizationNotBearer
        | UploadRefusal::AuthorizationDoubled
        | UploadRefusal::BearerMissing
        | UploadRefusal::BearerMalformed
        | UploadRefusal::BearerInUrl
        | UploadRefusal::BearerUser
        | UploadRefusal::BearerInvalid
        | UploadRefusal::JwtMalformed
        | UploadRefusal::JwtInvalid
        | UploadRefusal::JwtPath
        | UploadRefusal::JwtAhead
        | UploadRefusal::LivesTooLong => StatusCode::UNAUTHORIZED,
        UploadRefusal::JwtSize => StatusCode::PAYLOAD_TOO_LARGE,
        UploadRefusal::Expired => StatusCode::GONE,
        UploadRefusal::TypeMismatch => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    }
}

impl IntoResponse for &FileError {
    fn into_response(self) -> Response {
        let (status, ..) = self.verdict();
        let text = status.canonical_reason().unwrap_or_default();
        let mut response = (status, format!("{text}\n")).into_response();
        let headers = response.headers_mut();
        // What is missing now may be there soon.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            StatusCode::METHOD_NOT_ALLOWED => headers.insert(header::ALLOW, self.allowed()),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.content_range().and_then(|range| headers.insert(header::CONTENT_RANGE, range))
            }
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, RETRY_AFTER),
            StatusCode::TOO_MANY_REQUESTS => {
                self.retry_after().and_then(|seconds| headers.insert(header::RETRY_AFTER, seconds.into()))
            }
            _ => None,
        };
        response
    }
}
