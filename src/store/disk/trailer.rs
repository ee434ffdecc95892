//! What stands behind the bytes of an object in its file: JSON, its length and the object's, a magic number.
//!
//! Behind and not before, so that the file can still be looked at with ordinary tools.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::store::{Lifetime, NewObject, ObjectInfo, Uploader};
use crate::types::{ContentType, since_1970};

/// The format's name and version.
const MAGIC: [u8; 8] = *b"XUPLOAD1";
/// Object length (8 bytes), JSON length (4 bytes), both big-endian, magic (8 bytes).
pub(super) const TAIL_BYTES: usize = 20;
/// More than any trailer has.
pub(super) const MAX_BYTES: u64 = 4096;

/// An object's properties.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    content_type: ContentType,
    etag: String,
    stored_at: u64,
    life: Lifetime,
    uploader: Option<Uploader>,
}

#[derive(Serialize, Deserialize)]
struct Json {
    content_type: String,
    etag: String,
    stored_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep_until: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot_ends: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    buried: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

impl Trailer {
    /// The trailer of an object that is being stored now.
    pub(super) fn new(object: &NewObject) -> Self {
        let stored_at = object.stored_at.unwrap_or_else(SystemTime::now);
        let stored_at = since_1970(stored_at).as_secs();
        let etag = format!("{:032x}", rand::random::<u128>());
        let NewObject { content_type, life, uploader, .. } = object.clone();
        Self { content_type, etag, stored_at, life, uploader }
    }

    /// The bytes to append to an object of `size` bytes.
    pub(super) fn encode(&self, size: u64) -> Vec<u8> {
        self.encode_at_least(size, 0)
    }

    /// The same, of at least so many bytes.
    pub(super) fn encode_at_least(&self, size: u64, bytes: u64) -> Vec<u8> {
        let Lifetime { keep_until, slot_ends, buried } = self.life;
        let json = Json {
            content_type: self.content_type.as_str().to_owned(),
            etag: self.etag.clone(),
            stored_at: self.stored_at,
            keep_until,
            slot_ends,
            buried,
            user: self.uploader.as_ref().map(|uploader| uploader.as_str().to_owned()),
        };
        // Texts, numbers and a truth: that does not fail.
        let mut encoded = serde_json::to_vec(&json).unwrap_or_default();
        let wanted = usize::try_from(bytes).unwrap_or_default().saturating_sub(TAIL_BYTES);
        // White space behind JSON is none of it.
        encoded.resize(encoded.len().max(wanted), b' ');
        // A content type is bounded, so this never saturates.
        let json_bytes = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
        encoded.extend(size.to_be_bytes());
        encoded.extend(json_bytes.to_be_bytes());
        encoded.extend(MAGIC);
        encoded
    }

    /// The trailer of a file of `file_bytes`, of which `end` are the last [`MAX_BYTES`] or more, and the size of the object before it.
    /// `None` if there is none, or it describes another file.
    pub(super) fn parse(end: &[u8], file_bytes: u64) -> Option<(Self, u64)> {
        let (before, tail) = end.split_last_chunk()?;
        let (size, json_bytes) = described(*tail, file_bytes)?;
        let json_at = before.len().checked_sub(usize::try_from(json_bytes).ok()?)?;
        Some((Self::decode(before.get(json_at..)?)?, size))
    }

    fn decode(json: &[u8]) -> Option<Self> {
        let Json { content_type, etag, stored_at, keep_until, slot_ends, buried, user } =
            serde_json::from_slice(json).ok()?;
        let life = Lifetime { keep_until, slot_ends, buried };
        let uploader = user.as_deref().and_then(Uploader::parse);
        let content_type = ContentType::parse(&content_type).ok()?;
        Some(Self { content_type, etag, stored_at, life, uploader })
    }

