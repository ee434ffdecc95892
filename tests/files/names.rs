//! Paths: how they are written on the wire, and which are none.

use proptest::prelude::*;

use crate::door::{Door, HASH, at, for_all};
use crate::support::http::{Client, put};
use crate::support::{UPLOAD_SECRET, tokens, wait_until};

/// What the ways of writing a path leave as it is. The slashes between its parts always stay.
#[derive(Clone, Copy, Debug)]
enum Written {
    /// RFC 3986: whatever may stand in a path's part. ejabberd up to 25.07.
    Plain,
    /// The same, but characters beyond ASCII are not escaped: ejabberd from 25.10 on.
    Raw,
    /// Letters, digits and `.~_-`, in small hex digits: Prosody.
    Small,
    /// Nothing.
    Everything,
}

const WAYS: [Written; 4] = [Written::Plain, Written::Raw, Written::Small, Written::Everything];

impl Written {
    fn write(self, part: &str) -> String {
        let mut written = String::new();
        for c in part.chars() {
            let unreserved = c.is_ascii_alphanumeric() || ".~_-".contains(c);
            let stays = match self {
                Self::Plain => unreserved || "&'()!*:@,;=+$".contains(c),
                Self::Raw => unreserved || "&'()!*:@,;=+$".contains(c) || !c.is_ascii(),
                Self::Small => unreserved,
                Self::Everything => false,
            };
            if stays {
                written.push(c);
            } else {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let escape = if matches!(self, Self::Small) {
                        format!("%{byte:02x}")
                    } else {
                        format!("%{byte:02X}")
                    };
                    written.push_str(&escape);
                }
            }
        }
        written
    }

    fn path(self, path: &str) -> String {
        path.split('/').map(|part| self.write(part)).collect::<Vec<_>>().join("/")
    }
}

fn upload(door: &Door, encoded: &str, path: &[u8], body: &[u8]) -> crate::support::http::Answer {
    let token = tokens::v_with(UPLOAD_SECRET, path, body.len() as u64);
    door.put(&format!("{}?v={token}", at(encoded)), "", body)
}

/// Goes up written in one way, and comes down written in each.
fn travels(door: &Door, path: &str, way: Written) {
    let body = format!("{path} as {way:?}");
    let stored = upload(door, &way.path(path), path.as_bytes(), body.as_bytes());
    assert_eq!(stored.status, 201, "{path:?} as {way:?}: {stored:?}");
    for way in WAYS {
        assert_eq!(door.get(&way.path(path), "").text(), body, "{path:?} as {way:?}");
    }
}

const NAMES: [&str; 60] = [
    "notes.txt",
    "index.html",
    "index.htm",
    ".htaccess",
    ".hidden",
    "no-ending",
    "~",
    "-",
    "--help",
    "...",
    "....",
    "..name",
    "name..",
    "name.",
    " name ",
    " ",
    "two words.txt",
    "a+b.txt",
    "100%.txt",
    "100%25.txt",
    "%2e%2e",
    "%2F",
    "%00",
    "what?.txt",
    "#1.txt",
    "a&b'c(d)e!f~g*h:i@j,k.txt",
    "a;b=c$d.txt",
    "a?v=0&v2=0.txt",
    "say \"hello\".txt",
    "it's.txt",
    "<script>alert(1)<script>.html",
    "`id`$(id).txt",
    "a|b>c<d.txt",
    "C:name.txt",
    "C:\\Users\\name.txt",
    "..\\..",
    "CON",
    "nul.txt",
    "name.json",
    "meta",
    "staging",
    "files",
    "Grüße aus 東京 №1.txt",
    "caf\u{e9}.txt",
    "cafe\u{301}.txt",
    "ﬁle.txt",
    "\u{202e}gpj.exe",
    "photo\u{200f}.jpg",
    "\u{2066}a\u{2069}.txt",
    "a\u{200b}b\u{feff}.txt",
    "a\u{2028}b\u{2029}.txt",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.png",
    "\u{10ffff}",
    "\u{fffd}",
    "\u{e000}.txt",
    "ẞß.txt",
    "İi.txt",
    "İı.TXT",
    "[a]{b}^c",
    "a b\u{a0}c\u{3000}d",
];

