//! Which types and endings are taken, and which are shown.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::door::{Door, HASH, at, escaped, settings, signed};
use crate::support::http::Answer;
use crate::support::{PROGRAM, tokens};

const TYPE: (u16, &str) = (415, "type_not_allowed");
const EXTENSION: (u16, &str) = (415, "extension_not_allowed");

/// Uploads a file whose name is escaped as a whole. `number` makes a slot of its own.
fn named(door: &Door, number: usize, name: &str) -> Answer {
    let encoded = escaped(name);
    let token = tokens::v(&format!("{HASH}/{number}/{name}"), 4);
    door.put(&format!("{}?v={token}", at(&format!("{HASH}/{number}/{encoded}"))), "", b"data")
}

fn typed(door: &Door, number: usize, content_type: &str) -> Answer {
    door.upload(&format!("{HASH}/{number}/name"), content_type, b"data")
}

fn assert_types(door: &Door, taken: &[&str], refused: &[&str]) {
    for (number, content_type) in refused.iter().enumerate() {
        door.refuses(content_type, TYPE, |door| typed(door, number, content_type));
    }
    door.assert_empty();
    for (number, content_type) in taken.iter().enumerate() {
        assert_eq!(typed(door, number, content_type).status, 201, "{content_type}");
    }
}

#[test]
fn only_allowed_types_are_taken() {
    let door = Door::with("allowed_types = ['image/*', 'video/mp4', 'Text/Plain']", "");
    assert_types(
        &door,
        &[
            "image/png",
            "IMAGE/PNG",
            "image/svg+xml",
            "video/mp4",
            "Video/MP4; codecs=\"avc1\"",
            "text/plain;charset=utf-8",
        ],
        &[
            "video/webm",
            "video/mp4v",
            "video/mp",
            "audio/ogg",
            "text/html",
            "images/png",
            "application/octet-stream",
            "application/x; y=\"image/png\"",
        ],
    );
    // Without a type it is application/octet-stream.
    let target = signed(&format!("{HASH}/r/photo.png"), 4);
    door.refuses("no type", TYPE, |door| door.put(&target, "", b"data"));
}

#[test]
fn denied_types_are_not_taken() {
    let door = Door::with("denied_types = ['image/*', 'video/mp4']", "");
    assert_types(
        &door,
        &["video/webm", "video/mp4v", "text/html", "images/png", "text/plain; x=\"image/png\""],
        &["image/png", "Image/SVG+xml", "image/x", "video/mp4", "VIDEO/MP4 ; codecs=x", "image/png;a=b"],
    );
    let target = signed(&format!("{HASH}/r/photo.png"), 4);
    assert_eq!(door.put(&target, "", b"data").status, 201, "the name tells nothing of the type");
}

#[test]
fn what_is_denied_stays_so_where_it_is_allowed_too() {
    let door = Door::with("allowed_types = ['image/*']\ndenied_types = ['image/svg+xml']", "");
    assert_types(&door, &["image/png"], &["image/svg+xml", "IMAGE/SVG+XML; charset=utf-8", "text/plain"]);
}

#[test]
fn only_allowed_endings_are_taken() {
    let door = Door::with("allowed_extensions = ['jpg', 'PNG', 'gz']", "");
    for (number, name) in [
        "a.txt",
        "jpg",
        "a",
        "a.jpgx",
        "a.jpg.exe",
        "a.jp",
        "a.jpg x",
        "a.jpg\u{a0}x",
        "ajpg",
        "a.tar.xz",
        "...",
        "a.",
        "a.јpg",
    ]
    .into_iter()
    .enumerate()
    {
        door.refuses(name, EXTENSION, |door| named(door, number, name));
    }
    door.assert_empty();
    for (number, name) in [
        "a.jpg",
        "a.JPG",
        "a.Png",
        "a.exe.jpg",
        "a b.jpg",
        "a.tar.gz",
        "é.jPg",
        "a.jpg.",
        "a.jpg ",
        "a.jpg. .",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(named(&door, number, name).status, 201, "{name}");
    }
}

#[test]
fn denied_endings_are_not_taken() {
    let door = Door::with("denied_extensions = ['exe', 'BAT', 'jpg']", "");
    for (number, name) in [
        "a.exe",
        "a.EXE",
        "a.eXe",
        "a.bat",
        "a.jpg",
        "a.jpg.exe",
        "a.exe.",
        "a.exe...",
        "a.exe ",
        "a.exe. . ",
        "é.exe",
        " .exe",
        "a..exe",
    ]
    .into_iter()
    .enumerate()
    {
        door.refuses(name, EXTENSION, |door| named(door, number, name));
    }
    door.assert_empty();
    for (number, name) in
        ["a.txt", "exe", "a", "a.exe.txt", "a.exes", "a.ex", "aexe", "a.e xe"].into_iter().enumerate()
    {
        assert_eq!(named(&door, number, name).status, 201, "{name}");
    }
}

