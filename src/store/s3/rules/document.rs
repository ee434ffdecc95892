//! A bucket's list of rules as a text, so that rules of others can stay in it byte by byte, whatever is in them.

use std::ops::Range;

use quick_xml::escape::escape;

use super::RuleKind;
use super::parser::Parser;

/// What a rule says: each text in it behind the names of the elements around it, like `Filter/Prefix`.
pub(super) type Says = Vec<(String, String)>;

/// A rule of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) says: Says,
    /// Where it stands.
    pub(super) place: Range<usize>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) text: String,
    pub(super) rules: Vec<Rule>,
    /// Where a further rule would stand.
    pub(super) end: usize,
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
        Parser::new(text, kind).run()
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
            text.extend(["<", parent, ">"]);
            open.push(parent);
        }
        text.extend(["<", name, ">", &escape(value), "</", name, ">"]);
    }
    close(&mut text, &mut open, 0);
    text + &format!("</{}>", kind.rule())
}

fn close(text: &mut String, open: &mut Vec<&str>, until: usize) {
    for element in open.drain(until..).rev() {
        text.extend(["</", element, ">"]);
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
