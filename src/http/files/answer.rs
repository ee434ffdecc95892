//! A file on its way out.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::store::{ObjectBody, StoreError};
use crate::telemetry::audit::{self, Ending, FileRequest, Why};
use crate::telemetry::metrics::VhostCounters;
use crate::telemetry::reason::FileReason;
use crate::types::Vhost;

/// The bytes of a file. The answer's status is gone by the time they are read, so what goes wrong is told to the operator from here,
/// and to the client by a connection that ends.
#[derive(Debug)]
pub(super) struct AnswerBody {
    file: ObjectBody,
    /// When a client that reads is too slow all the same.
    deadline: Option<Instant>,
    vhost: Option<(Vhost, VhostCounters)>,
    client: Option<IpAddr>,
    bytes: u64,
}

/// Why a file did not get through.
#[derive(Debug, thiserror::Error)]
pub(super) enum CutOff {
    #[error("the client reads more slowly than limits.min_rate")]
    Slow,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AnswerBody {
    pub(super) fn new(file: ObjectBody, deadline: Option<Instant>, who: FileRequest<'_>) -> Self {
        let vhost = who.vhost.map(|(vhost, counters)| (vhost.clone(), counters.clone()));
        Self { file, deadline, vhost, client: who.client, bytes: 0 }
    }

    fn who(&self) -> FileRequest<'_> {
        let vhost = self.vhost.as_ref().map(|(vhost, counters)| (vhost, counters));
        FileRequest { vhost, client: self.client, user: None }
    }

    fn cut_off(&self, error: CutOff) -> CutOff {
        let (ending, reason) = match &error {
            CutOff::Slow => (Ending::Refused, FileReason::AnswerTooSlow),
            CutOff::Store(_) => (Ending::Failed, FileReason::StoreFailed),
        };
        audit::download_ended(self.who(), ending, Why::new(reason, &error));
        error
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Poll::Ready(Some(Err(self.cut_off(CutOff::Slow))));
        }
        let frame = Pin::new(&mut self.file).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        frame.map(|frame| frame.map(|frame| frame.map_err(|error| self.cut_off(error.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.file.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.file.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        audit::handed_out(self.who(), self.bytes);
    }
}
