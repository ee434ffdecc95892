//! Conditions, RFC 9110 §13: a client that has the file is not sent it again.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use httpdate::{fmt_http_date, parse_http_date};
use proptest::prelude::*;

use crate::door::{Door, HASH, at, checked, for_all, signed};
use crate::support::http::Answer;
use crate::support::wait_until;

const BODY: &[u8] = b"0123456789";

/// A stored file with what it is known by.
struct Stored {
    door: Door,
    path: String,
    etag: String,
    modified: SystemTime,
}

impl Stored {
    fn new() -> Self {
        let door = Door::open();
        let path = format!("{HASH}/r/name");
        door.store(&path, "text/plain", BODY);
        let got = door.get(&path, "");
        let etag = got.header("etag").expect("an ETag").to_owned();
        let modified = parse_http_date(got.header("last-modified").expect("Last-Modified")).expect("a date");
        // A date of this very second could stand for two versions of a file (RFC 9110, 8.8.2.2).
        let settled = modified + Duration::from_secs(2);
        wait_until("the second is over", || SystemTime::now() > settled);
        Self { door, path, etag, modified }
    }

    fn get(&self, headers: &str) -> Answer {
        self.door.get(&self.path, headers)
    }

    fn date(&self, seconds: i64) -> String {
        let moved = Duration::from_secs(seconds.unsigned_abs());
        fmt_http_date(if seconds < 0 { self.modified - moved } else { self.modified + moved })
    }
}

fn assert_not_modified(what: &str, answer: &Answer, stored: &Stored) {
    assert_eq!(answer.status, 304, "{what}: {answer:?}");
    assert_eq!(answer.header("etag"), Some(stored.etag.as_str()), "{what}");
    assert_eq!(answer.header("cache-control"), Some("private, max-age=86400, immutable"), "{what}");
    let length = answer.header("content-length");
    assert!(length.is_none_or(|length| length == "10"), "{what}: not the length of the file: {answer:?}");
    assert_eq!(answer.header("content-range"), None, "{what}");
}

#[test]
fn who_has_the_file_is_not_sent_it_again() {
    let stored = Stored::new();
    let etag = stored.etag.clone();
    for known in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        format!("\"a,b\",{etag} , W/\"c\""),
        "*".to_owned(),
    ] {
        let headers = format!("If-None-Match: {known}\r\n");
        assert_not_modified(&headers, &stored.get(&headers), &stored);
        let head = stored.door.head(&stored.path, &headers);
        assert_not_modified(&headers, &head, &stored);
    }
    let two = format!("If-None-Match: \"other\"\r\nIf-None-Match: {etag}\r\n");
    assert_not_modified(&two, &stored.get(&two), &stored);
    for other in
        ["\"other\"", "W/\"other\"", &etag[1..etag.len() - 1], &format!("\"x{}", &etag[1..]), "", "\"*\""]
    {
        let got = stored.get(&format!("If-None-Match: {other}\r\n"));
        assert_eq!((got.status, got.body.as_slice()), (200, BODY), "{other}");
    }
}

#[test]
fn dates_work_in_every_form_that_http_has() {
    let stored = Stored::new();
    for (seconds, status) in [(-1, 200), (-86_400, 200), (0, 304), (1, 304), (86_400 * 365, 304)] {
        let got = stored.get(&format!("If-Modified-Since: {}\r\n", stored.date(seconds)));
        assert_eq!(got.status, status, "{seconds}");
    }
    for (date, status) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 200),
        ("Sun Nov  6 08:49:37 1994", 200),
        ("Fri, 06 Nov 2150 08:49:37 GMT", 304),
        ("Fri Nov  6 08:49:37 2150", 304),
        // These are no dates, and do not count.
        ("", 200),
        ("yesterday", 200),
        ("2150-11-06T08:49:37Z", 200),
        ("Fri, 06 Nov 2150 08:49:37 CET", 200),
        ("4102444800", 200),
    ] {
        let got = stored.get(&format!("If-Modified-Since: {date}\r\n"));
        // Some readers mind the day of the week and others do not: neither makes the file another one.
        let expected = if date.starts_with("Fri, 06 Nov 2150") { [200, 304] } else { [status; 2] };
        assert!(expected.contains(&got.status), "{date}: {got:?}");
    }
}

