//! Where a token stands in a path: before the vhost's name if the `public_url` ends in that, as `/upload/t/<token>/<vhost>/…`, else behind
//! it, as `/upload/t/<token>/…`. In both cases whatever sends `/upload` to us sends this along.

use crate::types::Vhost;

/// The part before the token.
const MARK: &str = "t/";

/// The place for tokens in the paths of one vhost.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenPlace {
    /// What stands before the token, decoded.
    before: String,
    /// What stands behind it and its slash.
    behind: String,
}

impl TokenPlace {
    /// For files below `prefix`, which has a slash at both ends.
    pub(super) fn of(prefix: &str, vhost: &Vhost) -> Self {
        let host = format!("{vhost}/");
        let (before, behind) = match prefix.strip_suffix(&host).filter(|before| before.ends_with('/')) {
            Some(before) => (before, host.as_str()),
            None => (prefix, ""),
        };
        Self { before: format!("{before}{MARK}"), behind: behind.to_owned() }
    }

    /// The token in a `path`, and the path of the file. Slots of ours have three parts.
    pub(super) fn split<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let (token, rest) = strip_decoded(path, &self.before)?.split_once('/')?;
        let rest = strip_decoded(rest, &self.behind)?;
        (!token.is_empty() && rest.split('/').count() == 3).then_some((token, rest))
    }

    /// The path, decoded, up to the file's.
    pub(super) fn with(&self, token: &str) -> String {
        format!("{}{token}/{}", self.before, self.behind)
    }
}

/// What stands behind `prefix` in a percent-encoded `path`, however the prefix is spelt there: a vhost that is not ASCII arrives escaped
/// with capital or small digits, or raw. An escaped slash is none.
pub(super) fn strip_decoded<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    if let Some(rest) = path.strip_prefix(prefix) {
        return Some(rest);
    }
    let mut rest = path.as_bytes();
    for expected in prefix.bytes() {
        let (byte, length) = match rest {
            [b'%', high, low, ..] => (hex_byte(*high, *low).filter(|byte| *byte != b'/')?, 3),
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        rest = if byte == expected { &rest[length..] } else { return None };
    }
    path.get(path.len() - rest.len()..)
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
