//! The bytes of a stored file on their way out.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use rustix::buffer::spare_capacity;
use rustix::io::{pread, retry_on_intr};

use super::faults::of;
use super::trailer::{self, Trailer};
use crate::store::{Object, ObjectInfo, ObjectKey, StoreError};

/// Read at once. Smaller chunks take noticeably longer for large files.
const CHUNK_BYTES: u64 = 256 * 1024;

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Info,
    Bytes,
}

/// A file that was opened: its end, which in a small one is all of it, and what its trailer tells.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) info: ObjectInfo,
    file: File,
    end: Vec<u8>,
    end_at: u64,
}

impl Opened {
    /// Reads the end of the file, and a small file whose bytes are wanted as a whole: one read is all then. `None` if the file does not
    /// end in a trailer, or that describes another file.
    pub(super) fn read(file: File, metadata: &Metadata, wanted: Wanted) -> io::Result<Option<Self>> {
        let length = metadata.len();
        let small = wanted == Wanted::Bytes && length <= CHUNK_BYTES;
        let end_at = if small { 0 } else { length.saturating_sub(trailer::MAX_BYTES) };
        let end = read(&file, end_at..length)?;
        let info = Trailer::parse(&end, length).map(|(trailer, size)| trailer.into_info(size));
        Ok(info.map(|info| Self { info, file, end, end_at }))
    }

    /// The bytes of `part`, as far as the object has them.
    pub(super) fn into_object(self, key: &ObjectKey, part: Range<u64>) -> Object {
        let Self { info, file, end, end_at } = self;
        let part = part.start.min(info.size)..part.end.min(info.size);
        let body = match part.start.checked_sub(end_at) {
            Some(start) => {
                let position = |at: u64| usize::try_from(at).unwrap_or(end.len()).min(end.len());
                let here = position(start)..position(part.end - end_at);
                Full::new(Bytes::from(end).slice(here)).map_err(|never| match never {}).boxed_unsync()
            }
            None => FileBody { file, key: key.clone(), left: part }.boxed_unsync(),
        };
        Object { info, body }
    }
}

/// Reads a piece of a file.
#[derive(Debug)]
struct FileBody {
    file: File,
    key: ObjectKey,
    left: Range<u64>,
}

impl FileBody {
    fn read_chunk(&mut self) -> io::Result<Bytes> {
        let end = self.left.end.min(self.left.start + CHUNK_BYTES);
        let chunk = read(&self.file, self.left.start..end)?;
        self.left.start = end;
        Ok(chunk.into())
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let chunk = self.read_chunk().map(Frame::data).map_err(of("read", &self.key));
        Poll::Ready(Some(chunk))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.end.saturating_sub(self.left.start))
    }
}

/// Reads a piece of `file` that has to be there, into memory that nobody fills with zeros first.
fn read(file: &File, piece: Range<u64>) -> io::Result<Vec<u8>> {
    let wanted = usize::try_from(piece.end - piece.start).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(wanted);
    while bytes.len() < wanted {
        let at = piece.start + bytes.len() as u64;
        if retry_on_intr(|| pread(file, spare_capacity(&mut bytes), at))? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    bytes.truncate(wanted);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::store::NewObject;
    use crate::types::{ContentType, ObjectPath, parse_vhost};

    async fn bytes(opened: Opened, part: Range<u64>) -> Bytes {
        let key = ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse("a/b").unwrap());
        opened.into_object(&key, part).body.collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn every_length_is_read_whole_and_in_parts() {
        let trailer = Trailer::new(&NewObject::lasting(0, ContentType::unknown())).encode(0).len() as u64;
        let edges =
            [0, trailer::MAX_BYTES, CHUNK_BYTES, 2 * CHUNK_BYTES].map(|edge| edge.saturating_sub(trailer));
        for size in edges.into_iter().flat_map(|edge| edge.saturating_sub(1)..edge + 2) {
            let content: Vec<u8> = (0..size).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&content).unwrap();
            file.write_all(&Trailer::new(&NewObject::lasting(0, ContentType::unknown())).encode(size))
                .unwrap();
            let open = |wanted| {
                let metadata = file.metadata().unwrap();
                Opened::read(file.try_clone().unwrap(), &metadata, wanted).unwrap().unwrap()
            };
            assert_eq!(open(Wanted::Info).info.size, size);
            assert!(bytes(open(Wanted::Bytes), 0..size).await == content, "{size}");
            for part in [0..size.min(1), size / 2..size, size.saturating_sub(5000)..size.saturating_sub(100)]
            {
                let [start, end] = [part.start, part.end].map(|at| usize::try_from(at).unwrap());
                assert!(
                    bytes(open(Wanted::Bytes), part).await == content[start..end],
                    "{start}..{end} of {size}"
                );
            }
            // Made for another object that was here before.
            assert!(bytes(open(Wanted::Bytes), 0..size + 10).await == content, "the trailer is no content");
            assert!(bytes(open(Wanted::Bytes), size + 1..size + 10).await.is_empty());
        }
    }
}
