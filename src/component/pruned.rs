//! A stream without what no request can have. A parser holds a tag or a text until it has all of it, however large, and once told to stop it cannot read on. So what is
//! too large is taken out before, and whatever a stanza is like, those behind it are read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::markup::{Kind, Markup};

/// For what is kept of a stanza, as it stands in the stream.
pub(super) const ROOM: usize = 128 * 1024;
/// In the place of what was taken out: there is no such entity, and so the stanza is not whole.
const CUT: &[u8] = b"&cut;";

/// Takes out what is too large, and what means nothing: comments, instructions, and what stands between stanzas.
#[derive(Debug)]
struct Pruner {
    /// What was begun.
    markup: Option<Markup>,
    /// The open elements that are kept, with the stream itself.
    depth: usize,
    /// Those that are not.
    skipped: usize,
    /// For the rest of the stanza.
    room: usize,
    is_cut: bool,
    /// The text so far ends within a reference: `&am`.
    in_reference: bool,
}

impl Pruner {
    fn new() -> Self {
        Self { markup: None, depth: 0, skipped: 0, room: ROOM, is_cut: false, in_reference: false }
    }

    /// Reads on, and adds to `kept` what is kept.
    fn feed(&mut self, mut bytes: &[u8], kept: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if let Some(mut markup) = self.markup.take() {
                let Some(end) = markup.feed(bytes) else {
                    self.markup = Some(markup);
                    return;
                };
                bytes = &bytes[end..];
                self.markup(&markup, kept);
            } else {
                let end = bytes.iter().position(|byte| *byte == b'<').unwrap_or(bytes.len());
                let (text, rest) = bytes.split_at(end);
                self.text(text, kept);
                self.markup = (!rest.is_empty()).then(|| Markup::with_room(ROOM));
                bytes = rest;
            }
        }
    }

    fn markup(&mut self, markup: &Markup, kept: &mut Vec<u8>) {
        match markup.kind() {
            Kind::Start if self.skipped == 0 && self.keep(markup, kept) => self.depth += 1,
            Kind::Start => self.skipped += 1,
            Kind::End if self.skipped > 0 => self.skipped -= 1,
            Kind::End => {
                // What began had room, and so has its end: if not all of it, then its name.
                kept.extend_from_slice(markup.held());
                kept.extend_from_slice(if markup.whole().is_none() { b">" } else { b"" });
                self.depth = self.depth.saturating_sub(1);
            }
            Kind::Empty if self.skipped == 0 => _ = self.keep(markup, kept),
            Kind::CData if self.is_kept_text() => _ = self.keep(markup, kept),
            Kind::Empty | Kind::CData | Kind::Ignored => {}
        }
        if self.depth < 2 && self.skipped == 0 {
            (self.room, self.is_cut, self.in_reference) = (ROOM, false, false);
        }
    }

    fn keep(&mut self, markup: &Markup, kept: &mut Vec<u8>) -> bool {
        let whole = markup.whole().filter(|whole| whole.len() <= self.room);
        if let Some(whole) = whole {
            kept.extend_from_slice(whole);
            self.room -= whole.len();
        } else {
            self.cut(kept);
        }
        whole.is_some()
    }

    fn text(&mut self, text: &[u8], kept: &mut Vec<u8>) {
        if !self.is_kept_text() {
            return;
        }
        let part = &text[..text.len().min(self.room)];
        kept.extend_from_slice(part);
        self.room -= part.len();
        if let Some(sign) = part.iter().rfind(|byte| matches!(byte, b'&' | b';')) {
            self.in_reference = *sign == b'&';
        }
        if part.len() < text.len() {
            self.cut(kept);
        }
    }

    fn is_kept_text(&self) -> bool {
        self.depth > 1 && self.skipped == 0
    }

    /// From here on nothing of the stanza is kept but the ends of what was begun.
    fn cut(&mut self, kept: &mut Vec<u8>) {
        self.room = 0;
        // A stanza that is taken out as a whole leaves nothing behind.
        if self.depth > 1 && !self.is_cut {
            kept.extend_from_slice(if self.in_reference { b";" } else { b"" });
            kept.extend_from_slice(CUT);
            self.is_cut = true;
        }
    }
}

/// What a reader of the stream sees of it.
#[derive(Debug)]
pub(super) struct Pruned<R> {
    from: R,
    pruner: Pruner,
    kept: Vec<u8>,
    /// How much of that was read.
    read: usize,
}

impl<R> Pruned<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, pruner: Pruner::new(), kept: Vec::new(), read: 0 }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Pruned<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.read == this.kept.len() {
            this.read = 0;
            this.kept.clear();
            let bytes = ready!(Pin::new(&mut this.from).poll_fill_buf(context))?;
            let length = bytes.len();
            if length == 0 {
                break;
            }
            this.pruner.feed(bytes, &mut this.kept);
            Pin::new(&mut this.from).consume(length);
        }
        Poll::Ready(Ok(&this.kept[this.read..]))
    }

    fn consume(self: Pin<&mut Self>, length: usize) {
        self.get_mut().read += length;
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Pruned<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(context))?;
        let length = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..length]);
        self.consume(length);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
