//! A bucket's list of rules as a text, so that rules of others can stay in it byte by byte, whatever is in them.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

use super::RuleKind;

/// What a rule says: each text in it behind the names of the elements around it, like `Filter/Prefix`.
pub(super) type Says = Vec<(String, String)>;

/// A rule of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) says: Says,
    /// Where it stands.
    place: Range<usize>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    text: String,
    pub(super) rules: Vec<Rule>,
    /// Where a further rule would stand.
    end: usize,
}

/// What a text says at `path`, once or several times.
pub(super) fn at<'a>(says: &'a Says, path: &str) -> impl Iterator<Item = &'a str> {
    says.iter().filter(move |(there, _)| there == path).map(|(_, text)| text.as_str())
}

impl Rule {
    pub(super) fn at(&self, path: &str) -> impl Iterator<Item = &str> {
        at(&self.says, path)
    }

    pub(super) fn first(&self, path: &str) -> Option<&str> {
        self.at(path).next()
    }

    /// Whether there is anything at `path` or below it.
    pub(super) fn has(&self, path: &str) -> bool {
        let below = |there: &str| {
            there.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.says.iter().any(|(there, _)| below(there))
    }

    /// Whether it says the same, in whatever order: not every store keeps it.
    pub(super) fn is(&self, says: &Says) -> bool {
        let sorted = |says: &Says| {
            let mut says = says.clone();
            says.sort();
            says
        };
        sorted(&self.says) == sorted(says)
    }
}

impl Document {
    /// A list without rules.
    pub(super) fn empty(kind: RuleKind) -> Self {
        let list = kind.list();
        let begin = format!("<{list} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        Self { text: format!("{begin}</{list}>"), rules: Vec::new(), end: begin.len() }
    }

    /// `None` if it is no list of that kind.
    pub(super) fn parse(text: &str, kind: RuleKind) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut document = Self { text: text.to_owned(), rules: Vec::new(), end: 0 };
        // The elements around, from the list's own on.
        let mut around: Vec<String> = Vec::new();
        let mut begin = 0;
        loop {
            let before = position(&reader)?;
            match reader.read_event().ok()? {
                Event::Start(element) => {
                    let name = name(&element);
                    match around.len() {
                        0 if name != kind.list() => return None,
                        1 if name != kind.rule() => return None,
                        1 => {
                            begin = before;
                            document.rules.push(Rule { says: Vec::new(), place: begin..begin });
                        }
                        2.. => document.open(&around, &name)?,
                        _ => {}
                    }
                    around.push(name);
                }
                // What is empty says that it is there.
                Event::Empty(element) => match around.len() {
                    0 if name(&element) == kind.list() => return Some(Self::empty(kind)),
                    0 | 1 => return None,
                    _ => document.open(&around, &name(&element))?,
                },
                Event::End(_) => {
                    around.pop();
                    match around.len() {
                        0 => document.end = before,
                        1 => document.rules.last_mut()?.place = begin..position(&reader)?,
                        _ => {}
                    }
                }
                Event::Text(text) => document.add(&around, &text.decode().ok()?),
                Event::CData(text) => document.add(&around, &text.decode().ok()?),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                    Some(character) => document.add(&around, character.encode_utf8(&mut [0; 4])),
                    None => document.add(&around, resolve_predefined_entity(&reference.decode().ok()?)?),
                },
                Event::Eof => return (document.end > 0).then(|| document.trimmed()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    /// An element of a rule begins. One that has others in it says nothing itself.
    fn open(&mut self, around: &[String], name: &str) -> Option<()> {
        let says = &mut self.rules.last_mut()?.says;
        let path = around[2..].iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        let parent = around[2..].join("/");
        says.pop_if(|(path, text)| *path == parent && text.trim().is_empty());
        says.push((path, String::new()));
        Some(())
    }

    fn add(&mut self, around: &[String], text: &str) {
        let Some((path, there)) = self.rules.last_mut().and_then(|rule| rule.says.last_mut()) else { return };
        // White space between elements is not theirs.
        if around.len() > 2 && *path == around[2..].join("/") {
            there.push_str(text);
        }
    }

    fn trimmed(mut self) -> Self {
        for (_, text) in self.rules.iter_mut().flat_map(|rule| &mut rule.says) {
            text.truncate(text.trim_end().len());
            text.drain(..text.len() - text.trim_start().len());
        }
        self
    }

    /// The list's text with `own` rules in the places of those that have their names, and the others of them behind all.
    pub(super) fn with(&self, own: &[Says], kind: RuleKind) -> String {
        let mut text = self.text.clone();
        let named = |says: &Says| {
            let id = at(says, "ID").next();
            self.rules.iter().find(|rule| rule.first("ID") == id).map(|rule| rule.place.clone())
        };
        let mut changes: Vec<_> =
            own.iter().map(|says| (named(says).unwrap_or(self.end..self.end), xml(says, kind))).collect();
        // From behind, so that places stay where they are; of several at the end the last one first.
        changes.sort_by_key(|(place, _)| place.start);
        for (place, rule) in changes.into_iter().rev() {
            text.replace_range(place, &rule);
        }
        text
    }
}

fn position(reader: &Reader<&[u8]>) -> Option<usize> {
    reader.buffer_position().try_into().ok()
}

fn name(element: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(element.local_name().into_inner()).into_owned()
}

/// Elements that follow each other and have the same around them share it.
fn xml(says: &Says, kind: RuleKind) -> String {
    let mut text = format!("<{}>", kind.rule());
    let mut open: Vec<&str> = Vec::new();
    for (path, value) in says {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parents: Vec<_> = parents.split('/').filter(|parent| !parent.is_empty()).collect();
        let shared = open.iter().zip(&parents).take_while(|(one, other)| one == other).count();
        close(&mut text, &mut open, shared);
        for parent in &parents[shared..] {
            text.push_str(&format!("<{parent}>"));
            open.push(parent);
        }
        text.push_str(&format!("<{name}>{}</{name}>", escape(value)));
    }
    close(&mut text, &mut open, 0);
    text + &format!("</{}>", kind.rule())
}

fn close(text: &mut String, open: &mut Vec<&str>, until: usize) {
    for element in open.drain(until..).rev() {
        text.push_str(&format!("</{element}>"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(pairs: &[(&str, &str)]) -> Says {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn parsed(inside: &str) -> Document {
        let text = format!(
            "<?xml version=\"1.0\"?>\n<LifecycleConfiguration xmlns=\"urn:x\">{inside}</LifecycleConfiguration>"
        );
        Document::parse(&text, RuleKind::Lifecycle).expect("a list")
    }

    const THEIRS: &str = "\n <Rule><ID>a&amp;b&#x21;</ID><!-- by hand --><Odd><Very/><Odd>1</Odd></Odd>\n <Filter> <Prefix>x y</Prefix> </Filter></Rule> ";

    #[test]
    fn a_rule_says_what_stands_in_it() {
        let list = parsed(&format!("{THEIRS}<Rule><Filter/><Status>Enabled</Status></Rule>"));
        let [one, other] = &list.rules[..] else { unreachable!("{list:?}") };
        let expected = says(&[("ID", "a&b!"), ("Odd/Very", ""), ("Odd/Odd", "1"), ("Filter/Prefix", "x y")]);
        assert_eq!(one.says, expected);
        assert_eq!(other.says, says(&[("Filter", ""), ("Status", "Enabled")]));
        assert!(one.has("Filter") && one.has("Odd/Very") && !one.has("Filt") && !one.has("Status"));
    }

    #[test]
    fn rules_of_others_stay_byte_by_byte() {
        let own = says(&[("ID", "ours & not theirs"), ("Filter/Prefix", "chat/"), ("Status", "Enabled")]);
        let second = says(&[("ID", "second"), ("Status", "Enabled")]);
        let empty = parsed("");
        let with = |list: &Document, own: &[Says]| {
            let text = list.with(own, RuleKind::Lifecycle);
            (Document::parse(&text, RuleKind::Lifecycle).expect("a list"), text)
        };
        let (alone, _) = with(&empty, &[own.clone(), second.clone()]);
        assert!(alone.rules[0].is(&own) && alone.rules[1].is(&second), "{alone:?}");

        let old = "<Rule><ID>ours &amp; not theirs</ID><Old>1</Old></Rule>";
        for list in [parsed(THEIRS), parsed(&format!("{THEIRS}{old}")), parsed(&format!("{old}{THEIRS}"))] {
            let (written, text) = with(&list, &[own.clone(), second.clone()]);
            assert!(text.contains(THEIRS) && !text.contains("<Old>"), "{text}");
            assert_eq!(written.rules.len(), 3, "{text}");
            for wanted in [&own, &second] {
                assert!(written.rules.iter().any(|rule| rule.is(wanted)), "{text}");
            }
            assert_eq!(with(&written, &[own.clone(), second.clone()]).1, text, "nothing changes any more");
        }
    }

    #[test]
    fn order_does_not_count_and_all_else_does() {
        let rule = &parsed("<Rule><B>1</B><A>2</A></Rule>").rules[0];
        assert!(rule.is(&says(&[("A", "2"), ("B", "1")])));
        assert!(!rule.is(&says(&[("A", "2")])));
        assert!(!rule.is(&says(&[("A", "2"), ("B", "2")])));
    }

    #[test]
    fn a_list_of_another_kind_is_none() {
        let parse = |text| Document::parse(text, RuleKind::Cors);
        assert_eq!(parse("<CORSConfiguration/>"), Some(Document::empty(RuleKind::Cors)));
        assert_eq!(parse("<CORSConfiguration></CORSConfiguration>").map(|list| list.rules.len()), Some(0));
        for other in [
            "",
            "x",
            "<CorsConfig/>",
            "<CorsConfig><Cors/></CorsConfig>",
            "<CORSConfiguration><Cors/></CORSConfiguration>",
            "<CORSConfiguration><Cors></Cors></CORSConfiguration>",
            "<CORSConfiguration><CORSRule>",
            "<CORSConfiguration><CORSRule></CORSConfiguration>",
            "<CORSConfiguration><CORSRule><ID>&x;</ID></CORSRule></CORSConfiguration>",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
