//! What stands in angle brackets, byte by byte: where it ends, and what it is. Of one without an end not more is held than has room.

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<a>`
    Start,
    /// `<a/>`
    Empty,
    /// `</a>`
    End,
    /// `<![CDATA[…]]>`, which is text.
    CData,
    /// A comment or an instruction. There are none in XMPP.
    Ignored,
}

/// One of them, from its `<` on.
#[derive(Debug)]
pub(super) struct Markup {
    /// Its beginning, or all of it.
    held: Vec<u8>,
    length: usize,
    room: usize,
    /// The last bytes.
    recent: [u8; 3],
    /// The quotation mark of the attribute's value that is being read.
    quote: Option<u8>,
}

impl Markup {
    /// Nothing of it yet. So many bytes are held: enough to tell the kinds apart.
    pub(super) fn with_room(room: usize) -> Self {
        Self { held: Vec::new(), length: 0, room, recent: [0; 3], quote: None }
    }

    /// Reads on. Where it ends in `bytes`: how many of them are of it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| self.is_end(*byte)).map(|end| end + 1)
    }

    fn is_end(&mut self, byte: u8) -> bool {
        self.length += 1;
        if self.held.len() < self.room {
            self.held.push(byte);
        }
        self.recent = [self.recent[1], self.recent[2], byte];
        match self.held.as_slice() {
            [b'<', b'?', ..] => self.length > 3 && self.recent.ends_with(b"?>"),
            [b'<', b'!', b'-', b'-', ..] => self.length > 6 && self.recent == *b"-->",
            [b'<', b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => self.recent == *b"]]>",
            _ => self.is_end_of_tag(byte),
        }
    }

    /// A bracket within quotation marks is part of a value.
    fn is_end_of_tag(&mut self, byte: u8) -> bool {
        match (self.quote, byte) {
            (None, b'\'' | b'"') => self.quote = Some(byte),
            (Some(quote), _) if quote == byte => self.quote = None,
            _ => {}
        }
        self.quote.is_none() && byte == b'>'
    }

    /// What it is, once it has ended.
    pub(super) fn kind(&self) -> Kind {
        match self.held.as_slice() {
            [b'<', b'!', b'[', ..] => Kind::CData,
            [b'<', b'!' | b'?', ..] => Kind::Ignored,
            [b'<', b'/', ..] => Kind::End,
            _ if self.recent.ends_with(b"/>") => Kind::Empty,
            _ => Kind::Start,
        }
    }

    /// So much of it as there was room for.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// All of it, unless there was no room.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (self.held.len() == self.length).then_some(&self.held)
    }
}
