//! Text in a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// What may stand anywhere in a URL as it is, RFC 3986 §2.3; the rest is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as it may stand in a part of a path or as a value in a query.
#[must_use]
pub fn uri_escaped(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ESCAPED)
}

/// The same for each part of a path, whose slashes stay.
#[must_use]
pub fn uri_escaped_path(path: &str) -> String {
    let parts: Vec<_> = path.split('/').map(|part| uri_escaped(part).to_string()).collect();
    parts.join("/")
}
