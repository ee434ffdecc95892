//! Media types, as uploaders name them.
#![no_main]

use ejabberd_sidecar::types::ContentType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(content_type) = ContentType::parse(text) else { return };
    // It is served as it came, in a header.
    assert_eq!(content_type.as_str(), text);
    assert!((3..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let essence = content_type.essence();
    let (kind, subtype) = essence.split_once('/').expect("two parts");
    for part in [kind, subtype] {
        let allowed = |byte: u8| {
            byte.is_ascii_digit() || byte.is_ascii_lowercase() || b"!#$%&'*+-.^_`|~".contains(&byte)
        };
        assert!(!part.is_empty() && part.bytes().all(allowed), "{part:?} is no token");
    }
    assert!(!outside_quotes(text).contains(','), "browsers would look behind the comma");
    // Parameters change nothing of it, nor does the size of its letters.
    for same in
        [format!("{essence};a=b"), format!("{essence} ; a=\"b, c/d\" ;"), essence.to_ascii_uppercase()]
    {
        if same.len() <= ContentType::MAX_BYTES {
            assert_eq!(ContentType::parse(&same).map(|same| same.essence()), Ok(essence.clone()));
        }
    }
});

/// What does not stand in a quoted string.
fn outside_quotes(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let outside = |c: &char| {
        let opens = *c == '"' && !escaped;
        escaped = *c == '\\' && quoted && !escaped;
        let was_quoted = quoted;
        quoted ^= opens;
        !was_quoted && !opens
    };
    text.chars().filter(outside).collect()
}