#[test]
fn names_travel_however_they_are_written() {
    let door = Door::open();
    for (number, name) in NAMES.into_iter().enumerate() {
        for (way_number, way) in WAYS.into_iter().enumerate() {
            travels(&door, &format!("{HASH}/{number}-{way_number}/{name}"), way);
        }
    }
    // One file each: no two names fell together, and none went elsewhere.
    let files = door.service.folder().path().join("store/files/localhost").join(HASH);
    assert_eq!(files.read_dir().expect("a folder").count(), NAMES.len() * WAYS.len());
    assert_eq!(door.service.stored_files().len(), NAMES.len() * WAYS.len());
}

#[test]
fn names_that_only_look_alike_are_different_files() {
    let door = Door::open();
    for name in ["caf\u{e9}", "cafe\u{301}", "CAFÉ", "café ", "café.", "caf%C3%A9", "caf+", "caf "] {
        let path = format!("{HASH}/r/{name}");
        let answer = upload(&door, &Written::Small.path(&path), path.as_bytes(), name.as_bytes());
        assert_eq!(answer.status, 201, "{name:?}: {answer:?}");
        assert_eq!(door.get(&Written::Plain.path(&path), "").text(), name);
    }
}

/// What Prosody and Metronome hand out: two parts, of which the first is random.
#[test]
fn paths_may_have_two_parts() {
    let door = Door::open();
    for way in WAYS {
        travels(&door, &format!("8b4c7a1e-0f4e-4f5f-9a53-{way:?}/Grüße & mehr.txt"), way);
    }
}

#[test]
fn what_is_signed_is_the_path_decoded_once() {
    let door = Door::open();
    let folder = format!("{HASH}/r");
    for (encoded, name) in [
        ("caf%C3%A9.txt", "caf%C3%A9.txt"),
        ("caf%25C3%25A9.txt", "café.txt"),
        ("a+b.txt", "a b.txt"),
        ("a%2Bb.txt", "a b.txt"),
        ("a%20b.txt", "a+b.txt"),
        ("%61.txt", "%61.txt"),
        ("a.txt", "A.txt"),
        ("%2525.txt", "%.txt"),
    ] {
        let (encoded, path) = (format!("{folder}/{encoded}"), format!("{folder}/{name}"));
        door.refuses(&encoded, (403, "mac_invalid"), |door| upload(door, &encoded, path.as_bytes(), b"data"));
    }
    door.assert_empty();
    for (encoded, name) in [("%2525.txt", "%25.txt"), ("a+b.txt", "a+b.txt"), ("%2b+%2B", "+++")] {
        let (encoded, path) = (format!("{folder}/{encoded}"), format!("{folder}/{name}"));
        assert_eq!(upload(&door, &encoded, path.as_bytes(), b"data").status, 201, "{encoded}");
    }
}

#[test]
fn a_part_has_at_most_255_bytes() {
    let door = Door::open();
    for (number, name) in
        ["x".repeat(255), "é".repeat(127), "東".repeat(85), "%".repeat(255)].iter().enumerate()
    {
        travels(&door, &format!("{HASH}/{number}/{name}"), Written::Small);
    }
    let stored = door.service.stored_files().len();
    for name in ["x".repeat(256), "é".repeat(128), "東".repeat(86), "%".repeat(256), "x".repeat(4096)] {
        for path in [format!("{HASH}/r/{name}"), format!("{HASH}/{name}/n"), format!("{name}/r/n")] {
            malformed(&door, &Written::Plain.path(&path), path.as_bytes());
        }
    }
    assert_eq!(door.service.stored_files().len(), stored);
}

