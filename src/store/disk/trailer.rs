//! What stands behind the bytes of an object in its file: JSON, its length and the object's, a magic number.
//!
//! Behind and not before, so that the file can still be looked at with ordinary tools.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::store::ObjectInfo;
use crate::types::ContentType;

/// The format's name and version.
const MAGIC: [u8; 8] = *b"XUPLOAD1";
/// Object length (8 bytes), JSON length (4 bytes), both big-endian, magic (8 bytes).
const TAIL_BYTES: u64 = 20;
/// More than any trailer has.
const JSON_MAX_BYTES: u64 = 4096;

/// An object's properties.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    content_type: ContentType,
    etag: String,
    stored_at: u64,
}

#[derive(Serialize, Deserialize)]
struct Json {
    content_type: String,
    etag: String,
    stored_at: u64,
}

impl Trailer {
    /// The trailer of an object that is being stored now.
    pub(super) fn new(content_type: ContentType) -> Self {
        let stored_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { content_type, etag: format!("{:032x}", rand::random::<u128>()), stored_at }
    }

    /// The bytes to append to an object of `size` bytes.
    pub(super) fn encode(&self, size: u64) -> Vec<u8> {
        let Self { content_type, etag, stored_at } = self;
        let json =
            serde_json::json!({"content_type": content_type.as_str(), "etag": etag, "stored_at": stored_at});
        let mut bytes = json.to_string().into_bytes();
        // A content type is bounded, so this never saturates.
        let json_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes.extend(size.to_be_bytes());
        bytes.extend(json_bytes.to_be_bytes());
        bytes.extend(MAGIC);
        bytes
    }

    /// Reads the trailer of a file of `file_bytes`, and the size of the object before it. `None` if the file does not end in one, or it
    /// describes another file.
    pub(super) fn read(file: &File, file_bytes: u64) -> io::Result<Option<(Self, u64)>> {
        let Some(tail_at) = file_bytes.checked_sub(TAIL_BYTES) else { return Ok(None) };
        let mut tail = [0; 20];
        file.read_exact_at(&mut tail, tail_at)?;
        let Some((size, json_bytes)) = split_tail(tail) else { return Ok(None) };
        if size.checked_add(json_bytes) != Some(tail_at) || json_bytes > JSON_MAX_BYTES {
            return Ok(None);
        }
        let mut json = vec![0; usize::try_from(json_bytes).unwrap_or_default()];
        file.read_exact_at(&mut json, size)?;
        Ok(Self::decode(&json).map(|trailer| (trailer, size)))
    }

    fn decode(json: &[u8]) -> Option<Self> {
        let Json { content_type, etag, stored_at } = serde_json::from_slice(json).ok()?;
        Some(Self { content_type: ContentType::parse(&content_type).ok()?, etag, stored_at })
    }

    /// As every store tells it.
    pub(super) fn into_info(self, size: u64) -> ObjectInfo {
        ObjectInfo {
            size,
            content_type: self.content_type,
            etag: format!("\"{}\"", self.etag),
            modified: UNIX_EPOCH + Duration::from_secs(self.stored_at),
        }
    }
}

fn split_tail(tail: [u8; 20]) -> Option<(u64, u64)> {
    let [s0, s1, s2, s3, s4, s5, s6, s7, j0, j1, j2, j3, magic @ ..] = tail;
    let size = u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let json_bytes = u32::from_be_bytes([j0, j1, j2, j3]);
    (magic == MAGIC).then_some((size, json_bytes.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file_of(bytes: &[u8]) -> (File, u64) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        (file, bytes.len() as u64)
    }

    fn written() -> (Trailer, Vec<u8>) {
        let trailer = Trailer::new(ContentType::parse("image/png").unwrap());
        let bytes = [b"picture".to_vec(), trailer.encode(7)].concat();
        (trailer, bytes)
    }

    #[test]
    fn reads_what_was_written() {
        let (trailer, bytes) = written();
        let (file, length) = file_of(&bytes);
        assert_eq!(Trailer::read(&file, length).unwrap(), Some((trailer, 7)));
    }

    #[test]
    fn a_file_that_was_cut_grown_or_changed_is_damaged() {
        let (_, bytes) = written();
        let mut changed = bytes.clone();
        changed[10] ^= 0x80;
        for damaged in
            [&bytes[..bytes.len() - 1], &bytes[1..], &[&bytes[..], b"x"].concat(), &changed, b"", b"short"]
        {
            let (file, length) = file_of(damaged);
            assert_eq!(Trailer::read(&file, length).unwrap(), None, "{} bytes", damaged.len());
        }
    }
}
