//! Calls of the hook with the answers they have to get.

use crate::mix::{Line, Mix};
use crate::support::client::{get, post};
use crate::support::signers::tampered;

pub(crate) struct Call {
    pub(crate) request: Vec<u8>,
    pub(crate) status: u16,
    /// Where the answer is one for ejabberd.
    pub(crate) body: Option<&'static str>,
    pub(crate) line: Line,
    /// Whether the service closes the connection afterwards.
    pub(crate) is_last: bool,
}

/// `token` is one of alice, who is there.
pub(crate) fn mix(token: &str) -> Mix<Call> {
    let bad = tampered(token);
    let check = |user, server, pass| [("user", user), ("server", server), ("pass", pass)];
    let exists = |user| [("user", user), ("server", "localhost")];
    let says = |body, line, request| Call { request, status: 200, body: Some(body), line, is_last: false };
    let status = |status, line, request| Call { request, status, body: None, line, is_last: false };
    let (yes, no) =
        (|request| says("true", Line::Login, request), |request| says("false", Line::None, request));
    let long = "x".repeat(9000);
    Mix {
        common: vec![
            yes(post("check_password", &check("alice", "localhost", token))),
            yes(get("check_password", &check("alice", "localhost", token))),
            no(post("check_password", &check("alice", "localhost", &bad))),
            no(get("check_password", &check("alice", "localhost", &bad))),
            no(post("check_password", &check("alice", "example.org", token))),
            no(get("check_password", &check("a@b", "localhost", token))),
            no(post("check_password", &check("bob", "localhost", "hunter2"))),
            no(post("check_password", &check("bob", "localhost", &long))),
            says("true", Line::None, post("user_exists", &exists("alice"))),
            no(get("user_exists", &exists("nobody"))),
            status(403, Line::Service, post("register", &exists("bob"))),
            status(403, Line::None, post("set_password", &check("alice", "localhost", "x"))),
            status(404, Line::None, get("get_password", &exists("alice"))),
            status(400, Line::Service, post("check_password", &exists("alice"))),
            status(400, Line::Service, get("user_exists", &[("user", "alice"), ("user", "bob")])),
            status(405, Line::None, get("remove_user", &exists("alice"))),
        ],
        rare: vec![
            Call { is_last: true, ..status(400, Line::None, b"no HTTP\r\n\r\n".into()) },
            Call {
                is_last: true,
                ..status(413, Line::Service, post("check_password", &[("pass", &"x".repeat(300 * 1024))]))
            },
        ],
    }
}
