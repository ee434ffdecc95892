//! Paths of uploads, as strangers write them.
#![no_main]

use std::path::{Component, Path};

use ejabberd_sidecar::types::ObjectPath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(written) = std::str::from_utf8(input) else { return };
    let Ok(path) = ObjectPath::parse(written) else { return };
    let text = path.as_str();
    assert_eq!(decoded(written.as_bytes()).as_deref(), Some(text), "decoded once, and nothing else");
    let parts: Vec<_> = text.split('/').collect();
    assert_eq!(parts.len(), written.split('/').count(), "a slash that nobody saw");
    assert!((2..=3).contains(&parts.len()));
    assert!(parts.iter().all(|part| (1..=255).contains(&part.len())));
    assert!(!text.contains(char::is_control));
    let components: Vec<_> = Path::new(text).components().collect();
    assert!(
        components.iter().all(|component| matches!(component, Component::Normal(_))),
        "it leaves its folder"
    );
    assert_eq!(components.len(), parts.len());
    assert_eq!(Some(&path.filename()), parts.last());
    assert_eq!(path.owner(), (parts.len() == 3).then(|| parts[0]));
    // However it is written, it is the same path.
    for stays in [|_| false, |byte: u8| byte.is_ascii_alphanumeric(), |byte: u8| byte != b'%' && byte != b'?']
    {
        assert_eq!(ObjectPath::parse(&encoded(text, stays)).as_ref(), Ok(&path));
    }
});

/// Without the bytes' escapes; `None` where one is broken or the bytes are no text.
fn decoded(mut written: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some((first, rest)) = written.split_first() {
        if *first == b'%' {
            let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
            bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
            written = &rest[2..];
        } else {
            bytes.push(*first);
            written = rest;
        }
    }
    String::from_utf8(bytes).ok()
}

fn encoded(text: &str, stays: fn(u8) -> bool) -> String {
    let mut bytes = Vec::new();
    for byte in text.bytes() {
        // Half a character is none.
        if byte == b'/' || (byte.is_ascii() && stays(byte)) {
            bytes.push(byte);
        } else {
            bytes.extend(format!("%{byte:02x}").bytes());
        }
    }
    String::from_utf8(bytes).expect("ASCII")
}
