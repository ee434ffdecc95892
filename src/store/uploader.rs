//! Who uploaded an object: written down beside its bytes, in the same step.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::types::BareJid;

/// A header's value has no other bytes for sure. The `@` stays, for people who read it.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// Who uploaded an object, for operators: nothing is decided by it. A bare JID, percent-encoded, so that every store keeps it as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Uploader(Box<str>);

impl Uploader {
    /// The most bytes that one has, escapes included. Stores take 2 KiB of metadata in all.
    pub const MAX_BYTES: usize = 1024;

    /// This user; `None` if his name is too long to be written down.
    #[must_use]
    pub fn of(user: &BareJid) -> Option<Self> {
        let text = utf8_percent_encode(user.as_str(), ESCAPED).to_string();
        (text.len() <= Self::MAX_BYTES).then(|| Self(text.into()))
    }

    /// Reads what was written down; `None` if that is nobody.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES {
            return None;
        }
        let user = BareJid::new(&percent_decode_str(text).decode_utf8().ok()?).ok()?;
        Self::of(&user).filter(|uploader| uploader.as_str() == text)
    }

    /// As it is written down: visible ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says nothing: whose a file is belongs into the audit log alone.
impl fmt::Debug for Uploader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Uploader(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(user: &str) -> Option<Uploader> {
        Uploader::of(&BareJid::new(user).unwrap())
    }

    #[test]
    fn a_name_is_written_in_ascii_and_read_again() {
        for (user, text) in [
            ("alice@example.org", "alice@example.org"),
            ("jürgen@bücher.example", "j%C3%BCrgen@b%C3%BCcher.example"),
            (r"d\27artagnan@example.org", "d%5C27artagnan@example.org"),
            ("50%@example.org", "50%25@example.org"),
        ] {
            let uploader = of(user).unwrap();
            assert_eq!(uploader.as_str(), text);
            assert_eq!(Uploader::parse(text), Some(uploader));
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_left_out() {
        let user = |bytes: usize| format!("{}@example.org", "a".repeat(bytes - "@example.org".len()));
        assert!(of(&user(Uploader::MAX_BYTES)).is_some());
        assert_eq!(of(&user(Uploader::MAX_BYTES + 1)), None);
        assert_eq!(Uploader::parse(&user(Uploader::MAX_BYTES + 1)), None);
    }

    #[test]
    fn what_is_written_in_another_way_is_nobody() {
        for text in [
            "",
            "@",
            "alice@example.org/phone",
            "Alice@example.org",
            "%61lice@example.org",
            "%FF@a.org",
            "a b@a.org",
        ] {
            assert_eq!(Uploader::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_log_does_not_tell_it() {
        assert_eq!(format!("{:?}", of("alice@example.org").unwrap()), "Uploader(…)");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_what_would_be_written(text in "[a-z%0-9A-F@.\\\\]{0,20}|.{0,20}") {
            if let Some(uploader) = Uploader::parse(&text) {
                prop_assert_eq!(uploader.as_str(), text.as_str());
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
