//! The name that a file has in its URL.

use super::disposition::is_invisible;

/// Less than file systems and [`ObjectPath`](crate::types::ObjectPath) allow, because some clients add to a name when they save it.
const MAX_BYTES: usize = 200;
/// As much of what stands behind the last dot is kept, if a name is cut.
const MAX_EXTENSION_BYTES: usize = 16;
/// For what leaves nothing of a name.
const NAMELESS: &str = "file";

/// `name` as it can stand in a path and on every file system: letters of all scripts, digits, spaces and most marks stay; what separates
/// folders, cannot be seen or means something to a shell, a URL or a file system becomes `_`.
#[must_use]
pub fn safe_filename(name: &str) -> String {
    let safe: String = name.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    // No hidden file, no `..`; and an extension is what every system takes for one (`Extension::of`).
    let trimmed = safe.trim_start_matches(is_edge).trim_end_matches(is_edge);
    match shortened(trimmed) {
        name if name.is_empty() => NAMELESS.to_owned(),
        name => name,
    }
}

fn is_edge(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn is_unsafe(c: char) -> bool {
    let separates = c.is_whitespace() && c != ' ';
    separates || c.is_control() || is_invisible(c) || "/\\:*?\"<>|%#&;`$'".contains(c)
}

/// Cut before its extension.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= MAX_EXTENSION_BYTES => (stem, extension),
        _ => (name, ""),
    };
    let end = stem.floor_char_boundary(MAX_BYTES - MAX_EXTENSION_BYTES - 1);
    let stem = stem[..end].trim_end_matches(is_edge);
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{ObjectPath, uri_escaped};

    #[test]
    fn names_stay_what_people_call_their_files() {
        for name in [
            "photo.jpg",
            "Grüße aus 東京 №1.txt",
            "गुरुवार.png",
            "a-b_c (1)+2,3@4~!.tar.gz",
            "👩‍🚀.png",
            "e\u{301}.txt",
        ] {
            assert_eq!(safe_filename(name), name);
        }
    }

    #[test]
    fn what_could_be_something_else_is_replaced() {
        for (name, safe) in [
            ("", "file"),
            ("..", "file"),
            (". . .", "file"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b\\c", "a_b_c"),
            (".htaccess", "htaccess"),
            ("evil.exe. .", "evil.exe"),
            ("a\r\nb\0c\td", "a__b_c_d"),
            ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
            ("C:\\x?*.txt", "C__x__.txt"),
            ("100%.txt", "100_.txt"),
            ("\u{2028}a\u{feff}", "_a_"),
        ] {
            assert_eq!(safe_filename(name), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let long = format!("{}.jpeg", "ü".repeat(5000));
        let safe = safe_filename(&long);
        assert!(safe.len() <= MAX_BYTES && safe.len() > 150 && safe.ends_with("ü.jpeg"), "{safe}");
        assert!(safe_filename(&"a.".repeat(5000)).len() <= MAX_BYTES);
        assert!(safe_filename(&format!("a.{}", "b".repeat(5000))).len() <= MAX_BYTES);
    }

    proptest! {
        #[test]
        fn every_name_becomes_a_part_of_a_path(name in any::<String>(), tail in "[./\\\\ %\u{202e}a]{0,300}") {
            let safe = safe_filename(&(name + &tail));
            let path = ObjectPath::parse(&format!("h/r/{}", uri_escaped(&safe))).unwrap();
            prop_assert_eq!(path.filename(), safe.as_str());
            prop_assert!(safe.len() <= MAX_BYTES);
            prop_assert_eq!(safe_filename(&safe), safe);
        }
    }
}
