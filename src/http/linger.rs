//! Closing without cutting off an answer.
//!
//! A refusal is sent while the client is still sending its file. If the socket were closed then, the kernel would answer
//! the bytes under way with a reset, and the reset would throw the refusal away before the client has read it. So: end our side, read
//! on for a while, then close. (RFC 9112 §9.6)

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// How long a client may take to notice.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that closes that way. Once `stop` is cancelled it waits no longer for clients that send nothing: their idle
/// connections would hold up the end of the service.
#[derive(Debug)]
pub(super) struct Lingering<T> {
    connection: T,
    stop: CancellationToken,
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    patience: Pin<Box<Sleep>>,
    still_sending: bool,
}

impl<T> Lingering<T> {
    pub(super) fn new(connection: T, stop: CancellationToken) -> Self {
        Self { connection, stop, closing: None }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Lingering<T> {
    /// Reads and throws away. Ready at the end of what the client sends; `sent` tells whether something came.
    fn poll_discard(&mut self, context: &mut Context<'_>, sent: &mut bool) -> Poll<()> {
        let mut scratch = [0; 8 * 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.connection).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *sent = true,
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut closing = if let Some(closing) = this.closing.take() {
            closing
        } else {
            ready!(Pin::new(&mut this.connection).poll_shutdown(context))?;
            Closing { patience: Box::pin(sleep(PATIENCE)), still_sending: false }
        };
        let ended = this.poll_discard(context, &mut closing.still_sending).is_ready();
        let idle = this.stop.is_cancelled() && !closing.still_sending;
        if ended || idle || closing.patience.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        this.closing = Some(closing);
        Poll::Pending
    }
}