/// No such path is taken or served, even though its token is good.
fn malformed(door: &Door, encoded: &str, path: &[u8]) {
    let refusal = (400, "path_malformed");
    door.refuses(encoded, refusal, |door| upload(door, encoded, path, b"data"));
    door.refuses(encoded, refusal, |door| door.get(encoded, ""));
    door.refuses(encoded, refusal, |door| door.head(encoded, ""));
}

/// What stands for a third part, with the bytes that it says.
const MALFORMED: [(&str, &[u8]); 45] = [
    ("..", b".."),
    ("%2e%2e", b".."),
    ("%2E.", b".."),
    (".", b"."),
    ("%2e", b"."),
    ("", b""),
    ("a/", b"a/"),
    ("/a", b"/a"),
    ("a/b", b"a/b"),
    ("a%2Fb", b"a/b"),
    ("%2F", b"/"),
    ("%2fetc%2fpasswd", b"/etc/passwd"),
    ("..%2f..%2f..%2fname", b"../../../name"),
    ("../name", b"../name"),
    ("a/..", b"a/.."),
    ("%00", b"\0"),
    ("a%00.jpg", b"a\0.jpg"),
    ("a.jpg%00", b"a.jpg\0"),
    ("a%0Ab", b"a\nb"),
    ("a%0D%0Ab", b"a\r\nb"),
    ("%0d", b"\r"),
    ("a%09b", b"a\tb"),
    ("a%1Bb", b"a\x1bb"),
    ("a%7Fb", b"a\x7fb"),
    ("a%C2%85b", b"a\xc2\x85b"),
    ("%FF", b"\xff"),
    ("%C3", b"\xc3"),
    ("%C3%28", b"\xc3("),
    ("%A9", b"\xa9"),
    ("%C0%AE%C0%AE", b"\xc0\xae\xc0\xae"),
    ("%C0%AF", b"\xc0\xaf"),
    ("%E0%80%AF", b"\xe0\x80\xaf"),
    ("%ED%A0%80", b"\xed\xa0\x80"),
    ("%ED%A0%BD%ED%B8%80", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("%F4%90%80%80", b"\xf4\x90\x80\x80"),
    ("%F8%88%80%80%80", b"\xf8\x88\x80\x80\x80"),
    ("caf%E9", b"caf\xe9"),
    ("%", b"%"),
    ("a%", b"a%"),
    ("a%4", b"a%4"),
    ("a%zz", b"a%zz"),
    ("%%41", b"%A"),
    ("%u00e9", b"%u00e9"),
    ("%+41", b"%+41"),
    ("%-1", b"%-1"),
];

#[test]
fn paths_that_are_none_are_refused_whoever_signed_them() {
    let door = Door::open();
    for (encoded, part) in MALFORMED {
        malformed(&door, &format!("{HASH}/r/{encoded}"), &[HASH.as_bytes(), b"/r/", part].concat());
    }
    for (encoded, path) in [
        ("", ""),
        ("name", "name"),
        ("/", "/"),
        ("//", "//"),
        ("a/", "a/"),
        ("/a", "/a"),
        ("a//b", "a//b"),
        ("./a", "./a"),
        ("../a", "../a"),
        ("../a/b", "../a/b"),
        ("a/../b", "a/../b"),
        ("a/./b", "a/./b"),
        ("%2e%2e/a/b", "../a/b"),
        ("a%2Fb", "a/b"),
        ("a%2Fb/c", "a/b/c"),
        ("a/b/c/d", "a/b/c/d"),
        ("a/b/c/", "a/b/c/"),
        ("..%2f..%2fetc/passwd", "../../etc/passwd"),
    ] {
        malformed(&door, encoded, path.as_bytes());
    }
    door.assert_empty();
}

#[test]
fn what_lies_elsewhere_is_unknown() {
    let door = Door::open();
    let token = tokens::v(&format!("{HASH}/r/name"), 4);
    for folder in ["/", "/upload/", "/upload/elsewhere/", "/upload/localhostx/", "/Upload/localhost/", "//"] {
        let target = format!("{folder}{HASH}/r/name");
        let put = format!("{target}?v={token}");
        door.refuses(&put, (404, "path_unknown"), |door| door.put(&put, "", b"data"));
        for method in ["GET", "HEAD"] {
            door.refuses(&target, (404, "path_unknown"), |door| door.ask(method, &target, "", b""));
        }
    }
    for target in ["/", "/upload", "/upload/localhost", "/metrics", "/check_password", "/favicon.ico"] {
        door.refuses(target, (404, "path_unknown"), |door| door.ask("GET", target, "", b""));
    }
    door.assert_empty();
}

/// No URL has these bytes. Whatever is answered, nothing is stored.
#[test]
fn bytes_that_no_target_has_end_the_request() {
    let door = Door::open();
    for bytes in [&b"\xff"[..], b"caf\xe9", b"a\0b", b"a\x7fb", b"a b", b"a\tb", b"\xc0\xae", b"a\rb"] {
        let path = [HASH.as_bytes(), b"/r/", bytes].concat();
        let token = tokens::v_with(UPLOAD_SECRET, &path, 4);
        let mut client = door.client();
        let head = [b"PUT /upload/localhost/", &path[..], b"?v=", token.as_bytes()].concat();
        client.send([&head[..], b" HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndata"].concat());
        let line = client.line();
        assert!(line.as_deref().is_none_or(|line| line.contains(" 400 ")), "{bytes:?}: {line:?}");
    }
    door.assert_empty();
}

#[test]
fn a_target_may_be_a_whole_url() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    let target = format!("http://upload.example.org{}?v={}", at(&path), tokens::v(&path, 4));
    assert_eq!(put(&door.public, &target, b"data").status, 201);
    let mut client = Client::connect(&door.public);
    client.send(format!("GET http://upload.example.org{} HTTP/1.1\r\nHost: other\r\n\r\n", at(&path)));
    assert_eq!(client.answer(true).text(), "data");
}

