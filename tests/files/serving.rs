//! What is served, and as what.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use crate::door::{Door, HASH, at, checked, escaped, settings};
use crate::support::http::Answer;
use crate::support::{Service, tokens};

/// All headers but the time of the answer. Their order tells nothing.
fn without_date(answer: &Answer) -> BTreeSet<(String, String)> {
    answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect()
}

#[test]
fn what_goes_up_comes_down() {
    let door = Door::open();
    let body: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).take(1_000_000).collect();
    let path = format!("{HASH}/random/film.mp4");
    door.store(&path, "video/mp4", &body);

    let got = door.get(&path, "");
    assert_eq!((got.status, got.body.len()), (200, body.len()));
    assert!(got.body == body, "the same bytes");
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "1000000"),
        ("content-disposition", "inline; filename=\"film.mp4\""),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
        ("cache-control", "private, max-age=86400, immutable"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(got.header(name), Some(value), "{name}");
    }
    let etag = got.header("etag").expect("an ETag");
    assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "a strong one: {etag}");
    let modified = httpdate::parse_http_date(got.header("last-modified").expect("Last-Modified"));
    assert!(modified.expect("a date") <= std::time::SystemTime::now());
    assert_eq!(got.header("content-range"), None);
    door.service.wait_for_log(&["upload", HASH, "outcome=\"stored\"", "bytes=1000000"]);
    assert!(!door.service.log().contains("random"), "the path, which is a permission to read, is in the log");
}

#[test]
fn head_tells_what_get_does() {
    let door = Door::open();
    for (number, (content_type, size)) in
        [("image/png", 0), ("text/html", 1), ("text/plain; charset=utf-8", 70_000)].into_iter().enumerate()
    {
        let path = format!("{HASH}/{number}/Grüße.bin");
        let encoded = format!("{HASH}/{number}/Gr%C3%BC%C3%9Fe.bin");
        let target = format!("{}?v={}", at(&encoded), tokens::v(&path, size));
        let headers = format!("Content-Type: {content_type}\r\n");
        assert_eq!(door.put(&target, &headers, &vec![b'x'; size]).status, 201);
        let etag = door.get(&encoded, "").header("etag").expect("an ETag").to_owned();
        for headers in
            [String::new(), format!("If-None-Match: {etag}\r\n"), "If-Match: \"other\"\r\n".to_owned()]
        {
            let (got, head) = (door.get(&encoded, &headers), door.head(&encoded, &headers));
            assert_eq!(head.status, got.status, "{headers}");
            let status = got.status;
            let [mut head, mut got] = [without_date(&head), without_date(&got)];
            if status == 304 {
                // It may be told or not (RFC 9110, 8.6).
                for headers in [&mut head, &mut got] {
                    headers.retain(|(name, _)| name != "content-length");
                }
            }
            assert_eq!(head, got, "{headers}");
        }
        // RFC 9110, 14.2: a range is for GET alone.
        let head = door.head(&encoded, "Range: bytes=0-0\r\n");
        assert_eq!(without_date(&head), without_date(&door.get(&encoded, "")));
        assert_eq!(door.head(&encoded, "Range: bytes=99999999-\r\n").status, 200);
    }
    for missing in [format!("{HASH}/0/other"), "..".to_owned()] {
        let (got, head) = (door.get(&missing, ""), door.head(&missing, ""));
        assert_eq!((head.status, without_date(&head)), (got.status, without_date(&got)), "{missing}");
    }
}

