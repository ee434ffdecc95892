//! An element of XML, as far as a component looks at one.

use std::fmt::{self, Write as _};

use quick_xml::escape::escape;

/// An element with its namespace. Attributes of other namespaces are not kept, and text is what stands right in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    pub(super) fn is(&self, name: &str, namespace: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn find(&self, name: &str, namespace: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name, namespace))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, around: &str) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        if self.namespace != around {
            write!(f, " xmlns='{}'", escape(self.namespace.as_str()))?;
        }
        for (name, value) in &self.attributes {
            write!(f, " {name}='")?;
            // What is white space would be read as a blank.
            for part in escape(value.as_str()).split_inclusive(['\n', '\r', '\t']) {
                match part.char_indices().next_back() {
                    Some((end, space @ ('\n' | '\r' | '\t'))) => {
                        write!(f, "{}&#{};", &part[..end], u32::from(space))?;
                    }
                    _ => f.write_str(part)?,
                }
            }
            f.write_char('\'')?;
        }
        f.write_char('>')?;
        f.write_str(&escape(self.text.as_str()))?;
        for child in &self.children {
            child.write(f, &self.namespace)?;
        }
        write!(f, "</{}>", self.name)
    }
}

/// As it stands in the component's stream.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, super::COMPONENT)
    }
}

#[cfg(test)]
mod tests {
    use super::super::COMPONENT;
    use super::*;

    #[test]
    fn it_is_written_so_that_it_is_read_the_same() {
        let query = Element::new("query", "urn:x").child(Element::new("a", "urn:x").text("1 < 2 & \"3\""));
        let iq = Element::new("iq", COMPONENT).with("id", "<'\n&\r\t\">").child(query);
        assert_eq!(
            iq.to_string(),
            "<iq id='&lt;&apos;&#10;&amp;&#13;&#9;&quot;&gt;'><query xmlns='urn:x'><a>1 &lt; 2 &amp; &quot;3&quot;</a></query></iq>"
        );
    }
}
