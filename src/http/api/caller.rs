//! Who calls: without him no handler gets as far as a file.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::ApiDoor;
use super::error::ApiError;
use crate::http::client::ClientAddress;
use crate::login::TokenUser;
use crate::telemetry::audit::{self, ApiCall};
use crate::types::time_since_1970;

/// A user who has shown a good token, and what he asks in the query.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) user: TokenUser,
    pub(super) query: CallQuery,
    name: &'static str,
    client: Option<IpAddr>,
}

/// What may stand in a query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallQuery {
    /// Whose user he is, where the token's issuer serves several.
    vhost: Option<String>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<usize>,
}

impl Caller {
    /// For audit events.
    pub(super) fn call(&self) -> ApiCall<'_> {
        let Self { user, name, client, .. } = self;
        ApiCall { name, client: *client, vhost: Some(user.vhost()), user: Some(user.jid()) }
    }

    /// Tells of what he is refused.
    pub(super) fn refuse(&self, error: &ApiError) -> Response {
        let (ending, why) = error.audit();
        audit::api_ended(self.call(), ending, why);
        error.into_response()
    }
}

impl FromRequestParts<Arc<ApiDoor>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, door: &Arc<ApiDoor>) -> Result<Self, Response> {
        let call = call_of(&head.method, &head.extensions);
        let told = |error: ApiError| {
            let (ending, why) = error.audit();
            audit::api_ended(call, ending, why);
            error.into_response()
        };
        let token = token(&head.headers).map_err(told)?;
        let query = serde_urlencoded::from_str(head.uri.query().unwrap_or_default());
        let query: CallQuery = query.map_err(|_| told(ApiError::Query))?;
        let user =
            door.login.authenticate(token, query.vhost.as_deref(), call, time_since_1970().as_secs_f64());
        // That is told already.
        let user = user.map_err(|_| ApiError::Token.into_response())?;
        Ok(Self { user, query, name: call.name, client: call.client })
    }
}

/// A call of which nothing is known but its method, and where it comes from.
pub(super) fn call_of(method: &Method, extensions: &Extensions) -> ApiCall<'static> {
    let name = match *method {
        Method::POST => "slot",
        Method::GET | Method::HEAD => "list",
        Method::DELETE => "remove",
        _ => "other",
    };
    let client = extensions.get::<ClientAddress>().and_then(|client| client.0);
    ApiCall { name, client, vhost: None, user: None }
}

/// The one token of a request. The scheme is spelt in any case (RFC 9110 §11.1).
fn token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(ApiError::AuthorizationDoubled),
        (Some(value), None) => match value.to_str().ok().and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(token.trim_start_matches(' '))
            }
            _ => Err(ApiError::AuthorizationMissing),
        },
        (None, _) => Err(ApiError::AuthorizationMissing),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_bearer_token_counts() {
        let told = |values: &[&str]| {
            let values =
                values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
            token(&values.collect()).map(str::to_owned).map_err(|error| error.to_string())
        };
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(told(&[good]), Ok("a.b.c".to_owned()), "{good}");
        }
        let missing = Err(ApiError::AuthorizationMissing.to_string());
        for bad in [&[][..], &[""], &["Bearer"], &["Basic YTpi"], &["a.b.c"], &["x Bearer a.b.c"]] {
            assert_eq!(told(bad), missing, "{bad:?}");
        }
        let doubled = Err(ApiError::AuthorizationDoubled.to_string());
        assert_eq!(told(&["Bearer a.b.c", "Bearer a.b.c"]), doubled);
    }
}
