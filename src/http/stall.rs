//! A client that does not read its answers, or hardly does, is given up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection whose writes fail when the other side takes too little for too long.
#[derive(Debug)]
pub(super) struct Stalling<T> {
    connection: T,
    patience: Duration,
    /// Bytes that have to be taken in that time, unless all are before.
    least: usize,
    /// Bytes that were since the timer was set.
    taken: usize,
    /// Made when a write has to wait for the first time; most connections never do.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<T> Stalling<T> {
    /// In each `patience` the other side has to take at least a byte, or what `rate` bytes a second make.
    pub(super) fn new(connection: T, patience: Duration, rate: u64) -> Self {
        let least = patience.as_secs().saturating_mul(rate).max(1);
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        Self { connection, patience, least, taken: 0, timer: None, waiting: false }
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &written {
            self.taken += result.as_ref().map_or(0, |bytes| *bytes);
            if self.taken >= self.least {
                self.waiting = false;
            }
            return written;
        }
        let patience = self.patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.waiting {
            timer.as_mut().reset(Instant::now() + patience);
            self.waiting = true;
            self.taken = 0;
        }
        timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stalling<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stalling<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Only asked for when all that there was to write is written.
        self.waiting = false;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
