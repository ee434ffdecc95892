//! The path of an uploaded file, as the XMPP server signed it.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::uri_escaped_path;

/// The part of an upload URL behind the vhost's `public_url`, percent-decoded exactly once:
/// `<user-hash>/<random>/<filename>` from ejabberd, `<random>/<filename>` from Prosody.
///
/// No part is empty, `.` or `..`, holds a control character or a slash, or is longer than a
/// file's name may be: as a relative path it cannot leave the folder it is put into. A backslash is a character as any other, to us as to Prosody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPath(Box<str>);

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A `%` without two hex digits behind it, or bytes that are not UTF-8.
    #[error("the path is not percent-encoded UTF-8")]
    Encoding,
    /// Not two or three parts.
    #[error("the path does not have two or three parts")]
    Shape,
    /// A part that is empty, `.`, `..` or holds a character no file name has.
    #[error("a part of the path is empty, a dot name, or holds a character that no file name has")]
    Part,
    /// A part above [`ObjectPath::MAX_PART_BYTES`].
    #[error("a part of the path is too long")]
    Length,
}

impl ObjectPath {
    /// The most bytes a part may have: what file systems allow.
    pub const MAX_PART_BYTES: usize = 255;

    /// Parses the path of a request, without its leading slash. Raw UTF-8 and percent-encoding may be mixed:
    /// ejabberd sends the one from 25.10 on, and the other before.
    ///
    /// # Errors
    ///
    /// [`PathError`] for whatever could not have been issued, and for what may not touch a store.
    pub fn parse(encoded: &str) -> Result<Self, PathError> {
        let decoded = decode(encoded)?;
        // An encoded slash would make more parts than the client sees.
        if decoded.split('/').count() != encoded.split('/').count() {
            return Err(PathError::Shape);
        }
        Self::from_decoded(&decoded)
    }

    /// A path that is not percent-encoded: that of a file or an object, and not of a request.
    ///
    /// # Errors
    ///
    /// [`PathError`] for what may not touch a store.
    pub fn from_decoded(path: &str) -> Result<Self, PathError> {
        if !(2..=3).contains(&path.split('/').count()) {
            return Err(PathError::Shape);
        }
        path.split('/').try_for_each(check_part)?;
        Ok(Self(path.into()))
    }

    /// The path as it stands in a URL, percent-encoded.
    #[must_use]
    pub fn encoded(&self) -> String {
        uri_escaped_path(&self.0)
    }

    /// The decoded path: what is signed, and what names the object.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first part of three: the hash of the user whose slot it was.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        let (owner, rest) = self.0.split_once('/')?;
        rest.contains('/').then_some(owner)
    }

    /// The last part.
    #[must_use]
    pub fn filename(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn decode(encoded: &str) -> Result<String, PathError> {
    let well_formed = encoded.split('%').skip(1).all(|after| {
        let digits = after.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    if !well_formed {
        return Err(PathError::Encoding);
    }
    let decoded = percent_decode_str(encoded).decode_utf8().map_err(|_| PathError::Encoding)?;
    Ok(decoded.into_owned())
}

fn check_part(part: &str) -> Result<(), PathError> {
    if part.len() > ObjectPath::MAX_PART_BYTES {
        return Err(PathError::Length);
    }
    let named = !matches!(part, "" | "." | "..");
    if named && !part.chars().any(char::is_control) { Ok(()) } else { Err(PathError::Part) }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_exactly_once() {
        assert_eq!(ObjectPath::parse("h/r/caf%C3%A9.txt").unwrap().as_str(), "h/r/café.txt");
        assert_eq!(ObjectPath::parse("h/r/café.txt").unwrap().as_str(), "h/r/café.txt");
        assert_eq!(ObjectPath::parse("h/r/100%2525").unwrap().as_str(), "h/r/100%25");
        assert_eq!(ObjectPath::parse("h/r/a+b").unwrap().filename(), "a+b");
        assert_eq!(ObjectPath::parse("uuid/name").unwrap().filename(), "name");
        assert_eq!(ObjectPath::parse("uuid/..%5C..%5Cname").unwrap().filename(), "..\\..\\name");
    }

    #[test]
    fn three_parts_have_an_owner() {
        assert_eq!(ObjectPath::parse("h/r/name").unwrap().owner(), Some("h"));
        assert_eq!(ObjectPath::parse("uuid/name").unwrap().owner(), None);
    }

    #[test]
    fn refuses_what_was_never_issued() {
        for (raw, why) in [
            ("h/r/..", PathError::Part),
            ("h/r/%2e%2E", PathError::Part),
            ("h/./name", PathError::Part),
            ("h//name", PathError::Part),
            ("h/r/", PathError::Part),
            ("h/r/a%00b", PathError::Part),
            ("h/r/a%0Ab", PathError::Part),
            ("h/r/a%2Fb", PathError::Shape),
            ("h%2Fr/a", PathError::Shape),
            ("name", PathError::Shape),
            ("", PathError::Shape),
            ("a/b/c/d", PathError::Shape),
            ("h/r/a%", PathError::Encoding),
            ("h/r/a%4", PathError::Encoding),
            ("h/r/a%zz", PathError::Encoding),
            ("h/r/%FF", PathError::Encoding),
        ] {
            assert_eq!(ObjectPath::parse(raw), Err(why), "{raw}");
        }
        let long = format!("h/r/{}", "x".repeat(256));
        assert_eq!(ObjectPath::parse(&long), Err(PathError::Length));
    }

    proptest! {
        #[test]
        fn never_leaves_the_folder_it_is_put_into(raw in "[a-z./%20eE\\\\5cC]{0,40}") {
            if let Ok(path) = ObjectPath::parse(&raw) {
                let all_normal = Path::new(path.as_str()).components().all(|c| matches!(c, Component::Normal(_)));
                prop_assert!(all_normal, "{path}");
            }
        }
    }
}
