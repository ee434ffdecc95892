//! The two servers that ask the hook over HTTP, byte by byte: what they write, and what their client makes of an answer.
//!
//! They are ejabberd with the contrib module `ejabberd_auth_http`, and `MongooseIM` with its own module of that name. Both send
//! through the HTTP client `fusco` 0.1.1, which has one connection for each worker, asks strictly one question after the other, and
//!
//! - writes `Host`, then `Content-Length` (also `0` with a GET, which has no body), then the headers of its caller from the last to the
//!   first, and nothing else: no `Connection`, no `Accept`, no `User-Agent`;
//! - takes a missing `Content-Length` for 0, and then answers with whatever part of the body came with the head;
//! - gives its caller all bytes that it has read, so one byte too many spoils this answer or the next one;
//! - sends a question up to three times if the connection ends before an answer, and otherwise reports an error, with which the contrib
//!   module does not count: the process that wanted to log somebody in crashes.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::http::Answer;
use super::{PATIENCE, Service};

/// What Erlang's `uri_string:quote` leaves as it is.
const QUOTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What Erlang's `uri_string:compose_query` leaves as it is.
const COMPOSE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The vhost that the tests ask for.
pub(crate) const HOST: &str = "localhost";

/// One of the two.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    encode: fn(&str) -> String,
    /// `name:password`. Contrib shows an empty pair where none is configured.
    basic_auth: Option<&'static str>,
    /// Whether a form says that it is one.
    tells_type: bool,
    /// What comes before a call's name. Both take `/` where nothing is configured.
    path_prefix: &'static str,
}

/// ejabberd with the contrib module, on Erlang/OTP 25 or newer.
pub(crate) const CONTRIB: Caller = Caller {
    name: "contrib",
    // It hands over a list of bytes where characters are expected: each byte above 127 is encoded as the character of that number.
    encode: |value| {
        let bytes_as_characters: String = value.bytes().map(char::from).collect();
        utf8_percent_encode(&bytes_as_characters, QUOTE).to_string()
    },
    basic_auth: Some(""),
    tells_type: true,
    path_prefix: "/",
};

/// `MongooseIM`.
pub(crate) const MONGOOSE: Caller = Caller {
    name: "MongooseIM",
    encode: |value| utf8_percent_encode(value, COMPOSE).to_string().replace("%20", "+"),
    basic_auth: None,
    tells_type: false,
    path_prefix: "/",
};

/// Both.
pub(crate) const BOTH: [Caller; 2] = [CONTRIB, MONGOOSE];

impl Caller {
    /// The same, with these options set.
    pub(crate) fn configured(self, basic_auth: &'static str, path_prefix: &'static str) -> Self {
        Self { basic_auth: Some(basic_auth), path_prefix, ..self }
    }

    /// How it writes a value.
    pub(crate) fn encode(&self, value: &str) -> String {
        (self.encode)(value)
    }

    /// The query of a GET and the form of a POST. Every call has all three fields; where none is needed the password is empty.
    pub(crate) fn form(&self, [user, server, pass]: [&str; 3]) -> String {
        let [user, server, pass] = [user, server, pass].map(|value| self.encode(value));
        format!("user={user}&server={server}&pass={pass}")
    }

    /// The bytes of a GET.
    pub(crate) fn get(&self, host: &str, call: &str, fields: [&str; 3]) -> String {
        let target = format!("{}{call}?{}", self.path_prefix, self.form(fields));
        self.request("GET", &target, host, "")
    }

    /// The bytes of a POST.
    pub(crate) fn post(&self, host: &str, call: &str, fields: [&str; 3]) -> String {
        self.request("POST", &format!("{}{call}", self.path_prefix), host, &self.form(fields))
    }

    fn request(&self, method: &str, target: &str, host: &str, body: &str) -> String {
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
        if let Some(pair) = self.basic_auth {
            write!(request, "Authorization: Basic {}\r\n", STANDARD.encode(pair)).expect("memory");
        }
        if self.tells_type && method == "POST" {
            request.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        }
        request + "\r\n" + body
    }
}

