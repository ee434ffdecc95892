//! The external-auth hook, with the names and answers of ejabberd's contrib module `ejabberd_auth_http`: 200 with exactly `true` or
//! `false`. Arguments come in the query of a GET or in the form of a POST.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Form;
use axum::extract::State;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::login::Login;

#[derive(Debug, Deserialize)]
pub(super) struct CheckPassword {
    user: String,
    server: String,
    pass: SecretString,
}

pub(super) async fn check_password(
    State(login): State<Arc<Login>>,
    Form(asked): Form<CheckPassword>,
) -> &'static str {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    answer(login.check_password(&asked.user, &asked.server, asked.pass.expose_secret(), now).is_ok())
}

#[derive(Debug, Deserialize)]
pub(super) struct UserExists {
    user: String,
    server: String,
}

pub(super) async fn user_exists(
    State(login): State<Arc<Login>>,
    Form(asked): Form<UserExists>,
) -> &'static str {
    answer(login.user_exists(&asked.user, &asked.server))
}

fn answer(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}
