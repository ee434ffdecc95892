//! Frames with the answers they have to get.

use crate::mix::{Line, Mix};
use crate::support::processes::{NO, YES, frame};
use crate::support::signers::tampered;

pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    pub(crate) answer: [u8; 4],
    pub(crate) line: Line,
}

/// `token` is one of alice, who is there.
pub(crate) fn mix(token: &str) -> Mix<Frame> {
    let new = |payload: &[u8], answer, line| Frame { bytes: frame(payload), answer, line };
    let no = |payload: &[u8]| new(payload, NO, Line::None);
    let denied = |payload: &[u8]| new(payload, NO, Line::Bridge);
    let longest = |begin: &str, fill: u8| {
        let mut payload = begin.as_bytes().to_vec();
        payload.resize(65_535, fill);
        payload
    };
    Mix {
        common: vec![
            new(format!("auth:alice:localhost:{token}").as_bytes(), YES, Line::Login),
            new(format!("auth:Alice:localhost:{token}").as_bytes(), YES, Line::Login),
            no(format!("auth:alice:localhost:{}", tampered(token)).as_bytes()),
            no(format!("auth:bob:localhost:{token}").as_bytes()),
            no(format!("auth:alice:example.org:{token}").as_bytes()),
            no(b"auth:alice:localhost:a:b&pass=c+d%20\xc3\xa9"),
            no(b"auth:alice:localhost:"),
            new(b"isuser:alice:localhost", YES, Line::None),
            no(b"isuser:nobody:localhost"),
            no("isuser:jörg:localhost".as_bytes()),
            new(b"removeuser:alice:localhost", NO, Line::Service),
            denied(b"setpass:alice:localhost:x"),
            denied(b"auth:\xff\xfe:localhost:x"),
            denied(b""),
        ],
        rare: vec![
            no(&longest("auth:alice:localhost:", b'x')),
            // Three times as long in a form.
            no(&longest("auth:alice:localhost:", b'&')),
            no(&longest("isuser:", b':')[..7 + 60_000]),
            denied(&longest("setpass:", b':')),
        ],
    }
}
