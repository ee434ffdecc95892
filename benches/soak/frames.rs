//! Frames with the answers they have to get.

use crate::mix::Mix;
use crate::support::processes::{NO, YES, frame};
use crate::support::signers::tampered;

pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    pub(crate) answer: [u8; 4],
    /// Whether somebody logs in with it.
    pub(crate) is_login: bool,
}

/// `token` is one of alice, who is there.
pub(crate) fn mix(token: &str) -> Mix<Frame> {
    let new = |payload: &[u8], answer, is_login| Frame { bytes: frame(payload), answer, is_login };
    let no = |payload: &[u8]| new(payload, NO, false);
    let longest = |begin: &str, fill: u8| {
        let mut payload = begin.as_bytes().to_vec();
        payload.resize(65_535, fill);
        payload
    };
    Mix {
        common: vec![
            new(format!("auth:alice:localhost:{token}").as_bytes(), YES, true),
            new(format!("auth:alice:LOCALHOST:{token}").as_bytes(), YES, true),
            no(format!("auth:Alice:localhost:{token}").as_bytes()),
            no(format!("auth:alice:localhost:{}", tampered(token)).as_bytes()),
            no(format!("auth:bob:localhost:{token}").as_bytes()),
            no(format!("auth:alice:example.org:{token}").as_bytes()),
            no(b"auth:alice:localhost:a:b&pass=c+d%20\xc3\xa9"),
            no(b"auth:alice:localhost:"),
            new(b"isuser:alice:localhost", YES, false),
            no(b"isuser:nobody:localhost"),
            no("isuser:jörg:localhost".as_bytes()),
            no(b"removeuser:alice:localhost"),
            no(b"setpass:alice:localhost:x"),
            no(b"auth:\xff\xfe:localhost:x"),
            no(b""),
        ],
        rare: vec![
            no(&longest("auth:alice:localhost:", b'x')),
            // Three times as long in a form.
            no(&longest("auth:alice:localhost:", b'&')),
            no(&longest("isuser:", b':')[..7 + 60_000]),
            no(&longest("setpass:", b':')),
        ],
    }
}