/// A query is for whoever writes; a link may have been copied with it.
#[test]
fn reading_needs_no_query_and_minds_none() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    door.store(&path, "text/plain", b"data");
    for query in ["?v=0", "?", "?x", &format!("?v={}", tokens::v(&path, 4))] {
        assert_eq!(door.get(&format!("{path}{query}"), "").text(), "data", "{query}");
    }
}

/// Any text: either it is a file under exactly this name, or no file at all.
#[test]
fn any_name_is_stored_as_it_is_or_refused() {
    let door = Door::open();
    let number = std::cell::Cell::new(0);
    let names = prop_oneof!["[ -~]{1,20}", "\\PC{1,12}", "(?s).{0,8}", "[.%2eEfF/\\\\0]{1,8}"];
    for_all(200, &(names, 0..WAYS.len()), |(name, way)| {
        let path = format!("{HASH}/{}/{name}", number.replace(number.get() + 1));
        let before = door.service.stored_files().len();
        let encoded = WAYS[way].path(&path);
        let bad =
            matches!(name.as_str(), "" | "." | "..") || name.contains(|c: char| c.is_control() || c == '/');
        let answer = upload(&door, &encoded, path.as_bytes(), b"data");
        assert_eq!(answer.status, if bad { 400 } else { 201 }, "{path:?} as {encoded}");
        let got = door.get(&Written::Small.path(&path), "");
        assert_eq!(got.status, if bad { 400 } else { 200 }, "{path:?}");
        wait_until("the store is quiet", || door.service.stored_files().len() == before + usize::from(!bad));
        let file = door.service.folder().path().join("store/files/localhost").join(&path);
        assert!(bad || file.is_file(), "{path:?} is somewhere else");
    });
}
