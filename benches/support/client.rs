//! A load client that costs little: blocking sockets, and requests whose bytes were made beforehand.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use url::form_urlencoded::Serializer;

use super::body;

/// Read at once, and more than any answer that is kept whole.
const BUFFER_BYTES: usize = 256 * 1024;
const HEADERS: usize = 32;
/// For what has to come to an end; nothing is measured against it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as far as anybody here looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer<'connection> {
    pub(crate) status: u16,
    pub(crate) body: &'connection [u8],
}

/// Of an answer.
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: u64,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a server listens");
        stream.set_nodelay(true).expect("TCP");
        stream.set_read_timeout(Some(PATIENCE)).expect("valid");
        Self { stream, buffer: vec![0; BUFFER_BYTES] }
    }

    /// Sends a part of a request.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.send(request)?;
        self.answer()
    }

    /// Sends the head of a request and the first `size` bytes of [`body`] behind it, and waits for the answer. A server that ends the
    /// connection may have said why before.
    pub(crate) fn upload(&mut self, head: &[u8], size: u64) -> io::Result<Answer<'_>> {
        let sent = self.send(head).and_then(|()| body::pieces(size).try_for_each(|piece| self.send(piece)));
        match (self.answer(), sent) {
            (Err(_), Err(error)) => Err(error),
            (answer, _) => answer,
        }
    }

    /// Waits for an answer that fits into the buffer.
    pub(crate) fn answer(&mut self) -> io::Result<Answer<'_>> {
        let (head, mut filled) = self.head()?;
        let end = head.bytes + usize::try_from(head.body_bytes).map_err(invalid)?;
        while filled < end {
            filled += self.read(filled)?;
        }
        let answer = Answer { status: head.status, body: &self.buffer[head.bytes..end] };
        if filled == end { Ok(answer) } else { Err(invalid("more than one answer")) }
    }

    /// Sends a request and shows the body of its answer to `look`, piece by piece. Answers its status and how long it was.
    pub(crate) fn download(&mut self, request: &[u8], mut look: impl FnMut(&[u8])) -> io::Result<(u16, u64)> {
        self.send(request)?;
        let (head, filled) = self.head()?;
        look(&self.buffer[head.bytes..filled]);
        let mut received = (filled - head.bytes) as u64;
        while received < head.body_bytes {
            let read = self.read(0)?;
            look(&self.buffer[..read]);
            received += read as u64;
        }
        if received == head.body_bytes {
            Ok((head.status, received))
        } else {
            Err(invalid("more than one answer"))
        }
    }

    /// Reads a head, and tells how much of the buffer is filled then.
    fn head(&mut self) -> io::Result<(Head, usize)> {
        let mut filled = 0;
        loop {
            filled += self.read(filled)?;
            if let Some(head) = parse(&self.buffer[..filled])? {
                return Ok((head, filled));
            }
        }
    }

    fn read(&mut self, filled: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// A head, or `None` as long as something of it is missing.
fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes).map_err(invalid)? else { return Ok(None) };
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(Ok(0), |header| String::from_utf8_lossy(header.value).parse());
    let body_bytes = length.map_err(invalid)?;
    Ok(answer.code.map(|status| Head { status, bytes: head, body_bytes }))
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// A call of the hook.
pub(crate) fn post(call: &str, form: &[(&str, &str)]) -> Vec<u8> {
    let form = encoded(form);
    let length = form.len();
    format!(
        "POST /{call} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into()
}

/// The same in a query.
pub(crate) fn get(call: &str, form: &[(&str, &str)]) -> Vec<u8> {
    format!("GET /{call}?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", encoded(form)).into()
}

fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}
