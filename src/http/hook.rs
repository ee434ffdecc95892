//! The external-auth hook, with the names and answers of ejabberd's contrib module `ejabberd_auth_http`, which `MongooseIM` reads
//! as well.

use std::sync::Arc;

use axum::extract::{FromRef, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::runtime::Handle;

use super::question::{Name, Question};
use crate::authn::HookCredentials;
use crate::login::{AccountRefusal, Accounts, Login};
use crate::telemetry::audit::{self, Why};
use crate::telemetry::reason::HookReason;
use crate::types::time_since_1970;
use crate::upload::SlotDesk;

/// What the hook asks.
#[derive(Debug, Clone)]
pub struct HookDoor {
    /// Who may log in.
    pub login: Arc<Login>,
    /// Who exists.
    pub accounts: Arc<Accounts>,
    /// Where accounts are made and removed: that reads and writes files, for which no login waits.
    pub chores: Handle,
    /// Where slots are issued.
    pub slots: Arc<SlotDesk>,
}

impl FromRef<HookDoor> for Arc<Login> {
    fn from_ref(door: &HookDoor) -> Self {
        Self::clone(&door.login)
    }
}

impl FromRef<HookDoor> for Arc<SlotDesk> {
    fn from_ref(door: &HookDoor) -> Self {
        Self::clone(&door.slots)
    }
}

impl HookDoor {
    /// Runs a call to its end, whether or not its caller waits for that.
    async fn finish<F>(&self, call: impl FnOnce(Arc<Accounts>) -> F) -> StatusCode
    where
        F: Future<Output = StatusCode> + Send + 'static,
    {
        let answer = self.chores.spawn(call(Arc::clone(&self.accounts))).await;
        // Only at the end of the process, or after a panic.
        answer.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// A user, and where one is asked for, a password. Callers send an empty one elsewhere.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    user: Name,
    server: Name,
}

#[derive(Debug, Deserialize)]
pub(super) struct UserWithPassword {
    user: Name,
    server: Name,
    pass: SecretString,
}

pub(super) async fn check_password(
    State(login): State<Arc<Login>>,
    Question(asked): Question<UserWithPassword>,
) -> &'static str {
    let UserWithPassword { user, server, pass } = asked;
    answer(
        login
            .check_password(&user.0, &server.0, pass.expose_secret(), time_since_1970().as_secs_f64())
            .is_ok(),
    )
}

pub(super) async fn user_exists(
    State(login): State<Arc<Login>>,
    Question(User { user, server }): Question<User>,
) -> &'static str {
    answer(login.user_exists(&user.0, &server.0))
}

/// Exactly this, with status 200, is read as a yes or a no.
fn answer(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}

pub(super) async fn register(
    State(door): State<HookDoor>,
    Question(User { user, server }): Question<User>,
) -> StatusCode {
    door.finish(|accounts| async move {
        status(&accounts.register(&user.0, &server.0).await, StatusCode::CREATED)
    })
    .await
}

pub(super) async fn remove_user(
    State(door): State<HookDoor>,
    Question(User { user, server }): Question<User>,
) -> StatusCode {
    door.finish(|accounts| async move {
        status(&accounts.remove(&user.0, &server.0).await, StatusCode::NO_CONTENT)
    })
    .await
}

pub(super) async fn remove_user_validate(
    State(door): State<HookDoor>,
    Question(asked): Question<UserWithPassword>,
) -> StatusCode {
    let UserWithPassword { user, server, pass } = asked;
    door.finish(|accounts| async move {
        let removed = accounts
            .remove_with_token(&user.0, &server.0, pass.expose_secret(), time_since_1970().as_secs_f64())
            .await;
        status(&removed, StatusCode::NO_CONTENT)
    })
    .await
}

fn status(outcome: &Result<(), AccountRefusal>, done: StatusCode) -> StatusCode {
    match outcome {
        Ok(()) => done,
        Err(AccountRefusal::Exists) => StatusCode::CONFLICT,
        Err(AccountRefusal::Missing) => StatusCode::NOT_FOUND,
        Err(AccountRefusal::ProvisioningOff | AccountRefusal::Listed | AccountRefusal::Login(_)) => {
            StatusCode::FORBIDDEN
        }
        Err(AccountRefusal::Busy | AccountRefusal::NotLoaded | AccountRefusal::Store(_)) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Passwords are changed where tokens are issued.
pub(super) async fn set_password() -> StatusCode {
    StatusCode::FORBIDDEN
}

/// Nobody has a password here, or a certificate.
pub(super) async fn nothing() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// Lets only those ask who show the credentials. Without any configured it is not in the way: callers send an empty
/// `Authorization: Basic ` then.
pub(super) async fn require_credentials(
    State(credentials): State<Arc<HookCredentials>>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown.is_some_and(|shown| credentials.accept(shown)) {
        return next.run(request).await;
    }
    let text = if shown.is_some() {
        "the credentials are not listen.hook_credentials"
    } else {
        "no credentials were sent"
    };
    audit::hook_refused(Why::new(HookReason::CredentialsWrong, &text));
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"hook\"")]).into_response()
}