#[test]
fn a_file_that_is_not_the_one_meant_is_not_sent() {
    let stored = Stored::new();
    let etag = stored.etag.clone();
    for (headers, status) in [
        (format!("If-Match: {etag}\r\n"), 200),
        ("If-Match: *\r\n".to_owned(), 200),
        (format!("If-Match: \"other\", {etag}\r\n"), 200),
        ("If-Match: \"other\"\r\n".to_owned(), 412),
        (format!("If-Match: W/{etag}\r\n"), 412),
        (format!("If-Unmodified-Since: {}\r\n", stored.date(0)), 200),
        (format!("If-Unmodified-Since: {}\r\n", stored.date(1)), 200),
        (format!("If-Unmodified-Since: {}\r\n", stored.date(-1)), 412),
        ("If-Unmodified-Since: yesterday\r\n".to_owned(), 200),
    ] {
        if status == 200 {
            assert_eq!(stored.get(&headers).status, 200, "{headers}");
            continue;
        }
        let got = stored.door.refuses(&headers, (412, "precondition_failed"), |_| stored.get(&headers));
        assert!(!got.body.windows(BODY.len()).any(|bytes| bytes == BODY), "{headers}: {got:?}");
        stored.door.refuses(&headers, (412, "precondition_failed"), |door| door.head(&stored.path, &headers));
    }
}

