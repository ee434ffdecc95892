//! What upload servers for Prosody and Metronome are tested for by their own authors, and clients rely on.

use crate::door::{Door, at};
use crate::support::tokens;

const SIZE: usize = 23_026;
const PATH: &str = "thomas/abc/catmetal.jpg";

fn cat() -> Vec<u8> {
    (0..SIZE).map(|at| u8::try_from(at * 7 % 256).expect("a byte")).collect()
}

fn put(door: &Door, query: &str) -> u16 {
    door.put(&format!("{}{query}", at(PATH)), "Content-Type: image/jpeg\r\n", &cat()).status
}

#[test]
fn all_three_kinds_of_query_upload() {
    let v2 = tokens::v2(PATH, SIZE, "image/jpeg");
    for query in [format!("?v={}", tokens::v(PATH, SIZE)), format!("?v2={v2}"), format!("?token={v2}")] {
        let door = Door::with("accept = ['v', 'v2', 'token']", "");
        assert_eq!(put(&door, &query), 201, "{query}");
        let got = door.get(PATH, "");
        assert!(got.status == 200 && got.body == cat(), "{query}");
        assert_eq!(door.head(PATH, "").header("content-length"), Some("23026"));
    }
}

#[test]
fn without_a_good_query_nothing_is_uploaded() {
    let door = Door::with("accept = ['v', 'v2', 'token']", "");
    for query in ["", "?", "?v=thisisinvalid", "?v2=thisisinvalid", "?token=thisisinvalid"] {
        assert_eq!(put(&door, query), 403, "{query}");
    }
    door.assert_empty();
    let good = format!("{}?v={}", at(PATH), tokens::v(PATH, SIZE));
    assert_eq!(door.ask("POST", &good, "Content-Length: 0\r\n", b"").status, 405);
    door.assert_empty();
}

#[test]
fn no_folder_is_shown() {
    let door = Door::open();
    assert_eq!(put(&door, &format!("?v={}", tokens::v(PATH, SIZE))), 201);
    for folder in
        ["/", "/upload", "/upload/", "/upload/localhost", "/upload/localhost/", "/upload/localhost/thomas"]
    {
        for slash in ["", "/", "/."] {
            let answer = door.ask("GET", &format!("{folder}{slash}"), "", b"");
            assert!([400, 404].contains(&answer.status), "{folder}{slash}: {answer:?}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("thomas"), "{answer:?}");
        }
    }
    let parent = door.ask("GET", &format!("{}/../catmetal.jpg", at(PATH)), "", b"");
    assert_eq!(parent.status, 400, "{parent:?}");
}

/// Prosody escapes in small letters everything but `[A-Za-z0-9.~_-]`, and leaves some characters as they are in external uploads.
#[test]
fn paths_are_read_as_prosody_writes_them() {
    let door = Door::open();
    let slot = "0b3a1d6e-6f0c-4a53-9d0e-7f6e1d0c2b5a";
    for (encoded, name) in [
        ("na%c3%afve%20caf%c3%a9.jpg", "naïve café.jpg"),
        ("%e6%9d%b1%e4%ba%ac.jpg", "東京.jpg"),
        ("a%2bb.jpg", "a+b.jpg"),
        ("a+c.jpg", "a+c.jpg"),
        ("a&b'c(d)e!f~g*h:i@j,k.jpg", "a&b'c(d)e!f~g*h:i@j,k.jpg"),
        ("%26%27%28%29%21%7e%2a%3a%40%2c.jpg", "&'()!~*:@,.jpg"),
        ("%41%2d%5f%2e%7E.jpg", "A-_.~.jpg"),
    ] {
        let path = format!("{slot}/{name}");
        let target = format!("{}?v={}", at(&format!("{slot}/{encoded}")), tokens::v(&path, 4));
        assert_eq!(door.put(&target, "", b"data").status, 201, "{encoded}");
        assert_eq!(door.get(&format!("{slot}/{encoded}"), "").text(), "data", "{encoded}");
    }
}
