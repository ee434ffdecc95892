//! What the server sends, stanza by stanza. Of each only so much is kept as a request can have; the rest is read over, whatever it is and however large.

use futures_util::FutureExt as _;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::PrefixDeclaration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, BufReader};

use super::element::Element;
use super::fault::Fault;
use super::pruned::Pruned;

/// What is kept of a stanza: names, attributes and text.
const KEPT_BYTES: usize = 64 * 1024;
/// The elements of it.
const KEPT_ELEMENTS: usize = 256;
/// How deep, from the stanza itself.
const KEPT_DEPTH: usize = 6;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The beginning of the stream.
    Opened(Element),
    /// A stanza, or what else stands right in the stream.
    Stanza {
        /// What was kept of it.
        element: Element,
        /// Whether that is all.
        whole: bool,
    },
    /// The end of the stream.
    Closed,
}

/// Names with what they stand for.
type Pairs = Vec<(String, String)>;

/// Reads a stream.
#[derive(Debug)]
pub(super) struct StanzaReader<R> {
    reader: Reader<Pruned<R>>,
    buffer: Vec<u8>,
    /// The namespaces that each open element declares, from the stream itself on, as far as it is kept.
    declared: Vec<Pairs>,
    /// The open elements from the stanza on, as far as they are kept.
    open: Vec<Element>,
    /// How many open elements are not.
    skipped: usize,
    bytes: usize,
    elements: usize,
    whole: bool,
}

impl<R: AsyncBufRead + Unpin> StanzaReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            reader: Reader::from_reader(Pruned::new(from)),
            buffer: Vec::new(),
            declared: Vec::new(),
            open: Vec::new(),
            skipped: 0,
            bytes: 0,
            elements: 0,
            whole: true,
        }
    }

    /// Waits for the next. What was begun is lost if this is not waited for to its end.
    pub(super) async fn next(&mut self) -> Result<Received, Fault> {
        self.begin_stanza();
        loop {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = self.reader.read_event_into_async(&mut buffer).await;
            let received = match event {
                Ok(event) => self.take(event),
                Err(quick_xml::Error::Io(error)) => Err(Fault::Lost(error.kind())),
                // The stream ends within a stanza where the server does.
                Err(quick_xml::Error::Syntax(_)) if self.at_end().await => Err(Fault::Ended),
                Err(error) => Err(Fault::NotXml(error.to_string())),
            };
            self.buffer = buffer;
            if let Some(received) = received.transpose() {
                return received;
            }
        }
    }

    fn begin_stanza(&mut self) {
        (self.bytes, self.elements, self.whole) = (0, 0, true);
    }

    async fn at_end(&mut self) -> bool {
        self.reader.get_mut().fill_buf().await.is_ok_and(<[u8]>::is_empty)
    }

    fn take(&mut self, event: Event<'_>) -> Result<Option<Received>, Fault> {
        match event {
            Event::Start(start) => return Ok(self.begin(&start)),
            Event::Empty(start) => {
                if let Some(opened) = self.begin(&start) {
                    return Ok(Some(opened));
                }
                return Ok(self.end());
            }
            Event::End(_) => return Ok(self.end()),
            Event::Text(text) => match text.decode() {
                Ok(text) => self.add_text(&text),
                Err(_) => self.whole = false,
            },
            Event::CData(text) => match text.decode() {
                Ok(text) => self.add_text(&text),
                Err(_) => self.whole = false,
            },
            Event::GeneralRef(reference) => match (reference.resolve_char_ref(), reference.decode()) {
                (Ok(Some(char)), _) => self.add_text(char.encode_utf8(&mut [0; 4])),
                (_, Ok(name)) if let Some(text) = resolve_predefined_entity(&name) => self.add_text(text),
                _ => self.whole = false,
            },
            Event::Eof => return Err(Fault::Ended),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        Ok(None)
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Option<Received> {
        if self.skipped > 0 || self.open.len() == KEPT_DEPTH || self.elements == KEPT_ELEMENTS {
            self.whole = false;
            self.skipped += 1;
            return None;
        }
        let (attributes, declared) = self.attributes(start);
        self.declared.push(declared);
        let (local, prefix) = start.name().decompose();
        let are_names =
            is_name(local.into_inner()) && prefix.is_none_or(|prefix| is_name(prefix.into_inner()));
        let prefix = prefix.map(|prefix| String::from_utf8_lossy(prefix.into_inner()).into_owned());
        let namespace = self.namespace(prefix.as_deref().unwrap_or_default());
        let name = local.into_inner();
        // A namespace is declared once and kept with each element that is in it. Of a stanza itself there is one.
        let nested = !self.open.is_empty();
        self.bytes += if nested { name.len() + namespace.len() } else { 0 };
        if !are_names || name.len() > KEPT_BYTES || (nested && self.bytes > KEPT_BYTES) {
            self.declared.pop();
            self.whole = false;
            self.skipped += 1;
            return None;
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let element = Element { name, namespace, attributes, ..Element::default() };
        if self.declared.len() == 1 {
            return Some(Received::Opened(element));
        }
        self.elements += 1;
        self.open.push(element);
        None
    }

    /// Those without a prefix, and what is declared of prefixes.
    fn attributes(&mut self, start: &BytesStart<'_>) -> (Pairs, Pairs) {
        let (mut attributes, mut declared) = (Vec::new(), Vec::new());
        // Whoever looks for one that stands there twice compares each with each.
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                self.whole = false;
                break;
            };
            self.bytes += attribute.key.as_ref().len() + attribute.value.len();
            let value =
                attribute.decoded_and_normalized_value(XmlVersion::Implicit1_0, self.reader.decoder());
            let is_kept = self.bytes <= KEPT_BYTES && is_name(attribute.key.into_inner());
            let (Ok(value), true) = (value, is_kept) else {
                self.whole = false;
                continue;
            };
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Default) => declared.push((String::new(), value.into_owned())),
                Some(PrefixDeclaration::Named(prefix)) => {
                    declared.push((String::from_utf8_lossy(prefix).into_owned(), value.into_owned()));
                }
                None if attribute.key.prefix().is_some() => {}
                None => {
                    let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
                    attributes.push((name, value.into_owned()));
                }
            }
        }
        (attributes, declared)
    }

    /// What a prefix stands for; a server may pass on one that nobody has declared to us.
    fn namespace(&self, prefix: &str) -> String {
        let mut declared = self.declared.iter().rev().flatten();
        declared.find(|(name, _)| name == prefix).map(|(_, namespace)| namespace.clone()).unwrap_or_default()
    }

    fn add_text(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        let Some(element) = self.open.last_mut() else { return };
        self.bytes += text.len();
        if self.bytes <= KEPT_BYTES {
            element.text.push_str(text);
        } else {
            self.whole = false;
        }
    }

    fn end(&mut self) -> Option<Received> {
        if self.skipped > 0 {
            self.skipped -= 1;
            if self.skipped == 0 && self.open.is_empty() {
                // All of a stanza was read over: what is behind it is another's.
                self.begin_stanza();
            }
            return None;
        }
        self.declared.pop();
        let Some(element) = self.open.pop() else { return Some(Received::Closed) };
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                None
            }
            None => Some(Received::Stanza { element, whole: self.whole }),
        }
    }
}