/// A HEAD's answer ends with its headers, whatever length they tell.
#[test]
fn head_has_no_body() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    door.store(&path, "text/plain", b"the body");
    let mut client = door.client();
    for (target, status) in [(at(&path), 200), (at("none/such"), 404), ("/".to_owned(), 404)] {
        client.send(format!("HEAD {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(checked(client.answer(false)).status, status);
    }
    client.send(format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", at(&path)));
    assert_eq!(client.answer(true).text(), "the body");
}

#[test]
fn the_type_is_the_senders() {
    let door = Door::open();
    let long = format!("a/{}", "b".repeat(253));
    for (number, content_type) in [
        "image/png",
        "IMAGE/Jpeg",
        "text/plain; charset=utf-8",
        "text/plain;charset=\"utf-8\"",
        "image/png; a=\"b, text/html\"; c=d;",
        "application/vnd.oasis.opendocument.text",
        "application/x-tar+gzip; a=b; c=d",
        "x/y",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("{HASH}/{number}/name.html");
        door.store(&path, content_type, b"<script>");
        assert_eq!(door.get(&path, "").header("content-type"), Some(content_type));
    }
    let target = crate::door::signed(&format!("{HASH}/none/photo.jpg"), 4);
    assert_eq!(door.put(&target, "", b"data").status, 201);
    let got = door.get(&format!("{HASH}/none/photo.jpg"), "");
    assert_eq!(got.header("content-type"), Some("application/octet-stream"), "not guessed from the name");
}

#[test]
fn a_type_that_is_none_is_refused() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    for content_type in [
        "",
        "x",
        "text",
        "text/",
        "/html",
        "text/html/x",
        "te xt/html",
        "text /html",
        "text/ html",
        "tëxt/html",
        ";charset=utf-8",
        "text/html, text/plain",
        "image/png; text/html",
        "image/png;a=b, text/html",
        "image/png;,text/html",
        "image/png; a=\"b",
        "image/png; a=\"b\", text/html",
        "image/png; a=\"b\\\", text/html",
        "image/png; =b",
        "image/png; a=b c",
        &format!("a/{}", "b".repeat(254)),
        &format!("text/plain; {}", "x".repeat(4000)),
    ] {
        door.refuses(content_type, (400, "content_type_malformed"), |door| {
            door.upload(&path, content_type, b"data")
        });
    }
    let twice = "Content-Type: image/png\r\nContent-Type: text/html\r\n";
    let target = crate::door::signed(&path, 4);
    door.refuses(twice, (400, "content_type_malformed"), |door| door.put(&target, twice, b"data"));
    door.assert_empty();
}

#[test]
fn only_passive_media_is_shown() {
    let door = Door::open();
    for (number, (content_type, kind)) in [
        ("image/png", "inline"),
        ("image/jpeg", "inline"),
        ("image/gif", "inline"),
        ("image/webp", "inline"),
        ("audio/ogg", "inline"),
        ("video/mp4", "inline"),
        ("VIDEO/WebM; codecs=\"vp9\"", "inline"),
        ("text/plain", "inline"),
        ("text/html", "attachment"),
        ("Text/HTML; charset=utf-8", "attachment"),
        ("text/html ;charset=utf-8", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("image/svg+xml", "attachment"),
        ("IMAGE/SVG+XML", "attachment"),
        ("text/xml", "attachment"),
        ("application/xml", "attachment"),
        ("application/xslt+xml", "attachment"),
        ("application/rss+xml", "attachment"),
        ("video/x+xml", "attachment"),
        ("text/javascript", "attachment"),
        ("application/javascript", "attachment"),
        ("application/ecmascript", "attachment"),
        ("text/css", "attachment"),
        ("text/vbscript", "attachment"),
        ("text/cache-manifest", "attachment"),
        ("application/pdf", "attachment"),
        ("application/x-shockwave-flash", "attachment"),
        ("application/octet-stream", "attachment"),
        ("multipart/x-mixed-replace; boundary=x", "attachment"),
        ("message/rfc822", "attachment"),
        ("*/*", "attachment"),
        ("unknown/unknown", "attachment"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("{HASH}/{number}/name.png");
        door.store(&path, content_type, b"<script>alert(1)</script>");
        let got = door.get(&path, "");
        let disposition = format!("{kind}; filename=\"name.png\"");
        assert_eq!(got.header("content-disposition"), Some(disposition.as_str()), "{content_type}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    }
}

/// The `filename*` of a disposition decoded, or else its `filename`. Checks on the way that both are well-formed.
fn told_name(disposition: &str) -> String {
    assert!(disposition.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{disposition:?}");
    let (kind, rest) = disposition.split_once("; filename=\"").expect("a name");
    assert!(matches!(kind, "inline" | "attachment"), "{disposition}");
    let (plain, rest) = rest.split_once('"').expect("an end");
    assert!(!plain.contains(['\\', '%', '/']), "{disposition}");
    let Some(encoded) = rest.strip_prefix("; filename*=UTF-8''") else {
        assert_eq!(rest, "", "{disposition}");
        return plain.to_owned();
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$&+-.^_`|~%".contains(c);
    assert!(encoded.chars().all(allowed), "{disposition}");
    percent_decode_str(encoded).decode_utf8().expect("UTF-8").into_owned()
}

#[test]
fn names_are_told_as_they_are() {
    let door = Door::open();
    for (number, name) in [
        "photo.jpg",
        "two words.txt",
        "index.html",
        "Grüße aus 東京 №1.txt",
        "say \"hello\".txt",
        "it's; filename=\"x\".txt",
        "100%.txt",
        "%41.txt",
        "a;b,c=d.txt",
        "cafe\u{301}.txt",
        "\u{1f600}.png",
        "-rf",
        "..name",
        &"東".repeat(85),
        &"\"".repeat(255),
    ]
    .into_iter()
    .enumerate()
    {
        let got = served(&door, number, name);
        let disposition = got.header("content-disposition").expect("a disposition");
        assert_eq!(told_name(disposition), name, "{disposition}");
    }
}

/// Uploads a file of this name and gets it.
fn served(door: &Door, number: usize, name: &str) -> Answer {
    let path = format!("{HASH}/{number}/{name}");
    let encoded = format!("{HASH}/{number}/{}", escaped(name));
    assert_eq!(door.put(&format!("{}?v={}", at(&encoded), tokens::v(&path, 4)), "", b"data").status, 201);
    door.get(&encoded, "")
}

/// `photo<RLO>gpj.exe` is shown as `photoexe.jpg`.
#[test]
fn what_makes_a_name_look_like_another_is_not_told() {
    let door = Door::open();
    for (number, mark) in [
        '\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}',
        '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}',
        '\u{2068}', '\u{2069}', '\u{feff}', '\u{fff9}',
    ]
    .into_iter()
    .enumerate()
    {
        let got = served(&door, number, &format!("photo{mark}gpj.exe"));
        let disposition = got.header("content-disposition").expect("a disposition");
        assert_eq!(told_name(disposition), "photo_gpj.exe", "U+{:04X}: {disposition}", u32::from(mark));
    }
}

#[test]
fn what_is_not_there_is_not_served() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    door.store(&path, "text/plain", b"data");
    for missing in [format!("{path}x"), format!("{HASH}/r"), format!("{HASH}/x/name"), "a/b/c".to_owned()] {
        door.refuses(&missing, (404, "missing"), |door| door.get(&missing, ""));
        door.refuses(&missing, (404, "missing"), |door| door.head(&missing, ""));
    }
    // A file with two parts is no folder.
    door.store("random/name", "text/plain", b"data");
    door.refuses("random/name/x", (404, "missing"), |door| door.get("random/name/x", ""));
    // Folders are not listed, whether or not they are there.
    for folder in
        ["", HASH, &format!("{HASH}/"), &format!("{HASH}/r/"), &format!("{path}/"), &format!("{path}/x")]
    {
        door.refuses(folder, (400, "path_malformed"), |door| door.get(folder, ""));
    }
}

#[test]
fn other_methods_are_told_what_there_is() {
    let door = Door::open();
    let path = format!("{HASH}/r/name");
    door.store(&path, "text/plain", b"data");
    for method in ["DELETE", "POST", "PATCH", "TRACE", "PROPFIND", "MKCOL", "COPY", "get", "X"] {
        let answer = door.refuses(method, (405, "method_not_allowed"), |door| {
            door.ask(method, &crate::door::signed(&path, 4), "", b"")
        });
        assert_eq!(answer.header("allow"), Some("GET, HEAD, PUT, OPTIONS"), "{method}");
    }
    assert_eq!(door.get(&path, "").text(), "data");
}

#[test]
fn validators_and_types_outlive_a_restart() {
    let service = Service::start();
    let folder = service.folder();
    let door = Door::of(service);
    let path = format!("{HASH}/r/name");
    door.store(&path, "text/plain; charset=utf-8", b"data");
    let before = without_date(&door.get(&path, ""));
    drop(door);
    let door = Door::of(Service::start_in(folder, &settings("", "")));
    assert_eq!(without_date(&door.get(&path, "")), before);
}

#[test]
fn a_damaged_file_is_not_served_and_the_log_names_it_without_giving_it_away() {
    let door = Door::open();
    let path = format!("{HASH}/0123456789abcdef/secret-name");
    door.store(&path, "text/plain", b"text");
    let file = door.service.folder().path().join("store/files/localhost").join(&path);
    std::fs::write(file, b"not what was stored").expect("writable");
    let answer = door.get(&path, "");
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    let named = format!("files/localhost/{HASH}/012345… is damaged");
    door.service.wait_for_log(&["reason=\"store_failed\"", &named]);
    let log = door.service.log();
    assert!(!log.contains("0123456789") && !log.contains("secret-name"), "{log}");
}

#[test]
fn files_of_an_older_server_are_found_where_they_were() {
    let door = Door::with("legacy_prefixes = ['/old/path/', '/files/']", "");
    let path = format!("{HASH}/r/Grüße.png");
    let encoded = format!("{HASH}/r/Gr%c3%bc%c3%9fe.png");
    let target = format!("{}?v={}", at(&encoded), tokens::v(&path, 4));
    assert_eq!(door.put(&target, "Content-Type: image/png\r\n", b"data").status, 201);
    let got = door.get(&encoded, "");
    for prefix in ["/old/path/", "/files/"] {
        for method in ["GET", "HEAD"] {
            let legacy = door.ask(method, &format!("{prefix}{encoded}"), "", b"");
            assert_eq!((legacy.status, without_date(&legacy)), (200, without_date(&got)), "{prefix}");
        }
        let part = door.ask("GET", &format!("{prefix}{encoded}"), "Range: bytes=1-2\r\n", b"");
        assert_eq!((part.status, part.text()), (206, "at"));
        let missing = format!("{prefix}a/b/c");
        door.refuses(&missing, (404, "missing"), |door| door.ask("GET", &missing, "", b""));
        let dots = format!("{prefix}a/b/..");
        door.refuses(&dots, (400, "path_malformed"), |door| door.ask("GET", &dots, "", b""));
        let path = format!("{HASH}/new/name");
        let put = door.put(&format!("{prefix}{path}?v={}", tokens::v(&path, 4)), "", b"data");
        assert!(matches!(put.status, 404 | 405), "{prefix}: {put:?}");
        assert_eq!(door.get(&path, "").status, 404, "stored below a legacy prefix");
    }
    let unknown = format!("/old/{encoded}");
    door.refuses(&unknown, (404, "path_unknown"), |door| door.ask("GET", &unknown, "", b""));
}
