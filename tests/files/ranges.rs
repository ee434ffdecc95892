//! Parts of files: `Range`.

use std::cell::RefCell;

use proptest::prelude::*;

use crate::door::{Door, HASH, at, checked, for_all};
use crate::support::http::{Answer, Client};

fn path() -> String {
    format!("{HASH}/r/film.mp4")
}

/// Every byte tells where it stands, nearly.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}

fn part(door: &Door, range: &str) -> Answer {
    door.get(&path(), &format!("Range: {range}\r\n"))
}

#[test]
fn one_range_is_served() {
    let door = Door::open();
    let film = content(100_000);
    door.store(&path(), "video/mp4", &film);
    let whole = door.get(&path(), "");
    for (range, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 99_999),
        ("bytes=0-99999", 0, 99_999),
        ("bytes=0-99999999999999999999999", 0, 99_999),
        ("bytes=500-999", 500, 999),
        ("bytes=99999-", 99_999, 99_999),
        ("bytes=99999-99999", 99_999, 99_999),
        ("bytes=65535-65536", 65_535, 65_536),
        ("bytes=-1", 99_999, 99_999),
        ("bytes=-500", 99_500, 99_999),
        ("bytes=-100000", 0, 99_999),
        ("bytes=-100001", 0, 99_999),
        ("bytes=007-0010", 7, 10),
        ("Bytes=1-2", 1, 2),
    ] {
        let got = part(&door, range);
        assert_eq!(got.status, 206, "{range}: {got:?}");
        assert!(got.body == film[first..=last], "{range}");
        let told = format!("bytes {first}-{last}/100000");
        assert_eq!(got.header("content-range"), Some(told.as_str()), "{range}");
        // All else is as for the whole file.
        for (name, value) in &whole.headers {
            if !["date", "content-length"].contains(&name.as_str()) {
                assert_eq!(got.header(name), Some(value.as_str()), "{range}: {name}");
            }
        }
        assert_eq!(got.headers.len(), whole.headers.len() + 1, "{got:?}");
    }
}

#[test]
fn a_range_behind_the_end_is_told_where_that_is() {
    let door = Door::open();
    let empty = format!("{HASH}/empty/name");
    door.store(&path(), "video/mp4", &content(1000));
    door.store(&empty, "video/mp4", b"");
    for range in ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-"] {
        let got = door.refuses(range, (416, "range_unsatisfiable"), |door| part(door, range));
        assert_eq!(got.header("content-range"), Some("bytes */1000"), "{range}");
        assert!(got.body.len() < 100, "{range}: {got:?}");
        assert_eq!(got.header("content-disposition"), None, "{got:?}");
    }
    for range in ["bytes=0-", "bytes=0-0"] {
        let headers = format!("Range: {range}\r\n");
        let got = door.refuses(range, (416, "range_unsatisfiable"), |door| door.get(&empty, &headers));
        assert_eq!(got.header("content-range"), Some("bytes */0"), "{range}");
    }
    for missing in ["a/b/c", "none/such"] {
        door.refuses(missing, (404, "missing"), |door| door.get(missing, "Range: bytes=9-\r\n"));
    }
}

#[test]
fn what_is_not_one_range_does_not_count() {
    let door = Door::open();
    let film = content(1000);
    door.store(&path(), "video/mp4", &film);
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=x-",
        "bytes=1",
        "bytes=2-1",
        "bytes=0-1,3-4",
        "bytes=0-1, 998-",
        "bytes=0-1,",
        "bytes=,0-1",
        "bytes=0-,0-,0-,0-,0-,0-",
        "bytes=2000-,0-1",
        "bytes=+1-2",
        "bytes=1--2",
        "bytes=1 - 2",
        "bytes=0x1-2",
        "bytes=1.0-2",
        "items=0-1",
        "seconds=1-2",
        "none",
        "0-1",
    ] {
        let got = part(&door, range);
        assert_eq!((got.status, got.header("content-range")), (200, None), "{range}: {got:?}");
        assert!(got.body == film, "{range}");
    }
    let got = door.get(&path(), "Range: bytes=0-1\r\nRange: bytes=5-6\r\n");
    assert!(got.status == 200 && got.body == film, "two of them: {got:?}");
}

