//! Calls of the hook with the answers they have to get.

use crate::mix::Mix;
use crate::support::client::{get, post};
use crate::support::signers::tampered;

pub(crate) struct Call {
    pub(crate) request: Vec<u8>,
    pub(crate) status: u16,
    /// Where the answer is one for ejabberd.
    pub(crate) body: Option<&'static str>,
    /// Whether somebody logs in with it.
    pub(crate) is_login: bool,
    /// Whether the service closes the connection afterwards.
    pub(crate) is_last: bool,
}

/// `token` is one of alice, who is there.
pub(crate) fn mix(token: &str) -> Mix<Call> {
    let bad = tampered(token);
    let check = |user, server, pass| [("user", user), ("server", server), ("pass", pass)];
    let exists = |user| [("user", user), ("server", "localhost")];
    let status = |status, request| Call { request, status, body: None, is_login: false, is_last: false };
    let says = |body, request| Call { body: Some(body), ..status(200, request) };
    let login = |request| Call { is_login: true, ..says("true", request) };
    let no = |request| says("false", request);
    let long = "x".repeat(9000);
    Mix {
        common: vec![
            login(post("check_password", &check("alice", "localhost", token))),
            login(get("check_password", &check("alice", "localhost", token))),
            no(post("check_password", &check("alice", "localhost", &bad))),
            no(get("check_password", &check("alice", "localhost", &bad))),
            no(post("check_password", &check("alice", "example.org", token))),
            no(get("check_password", &check("a@b", "localhost", token))),
            no(post("check_password", &check("bob", "localhost", "hunter2"))),
            no(post("check_password", &check("bob", "localhost", &long))),
            says("true", post("user_exists", &exists("alice"))),
            no(get("user_exists", &exists("nobody"))),
            status(403, post("register", &exists("bob"))),
            status(403, post("set_password", &check("alice", "localhost", "x"))),
            status(404, get("get_password", &exists("alice"))),
            status(400, post("check_password", &exists("alice"))),
            status(400, get("user_exists", &[("user", "alice"), ("user", "bob")])),
            status(405, get("remove_user", &exists("alice"))),
        ],
        rare: vec![
            Call { is_last: true, ..status(400, b"no HTTP\r\n\r\n".into()) },
            Call {
                is_last: true,
                ..status(413, post("check_password", &[("pass", &"x".repeat(300 * 1024))]))
            },
        ],
    }
}
