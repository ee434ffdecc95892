//! What is refused before any door sees it: by the HTTP library, or by what holds for each request.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};

use super::files::RETRY_AFTER;
use crate::telemetry::audit::Why;
use crate::telemetry::reason::RequestReason;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Why a request got no further than its listener.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    #[error("the head of the request was not there within limits.header_timeout")]
    HeadTimeout,
    #[error("the head of the request is too large")]
    HeadTooLarge,
    #[error("{0}")]
    Malformed(hyper::Error),
    #[error("a request needs one Host, which names a host")]
    Host,
    #[error("limits.connections are open")]
    TooManyConnections,
}

impl Rejection {
    /// What the library did not go on with, if that was a request: those who hang up asked for nothing.
    /// `waiting` tells that a request had been due.
    pub(super) fn of(error: hyper::Error, waiting: bool) -> Option<Self> {
        if error.is_parse_too_large() {
            Some(Self::HeadTooLarge)
        } else if error.is_parse() {
            Some(Self::Malformed(error))
        } else if error.is_timeout() && waiting {
            Some(Self::HeadTimeout)
        } else {
            None
        }
    }

    /// For the audit event.
    pub(super) fn audit(&self) -> Why<'_> {
        let reason = match self {
            Self::HeadTimeout => RequestReason::HeadTimeout,
            Self::HeadTooLarge => RequestReason::HeadTooLarge,
            Self::Malformed(_) | Self::Host => RequestReason::Malformed,
            Self::TooManyConnections => RequestReason::TooManyConnections,
        };
        Why::new(reason, self)
    }
}

/// The library has answered most of them by itself. The connection is closed: what follows on it may not be what it seems.
impl IntoResponse for &Rejection {
    fn into_response(self) -> Response {
        let status = match self {
            Rejection::TooManyConnections => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let text = status.canonical_reason().unwrap_or_default();
        let mut response = (status, [(header::CONNECTION, CLOSE)], format!("{text}\n")).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            // Pages of other origins may know why, as they may of every answer that comes from further in.
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        response
    }
}

/// RFC 9112 §3.2: whoever names no host, or several, may mean another one to each who reads it.
pub(super) fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Rejection> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (Some(host), None) if host.as_bytes().iter().copied().all(is_of_host) => Ok(()),
        _ => Err(Rejection::Host),
    }
}

/// What a host and its port may consist of (RFC 3986 §3.2.2). It may be empty.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_one_host() {
        let hosts = |hosts: &[&str]| {
            let values = hosts.iter().map(|host| (header::HOST, HeaderValue::from_str(host).unwrap()));
            check_host(Version::HTTP_11, &values.collect()).is_ok()
        };
        for good in ["", "localhost", "upload.example.org:8080", "192.0.2.7", "[2001:db8::7]:443", "a_b"] {
            assert!(hosts(&[good]), "{good}");
        }
        for bad in ["a b", "http://a", "a/b", "a@b", "a\tb", "a?b", "a#b", "a\\b", "<a>"] {
            assert!(!hosts(&[bad]), "{bad}");
        }
        assert!(!hosts(&[]) && !hosts(&["a", "a"]) && !hosts(&["a", "b"]));
        assert!(check_host(Version::HTTP_10, &HeaderMap::new()).is_ok());
    }
}
