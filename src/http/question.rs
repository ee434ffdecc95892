//! What the hook is asked: `application/x-www-form-urlencoded`, in the query of a GET or in the body of a POST.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::telemetry::audit::{self, Why};
use crate::telemetry::reason::HookReason;
use crate::types::encoded_once;

/// The arguments of a call, wherever they stand.
#[derive(Debug)]
pub(super) struct Question<T>(pub(super) T);

/// A request that is no question. It is answered with a 4xx, which no caller takes for a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(StatusCode);

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Question<T> {
    type Rejection = Malformed;

    async fn from_request(request: Request, state: &S) -> Result<Self, Malformed> {
        if request.method() == Method::GET {
            return parse(request.uri().query().unwrap_or_default().as_bytes());
        }
        // Whatever the content type says: MongooseIM names none.
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            told(&rejection, status)
        })?;
        parse(&body)
    }
}

/// What is wrong with a question is told without its values.
fn parse<T: DeserializeOwned>(form: &[u8]) -> Result<Question<T>, Malformed> {
    let parsed = serde_urlencoded::from_bytes(form).map(Question);
    parsed.map_err(|error| told(&error, StatusCode::BAD_REQUEST))
}

/// A question that is none in spite of its form.
pub(super) fn malformed(problem: &dyn std::fmt::Display) -> Malformed {
    told(problem, StatusCode::BAD_REQUEST)
}

fn told(problem: &dyn std::fmt::Display, status: StatusCode) -> Malformed {
    audit::hook_refused(Why::new(HookReason::Malformed, problem));
    Malformed(status)
}

/// The name of a user or a server. `ejabberd_auth_http` encodes it twice; the one sense of that is taken here, so that nothing behind
/// the door has to know of it.
#[derive(Debug)]
pub(super) struct Name(pub(super) String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match encoded_once(&name) {
            std::borrow::Cow::Borrowed(_) => Ok(Self(name)),
            std::borrow::Cow::Owned(decoded) => Ok(Self(decoded)),
        }
    }
}
