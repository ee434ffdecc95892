//! `Range` headers. The first byte is the length of the file.
#![no_main]

use ejabberd_sidecar::types::RangeSpec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((size, header)) = input.split_first() else { return };
    let Ok(header) = std::str::from_utf8(header) else { return };
    let size = u64::from(*size);
    let spec = header.parse::<RangeSpec>();
    let Some(meant) = read(header) else {
        assert!(spec.is_err(), "another reading finds no range in it");
        return;
    };
    let within = spec.expect("another reading finds a range in it").within(size);
    // All positions of the file, asked one by one.
    let wanted: Vec<_> = (0..u128::from(size)).filter(|at| meant.contains(*at, size.into())).collect();
    match (wanted.first(), wanted.last()) {
        (Some(first), Some(last)) => {
            let range = within.expect("there is something");
            assert_eq!((u128::from(range.first()), u128::from(range.last())), (*first, *last));
            assert_eq!(range.bytes(), wanted.len() as u64);
            assert_eq!(range.content_range(size), format!("bytes {first}-{last}/{size}"));
        }
        _ => assert_eq!(within.expect_err("there is nothing").content_range(), format!("bytes */{size}")),
    }
});

/// What a header means.
enum Meant {
    Between(u128, u128),
    Last(u128),
}

impl Meant {
    fn contains(&self, at: u128, size: u128) -> bool {
        match self {
            Self::Between(first, last) => (*first..=*last).contains(&at),
            Self::Last(bytes) => at + bytes >= size,
        }
    }
}

/// By the grammar of RFC 9110, 14.1.2, character for character.
fn read(header: &str) -> Option<Meant> {
    let header = header.to_ascii_lowercase();
    let range = header.strip_prefix("bytes=")?.trim_matches([' ', '\t']);
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let (first, rest) = range.split_at(digits(range));
    let last = rest.strip_prefix('-')?;
    if digits(last) != last.len() {
        return None;
    }
    match (first, last) {
        ("", "") => None,
        ("", bytes) => Some(Meant::Last(number(bytes))),
        (first, "") => Some(Meant::Between(number(first), u128::MAX)),
        (first, last) if longer(first, last) => None,
        (first, last) => Some(Meant::Between(number(first), number(last))),
    }
}

/// Digits, of whatever number.
fn number(digits: &str) -> u128 {
    // Far above the length of any file, and below what overflows with it.
    digits.parse().unwrap_or(u128::MAX).min(1 << 100)
}

/// Whether `one` is a greater number than `other`. Above all files they are the same to everybody.
fn longer(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|digits| number(digits).min(u64::MAX.into()));
    one > other
}