/// Whether it is a name (XML 1.0 §2.3, which of the letters beyond ASCII excludes a few). A parser that looks no closer takes for one whatever stands there,
/// and then it ends elsewhere: with a quotation mark a value begins.
fn is_name(name: &[u8]) -> bool {
    let begins = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | 0x80..);
    let goes_on = |byte: &u8| begins(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':');
    name.first().is_some_and(begins) && name.iter().all(goes_on)
}

/// The stanzas in all that a server sends, written anew, each with whether that is all of it; up to what is no XML. Of the stream so many bytes are read at once.
/// For who tries out what strangers may send.
#[must_use]
pub fn stanzas_in(stream: &[u8], at_once: usize) -> Vec<(String, bool)> {
    let mut reader = StanzaReader::new(BufReader::with_capacity(at_once, stream));
    // Nothing here waits.
    let next = || match reader.next().now_or_never()?.ok()? {
        Received::Opened(_) => Some(None),
        Received::Stanza { element, whole } => Some(Some((element.to_string(), whole))),
        Received::Closed => None,
    };
    std::iter::from_fn(next).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_read_over() {
        for element in ["iq'a t'id='1'/", "iq<//", "<iq/", "iq=''/", "1/", "iq&amp;/", "iq:/", ":iq/"] {
            let stream = format!("<stream xmlns='s'><{element}><iq id='2'/>");
            let stanza = ("<iq xmlns='s' id='2'></iq>".to_owned(), true);
            assert_eq!(stanzas_in(stream.as_bytes(), 64), [stanza], "{element}");
        }
        let stream = b"<stream xmlns='s'><iq id='1' t'x='' v='/><iq id='2'/>";
        let stanza = |id: u8, whole| (format!("<iq xmlns='s' id='{id}'></iq>"), whole);
        assert_eq!(stanzas_in(stream, 64), [stanza(1, false), stanza(2, true)]);
    }

    fn kept(element: &Element) -> usize {
        let children: usize = element.children.iter().map(kept).sum();
        element.name.len() + element.namespace.len() + element.text.len() + children
    }

    #[tokio::test]
    async fn a_namespace_that_many_elements_are_in_is_not_kept_for_each() {
        let long = "u".repeat(60_000);
        let stanza = format!("<iq id='1'><query xmlns='{long}'>{}</query></iq>", "<a/>".repeat(254));
        let stream = format!("<stream xmlns='s'>{stanza}<iq id='2'/>");
        let mut reader = StanzaReader::new(stream.as_bytes());
        assert!(matches!(reader.next().await, Ok(Received::Opened(_))));
        let Ok(Received::Stanza { element, whole: false }) = reader.next().await else {
            unreachable!("a stanza that is not kept as a whole")
        };
        assert!(kept(&element) <= 2 * KEPT_BYTES, "{}", kept(&element));
        assert_eq!(element.attribute("id"), Some("1"));
        let next = reader.next().await;
        assert!(
            matches!(&next, Ok(Received::Stanza { element, whole: true }) if element.attribute("id") == Some("2")),
            "{next:?}"
        );
    }
}
