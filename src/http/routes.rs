//! Every URL, on one screen.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::api::{self, ApiDoor};
use super::files::{self, FilesDoor};
use super::hook::{self, HookDoor};
use super::ops::{self, OpsDoor};
use super::slot::{self, KeyedSlots};
use crate::authn::{HookCredentials, SlotKey};

/// More than any form of the hook has: a token of the largest size that can be configured usefully, percent-encoded.
const HOOK_BODY_MAX_BYTES: usize = 256 * 1024;

/// What callers of the hook have to show.
#[derive(Debug)]
pub struct HookKeys {
    /// In a header.
    pub credentials: Option<HookCredentials>,
    /// In the path of `/slot`, where credentials do not count then.
    pub slot_key: Option<SlotKey>,
}

/// The `hook` listener: what ejabberd asks, below `prefix`, for whoever shows these `keys`. `silence` is how long a form may pause.
pub fn hook(door: HookDoor, prefix: &str, keys: HookKeys, silence: Duration) -> Router {
    let HookKeys { credentials, slot_key } = keys;
    let below = |routes| if prefix.is_empty() { routes } else { Router::new().nest(prefix, routes) };
    let keyed = slot_key.map(|key| KeyedSlots { desk: Arc::clone(&door.slots), key });
    let keyed =
        keyed.map(|slots| Router::new().route("/slot/{key}", get(slot::issue_for_key)).with_state(slots));
    let calls = below(hook_calls(door, keyed.is_none(), silence));
    let calls = match credentials {
        Some(credentials) => {
            calls.layer(from_fn_with_state(Arc::new(credentials), hook::require_credentials))
        }
        None => calls,
    };
    match keyed {
        Some(keyed) => below(keyed).merge(calls),
        None => calls,
    }
}

fn hook_calls(door: HookDoor, with_slot: bool, silence: Duration) -> Router {
    let calls = Router::new()
        .route("/check_password", get(hook::check_password).post(hook::check_password))
        .route("/user_exists", get(hook::user_exists).post(hook::user_exists))
        .route("/register", post(hook::register))
        .route("/remove_user", post(hook::remove_user))
        .route("/remove_user_validate", post(hook::remove_user_validate))
        .route("/set_password", post(hook::set_password))
        .route("/get_password", get(hook::nothing))
        .route("/get_certs", get(hook::nothing));
    let calls = if with_slot { calls.route("/slot", get(slot::issue)) } else { calls };
    calls
        .layer(RequestBodyTimeoutLayer::new(silence))
        .layer(DefaultBodyLimit::max(HOOK_BODY_MAX_BYTES))
        .with_state(door)
}

/// The `public` listener: PUT, GET, HEAD and OPTIONS below each vhost's `public_url`, and where there is one, the API below `/api/v1`.
pub fn public(files: Arc<FilesDoor>, api: Option<ApiDoor>) -> Router {
    let files = Router::new().fallback(files::handle).with_state(files).layer(files::cors());
    match api {
        Some(api) => api::routes(api).merge(files),
        None => files,
    }
}

/// The `ops` listener: reads only, nothing secret.
pub fn ops(door: Arc<OpsDoor>) -> Router {
    Router::new()
        .route("/livez", get(ops::livez))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
        .with_state(door)
}