#[test]
fn nothing_is_stored_in_the_place_of_a_file_that_somebody_means() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    let target = signed(&path, BODY.len());
    for condition in ["If-Match: *\r\n", "If-Match: \"some\"\r\n", "If-Match: nonsense\r\n"] {
        let refusal = (412, "precondition_failed");
        door.refuses(condition, refusal, |door| door.put(&target, condition, BODY));
        let unsigned = (403, "token_missing");
        door.refuses(condition, unsigned, |door| door.put(&at(&path), condition, BODY));
    }
    door.assert_empty();
    // What asks for no more than that nothing is there, or for a date that nothing has.
    for (name, condition) in
        [("a", "If-None-Match: *"), ("b", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT")]
    {
        let target = signed(&format!("{HASH}/{name}/name"), BODY.len());
        assert_eq!(door.put(&target, &format!("{condition}\r\n"), BODY).status, 201, "{condition}");
        let again = (409, "exists");
        door.refuses(condition, again, |door| door.put(&target, &format!("{condition}\r\n"), BODY));
    }
}

#[test]
fn a_download_is_taken_up_again_if_the_file_is_the_same() {
    let stored = Stored::new();
    let etag = stored.etag.clone();
    for (condition, status) in [
        (etag.clone(), 206),
        ("\"other\"".to_owned(), 200),
        (format!("W/{etag}"), 200),
        (stored.date(0), 206),
        (stored.date(-1), 200),
        (stored.date(1), 200),
        ("yesterday".to_owned(), 200),
        (String::new(), 200),
    ] {
        let got = stored.get(&format!("Range: bytes=4-6\r\nIf-Range: {condition}\r\n"));
        let body = if status == 206 { &BODY[4..7] } else { BODY };
        assert_eq!((got.status, got.body.as_slice()), (status, body), "{condition}");
    }
    // Behind the end of a file that has changed is nothing wrong.
    let got = stored.get("Range: bytes=99-\r\nIf-Range: \"other\"\r\n");
    assert_eq!((got.status, got.body.as_slice()), (200, BODY));
    let behind = format!("Range: bytes=99-\r\nIf-Range: {etag}\r\n");
    stored.door.refuses("behind", (416, "range_unsatisfiable"), |_| stored.get(&behind));
    // Without a range it says nothing.
    assert_eq!(stored.get("If-Range: \"other\"\r\n").status, 200);
}

#[test]
fn a_condition_finds_no_file_where_there_is_none() {
    let door = Door::open();
    for headers in ["If-None-Match: *\r\n", "If-Match: *\r\n", "If-Match: \"x\"\r\n", "If-Range: \"x\"\r\n"] {
        door.refuses(headers, (404, "missing"), |door| door.get("a/b/c", headers));
    }
}

/// 304 and 412 end where they should: what comes next on the connection is the next answer.
#[test]
fn answers_without_the_file_do_not_disturb_the_next_one() {
    let stored = Stored::new();
    let mut client = stored.door.client();
    for headers in
        [format!("If-None-Match: {}\r\n", stored.etag), "If-Match: \"x\"\r\n".to_owned(), String::new()]
    {
        for method in ["GET", "HEAD"] {
            client.send(format!("{method} {} HTTP/1.1\r\nHost: h\r\n{headers}\r\n", at(&stored.path)));
            let answer = checked(client.answer(method == "GET"));
            assert!([200, 304, 412].contains(&answer.status), "{answer:?}");
        }
    }
    client.send(format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", at(&stored.path)));
    assert_eq!(client.answer(true).body, BODY);
}

/// What a header says of the file that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Nothing,
    /// This file, by a validator that is good enough for every use.
    Same,
    /// This file, but only weakly.
    Weak,
    /// Any file.
    Any,
    Other,
    Before,
    After,
    /// What is no date.
    Noise,
}

impl Says {
    fn etag(self, stored: &Stored) -> String {
        let etag = &stored.etag;
        match self {
            Self::Same => etag.clone(),
            Self::Weak => format!("W/{etag}"),
            Self::Any => "*".to_owned(),
            _ => "\"other\"".to_owned(),
        }
    }

    fn date(self, stored: &Stored) -> String {
        match self {
            Self::Same => stored.date(0),
            Self::Before => stored.date(-100),
            Self::After => stored.date(1),
            _ => "some time ago".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Conditions {
    get: bool,
    matches: Says,
    unmodified_since: Says,
    none_match: Says,
    modified_since: Says,
    range: bool,
    /// With an entity tag.
    if_range: Says,
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let nothing_or = |says: &[Says]| {
        let says = says.to_vec();
        prop_oneof![Just(Says::Nothing), prop::sample::select(says)]
    };
    let tags = [Says::Same, Says::Weak, Says::Any, Says::Other];
    let dates = [Says::Same, Says::Before, Says::After, Says::Noise];
    (
        any::<bool>(),
        nothing_or(&tags),
        nothing_or(&dates),
        nothing_or(&tags),
        nothing_or(&dates),
        any::<bool>(),
        nothing_or(&[Says::Same, Says::Weak, Says::Other]),
    )
        .prop_map(|(get, matches, unmodified_since, none_match, modified_since, range, if_range)| {
            Conditions { get, matches, unmodified_since, none_match, modified_since, range, if_range }
        })
}

impl Conditions {
    /// The steps of RFC 9110, 13.2.2.
    fn status(self) -> u16 {
        let meant = match self.matches {
            Says::Nothing => self.unmodified_since != Says::Before,
            says => matches!(says, Says::Same | Says::Any),
        };
        if !meant {
            return 412;
        }
        let known = match self.none_match {
            Says::Nothing => matches!(self.modified_since, Says::Same | Says::After),
            says => says != Says::Other,
        };
        match (known, self.get && self.range && matches!(self.if_range, Says::Nothing | Says::Same)) {
            (true, _) => 304,
            (false, true) => 206,
            (false, false) => 200,
        }
    }

    fn headers(self, stored: &Stored) -> String {
        let tags =
            [("If-Match", self.matches), ("If-None-Match", self.none_match), ("If-Range", self.if_range)];
        let dates =
            [("If-Unmodified-Since", self.unmodified_since), ("If-Modified-Since", self.modified_since)];
        let tags = tags.into_iter().map(|(name, says)| (name, says, says.etag(stored)));
        let dates = dates.into_iter().map(|(name, says)| (name, says, says.date(stored)));
        let range = if self.range { "Range: bytes=4-6\r\n" } else { "" };
        let said = tags.chain(dates).filter(|(_, says, _)| *says != Says::Nothing);
        let said: Vec<_> = said.map(|(name, _, value)| format!("{name}: {value}\r\n")).collect();
        said.concat() + range
    }
}

#[test]
fn any_conditions_are_weighed_in_their_order() {
    let stored = Stored::new();
    let client = RefCell::new(stored.door.client());
    for_all(1000, &conditions(), |conditions| {
        let method = if conditions.get { "GET" } else { "HEAD" };
        let headers = conditions.headers(&stored);
        let mut client = client.borrow_mut();
        client.send(format!("{method} {} HTTP/1.1\r\nHost: h\r\n{headers}\r\n", at(&stored.path)));
        let answer = checked(client.answer(conditions.get));
        assert_eq!(answer.status, conditions.status(), "{method}\n{headers}{answer:?}");
        match answer.status {
            304 => assert_not_modified(&headers, &answer, &stored),
            206 => assert_eq!(answer.body, &BODY[4..7], "{headers}"),
            200 if conditions.get => assert_eq!(answer.body, BODY, "{headers}"),
            _ => {}
        }
    });
}
