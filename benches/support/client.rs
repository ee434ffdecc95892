//! A load client that costs little: blocking sockets, and requests whose bytes were made beforehand.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use url::form_urlencoded::Serializer;

/// More than any answer here.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
const HEADERS: usize = 16;
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

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a server listens");
        stream.set_nodelay(true).expect("TCP");
        stream.set_read_timeout(Some(PATIENCE)).expect("valid");
        Self { stream, buffer: vec![0; ANSWER_MAX_BYTES] }
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some((status, body)) = parse(&self.buffer[..filled])? {
                let exact = body.end == filled;
                let answer = Answer { status, body: &self.buffer[body] };
                return if exact { Ok(answer) } else { Err(invalid("more than one answer")) };
            }
        }
    }
}

/// The status and where the body is, or `None` as long as something is missing.
fn parse(bytes: &[u8]) -> io::Result<Option<(u16, Range<usize>)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes).map_err(invalid)? else { return Ok(None) };
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(Ok(0), |header| String::from_utf8_lossy(header.value).parse());
    let body = head..head + length.map_err(invalid)?;
    Ok(answer.code.filter(|_| body.end <= bytes.len()).map(|status| (status, body)))
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
