//! The bytes of a stored file on their way out.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::of;
use crate::store::{ObjectKey, StoreError};

/// Read at once. Smaller chunks take noticeably longer for large files.
const CHUNK_BYTES: u64 = 256 * 1024;

/// Reads a piece of a file, which the object or a part of it is.
#[derive(Debug)]
pub(super) struct FileBody {
    file: File,
    key: ObjectKey,
    piece: Range<u64>,
}

impl FileBody {
    pub(super) fn new(file: File, key: ObjectKey, piece: Range<u64>) -> Self {
        Self { file, key, piece }
    }

    fn left(&self) -> u64 {
        self.piece.end.saturating_sub(self.piece.start)
    }

    fn read_chunk(&mut self) -> io::Result<Bytes> {
        let wanted = self.left().min(CHUNK_BYTES);
        let mut chunk = vec![0; usize::try_from(wanted).unwrap_or_default()];
        self.file.read_exact_at(&mut chunk, self.piece.start)?;
        self.piece.start += wanted;
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
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.read_chunk().map(Frame::data).map_err(of("read", &self.key));
        Poll::Ready(Some(chunk))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
