//! Streams with parts of any size, in pieces of any size.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::reader::{Received, StanzaReader};
use super::*;

const HEAD: &str = "<stream:stream xmlns='jabber:component:accept' xmlns:stream='s' id='>'>";
const TAIL: &str = "</stream:stream>";

/// Something well-formed, with what is to be kept of it.
type Written = (String, String);

fn as_it_is(text: &str) -> Written {
    (text.to_owned(), text.to_owned())
}

fn wrapped(begin: &str, parts: Vec<Written>, end: &str) -> Written {
    let (written, kept): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    (format!("{begin}{}{end}", written.concat()), format!("{begin}{}{end}", kept.concat()))
}

/// An attribute with whatever could be taken for an end.
fn attribute() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]:?[a-z]{0,3} ?='[a-z>/\"é&;😀 -]{0,9}'", "[a-z]{1,3}= ?\"[a-z>/'!\\[\\]&;-]{0,9}\"",]
}

fn node() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        "[a-z>'\"/é😀 \n\\]]{1,9}".prop_map(|text| as_it_is(&text)),
        "&(amp|lt|#65|#x1F600|odd);".prop_map(|reference| as_it_is(&reference)),
        "[a-z<>'\"&/ \\]]{0,9}"
            .prop_filter("ends within", |text| !text.contains("]]>"))
            .prop_map(|text| as_it_is(&format!("<![CDATA[{text}]]>"))),
        "[a-z<>'\"&/! ]{0,9}".prop_map(|text| (format!("<!--{text}-->"), String::new())),
        "[a-z][a-z<>'\"&/! ]{0,9}".prop_map(|text| (format!("<?{text}?>"), String::new())),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| element(inner, "[a-z]{1,2}(:[a-z])?"))
}

fn element(inner: impl Strategy<Value = Written>, name: &'static str) -> impl Strategy<Value = Written> {
    (name, vec(attribute(), 0..3), vec(inner, 0..5), any::<bool>()).prop_map(
        |(name, attributes, children, empty)| {
            let begin = format!("{name} {}", attributes.join(" "));
            if children.is_empty() && empty {
                return as_it_is(&format!("<{begin}/>"));
            }
            wrapped(&format!("<{begin}>"), children, &format!("</{name} >"))
        },
    )
}

/// A stanza with what is kept of it, and what stands behind it in the stream.
fn stanza() -> impl Strategy<Value = Written> {
    let between = prop_oneof![Just(""), Just(" \n"), Just("<!-- > -->"), Just("<?a > ?>")];
    (element(node(), "(iq|message|presence)"), between)
        .prop_map(|((written, kept), between)| (written + between, kept))
}

/// What is kept of `stream` when it comes in pieces.
fn kept(stream: &str, pieces: &[usize]) -> String {
    let (mut pruner, mut kept, mut rest) = (Pruner::new(), Vec::new(), stream.as_bytes());
    for length in pieces.iter().cycle() {
        let (piece, left) = rest.split_at(rest.len().min(*length));
        pruner.feed(piece, &mut kept);
        let held = pruner.markup.as_ref().map_or(0, |markup| markup.held().len());
        assert!(held <= ROOM, "{held}");
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Which part of a stanza is huge, and how huge.
fn huge() -> impl Strategy<Value = (u8, usize)> {
    (0..14_u8, prop_oneof![ROOM - 40..ROOM + 40, 2 * ROOM..3 * ROOM])
}

/// A stanza that no reader should have to hold.
fn huge_stanza((part, size): (u8, usize)) -> String {
    let head = "from='a@b/c' to='d' id='huge' type='get'";
    let many = |text: &str| text.repeat(size / text.len() + 1);
    let inner = match part {
        0 => many("x"),
        1 => many("&amp;"),
        2 => many("😀"),
        3 => format!("<a b='{}'/>", many("\">")),
        4 => format!("<a b='{}'>text</a>", many("&lt;")),
        5 => format!("<{0}>text</{0}>", many("n")),
        6 => format!("<a {}/>", many("b='c' ")),
        7 => format!("<![CDATA[{}]]>", many("<a>]]")),
        8 => format!("<!--{}-->", many("<a '")),
        9 => many("<a/>"),
        10 => many("<a>b</a>"),
        11 => format!("{}{}", "<a>".repeat(size / 3), "</a>".repeat(size / 3)),
        12 => format!("<a{0}>{1}</a{0}>", many(" "), many("é")),
        _ => return format!("<iq {head} b='{}'><a/></iq>", many("/>")),
    };
    format!("<iq {head}><query>{inner}</query><more>text</more></iq>")
}

async fn ids(stream: &str) -> Vec<(String, bool)> {
    let mut reader = StanzaReader::new(stream.as_bytes());
    assert!(matches!(reader.next().await, Ok(Received::Opened(_))));
    let mut ids = Vec::new();
    loop {
        match reader.next().await {
            Ok(Received::Stanza { element, whole }) => {
                ids.push((element.attribute("id").unwrap_or_default().to_owned(), whole));
            }
            other => {
                assert_eq!(other, Ok(Received::Closed));
                return ids;
            }
        }
    }
}

proptest! {
    // They are long.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_small_stays_as_it_is(stanzas in vec(stanza(), 0..6), pieces in vec(1..40_usize, 1..5)) {
        let (written, expected) = wrapped(HEAD, stanzas, TAIL);
        prop_assert_eq!(kept(&format!("<?xml version='1.0'?>\n{written}"), &pieces), expected);
    }

    #[test]
    fn what_is_huge_changes_nothing_before_it_and_behind_it(
        before in vec(stanza(), 0..3),
        huge in huge(),
        behind in vec(stanza(), 0..3),
        pieces in vec(prop_oneof![1..20_usize, 4000..9000_usize], 1..4),
    ) {
        let [(before, kept_before), (behind, kept_behind)] = [before, behind].map(|part| wrapped("", part, ""));
        let kept = kept(&format!("{HEAD}{before}{}{behind}{TAIL}", huge_stanza(huge)), &pieces);
        prop_assert!(kept.len() <= 3 * ROOM + before.len() + behind.len() + HEAD.len() + TAIL.len());
        let rest = kept.strip_prefix(&format!("{HEAD}{kept_before}"));
        let rest = rest.and_then(|rest| rest.strip_suffix(&format!("{kept_behind}{TAIL}")));
        prop_assert!(rest.is_some(), "what is before or behind has changed");
    }

    #[test]
    fn whoever_sends_something_huge_is_the_only_one_who_notices((part, size) in huge()) {
        let huge = huge_stanza((part, size));
        let fine = "<iq id='fine'><query xmlns='x'>&amp;</query></iq>";
        let stream = format!("{HEAD}{fine}{huge}{fine}{huge}{fine}{TAIL}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(ids(&stream));
        let is_fine = ("fine".to_owned(), true);
        // A comment is no part of a stanza, and one whose own attributes are too large is not there at all.
        let huge = match part {
            13 => None,
            part => Some(("huge".to_owned(), part == 8)),
        };
        let expected = [Some(is_fine.clone()), huge.clone(), Some(is_fine.clone()), huge, Some(is_fine)];
        prop_assert_eq!(read, expected.into_iter().flatten().collect::<Vec<_>>());
    }
}