/// What a `Range` asks for, and how it is written.
#[derive(Clone, Debug)]
struct Wanted {
    text: String,
    /// First and last, or the number of bytes from the end. `None` where this is not one range.
    meant: Option<(Option<u64>, Option<u64>)>,
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let position = || prop_oneof![0..40_u64, 960..1040_u64, 0..1100_u64, Just(u64::MAX)];
    let text = |first: Option<u64>, last: Option<u64>| {
        let digits = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        format!("bytes={}-{}", digits(first), digits(last))
    };
    let one = move |first: Option<u64>, last: Option<u64>| {
        let backwards = first.zip(last).is_some_and(|(first, last)| first > last);
        let meant = ((first, last) != (None, None) && !backwards).then_some((first, last));
        Wanted { text: text(first, last), meant }
    };
    let several = (position(), position())
        .prop_map(|(one, other)| Wanted { text: format!("bytes={one}-,-{other}"), meant: None });
    let noise = "[ -~]{0,12}"
        .prop_filter("names no range", |text: &String| !text.contains('='))
        .prop_map(|text| Wanted { text, meant: None });
    prop_oneof![
        8 => (position(), position()).prop_map(move |(first, last)| one(Some(first), Some(last))),
        4 => position().prop_map(move |first| one(Some(first), None)),
        4 => position().prop_map(move |length| one(None, Some(length))),
        1 => Just(one(None, None)),
        1 => several,
        1 => noise,
    ]
}

/// All positions of the file, asked one by one whether they are meant.
fn model(size: u64, (first, last): (Option<u64>, Option<u64>)) -> Vec<u64> {
    let meant = |at: &u64| match (first, last) {
        (Some(first), last) => *at >= first && last.is_none_or(|last| *at <= last),
        (None, suffix) => size - at <= suffix.unwrap_or(0),
    };
    (0..size).filter(meant).collect()
}

#[test]
fn any_range_gives_what_the_model_says() {
    let door = Door::open();
    let sizes = [0, 1, 37, 1000];
    for size in sizes {
        door.store(&format!("{HASH}/{size}/name"), "video/mp4", &content(size));
    }
    let client = RefCell::new(door.client());
    for_all(1000, &(0..sizes.len(), wanted()), |(number, wanted)| {
        let size = sizes[number];
        let got = ask(&mut client.borrow_mut(), &format!("{HASH}/{size}/name"), &wanted.text);
        let positions = wanted.meant.map(|meant| model(size as u64, meant));
        let what = format!("{wanted:?} of {size}: {} {:?}", got.status, got.headers);
        match positions.as_deref() {
            None => {
                assert_eq!((got.status, got.header("content-range")), (200, None), "{what}");
                assert!(got.body == content(size), "{what}");
            }
            Some([]) => {
                let told = format!("bytes */{size}");
                assert_eq!((got.status, got.header("content-range")), (416, Some(told.as_str())), "{what}");
            }
            Some([first, .., last]) => assert_part(&got, size, *first, *last),
            Some([only]) => assert_part(&got, size, *only, *only),
        }
    });
}

fn assert_part(got: &Answer, size: usize, first: u64, last: u64) {
    let told = format!("bytes {first}-{last}/{size}");
    assert_eq!((got.status, got.header("content-range")), (206, Some(told.as_str())), "{got:?}");
    let bytes = usize::try_from(first).expect("small")..=usize::try_from(last).expect("small");
    assert!(got.body == content(size)[bytes], "{told}");
}

fn ask(client: &mut Client, path: &str, range: &str) -> Answer {
    client.send(format!("GET {} HTTP/1.1\r\nHost: h\r\nRange: {range}\r\n\r\n", at(path)));
    checked(client.answer(true))
}

/// Its player asks for two bytes first, and gives up where it gets all of them.
#[test]
fn an_ios_player_probes_and_then_reads() {
    let door = Door::open();
    let film = content(300_000);
    door.store(&path(), "video/mp4", &film);
    let mut client = door.client();
    let mut player = |range: &str| {
        client.send(format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nX-Playback-Session-Id: 1\r\nRange: {range}\r\nAccept: */*\r\n\
             User-Agent: AppleCoreMedia/1.0.0\r\nAccept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n",
            at(&path())
        ));
        checked(client.answer(true))
    };
    let probe = player("bytes=0-1");
    assert_eq!((probe.status, probe.body.as_slice()), (206, &film[..2]));
    assert_eq!(probe.header("content-range"), Some("bytes 0-1/300000"));
    let whole = player("bytes=0-299999");
    assert!(whole.status == 206 && whole.body == film);
    let rest = player("bytes=196608-299999");
    assert!(rest.status == 206 && rest.body == film[196_608..]);
}

/// Piece by piece, as a download that is taken up again.
#[test]
fn the_parts_make_the_whole() {
    let door = Door::open();
    let film = content(200_001);
    door.store(&path(), "video/mp4", &film);
    let mut client = door.client();
    let mut got = Vec::new();
    while got.len() < film.len() {
        let range = format!("bytes={}-{}", got.len(), got.len() + 7919);
        let answer = ask(&mut client, &path(), &range);
        assert_eq!(answer.status, 206, "{range}");
        got.extend(answer.body);
    }
    assert!(got == film);
}
