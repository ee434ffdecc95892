//! A list of rules is read: what each of them says, and where it stands.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::RuleKind;
use super::document::{Document, Rule};

/// Reads one list.
pub(super) struct Parser<'text> {
    kind: RuleKind,
    reader: Reader<&'text [u8]>,
    /// The elements around, from the list's own on: it, a rule, and what is in that.
    around: Vec<String>,
    document: Document,
}

impl<'text> Parser<'text> {
    pub(super) fn new(text: &'text str, kind: RuleKind) -> Self {
        let document = Document { text: text.to_owned(), rules: Vec::new(), end: 0 };
        Self { kind, reader: Reader::from_str(text), around: Vec::new(), document }
    }

    /// `None` if it is no list of that kind.
    pub(super) fn run(mut self) -> Option<Document> {
        loop {
            let before = self.position()?;
            match self.reader.read_event().ok()? {
                Event::Start(element) => self.start(name(&element), before)?,
                Event::Empty(element) => self.empty(&name(&element))?,
                Event::End(_) => self.end(before)?,
                Event::Text(text) => self.add(&text.decode().ok()?),
                Event::CData(text) => self.add(&text.decode().ok()?),
                Event::GeneralRef(reference) => self.add(&resolved(&reference)?),
                Event::Eof => return self.finished(),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn position(&self) -> Option<usize> {
        self.reader.buffer_position().try_into().ok()
    }

    fn start(&mut self, name: String, before: usize) -> Option<()> {
        match self.around.len() {
            0 if name != self.kind.list() => return None,
            1 if name != self.kind.rule() => return None,
            0 => {}
            1 => self.document.rules.push(Rule { says: Vec::new(), place: before..before }),
            _ => self.open(&name)?,
        }
        self.around.push(name);
        Some(())
    }

    /// What is empty says that it is there.
    fn empty(&mut self, name: &str) -> Option<()> {
        match self.around.len() {
            0 if name == self.kind.list() => self.document = Document::empty(self.kind),
            0 | 1 => return None,
            _ => self.open(name)?,
        }
        Some(())
    }

    fn end(&mut self, before: usize) -> Option<()> {
        self.around.pop();
        match self.around.len() {
            0 => self.document.end = before,
            1 => self.document.rules.last_mut()?.place.end = self.position()?,
            _ => {}
        }
        Some(())
    }

    /// An element of a rule begins. One that has others in it says nothing itself.
    fn open(&mut self, name: &str) -> Option<()> {
        let parent = self.path();
        let says = &mut self.document.rules.last_mut()?.says;
        says.pop_if(|(path, text)| *path == parent && text.trim().is_empty());
        let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        says.push((path, String::new()));
        Some(())
    }

    /// White space between elements is not theirs.
    fn add(&mut self, text: &str) {
        let path = self.path();
        let last = self.document.rules.last_mut().and_then(|rule| rule.says.last_mut());
        if let Some((there, said)) = last
            && *there == path
        {
            said.push_str(text);
        }
    }

    /// Where we are within a rule.
    fn path(&self) -> String {
        self.around.get(2..).unwrap_or_default().join("/")
    }

    fn finished(mut self) -> Option<Document> {
        for (_, text) in self.document.rules.iter_mut().flat_map(|rule| &mut rule.says) {
            text.truncate(text.trim_end().len());
            text.drain(..text.len() - text.trim_start().len());
        }
        Some(self.document).filter(|document| document.end > 0)
    }
}

fn name(element: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(element.local_name().into_inner()).into_owned()
}

fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.into()),
        None => resolve_predefined_entity(&reference.decode().ok()?).map(str::to_owned),
    }
}
