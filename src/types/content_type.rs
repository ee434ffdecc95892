//! The media type of a file.

use std::fmt;

/// A media type as it stands in a `Content-Type` header (RFC 9110 §8.3.1): visible ASCII, bounded, with parameters that are some. Browsers
/// look for another type behind a comma, so what only begins like a media type is none.
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
    /// [`InvalidContentType`] where it is no `type/subtype` with parameters, is too long, or holds anything but printable ASCII.
    pub fn parse(raw: &str) -> Result<Self, InvalidContentType> {
        let printable = raw.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let (essence, parameters) = raw.split_at(raw.find(';').unwrap_or(raw.len()));
        let named = essence.trim().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
        if printable && named && are_parameters(parameters) && raw.len() <= Self::MAX_BYTES {
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

/// RFC 9110 §5.6.6: nothing, or `;` and perhaps a parameter, again and again.
fn are_parameters(mut rest: &str) -> bool {
    while let Some(parameter) = rest.trim_start().strip_prefix(';') {
        let parameter = parameter.trim_start();
        let name = parameter.bytes().take_while(|byte| is_tchar(*byte)).count();
        rest = match parameter[name..].strip_prefix('=') {
            Some(value) if name > 0 => match value_bytes(value) {
                Some(bytes) => &value[bytes..],
                None => return false,
            },
            None if name == 0 => parameter,
            _ => return false,
        };
    }
    rest.trim().is_empty()
}

/// How long the token or quoted string is that `text` begins with.
fn value_bytes(text: &str) -> Option<usize> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Some(text.bytes().take_while(|byte| is_tchar(*byte)).count()).filter(|bytes| *bytes > 0);
    };
    let mut escaped = false;
    let end = quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some(end + 2)
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
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
        for good in [
            "text/plain;charset=utf-8",
            "text/plain ; charset=utf-8 ; x=y",
            "text/plain;",
            "text/plain; ;a=b;",
            "audio/mp4; codecs=\"mp4a.40.2, avc1\"",
            "a/b; c=\"d\\\"e;,f\"; g=h",
        ] {
            assert!(ContentType::parse(good).is_ok(), "{good}");
        }
        // Browsers would go by the last type in these.
        for several in [
            "image/png,text/html",
            "image/png;,text/html",
            "image/png;, text/html",
            "image/png;x=\"a\",text/html",
            "image/png; x=a,text/html",
            "image/png;x=\"a,text/html",
            "image/png;x",
            "image/png;=x",
            "image/png;x=",
            "image/png;x = y",
            "image/png;x=\"a\\\",text/html",
            "image/png;x=\"a\"b",
            "image/png;x=a b",
        ] {
            assert_eq!(ContentType::parse(several), Err(InvalidContentType), "{several}");
        }
        assert!(ContentType::parse(&format!("a/{}", "b".repeat(253))).is_ok());
        assert!(ContentType::parse(&format!("a/{}", "b".repeat(254))).is_err());
    }
}
