//! HTTP, byte by byte: what a well-behaved client library would not send has to be tested too.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// What HTTP can be spoken over.
pub(crate) trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// A connection to a service that listens there.
pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the service listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("valid");
    stream.set_write_timeout(Some(PATIENCE)).expect("valid");
    stream
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    tcp: Option<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = connect(address);
        Self { tcp: Some(stream.try_clone().expect("a socket")), ..Self::over(stream) }
    }

    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), tcp: None }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the service reads");
    }

    /// Sends to a service that may have stopped reading.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    /// Ends this side: nothing more will be sent.
    pub(crate) fn finish(&self) {
        self.tcp().shutdown(Shutdown::Write).expect("open");
    }

    /// The socket of [`Client::connect`].
    pub(crate) fn tcp(&self) -> &TcpStream {
        self.tcp.as_ref().expect("plain TCP")
    }

    /// The next line, `None` at the end of the connection.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = match self.stream.read_line(&mut line) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.expect("an answer or the end in time"),
        };
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// All that is still sent, until the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            read => drop(read.expect("the end in time")),
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The next answer. `body` is false after a HEAD.
    pub(crate) fn answer(&mut self, body: bool) -> Answer {
        let status = self.line().expect("an answer");
        let status = status.split(' ').nth(1).expect("a status").parse().expect("a number");
        let mut headers = Vec::new();
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        // These never have one, whatever length they tell (RFC 9112, 6.3).
        if body && !matches!(status, 100..200 | 204 | 304) {
            answer.body.resize(length, 0);
            self.stream.read_exact(&mut answer.body).expect("a whole body");
        }
        answer
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn request(address: &str, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
    let mut client = Client::connect(address);
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
    client.send(body);
    client.answer(method != "HEAD")
}

pub(crate) fn get(address: &str, target: &str) -> Answer {
    request(address, "GET", target, "", b"")
}

pub(crate) fn put(address: &str, target: &str, body: &[u8]) -> Answer {
    request(address, "PUT", target, &format!("Content-Length: {}\r\n", body.len()), body)
}

pub(crate) fn post_form(address: &str, target: &str, form: &[(&str, &str)]) -> Answer {
    let form = form_encoded(form);
    let headers =
        format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", form.len());
    request(address, "POST", target, &headers, form.as_bytes())
}

pub(crate) fn form_encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
