//! `Range`, RFC 9110 §14: which bytes of a file are wanted.

use std::str::FromStr;

/// A `Range` header that asks for one piece of a file of unknown length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeSpec {
    /// `bytes=first-` and `bytes=first-last`; the last byte may lie behind the end of the file.
    From {
        /// The first byte, counted from zero.
        first: u64,
        /// The last one, which is wanted too. Without it, all that follow.
        last: Option<u64>,
    },
    /// `bytes=-n`: so many bytes from the end.
    Suffix(u64),
}

/// Not one range of bytes. Then the header does not count, and the whole file is served (RFC 9110 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one range of bytes")]
pub struct InvalidRange;

/// A range that begins behind the end of the file, or is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the range lies outside of the file, which has {size} bytes")]
pub struct Unsatisfiable {
    /// The length of the file, in bytes.
    pub size: u64,
}

/// At least one byte of a file, and none behind its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

impl FromStr for RangeSpec {
    type Err = InvalidRange;

    /// Parses the header's value.
    fn from_str(value: &str) -> Result<Self, InvalidRange> {
        let (unit, range) = value.split_once('=').ok_or(InvalidRange)?;
        let (first, last) = range.trim_matches([' ', '\t']).split_once('-').ok_or(InvalidRange)?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return Err(InvalidRange);
        }
        match (first, last) {
            ("", suffix) => position(suffix).map(Self::Suffix),
            (first, "") => Ok(Self::From { first: position(first)?, last: None }),
            (first, last) => {
                let (first, last) = (position(first)?, position(last)?);
                if first <= last { Ok(Self::From { first, last: Some(last) }) } else { Err(InvalidRange) }
            }
        }
    }
}

impl RangeSpec {
    /// The bytes that are meant in a file of `size` bytes.
    ///
    /// # Errors
    ///
    /// [`Unsatisfiable`] if it has none of them.
    pub fn within(self, size: u64) -> Result<ByteRange, Unsatisfiable> {
        let end = size.checked_sub(1).ok_or(Unsatisfiable { size })?;
        match self {
            Self::From { first, last } if first <= end => {
                Ok(ByteRange { first, last: last.map_or(end, |last| last.min(end)) })
            }
            Self::Suffix(length) if length > 0 => {
                Ok(ByteRange { first: size.saturating_sub(length), last: end })
            }
            _ => Err(Unsatisfiable { size }),
        }
    }
}

impl ByteRange {
    /// The first byte, counted from zero.
    #[must_use]
    pub fn first(self) -> u64 {
        self.first
    }

    /// The last byte, which belongs to the range.
    #[must_use]
    pub fn last(self) -> u64 {
        self.last
    }

    /// How many bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// The `Content-Range` of an answer with these bytes of a file of `size` bytes (RFC 9110 §14.4).
    #[must_use]
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

impl Unsatisfiable {
    /// The `Content-Range` of the refusal.
    #[must_use]
    pub fn content_range(self) -> String {
        format!("bytes */{}", self.size)
    }
}

/// Digits alone. A number beyond all files counts as the largest one: it lies behind the end of each.
fn position(digits: &str) -> Result<u64, InvalidRange> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidRange);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(header: &str, size: u64) -> Option<Result<(u64, u64), Unsatisfiable>> {
        let spec: RangeSpec = header.parse().ok()?;
        Some(spec.within(size).map(|range| (range.first(), range.last())))
    }

    #[test]
    fn ranges_as_clients_write_them() {
        let outside = Err(Unsatisfiable { size: 100 });
        for (header, range) in [
            ("bytes=0-1", Ok((0, 1))),
            ("bytes=0-", Ok((0, 99))),
            ("Bytes=99-", Ok((99, 99))),
            ("bytes= 5-7\t", Ok((5, 7))),
            ("bytes=50-1000", Ok((50, 99))),
            ("bytes=50-99999999999999999999999", Ok((50, 99))),
            ("bytes=-1", Ok((99, 99))),
            ("bytes=-100", Ok((0, 99))),
            ("bytes=-101", Ok((0, 99))),
            ("bytes=100-", outside),
            ("bytes=99999999999999999999999-", outside),
            ("bytes=-0", outside),
        ] {
            assert_eq!(of(header, 100), Some(range), "{header}");
        }
        assert_eq!(of("bytes=0-", 0), Some(Err(Unsatisfiable { size: 0 })));
        assert_eq!(of("bytes=-5", 0), Some(Err(Unsatisfiable { size: 0 })));
    }

    #[test]
    fn what_is_not_one_range_does_not_count() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-",
            "bytes=1",
            "bytes=2-1",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=1 -2",
            "bytes =1-2",
            "items=0-1",
            "bytes=0x1-2",
            "bytes=-+1",
            "bytes=٠-١",
        ] {
            assert_eq!(header.parse::<RangeSpec>(), Err(InvalidRange), "{header:?}");
        }
    }

    #[test]
    fn answers_name_what_they_hold() {
        let range = RangeSpec::Suffix(10).within(100).unwrap();
        assert_eq!((range.bytes(), range.content_range(100).as_str()), (10, "bytes 90-99/100"));
        assert_eq!(Unsatisfiable { size: 7 }.content_range(), "bytes */7");
    }

    proptest! {
        /// The model: the positions of a small file, filtered one by one.
        #[test]
        fn a_range_is_what_filtering_all_positions_gives(
            size in 0_u64..50,
            first in proptest::option::of(0_u64..60),
            last in proptest::option::of(0_u64..60),
        ) {
            let text = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
            let header = format!("bytes={}-{}", text(first), text(last));
            let wanted: Vec<_> = match (first, last) {
                (Some(first), Some(last)) if first > last => { prop_assert_eq!(of(&header, size), None); return Ok(()); }
                (Some(first), last) => (0..size).filter(|at| *at >= first && last.is_none_or(|last| *at <= last)).collect(),
                (None, Some(suffix)) => (0..size).filter(|at| at + suffix >= size).collect(),
                (None, None) => { prop_assert_eq!(of(&header, size), None); return Ok(()); }
            };
            let got = header.parse::<RangeSpec>().unwrap().within(size);
            let ends = wanted.first().zip(wanted.last());
            let expected = ends.map(|(&first, &last)| ByteRange { first, last }).ok_or(Unsatisfiable { size });
            prop_assert_eq!(got, expected);
        }
    }
}
