//! What a refused or failed call is answered, in one match: the reason and a sentence for who writes the app. Of a token that is not good he
//! learns no more than that.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer::answer;
use crate::http::files::RETRY_AFTER;
use crate::telemetry::audit::{Ending, Why};
use crate::telemetry::reason::{ApiReason, Reason};
use crate::types::seconds_since_1970;
use crate::upload::{OwnRefusal, RuleRefusal, SlotDenial, SlotRefusal};

/// Why a call did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("there is no Authorization: Bearer with a token")]
    AuthorizationMissing,
    #[error("there are two Authorization headers")]
    AuthorizationDoubled,
    /// Login knows the reason.
    #[error("the token is not good")]
    Token,
    #[error("the query has what the API does not know, or something twice")]
    Query,
    #[error("only application/json is understood")]
    NotJson,
    #[error("the body is larger than 8 KiB")]
    BodyTooLarge,
    #[error("the body did not come to its end")]
    BodyIncomplete,
    #[error("the body was not there within limits.header_timeout")]
    BodyTimeout,
    #[error("this method does nothing here")]
    Method,
    #[error("the API has nothing there")]
    Nothing,
    #[error("the service is stopping")]
    Stopping,
    #[error(transparent)]
    Slot(#[from] SlotDenial),
    #[error(transparent)]
    Own(#[from] OwnRefusal),
}

impl ApiError {
    /// The status, the stable reason code, and whose fault it is.
    pub(super) fn verdict(&self) -> (StatusCode, Reason, Ending) {
        use Ending::{Failed, Refused};
        let (status, reason) = match self {
            Self::AuthorizationMissing => (StatusCode::UNAUTHORIZED, ApiReason::AuthorizationMissing),
            Self::AuthorizationDoubled => (StatusCode::UNAUTHORIZED, ApiReason::AuthorizationDoubled),
            Self::Token => (StatusCode::UNAUTHORIZED, ApiReason::NotAuthenticated),
            Self::Query => (StatusCode::BAD_REQUEST, ApiReason::RequestMalformed),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, ApiReason::NotJson),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, ApiReason::BodyTooLarge),
            Self::BodyIncomplete => (StatusCode::BAD_REQUEST, ApiReason::BodyIncomplete),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, ApiReason::BodyTimeout),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, ApiReason::MethodNotAllowed),
            Self::Nothing => (StatusCode::NOT_FOUND, ApiReason::PathUnknown),
            Self::Stopping => {
                return (StatusCode::SERVICE_UNAVAILABLE, ApiReason::StoreFailed.into(), Failed);
            }
            Self::Own(refusal) => {
                let ending = if matches!(refusal, OwnRefusal::Store(_)) { Failed } else { Refused };
                return (own_status(refusal), refusal.reason(), ending);
            }
            Self::Slot(denial) => {
                let ending = if matches!(denial, SlotDenial::StoreAway) { Failed } else { Refused };
                return (slot_status(*denial), denial.reason(), ending);
            }
        };
        (status, reason.into(), Refused)
    }

    /// For the audit event.
    pub(super) fn audit(&self) -> (Ending, Why<'_>) {
        let (_, reason, ending) = self.verdict();
        (ending, Why::new(reason, self))
    }

    /// What who calls reads: whichever way a call is not authenticated, the same, and nothing of the store.
    fn told(&self) -> (&'static str, String) {
        let (status, reason, _) = self.verdict();
        let message = match status {
            StatusCode::UNAUTHORIZED => {
                let told = "a good token of the user is needed, in one header Authorization: Bearer; where its issuer serves several vhosts, ?vhost= has to say which";
                return (ApiReason::NotAuthenticated.code(), told.to_owned());
            }
            StatusCode::SERVICE_UNAVAILABLE => "this cannot be answered now; try again later".to_owned(),
            _ => self.to_string(),
        };
        (reason.code(), message)
    }

    /// When to try again.
    fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            Self::Slot(SlotDenial::Rate { retry }) => {
                Some(retry.saturating_sub(seconds_since_1970()).max(1).into())
            }
            Self::Own(OwnRefusal::Rate { retry_after }) => Some((*retry_after).into()),
            _ if self.verdict().0 == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            _ => None,
        }
    }
}

fn own_status(refusal: &OwnRefusal) -> StatusCode {
    match refusal {
        OwnRefusal::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
        OwnRefusal::Page | OwnRefusal::Path(_) => StatusCode::BAD_REQUEST,
        OwnRefusal::Missing => StatusCode::NOT_FOUND,
        OwnRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// As the PUT of such a file would be answered, where that says the same.
fn slot_status(denial: SlotDenial) -> StatusCode {
    match denial {
        SlotDenial::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
        SlotDenial::Request(_) => StatusCode::BAD_REQUEST,
        SlotDenial::Quota(_) => StatusCode::INSUFFICIENT_STORAGE,
        SlotDenial::StoreAway | SlotDenial::Late => StatusCode::SERVICE_UNAVAILABLE,
        SlotDenial::Refused(SlotRefusal::Rule(RuleRefusal::TooLarge { .. })) => StatusCode::PAYLOAD_TOO_LARGE,
        SlotDenial::Refused(SlotRefusal::Rule(RuleRefusal::Type(_))) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        SlotDenial::Stranger | SlotDenial::Purpose(_) | SlotDenial::Refused(_) => StatusCode::FORBIDDEN,
    }
}

impl IntoResponse for &ApiError {
    fn into_response(self) -> Response {
        let (error, message) = self.told();
        let mut response = answer(self.verdict().0, &json!({ "error": error, "message": message }));
        let headers = response.headers_mut();
        if self.verdict().0 == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