/// A connection of `fusco`.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the service listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("valid");
        stream.set_write_timeout(Some(PATIENCE)).expect("valid");
        stream.set_nodelay(true).expect("valid");
        Self(stream)
    }

    /// Asks, and reads an answer after which the connection is kept.
    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        let answer = self.ask_once(request);
        assert_eq!(answer.header("connection"), None, "the connection is not kept: {answer:?}");
        answer
    }

    /// Asks, and reads an answer that may be the connection's last.
    pub(crate) fn ask_once(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.0.write_all(request.as_ref()).expect("the service reads");
        let mut received = Vec::new();
        let head = loop {
            match received.windows(4).position(|end| end == b"\r\n\r\n") {
                Some(end) => break end,
                None => self.read_more(&mut received),
            }
        };
        let body = received.split_off(head + 4);
        let head = std::str::from_utf8(&received[..head]).expect("text");
        self.with_body(understood(head), body)
    }

    fn with_body(&mut self, mut answer: Answer, mut body: Vec<u8>) -> Answer {
        let lengths: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "content-length").collect();
        let length = match lengths.as_slice() {
            [(_, length)] => length.parse().expect("a number"),
            // The one answer here that never has a body and must not tell a length (RFC 9110, 8.6).
            [] if answer.status == 204 => 0,
            _ => unreachable!("fusco takes this for another length: {answer:?}"),
        };
        while body.len() < length {
            self.read_more(&mut body);
        }
        assert_eq!(body.len(), length, "bytes after the answer {answer:?}");
        answer.body = body;
        answer
    }

    fn read_more(&mut self, received: &mut Vec<u8>) {
        let mut chunk = [0; 4096];
        let read = self.0.read(&mut chunk).expect("an answer in time");
        assert_ne!(read, 0, "the end instead of an answer");
        received.extend_from_slice(&chunk[..read]);
    }

    /// Whatever still comes before the service closes.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("the end in time");
        rest
    }

    /// Closes. Nothing that was not asked for may have come.
    pub(crate) fn close(self) {
        match self.0.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            closed => closed.expect("open"),
        }
        assert_eq!(self.rest(), b"", "nobody asked for that");
    }
}

/// Reads a head as strictly as `fusco` does, and without what would change how it goes on.
fn understood(head: &str) -> Answer {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("an answer");
    let (status, reason) = status.split_at(3);
    assert!(reason.starts_with(' '), "fusco wants a space there: {head}");
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let headers: Vec<_> = lines.map(|line| header(line).expect("a header")).collect();
    for (name, _) in &headers {
        assert!(!["transfer-encoding", "set-cookie", "location"].contains(&name.as_str()), "{head}");
    }
    Answer { status: status.parse().expect("a number"), headers, body: Vec::new() }
}

/// A caller with its connection to the hook.
pub(crate) struct Conversation {
    pub(crate) caller: Caller,
    host: String,
    pub(crate) connection: Connection,
}

impl Conversation {
    pub(crate) fn begin(service: &Service, caller: Caller) -> Self {
        let host = service.address("hook");
        Self { caller, connection: Connection::open(&host), host }
    }

    pub(crate) fn get(&mut self, call: &str, fields: [&str; 3]) -> (u16, String) {
        short(&self.connection.ask(self.caller.get(&self.host, call, fields)))
    }

    pub(crate) fn post(&mut self, call: &str, fields: [&str; 3]) -> (u16, String) {
        short(&self.connection.ask(self.caller.post(&self.host, call, fields)))
    }

    /// The answer to a question that is well-formed: yes or no, and the same by GET and by POST.
    pub(crate) fn asks(&mut self, call: &str, fields: [&str; 3]) -> bool {
        let (got, posted) = (self.get(call, fields), self.post(call, fields));
        assert_eq!(got, posted, "{} {call} {:?}", self.caller.name, fields[0]);
        match (got.0, got.1.as_str()) {
            (200, "true") => true,
            (200, "false") => false,
            other => unreachable!("{} {call} {:?}: {other:?}", self.caller.name, fields[0]),
        }
    }

    pub(crate) fn logs_in(&mut self, user: &str, token: &str) -> bool {
        self.asks("check_password", [user, HOST, token])
    }

    pub(crate) fn exists(&mut self, user: &str) -> bool {
        self.asks("user_exists", [user, HOST, ""])
    }

    /// The status of a change, by the one method that changes something.
    pub(crate) fn change(&mut self, call: &str, user: &str, pass: &str) -> u16 {
        let (status, _) = self.get(call, [user, HOST, pass]);
        assert!((400..500).contains(&status), "GET {call} is answered {status}");
        let (status, body) = self.post(call, [user, HOST, pass]);
        // With 200 the body would count.
        assert!(status != 200 && body != "true" && body != "created", "{call}: {status} {body}");
        status
    }
}

pub(crate) fn short(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text().to_owned())
}

/// A "no" to whoever asks, whatever he asks.
pub(crate) fn is_no(answer: &Answer) -> bool {
    (answer.status == 200 && answer.body == b"false") || (400..500).contains(&answer.status)
}

/// A request that neither of them sends. Its length is told where there is a body.
pub(crate) fn raw(line: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}")
}
