//! The request that `url check` is about, as people paste it: a URL, and perhaps header lines below it.

/// What was pasted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pasted<'text> {
    pub(super) path: &'text str,
    pub(super) query: &'text str,
    /// The value of each `Authorization` line.
    pub(super) authorization: Vec<&'text str>,
    /// The value of a `Content-Type` line.
    pub(super) content_type: Option<&'text str>,
}

impl<'text> Pasted<'text> {
    /// As `url sign` prints it.
    pub(super) fn read(text: &'text str) -> Self {
        let (url, headers) = text.split_once('\n').unwrap_or((text, ""));
        let (path, query) = split(url.trim());
        let mut pasted = Self { path, query, authorization: Vec::new(), content_type: None };
        for line in headers.lines() {
            pasted.add_header(line);
        }
        pasted
    }

    /// A header line. What is no line is the value of an `Authorization` header.
    pub(super) fn add_header(&mut self, line: &'text str) {
        match line.split_once(':') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("content-type") => {
                self.content_type = Some(value.trim());
            }
            Some((name, value)) if name.trim().eq_ignore_ascii_case("authorization") => {
                self.authorization.push(value.trim());
            }
            None if !line.trim().is_empty() => self.authorization.push(line.trim()),
            _ => {}
        }
    }
}

/// Path and query of a URL as they are sent. Not by a URL parser: that would tidy up `..` and escapes, which are signed as they are.
fn split(url: &str) -> (&str, &str) {
    let without_fragment = url.split('#').next().unwrap_or_default();
    let from_path = match without_fragment.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => without_fragment,
    };
    from_path.split_once('?').unwrap_or((from_path, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_as_they_are_sent() {
        for (url, path, query) in [
            ("https://u.org/a/..?v=1", "/a/..", "v=1"),
            ("https://u.org:8080/a/b%2Fc", "/a/b%2Fc", ""),
            ("/a/b?v=1?2#x", "/a/b", "v=1?2"),
            ("https://u.org", "", ""),
            ("http://u.org/\u{fc}/?v2=", "/\u{fc}/", "v2="),
        ] {
            assert_eq!(split(url), (path, query), "{url}");
        }
    }

    #[test]
    fn headers_stand_below() {
        let text = "https://u.org/a?b\r\nauthorization:Bearer x\r\nHost: u.org\n\nContent-Type: a/b; c=d\n";
        let mut pasted = Pasted::read(text);
        pasted.add_header("Bearer y");
        let expected = Pasted {
            path: "/a",
            query: "b",
            authorization: vec!["Bearer x", "Bearer y"],
            content_type: Some("a/b; c=d"),
        };
        assert_eq!(pasted, expected);
    }
}
