//! Sums of objects: SHA-256 to compare bytes, and MD5 because that is what buckets tell of theirs.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::Progress;
use crate::store::{ObjectBody, StoreError};

/// What the bytes of an object come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) md5: [u8; 16],
    pub(super) sha256: [u8; 32],
}

#[derive(Debug, Clone, Default)]
struct Running {
    md5: Md5,
    sha256: Sha256,
}

impl Running {
    fn add(&mut self, data: &[u8]) {
        self.md5.update(data);
        self.sha256.update(data);
    }

    fn end(self) -> Sums {
        Sums { md5: self.md5.finalize().into(), sha256: self.sha256.finalize().into() }
    }
}

/// Reads an object to its end.
pub(super) async fn sums_of(mut body: ObjectBody) -> Result<Sums, StoreError> {
    let mut running = Running::default();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            running.add(&data);
        }
    }
    Ok(running.end())
}

/// The sums of a body that somebody else reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Arc<Mutex<Running>>);

impl Tally {
    /// Of what was read so far.
    pub(super) fn sums(&self) -> Sums {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().end()
    }

    /// `body`, counted while it is read.
    pub(super) fn of(&self, body: ObjectBody, progress: Arc<dyn Progress>) -> Counted {
        Counted { body, tally: self.clone(), progress }
    }
}

/// A body whose bytes are counted.
#[derive(Debug)]
pub(super) struct Counted {
    body: ObjectBody,
    tally: Tally,
    progress: Arc<dyn Progress>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.tally.0.lock().unwrap_or_else(PoisonError::into_inner).add(data);
            self.progress.sent(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
