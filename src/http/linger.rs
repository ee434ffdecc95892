//! Closing without cutting off an answer.
//!
//! A refusal is sent while the client is still sending its file. If the socket were closed then, the kernel would answer
//! the bytes under way with a reset, and the reset would throw the refusal away before the client has read it. So: end our side, read
//! on for a while, then close. (RFC 9112 §9.6)

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
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
    closing: Closing,
}

#[derive(Debug)]
enum Closing {
    NotYet,
    Reading { patience: Pin<Box<Sleep>>, still_sending: bool },
    Done,
}

impl<T> Lingering<T> {
    pub(super) fn new(connection: T, stop: CancellationToken) -> Self {
        Self { connection, stop, closing: Closing::NotYet }
    }
}

/// Reads and throws away. Ready at the end of what the client sends; `sent` tells whether something came.
fn poll_discard<T>(connection: &mut T, context: &mut Context<'_>, sent: &mut bool) -> Poll<()>
where
    T: AsyncRead + Unpin,
{
    let mut scratch = [0; 8 * 1024];
    loop {
        let mut buffer = ReadBuf::new(&mut scratch);
        match ready!(Pin::new(&mut *connection).poll_read(context, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => *sent = true,
            _ => return Poll::Ready(()),
        }
    }
}

impl<T: AsyncWrite + Unpin> Lingering<T> {
    /// Ends our side at once: there was no answer that could be cut off.
    pub(super) async fn hang_up(mut self) {
        drop(self.connection.shutdown().await);
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
        if matches!(this.closing, Closing::NotYet) {
            ready!(Pin::new(&mut this.connection).poll_shutdown(context))?;
            this.closing = Closing::Reading { patience: Box::pin(sleep(PATIENCE)), still_sending: false };
        }
        let Closing::Reading { patience, still_sending } = &mut this.closing else {
            return Poll::Ready(Ok(()));
        };
        let ended = poll_discard(&mut this.connection, context, still_sending).is_ready();
        let idle = this.stop.is_cancelled() && !*still_sending;
        if ended || idle || patience.as_mut().poll(context).is_ready() {
            this.closing = Closing::Done;
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}
