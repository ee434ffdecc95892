//! The media type of a file.

use std::fmt;

/// A media type as it stands in a `Content-Type` header: visible ASCII, bounded, with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType(Box<str>);

/// What was given is not a media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a media type")]
pub struct InvalidContentType;

impl ContentType {
    /// The most bytes a media type may have, parameters included.
    pub const MAX_BYTES: usize = 255;

    /// Parses a `Content-Type` header's value.
    ///
    /// # Errors
    ///
    /// [`InvalidContentType`] where it has no `type/subtype`, is too long, or holds anything but printable ASCII.
    pub fn parse(raw: &str) -> Result<Self, InvalidContentType> {
        let printable = raw.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let named = essence(raw).split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
        if printable && named && raw.len() <= Self::MAX_BYTES {
            Ok(Self(raw.into()))
        } else {
            Err(InvalidContentType)
        }
    }

    /// `application/octet-stream`: what a file is whose sender did not say.
    #[must_use]
    pub fn unknown() -> Self {
        Self("application/octet-stream".into())
    }

    /// The value as it was given, parameters included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `type/subtype` without parameters, in lower case.
    #[must_use]
    pub fn essence(&self) -> String {
        essence(&self.0).to_ascii_lowercase()
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn essence(raw: &str) -> &str {
    raw.split(';').next().unwrap_or_default().trim()
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_and_others() {
        let html = ContentType::parse("Text/HTML; charset=utf-8").unwrap();
        assert_eq!(html.as_str(), "Text/HTML; charset=utf-8");
        assert_eq!(html.essence(), "text/html");
        for wrong in ["", "text", "text/", "/html", "text/html\r\nx: y", "tëxt/html", "a b/c", "text/html/x"]
        {
            assert_eq!(ContentType::parse(wrong), Err(InvalidContentType), "{wrong:?}");
        }
        assert!(ContentType::parse(&format!("a/{}", "b".repeat(253))).is_ok());
        assert!(ContentType::parse(&format!("a/{}", "b".repeat(254))).is_err());
    }
}
