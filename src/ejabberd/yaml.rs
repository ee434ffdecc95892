//! YAML into values that know their lines.

use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::node::{Entry, Node, Place, Value};

/// Far deeper than any configuration.
const MAX_DEPTH: usize = 48;
/// Far more than any configuration has, with all aliases and macros written out.
pub(super) const MAX_NODES: usize = 100_000;

/// A configuration that cannot be read, by us as by ejabberd. The text names file, line and remedy, and no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct YamlError {
    place: Place,
    problem: String,
}

impl YamlError {
    pub(super) fn at(place: &Place, problem: impl Into<String>) -> Self {
        Self { place: place.clone(), problem: problem.into() }
    }
}

/// Reads the one document of `text`; an empty one is an empty map.
pub(super) fn parse(file: &Arc<str>, text: &str) -> Result<Node, YamlError> {
    let mut reader = Reader { events: Parser::new_from_str(text), file, anchors: Vec::new(), nodes: 0 };
    let first = Place { file: Arc::clone(file), line: 1 };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => {
                return Ok(Node { value: Value::Map(Vec::new()), place: first, from_macro: None });
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => {
                let node = reader.node(event, span, 0)?;
                reader.end()?;
                return Ok(node);
            }
        }
    }
}

struct Reader<'text> {
    events: Parser<'text, StrInput<'text>>,
    file: &'text Arc<str>,
    /// By the parser's number.
    anchors: Vec<(usize, Node)>,
    nodes: usize,
}

impl<'text> Reader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), YamlError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            // The message tells what was expected and never repeats the text.
            Some(Err(error)) => {
                let place = Place { file: Arc::clone(self.file), line: error.marker().line().max(1) };
                let problem =
                    format!("is no YAML: {}; mind indentation (spaces, no tabs) and quotes", error.info());
                Err(YamlError::at(&place, problem))
            }
            None => Err(YamlError::at(&Place { file: Arc::clone(self.file), line: 0 }, "ends too early")),
        }
    }

    /// ejabberd takes one document and no more.
    fn end(&mut self) -> Result<(), YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    let place = Place { file: Arc::clone(self.file), line: span.start.line().max(1) };
                    return Err(YamlError::at(&place, "begins a second document: take the line `---` out"));
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let place = Place { file: Arc::clone(self.file), line: span.start.line().max(1) };
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(YamlError::at(&place, "is nested too deeply or far too large for a configuration"));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                (Value::Scalar { text: text.into_owned(), plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => (Value::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Map(self.map(depth)?), anchor),
            Event::Alias(anchor) => {
                let known = self.anchors.iter().rev().find(|(id, _)| *id == anchor);
                let Some((_, node)) = known else {
                    return Err(YamlError::at(
                        &place,
                        "is an alias of what it stands in: define the anchor before",
                    ));
                };
                self.nodes += node.size();
                return Ok(node.clone());
            }
            _ => return Err(YamlError::at(&place, "is no YAML: a value is missing")),
        };
        let node = Node { value, place, from_macro: None };
        if anchor != 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, YamlError> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let Some(name) = key.text() else {
                return Err(YamlError::at(
                    &key.place,
                    "has a list or a map where the name of an option has to be",
                ));
            };
            let name = name.to_owned();
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            entries.push(Entry { key: name, place: key.place, value });
        }
    }
}
