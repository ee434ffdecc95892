//! How a browser is told to treat a file: `Content-Disposition`, RFC 6266.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::TypePattern;
use crate::types::ContentType;

/// What RFC 8187 §3.2.1 lets stand in `filename*`.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// What is shown where the operator does not say otherwise: pictures, sound, film and plain text.
const SHOWN: [&str; 13] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/bmp",
    "image/jxl",
    "audio/*",
    "video/*",
    "text/plain",
    "image/apng",
];

/// The types that are shown in the browser; all others are to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineTypes(Vec<TypePattern>);

/// A type that is never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} can hold scripts, which would run with the rights of the site: it is never shown")]
pub struct ActiveType(String);

impl Default for InlineTypes {
    fn default() -> Self {
        Self(SHOWN.iter().filter_map(|pattern| pattern.parse().ok()).collect())
    }
}

impl InlineTypes {
    /// Shows what `patterns` mean, other than what can hold a script.
    ///
    /// # Errors
    ///
    /// [`ActiveType`] if one means just that.
    pub fn new(patterns: Vec<TypePattern>) -> Result<Self, ActiveType> {
        match patterns.iter().filter_map(TypePattern::exact).find(|essence| is_active(essence)) {
            Some(active) => Err(ActiveType(active)),
            None => Ok(Self(patterns)),
        }
    }

    fn shows(&self, essence: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(essence)) && !is_active(essence)
    }
}

/// The `Content-Disposition` of a file. What can hold a script (HTML, SVG, XML) is never shown, because it would run with the rights of
/// the site that serves it.
#[must_use]
pub fn content_disposition(inline: &InlineTypes, content_type: &ContentType, filename: &str) -> String {
    let kind = if inline.shows(&content_type.essence()) { "inline" } else { "attachment" };
    let visible: String = filename.chars().map(|c| if is_invisible(c) { '_' } else { c }).collect();
    let fallback: String = visible.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if fallback == visible {
        return format!("{kind}; filename=\"{fallback}\"");
    }
    let encoded = utf8_percent_encode(&visible, ATTR_CHAR);
    format!("{kind}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

/// Whether some browser runs scripts in it: HTML, all of XML with its stylesheets, scripts themselves, archives of pages, plug-ins.
fn is_active(essence: &str) -> bool {
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    kind == "multipart"
        || ["html", "xml", "script", "xsl", "xslt", "xul", "mathml", "shockwave", "flash", "java", "wasm"]
            .iter()
            .any(|active| subtype.contains(active))
        || matches!(subtype, "rfc822" | "hta" | "css" | "vbs")
}

/// Stands in a quoted string as it is, for every browser: `%` is decoded by some.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

/// Changes how a name looks and not what it is: behind a mark for right-to-left writing, `gpj.exe` looks like `exe.jpg`. Not the
/// joiners of letters and emoji.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &str, filename: &str) -> String {
        content_disposition(&InlineTypes::default(), &ContentType::parse(content_type).unwrap(), filename)
    }

    #[test]
    fn media_is_shown_and_everything_active_is_saved() {
        for shown in ["image/png", "IMAGE/JPEG; q=1", "audio/ogg", "video/mp4", "text/plain; charset=utf-8"] {
            assert_eq!(of(shown, "a.bin"), "inline; filename=\"a.bin\"", "{shown}");
        }
        for saved in [
            "text/html",
            "Text/HTML",
            "image/svg+xml",
            "application/xml",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "application/pdf",
            "application/octet-stream",
        ] {
            assert_eq!(of(saved, "a.bin"), "attachment; filename=\"a.bin\"", "{saved}");
        }
    }

    #[test]
    fn names_survive_in_rfc_8187_and_have_a_plain_fallback() {
        assert_eq!(
            of("image/png", "Grüße \"1\".png"),
            "inline; filename=\"Gr__e _1_.png\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.png"
        );
        assert_eq!(of("a/b", "100%.txt"), "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt");
    }

    #[test]
    fn the_operator_chooses_what_is_shown_but_nothing_active() {
        let types = |patterns: &[&str]| patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        let inline = InlineTypes::new(types(&["application/pdf", "image/*", "text/*"])).unwrap();
        let kind = |essence| {
            let disposition = content_disposition(&inline, &ContentType::parse(essence).unwrap(), "a");
            disposition.split(';').next().unwrap().to_owned()
        };
        for shown in ["application/pdf", "image/x-other", "text/plain"] {
            assert_eq!(kind(shown), "inline", "{shown}");
        }
        for saved in ["image/svg+xml", "text/html", "text/xml", "text/javascript", "video/mp4"] {
            assert_eq!(kind(saved), "attachment", "{saved}");
        }
        for active in ["text/html", "image/SVG+xml", "application/xhtml+xml", "application/javascript"] {
            assert!(InlineTypes::new(types(&[active])).is_err(), "{active}");
        }
    }

    #[test]
    fn a_name_looks_like_what_it_is() {
        assert_eq!(of("a/b", "photo\u{202e}gpj.exe"), "attachment; filename=\"photo_gpj.exe\"");
        assert_eq!(of("a/b", "a\r\nX: y\u{7f}"), "attachment; filename=\"a__X: y_\"");
    }
}
