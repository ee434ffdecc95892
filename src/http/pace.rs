//! Bodies that take no longer than they may: a client that is silent or slow holds a connection, and there are only so many.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::store::BodyFault;

/// How fast a client has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest silence.
    pub idle: Duration,
    /// Bytes a second on average, once `idle` is over; 0 for any.
    pub min_rate: u64,
}

impl Pace {
    /// When the last of so many bytes has to be through; `None` if that is never.
    pub(super) fn deadline(self, bytes: u64) -> Option<Instant> {
        // A second more than the division, so that silence from the first byte on is told as silence.
        let seconds = bytes.checked_div(self.min_rate)?.checked_add(1)?;
        Instant::now().checked_add(self.idle)?.checked_add(Duration::from_secs(seconds))
    }

    /// A request's body of `bytes`, which fails when its sender is silent or slow.
    pub(super) fn watch(self, body: Body, bytes: u64) -> PacedBody {
        PacedBody { body, idle: self.idle, deadline: self.deadline(bytes), timer: None, waiting: None }
    }
}

/// A body that [`Pace`] watches.
#[derive(Debug)]
pub(super) struct PacedBody {
    body: Body,
    idle: Duration,
    deadline: Option<Instant>,
    /// Made when the sender keeps us waiting for the first time.
    timer: Option<Pin<Box<Sleep>>>,
    /// What it is if the timer ends before anything comes.
    waiting: Option<Waiting>,
}

#[derive(Debug, Clone, Copy)]
enum Waiting {
    ForAnything,
    ForTheEnd,
}

impl PacedBody {
    /// Ready when the sender was silent for too long, or has no time left.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<BodyFault> {
        let waiting = match self.waiting {
            Some(waiting) => waiting,
            None => self.begin_to_wait(),
        };
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        timer.as_mut().poll(context).map(|()| match waiting {
            Waiting::ForAnything => BodyFault::Silent,
            Waiting::ForTheEnd => BodyFault::Slow,
        })
    }

    fn begin_to_wait(&mut self) -> Waiting {
        let silent_at = Instant::now() + self.idle;
        let (end, waiting) = match self.deadline {
            Some(deadline) if deadline < silent_at => (deadline, Waiting::ForTheEnd),
            _ => (silent_at, Waiting::ForAnything),
        };
        self.timer.get_or_insert_with(|| Box::pin(sleep_until(end))).as_mut().reset(end);
        *self.waiting.insert(waiting)
    }
}

impl http_body::Body for PacedBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.waiting = None;
                Poll::Ready(frame.map(|frame| frame.map_err(|error| BodyFault::Aborted(error.to_string()))))
            }
            Poll::Pending => self.poll_patience(context).map(|fault| Some(Err(fault))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
