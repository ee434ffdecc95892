//! Bodies on their way in, and whose fault it is when they end early.

use std::io;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt as _;

use super::{PutError, StoreError};

/// An error of any kind, as bodies have them.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that can be stored.
pub trait UploadBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static {}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static> UploadBody for B {}

/// The sender's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// The connection broke.
    #[error("the body ended early: {0}")]
    Aborted(String),
    /// Nothing came for too long.
    #[error("the sender was silent for longer than limits.idle_timeout")]
    Silent,
    /// Too little came, on the whole.
    #[error("the sender is slower than limits.min_rate")]
    Slow,
    /// Another number of bytes than announced.
    #[error("the body does not have the announced length")]
    Length,
}

impl BodyFault {
    /// What a body's error is, which may be one of these already.
    pub(super) fn aborted(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(fault) => *fault,
            Err(other) => Self::Aborted(other.to_string()),
        }
    }
}

/// Counts a body's bytes down to its end.
#[derive(Debug)]
pub(super) struct Remaining(u64);

impl Remaining {
    pub(super) fn new(size: u64) -> Self {
        Self(size)
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), BodyFault> {
        let bytes = u64::try_from(bytes).map_err(|_| BodyFault::Length)?;
        self.0 = self.0.checked_sub(bytes).ok_or(BodyFault::Length)?;
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), BodyFault> {
        if self.0 == 0 { Ok(()) } else { Err(BodyFault::Length) }
    }
}

/// Hands `body` to `write`, frame by frame, and insists on `size` bytes.
pub(super) async fn receive(
    mut body: impl UploadBody,
    size: u64,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
    fault: impl Fn(io::Error) -> StoreError,
) -> Result<(), PutError> {
    let mut remaining = Remaining::new(size);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(BodyFault::aborted)?.into_data() else { continue };
        remaining.take(data.len())?;
        write(&data).map_err(&fault)?;
    }
    Ok(remaining.end()?)
}
