//! A service seen from its public listener, and what it counts, tells and keeps.

use std::fmt::Debug;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestRunner};

use crate::support::http::{Answer, Client, get};
use crate::support::{FREE_PORTS, Service, configuration, tokens, wait_until};

/// What ejabberd puts first into alice's paths.
pub(crate) const HASH: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";

/// Headers that a web page on another origin has to be able to read.
const EXPOSED: [&str; 6] =
    ["content-length", "content-range", "content-disposition", "etag", "last-modified", "accept-ranges"];

pub(crate) struct Door {
    pub(crate) service: Service,
    pub(crate) public: String,
}

impl Door {
    pub(crate) fn open() -> Self {
        Self::with("", "")
    }

    /// With further lines in `[upload]`, and further sections.
    pub(crate) fn with(upload: &str, sections: &str) -> Self {
        Self::of(Service::start_with(&settings(upload, sections)))
    }

    pub(crate) fn of(service: Service) -> Self {
        let public = service.address("public");
        Self { service, public }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.public)
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        let mut client = self.client();
        client.send(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        client.send(body);
        checked(client.answer(method != "HEAD"))
    }

    /// Uploads with these headers beside the length.
    pub(crate) fn put(&self, target: &str, headers: &str, body: &[u8]) -> Answer {
        self.ask("PUT", target, &format!("{headers}Content-Length: {}\r\n", body.len()), body)
    }

    pub(crate) fn get(&self, encoded: &str, headers: &str) -> Answer {
        self.ask("GET", &at(encoded), headers, b"")
    }

    pub(crate) fn head(&self, encoded: &str, headers: &str) -> Answer {
        self.ask("HEAD", &at(encoded), headers, b"")
    }

    /// Uploads to a path that needs no escapes, with a good token.
    pub(crate) fn upload(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.put(&signed(path, body.len()), &format!("Content-Type: {content_type}\r\n"), body)
    }

    /// The same, of what has to be taken.
    pub(crate) fn store(&self, path: &str, content_type: &str, body: &[u8]) {
        assert_eq!(self.upload(path, content_type, body).status, 201, "{path}");
    }

    /// How many requests for files ended for this reason.
    pub(crate) fn count(&self, reason: &str) -> u64 {
        let metrics = get(&self.service.address("ops"), "/metrics");
        let reason = format!("reason=\"{reason}\"");
        let counted = metrics.text().lines().filter(|line| {
            let of_files = ["ejabberd_sidecar_uploads_total{", "ejabberd_sidecar_downloads_total{"];
            of_files.iter().any(|name| line.starts_with(name)) && line.contains(&reason)
        });
        counted.map(|line| line.rsplit(' ').next().expect("a number").parse::<u64>().expect("a count")).sum()
    }

    /// What comes of `ask` is a refusal with this status, told and counted for this reason.
    pub(crate) fn refuses(
        &self,
        what: impl Debug,
        (status, reason): (u16, &str),
        ask: impl FnOnce(&Self) -> Answer,
    ) -> Answer {
        let (before, logged) = (self.count(reason), self.service.log().len());
        let answer = ask(self);
        assert_eq!(answer.status, status, "{what:?} ({reason}): {answer:?}");
        wait_until(&format!("{what:?} is counted as {reason}"), || self.count(reason) == before + 1);
        let refused = ["outcome=\"refused\"", &format!("reason=\"{reason}\""), "client=", "127.0.0.1"];
        self.service.wait_for_log_since(logged, &refused);
        answer
    }

    /// Nothing is stored, nor being stored.
    pub(crate) fn assert_empty(&self) {
        wait_until("the store is empty", || self.service.stored_files().is_empty());
    }
}

/// A configuration with further lines in `[upload]`, and further sections.
pub(crate) fn settings(upload: &str, sections: &str) -> String {
    configuration(FREE_PORTS, sections).replacen("[upload]\n", &format!("[upload]\n{upload}\n"), 1)
}

/// A request's target: this path, as it is written, below the `public_url`.
pub(crate) fn at(encoded: &str) -> String {
    format!("/upload/localhost/{encoded}")
}

/// A name with all that is not a letter or a digit escaped.
pub(crate) fn escaped(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// The target with a good `v` token for a path that needs no escapes.
pub(crate) fn signed(path: &str, size: usize) -> String {
    format!("{}?v={}", at(path), tokens::v(path, size))
}

/// What holds for every answer: no header comes twice, and a page of any origin may read it.
pub(crate) fn checked(answer: Answer) -> Answer {
    // To a preflight, only whether: the browser alone reads it.
    if answer.header("access-control-allow-methods").is_none() {
        let exposed = words(&answer, "access-control-expose-headers");
        for name in EXPOSED {
            assert!(exposed.contains(&name.to_owned()), "{name} is not exposed: {answer:?}");
        }
    }
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), answer.headers.len(), "a header comes twice: {answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    answer
}

/// A header's list, in lower case.
pub(crate) fn words(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer.header(header).unwrap_or_default();
    list.split(',').map(|word| word.trim().to_ascii_lowercase()).collect()
}

/// Tries a property on so many values.
pub(crate) fn for_all<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(strategy, |value| {
        property(value);
        Ok(())
    });
    tried.unwrap_or_else(|failure| unreachable!("{failure}"));
}