    /// As every store tells it.
    pub(super) fn into_info(self, size: u64) -> ObjectInfo {
        ObjectInfo {
            size,
            content_type: self.content_type,
            etag: format!("\"{}\"", self.etag),
            modified: UNIX_EPOCH + Duration::from_secs(self.stored_at),
            life: self.life,
            uploader: self.uploader,
        }
    }
}

/// The size of the object in a file of `file_bytes` that ends in `tail`. `None` if that describes another file.
pub(super) fn size_before(tail: [u8; TAIL_BYTES], file_bytes: u64) -> Option<u64> {
    described(tail, file_bytes).map(|(size, _)| size)
}

fn described(tail: [u8; TAIL_BYTES], file_bytes: u64) -> Option<(u64, u32)> {
    let (size, json_bytes) = split_tail(tail)?;
    let described = size.checked_add(json_bytes.into())?.checked_add(TAIL_BYTES as u64)?;
    (described == file_bytes).then_some((size, json_bytes))
}

fn split_tail(tail: [u8; TAIL_BYTES]) -> Option<(u64, u32)> {
    let [s0, s1, s2, s3, s4, s5, s6, s7, j0, j1, j2, j3, magic @ ..] = tail;
    let size = u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let json_bytes = u32::from_be_bytes([j0, j1, j2, j3]);
    (magic == MAGIC).then_some((size, json_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BareJid;

    fn written() -> (Trailer, Vec<u8>) {
        let life = Lifetime { keep_until: Some(1_800_000_000), slot_ends: Some(5), buried: false };
        let uploader = Uploader::of(&BareJid::new("jürgen@example.org").unwrap());
        let object =
            NewObject { life, uploader, ..NewObject::lasting(7, ContentType::parse("image/png").unwrap()) };
        let trailer = Trailer::new(&object);
        let bytes = [b"picture".to_vec(), trailer.encode(7)].concat();
        (trailer, bytes)
    }

    fn parse(bytes: &[u8]) -> Option<(Trailer, u64)> {
        Trailer::parse(bytes, bytes.len() as u64)
    }

    #[test]
    fn reads_what_was_written() {
        let (trailer, bytes) = written();
        assert_eq!(parse(&bytes), Some((trailer, 7)));
    }

    #[test]
    fn what_was_written_before_there_were_lifetimes_and_uploaders_lasts_and_is_nobodys() {
        let json = br#"{"content_type":"image/png","etag":"00","stored_at":7}"#;
        let trailer = Trailer::decode(json).unwrap();
        assert_eq!((trailer.life, &trailer.uploader), (Lifetime::default(), &None));
        let lasting = Trailer::new(&NewObject::lasting(0, ContentType::unknown())).encode(0);
        let lasting = String::from_utf8_lossy(&lasting);
        assert!(!lasting.contains("keep_until") && !lasting.contains("user"), "as it always was");
    }

    #[test]
    fn who_uploaded_it_is_no_reason_to_lose_it() {
        let with = |user: &str| {
            Trailer::decode(
                format!(r#"{{"content_type":"a/b","etag":"0","stored_at":7,"user":"{user}"}}"#).as_bytes(),
            )
        };
        let alice = Uploader::parse("alice@example.org").unwrap();
        assert_eq!(with("alice@example.org").unwrap().uploader, Some(alice));
        for nobody in ["", "nobody at all", "alice@example.org/phone"] {
            assert_eq!(with(nobody).unwrap().uploader, None, "{nobody}");
        }
    }

    #[test]
    fn its_end_is_enough() {
        let (trailer, bytes) = written();
        assert_eq!(Trailer::parse(&bytes[7..], bytes.len() as u64), Some((trailer, 7)));
        assert_eq!(Trailer::parse(&bytes[8..], bytes.len() as u64), None);
    }

    #[test]
    fn the_longest_one_is_short_enough() {
        // JSON escapes what a quoted string has escaped already.
        let longest = format!("a/b;cc=\"{}\"", "\\\"".repeat((ContentType::MAX_BYTES - 9) / 2));
        assert_eq!(longest.len(), ContentType::MAX_BYTES);
        let longest = ContentType::parse(&longest).unwrap();
        let life = Lifetime { keep_until: Some(u64::MAX), slot_ends: Some(u64::MAX), buried: true };
        let user = format!("{}@example.org", "a".repeat(Uploader::MAX_BYTES - 12));
        let uploader = Uploader::parse(&user);
        assert!(uploader.is_some());
        let object = NewObject { life, uploader, ..NewObject::lasting(u64::MAX, longest) };
        assert!(Trailer::new(&object).encode(u64::MAX).len() as u64 <= MAX_BYTES);
    }

    #[test]
    fn a_file_that_was_cut_grown_or_changed_is_damaged() {
        let (_, bytes) = written();
        let mut changed = bytes.clone();
        changed[10] ^= 0x80;
        for damaged in
            [&bytes[..bytes.len() - 1], &bytes[1..], &[&bytes[..], b"x"].concat(), &changed, b"", b"short"]
        {
            assert_eq!(parse(damaged), None, "{} bytes", damaged.len());
        }
    }
}
