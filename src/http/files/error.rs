//! What a refused or failed file request is answered, in one match. The reason goes to the operator; a stranger reads the status.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::authn::UploadRefusal;
use crate::store::BodyFault;
use crate::telemetry::audit::{Ending, Why};
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
    fn verdict(&self) -> (StatusCode, &'static str, Ending) {
        use Ending::{Failed, Refused};
        match self {
            Self::NoSite => (StatusCode::NOT_FOUND, "path_unknown", Refused),
            Self::Path(_) => (StatusCode::BAD_REQUEST, "path_malformed", Refused),
            Self::Method | Self::Legacy => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", Refused),
            Self::NoLength => (StatusCode::LENGTH_REQUIRED, "length_missing", Refused),
            Self::ContentType(_) => (StatusCode::BAD_REQUEST, "content_type_malformed", Refused),
            Self::Token(refusal @ UploadRefusal::AuthorizationNotAccepted) => {
                (StatusCode::UNAUTHORIZED, refusal.code(), Refused)
            }
            Self::Token(refusal) => (StatusCode::FORBIDDEN, refusal.code(), Refused),
            Self::ContentRange => (StatusCode::BAD_REQUEST, "content_range", Refused),
            Self::Precondition => (StatusCode::PRECONDITION_FAILED, "precondition_failed", Refused),
            Self::Range(_) => (StatusCode::RANGE_NOT_SATISFIABLE, "range_unsatisfiable", Refused),
            Self::Put(PutFailure::Rule(rule @ RuleRefusal::TooLarge { .. })) => {
                (StatusCode::PAYLOAD_TOO_LARGE, rule.code(), Refused)
            }
            Self::Put(PutFailure::Rule(rule)) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, rule.code(), Refused),
            Self::Put(PutFailure::SlotBusy) => (StatusCode::SERVICE_UNAVAILABLE, "slot_busy", Refused),
            Self::Put(PutFailure::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "too_many_uploads", Refused),
            Self::Put(PutFailure::Erased) => (StatusCode::GONE, "user_erased", Refused),
            Self::Put(PutFailure::Exists) => (StatusCode::CONFLICT, "exists", Refused),
            Self::Put(PutFailure::Sender(BodyFault::Silent)) => {
                (StatusCode::REQUEST_TIMEOUT, "body_timeout", Refused)
            }
            Self::Put(PutFailure::Sender(BodyFault::Slow)) => {
                (StatusCode::REQUEST_TIMEOUT, "body_too_slow", Refused)
            }
            Self::Put(PutFailure::Sender(_)) => (StatusCode::BAD_REQUEST, "body_incomplete", Refused),
            Self::Get(GetFailure::Missing) => (StatusCode::NOT_FOUND, "missing", Refused),
            Self::Put(PutFailure::Full(_)) => (StatusCode::INSUFFICIENT_STORAGE, "store_full", Failed),
            Self::Put(PutFailure::Store(_)) | Self::Get(GetFailure::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "store_failed", Failed)
            }
        }
    }

    /// The methods that are served there (RFC 9110 §10.2.1).
    fn allowed(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Legacy => "GET, HEAD, OPTIONS",
            _ => "GET, HEAD, PUT, OPTIONS",
        })
    }

    /// How long the file is of which no such part exists.
    fn content_range(&self) -> Option<HeaderValue> {
        let Self::Range(unsatisfiable) = self else { return None };
        HeaderValue::from_str(&unsatisfiable.content_range()).ok()
    }

    /// For the audit event.
    pub(super) fn audit(&self) -> (Ending, Why<'_>) {
        let (_, code, ending) = self.verdict();
        (ending, Why { code, text: self })
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
            _ => None,
        };
        response
    }
}
