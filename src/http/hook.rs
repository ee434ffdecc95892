//! The external-auth hook, with the names and answers of ejabberd's contrib module `ejabberd_auth_http`: 200 with exactly `true` or
//! `false`. Arguments come in the query of a GET or in the form of a POST.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::authn::HookCredentials;
use crate::login::Login;
use crate::telemetry::audit::{self, Why};

type Asked<T> = Result<Form<T>, FormRejection>;
type Answer = Result<&'static str, FormRejection>;

#[derive(Debug, Deserialize)]
pub(super) struct CheckPassword {
    user: String,
    server: String,
    pass: SecretString,
}

pub(super) async fn check_password(State(login): State<Arc<Login>>, asked: Asked<CheckPassword>) -> Answer {
    let Form(asked) = understood(asked)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    Ok(answer(login.check_password(&asked.user, &asked.server, asked.pass.expose_secret(), now).is_ok()))
}

#[derive(Debug, Deserialize)]
pub(super) struct UserExists {
    user: String,
    server: String,
}

pub(super) async fn user_exists(State(login): State<Arc<Login>>, asked: Asked<UserExists>) -> Answer {
    let Form(asked) = understood(asked)?;
    Ok(answer(login.user_exists(&asked.user, &asked.server)))
}

fn answer(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
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
    audit::hook_refused(Why { code: "credentials_wrong", text: &text });
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"hook\"")]).into_response()
}

/// A question that is none is answered with a 4xx, which no caller takes for a yes. What is wrong with it is told without its values.
fn understood<T>(asked: Asked<T>) -> Result<Form<T>, FormRejection> {
    asked.inspect_err(|rejection| audit::hook_refused(Why { code: "request_malformed", text: rejection }))
}
