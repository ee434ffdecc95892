//! How a browser is told to treat a file: `Content-Disposition`, RFC 6266.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

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

/// Shows pictures, sound and film; everything else is to be saved. What can hold a script (HTML, SVG, XML) is never shown,
/// because it would run with the rights of the site that serves it.
#[must_use]
pub fn content_disposition(content_type: &ContentType, filename: &str) -> String {
    let kind = if is_passive_media(&content_type.essence()) { "inline" } else { "attachment" };
    let fallback: String = filename.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if fallback == filename {
        return format!("{kind}; filename=\"{filename}\"");
    }
    let encoded = utf8_percent_encode(filename, ATTR_CHAR);
    format!("{kind}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

fn is_passive_media(essence: &str) -> bool {
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    match kind {
        "image" => {
            matches!(subtype, "png" | "jpeg" | "gif" | "webp" | "avif" | "heic" | "heif" | "bmp" | "jxl")
        }
        "audio" | "video" => !subtype.ends_with("xml"),
        _ => essence == "text/plain",
    }
}

/// Stands in a quoted string as it is, for every browser: `%` is decoded by some.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &str, filename: &str) -> String {
        content_disposition(&ContentType::parse(content_type).unwrap(), filename)
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
}