#[test]
fn a_vhost_may_say_otherwise() {
    let other = "[[hosts.'other.example'.issuers]]\nissuer = 'other'\nsecret = 'another-issuer-secret-0123456789-abcdef'\n\
                 [hosts.'other.example'.upload]\ndenied_types = []\ndenied_extensions = ['png']\ninline_types = ['application/pdf']";
    let door = Door::with("denied_types = ['application/pdf']\ndenied_extensions = ['exe']", other);
    let put = |vhost: &str, name: &str, content_type: &str| {
        let path = format!("{HASH}/r/{name}");
        let target = format!("/upload/{vhost}/{path}?v={}", tokens::v(&path, 4));
        door.put(&target, &format!("Content-Type: {content_type}\r\n"), b"data")
    };
    let pdf = "application/pdf";
    door.refuses("localhost", TYPE, |_| put("localhost", "a.pdf", pdf));
    door.refuses("localhost", EXTENSION, |_| put("localhost", "a.exe", "x/y"));
    door.refuses("other", EXTENSION, |_| put("other.example", "a.png", "x/y"));
    door.assert_empty();
    assert_eq!(put("other.example", "a.pdf", pdf).status, 201);
    assert_eq!(put("other.example", "a.exe", "x/y").status, 201);
    assert_eq!(put("localhost", "a.png", "x/y").status, 201);
    let got = door.ask("GET", &format!("/upload/other.example/{HASH}/r/a.pdf"), "", b"");
    assert_eq!(got.header("content-disposition"), Some("inline; filename=\"a.pdf\""));
}

/// What an upload of this type is served as.
fn disposition(door: &Door, number: usize, content_type: &str) -> String {
    assert_eq!(typed(door, number, content_type).status, 201);
    let got = door.get(&format!("{HASH}/{number}/name"), "");
    let (kind, _) =
        got.header("content-disposition").expect("a disposition").split_once(';').expect("a name");
    kind.to_owned()
}

#[test]
fn what_is_shown_can_be_chosen() {
    let door = Door::with("inline_types = ['application/pdf', 'Image/PNG', 'audio/*']", "");
    for (number, (content_type, kind)) in [
        ("application/pdf", "inline"),
        ("Application/PDF; v=1", "inline"),
        ("image/png", "inline"),
        ("audio/ogg", "inline"),
        ("image/jpeg", "attachment"),
        ("video/mp4", "attachment"),
        ("text/plain", "attachment"),
        ("text/html", "attachment"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(disposition(&door, number, content_type), kind, "{content_type}");
    }
}

/// What can hold a script, whatever else it may be called.
const ACTIVE: [&str; 14] = [
    "text/html",
    "text/xml",
    "application/xml",
    "application/xhtml+xml",
    "image/svg+xml",
    "IMAGE/SVG+XML",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "text/ecmascript",
    "application/xslt+xml",
    "application/mathml+xml",
    "text/xsl",
];

#[test]
fn what_can_hold_a_script_is_never_shown() {
    let door = Door::with("inline_types = ['text/*', 'application/*', 'image/*', 'video/*', 'audio/*']", "");
    for (number, content_type) in ACTIVE.into_iter().chain(["video/x+xml", "audio/y+XML"]).enumerate() {
        assert_eq!(disposition(&door, number, content_type), "attachment", "{content_type}");
        let parameters = format!("{content_type} ; charset=utf-8");
        assert_eq!(disposition(&door, number + 100, &parameters), "attachment", "{parameters}");
    }
    assert_eq!(disposition(&door, 1000, "text/csv"), "inline");
}

#[test]
fn to_ask_for_a_script_by_name_is_a_mistake() {
    for content_type in ACTIVE {
        let setting = format!("inline_types = ['image/png', '{content_type}']");
        assert_unusable(&setting, "upload.inline_types");
    }
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (setting, key) in [
        ("allowed_types = ['image']", "upload.allowed_types"),
        ("allowed_types = ['']", "upload.allowed_types"),
        ("denied_types = ['image/']", "upload.denied_types"),
        ("denied_types = ['*/png']", "upload.denied_types"),
        ("denied_types = ['image/p*']", "upload.denied_types"),
        ("inline_types = ['image/png; x']", "upload.inline_types"),
        ("denied_extensions = ['.exe']", "upload.denied_extensions"),
        ("denied_extensions = ['']", "upload.denied_extensions"),
        ("allowed_extensions = ['tar.gz']", "upload.allowed_extensions"),
        ("allowed_extensions = ['a b/c']", "upload.allowed_extensions"),
        ("accept = ['v3']", "upload.accept"),
        ("accept = []", "upload.accept"),
        ("legacy_prefixes = ['old/']", "upload.legacy_prefixes"),
        ("denied_extension = ['exe']", "upload.denied_extension"),
    ] {
        assert_unusable(setting, key);
    }
}

/// `serve` ends with 64 and names the key.
fn assert_unusable(setting: &str, key: &str) {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, settings(setting, "")).expect("writable");
    let mut serve = Command::new("timeout");
    let output =
        serve.args(["60", PROGRAM, "serve", "--config"]).arg(&file).output().expect("program starts");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{setting}: {message}");
    assert!(message.contains(key), "{setting}: {message}");
}
