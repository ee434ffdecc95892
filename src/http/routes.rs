//! Every URL, on one screen.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::files::{self, FilesDoor};
use super::hook::{self, HookDoor};
use super::ops::{self, OpsDoor};
use crate::authn::HookCredentials;

/// More than any form of the hook has: a token of the largest size that can be configured usefully, percent-encoded.
const HOOK_BODY_MAX_BYTES: usize = 256 * 1024;

/// The `hook` listener: what ejabberd asks, below `prefix`, for whoever shows `credentials`. `silence` is how long a form may pause.
pub fn hook(door: HookDoor, prefix: &str, credentials: Option<HookCredentials>, silence: Duration) -> Router {
    let calls = Router::new()
        .route("/check_password", get(hook::check_password).post(hook::check_password))
        .route("/user_exists", get(hook::user_exists).post(hook::user_exists))
        .route("/register", post(hook::register))
        .route("/remove_user", post(hook::remove_user))
        .route("/remove_user_validate", post(hook::remove_user_validate))
        .route("/set_password", post(hook::set_password))
        .route("/get_password", get(hook::nothing))
        .route("/get_certs", get(hook::nothing))
        .layer(RequestBodyTimeoutLayer::new(silence))
        .layer(DefaultBodyLimit::max(HOOK_BODY_MAX_BYTES))
        .with_state(door);
    let calls = if prefix.is_empty() { calls } else { Router::new().nest(prefix, calls) };
    match credentials {
        Some(credentials) => {
            calls.layer(from_fn_with_state(Arc::new(credentials), hook::require_credentials))
        }
        None => calls,
    }
}

/// The `public` listener: PUT, GET, HEAD and OPTIONS below each vhost's `public_url`.
pub fn files(door: Arc<FilesDoor>) -> Router {
    Router::new().fallback(files::handle).with_state(door).layer(files::cors())
}

/// The `ops` listener: reads only, nothing secret.
pub fn ops(door: Arc<OpsDoor>) -> Router {
    Router::new()
        .route("/livez", get(ops::livez))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
        .with_state(door)
}
