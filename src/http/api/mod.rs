//! The API for apps that hold their user's token: `/api/v1`, JSON over HTTP.

mod answer;
mod caller;
mod error;
mod slot;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, delete, get, post};
use tokio::runtime::Handle;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use self::caller::call_of;
use self::error::ApiError;
use super::files::PREFLIGHT_MAX_AGE;
use crate::login::Login;
use crate::telemetry::audit;
use crate::upload::OwnFiles;

/// What the API needs.
#[derive(Debug)]
pub struct ApiDoor {
    /// Who shows a token.
    pub login: Arc<Login>,
    /// What he may do.
    pub files: Arc<OwnFiles>,
    /// Where files are listed and removed, to the end, whether or not the caller waits.
    pub chores: Handle,
    /// For the body of a request, in all.
    pub body_timeout: Duration,
}

/// Its URLs. What is not one of them is answered as the API answers.
pub(super) fn routes(door: ApiDoor) -> Router {
    Router::new()
        .route("/api/v1/slots", post(slot::issue).fallback(method))
        .route("/api/v1/uploads", get(uploads::list).fallback(method))
        .route("/api/v1/uploads/{*path}", delete(uploads::remove).fallback(method))
        .route("/api/v1/{*path}", any(nothing))
        .with_state(Arc::new(door))
        .layer(cors())
}

/// Pages of any origin may call, as they may upload: a token is no cookie, and only who has it can send it.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::RETRY_AFTER])
        .max_age(PREFLIGHT_MAX_AGE)
        .vary([])
}

async fn method(request: Request) -> Response {
    refuse(&request, &ApiError::Method)
}

async fn nothing(request: Request) -> Response {
    refuse(&request, &ApiError::Nothing)
}

fn refuse(request: &Request, error: &ApiError) -> Response {
    let (ending, why) = error.audit();
    audit::api_ended(call_of(request.method(), request.extensions()), ending, why);
    error.into_response()
}
