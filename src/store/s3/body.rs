//! Bodies on their way to the store: one upload's bytes, as one request's body or as those of several, one behind the other.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};

use crate::store::body::{BoxError, Remaining};
use crate::store::{BodyFault, UploadBody};

/// The body of one upload. Requests take their parts of it in turn, frame by frame; nothing is gathered.
#[derive(Debug)]
pub(super) struct Source<B> {
    rest: Arc<Mutex<Rest<B>>>,
    watch: Arc<BodyWatch>,
}

/// What has not been sent yet.
#[derive(Debug)]
struct Rest<B> {
    body: B,
    remaining: Remaining,
    /// Of the last frame, what belongs to the next part.
    left_over: Bytes,
}

impl<B: UploadBody> Source<B> {
    /// `size` bytes of `body`, and not one less or more.
    pub(super) fn new(body: B, size: u64) -> Self {
        let rest = Rest { body, remaining: Remaining::new(size), left_over: Bytes::new() };
        Self { rest: Arc::new(Mutex::new(rest)), watch: Arc::default() }
    }

    /// The next `bytes` bytes. Whatever was not taken of the part before is lost to both.
    pub(super) fn part(&self, bytes: u64) -> ByteStream {
        let part = Part {
            rest: Arc::clone(&self.rest),
            watch: Arc::clone(&self.watch),
            held: Arc::default(),
            bytes,
        };
        ByteStream::new(SdkBody::from_body_1_x(part))
    }

    /// What becomes of it.
    pub(super) fn watch(&self) -> &BodyWatch {
        &self.watch
    }
}

impl<B: UploadBody> Rest<B> {
    /// Up to `most` bytes.
    fn poll(&mut self, most: u64, context: &mut Context<'_>) -> Poll<Result<Bytes, BodyFault>> {
        while self.left_over.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
                // More was asked for.
                return Poll::Ready(Err(BodyFault::Length));
            };
            // Trailers are nothing that is stored.
            let Ok(data) = frame.map_err(BodyFault::aborted)?.into_data() else { continue };
            self.remaining.take(data.len())?;
            self.left_over = data;
        }
        let bytes = usize::try_from(most).unwrap_or(usize::MAX).min(self.left_over.len());
        Poll::Ready(Ok(self.left_over.split_to(bytes)))
    }
}

/// What became of a body that the SDK has taken over.
#[derive(Debug, Default)]
pub(super) struct BodyWatch {
    fault: Mutex<Option<BodyFault>>,
    /// How often the store was ready for more.
    asked: AtomicU64,
    /// Whether the store waits for the sender, whose silence is watched elsewhere.
    waits_for_sender: AtomicBool,
}

impl BodyWatch {
    /// Returns when the store neither took nor answered anything for `patience`, or up to twice as long.
    pub(super) async fn stalled(&self, patience: Duration) {
        let mut seen = u64::MAX;
        loop {
            let asked = self.asked.load(Ordering::Relaxed);
            if asked == seen && !self.waits_for_sender.load(Ordering::Relaxed) {
                return;
            }
            seen = asked;
            tokio::time::sleep(patience).await;
        }
    }

    /// What the sender did wrong, which the SDK tells as an error of its own.
    pub(super) fn take_fault(&self) -> Option<BodyFault> {
        locked(&self.fault).take()
    }

    fn failed(&self, fault: BodyFault) -> BoxError {
        *locked(&self.fault) = Some(fault.clone());
        fault.into()
    }

    fn polled(&self, waits_for_sender: bool) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.waits_for_sender.store(waits_for_sender, Ordering::Relaxed);
    }
}

/// A body of exactly known length: a part of an upload, or all of it.
#[derive(Debug)]
struct Part<B> {
    rest: Arc<Mutex<Rest<B>>>,
    watch: Arc<BodyWatch>,
    held: Arc<Held>,
    bytes: u64,
}

impl<B: UploadBody> Body for Part<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.bytes == 0 {
            return Poll::Ready(None);
        }
        ready!(self.held.poll_nothing(context));
        let polled = locked(&self.rest).poll(self.bytes, context);
        self.watch.polled(polled.is_pending());
        Poll::Ready(Some(match ready!(polled) {
            Ok(data) => {
                self.bytes -= data.len() as u64;
                Ok(Frame::data(self.held.hold(data)))
            }
            Err(fault) => Err(self.watch.failed(fault)),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes == 0
    }
}

/// Whether a frame still waits for the store to take it. Without this the HTTP client would gather four times as much of an upload as its longest frame,
/// whenever the store is slower than the sender.
#[derive(Debug, Default)]
struct Held {
    frame: AtomicBool,
    gone: AtomicWaker,
}

/// A frame until it is written.
struct HeldFrame {
    data: Bytes,
    held: Arc<Held>,
}

impl Held {
    fn hold(self: &Arc<Self>, data: Bytes) -> Bytes {
        self.frame.store(true, Ordering::Release);
        Bytes::from_owner(HeldFrame { data, held: Arc::clone(self) })
    }

    /// Ready when there is none.
    fn poll_nothing(&self, context: &mut Context<'_>) -> Poll<()> {
        // Before the look: a frame that goes between the two wakes.
        self.gone.register(context.waker());
        if self.frame.load(Ordering::Acquire) { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl AsRef<[u8]> for HeldFrame {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for HeldFrame {
    fn drop(&mut self) {
        self.held.frame.store(false, Ordering::Release);
        self.held.gone.wake();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
