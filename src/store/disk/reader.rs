//! The bytes of a stored file on their way out.

use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::of;
use crate::store::{ObjectKey, StoreError};

/// Read at once. Smaller chunks take noticeably longer for large files.
const CHUNK_BYTES: u64 = 256 * 1024;

/// Reads a file from its start, for as many bytes as the object has.
#[derive(Debug)]
pub(super) struct FileBody {
    file: File,
    key: ObjectKey,
    left: u64,
}

impl FileBody {
    pub(super) fn new(file: File, key: ObjectKey, size: u64) -> Self {
        Self { file, key, left: size }
    }

    fn read_chunk(&mut self) -> io::Result<Bytes> {
        let wanted = self.left.min(CHUNK_BYTES);
        let mut chunk = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
        let read = (&self.file).take(wanted).read_to_end(&mut chunk)?;
        if read as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= wanted;
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
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.read_chunk().map(Frame::data).map_err(of("read", &self.key));
        Poll::Ready(Some(chunk))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
