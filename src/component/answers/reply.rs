//! Answers of either kind to an iq.

use jid::Jid;

use super::super::COMPONENT;
use super::super::element::Element;
use crate::types::Vhost;

const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// What XMPP calls a refusal, with what whoever asked may do (RFC 6120 §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It cannot be understood.
    Malformed,
    /// Not for this user.
    Forbidden,
    /// Not this file.
    NotAcceptable,
    /// Not now.
    Wait,
    /// No such service.
    Unavailable,
    /// Nobody of this name.
    NotFound,
}

impl Condition {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("modify", "bad-request"),
            Self::Forbidden => ("auth", "forbidden"),
            Self::NotAcceptable => ("modify", "not-acceptable"),
            Self::Wait => ("wait", "resource-constraint"),
            Self::Unavailable => ("cancel", "service-unavailable"),
            Self::NotFound => ("cancel", "item-not-found"),
        }
    }
}

/// To whom, from whom and to which question.
#[derive(Debug)]
pub(super) struct Reply<'iq> {
    id: &'iq str,
    from: &'iq str,
    to: &'iq str,
    asker: Jid,
}

impl<'iq> Reply<'iq> {
    /// An answer to `iq`, if there is anybody to send one to.
    pub(super) fn to(iq: &'iq Element, jid: &'iq Vhost) -> Option<Self> {
        let from = iq.attribute("from")?;
        let asker = Jid::new(from).ok()?;
        let id = iq.attribute("id").unwrap_or_default();
        let to = iq.attribute("to").unwrap_or(jid.as_str());
        Some(Self { id, from, to, asker })
    }

    /// Who asks.
    pub(super) fn asker(&self) -> &Jid {
        &self.asker
    }

    /// Whether the asker's address is not what it is to us: he is somebody else to his server.
    pub(super) fn is_misspelt(&self) -> bool {
        self.asker.to_bare().as_str() != self.from.split('/').next().unwrap_or_default()
    }

    /// Whether it can be told from others.
    pub(super) fn has_id(&self) -> bool {
        !self.id.is_empty()
    }

    /// Whether we are asked, and not somebody behind our domain.
    pub(super) fn is_of(&self, jid: &Vhost) -> bool {
        let is_us = |to: Jid| to.node().is_none() && *to.domain() == **jid;
        self.to == jid.as_str() || Jid::new(self.to).is_ok_and(is_us)
    }

    fn iq(&self, kind: &str) -> Element {
        Element::new("iq", COMPONENT)
            .with("type", kind)
            .with("id", self.id)
            .with("from", self.to)
            .with("to", self.from)
    }

    pub(super) fn result(&self, result: Element) -> Element {
        self.iq("result").child(result)
    }

    /// `text` is for a person.
    pub(super) fn error(
        &self,
        condition: Condition,
        text: impl Into<String>,
        more: impl IntoIterator<Item = Element>,
    ) -> Element {
        let (kind, name) = condition.names();
        let error = Element::new("error", COMPONENT)
            .with("type", kind)
            .child(Element::new(name, STANZAS))
            .child(Element::new("text", STANZAS).with("xml:lang", "en").text(text));
        self.iq("error").child(error.children(more))
    }
}
