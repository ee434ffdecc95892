//! What a browser is told of a file's name: the first line is its type, the rest its name.
#![no_main]

use std::sync::LazyLock;

use ejabberd_sidecar::policy::{InlineTypes, content_disposition};
use ejabberd_sidecar::types::ContentType;
use libfuzzer_sys::fuzz_target;

static SHOWN: LazyLock<[InlineTypes; 2]> = LazyLock::new(|| {
    let all = ["image/*", "audio/*", "video/*", "text/*", "application/*", "multipart/*", "font/*"];
    let all = all.map(|pattern| pattern.parse().expect("a pattern")).to_vec();
    [InlineTypes::default(), InlineTypes::new(all).expect("none is a script's")]
});

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some((content_type, name)) = text.split_once('\n') else { return };
    let Ok(content_type) = ContentType::parse(content_type) else { return };
    for shown in &*SHOWN {
        let header = content_disposition(shown, &content_type, name);
        assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "no header's value: {header:?}");
        let (kind, told) = read(&header).expect("RFC 6266");
        assert!(
            kind == "attachment" || kind == "inline" && !is_active(&content_type),
            "it would run: {header}"
        );
        assert_eq!(told.chars().count(), name.chars().count());
        for (told, own) in told.chars().zip(name.chars()) {
            assert!(told == own || told == '_' && !own.is_ascii_graphic(), "{own:?} became {told:?}");
            assert!(!changes_direction(told), "{told:?} is told");
        }
    }
});

/// What no browser may be asked to show, by its name alone.
fn is_active(content_type: &ContentType) -> bool {
    let essence = content_type.essence();
    let xml = essence.ends_with("+xml") || essence.ends_with("/xml");
    xml || ["text/html", "text/javascript", "application/javascript"].contains(&essence.as_str())
}

fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The kind and the name of a disposition, as a browser takes them: `filename*` before `filename`.
fn read(header: &str) -> Option<(&str, String)> {
    let (kind, rest) = header.split_once("; filename=\"")?;
    let (plain, rest) = rest.split_once('"')?;
    if plain.contains(['\\', '%']) {
        return None;
    }
    if rest.is_empty() {
        return Some((kind, plain.to_owned()));
    }
    let mut encoded = rest.strip_prefix("; filename*=UTF-8''")?.bytes();
    let mut name = Vec::new();
    while let Some(byte) = encoded.next() {
        match byte {
            b'%' => {
                let mut digit = || char::from(encoded.next()?).to_digit(16);
                name.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
            }
            _ if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) => name.push(byte),
            _ => return None,
        }
    }
    Some((kind, String::from_utf8(name).ok()?))
}
