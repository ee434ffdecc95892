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
    /// An answer to `iq`. Where none is possible: what is sent in its place, if anything.
    pub(super) fn to(iq: &'iq Element, jid: &'iq Vhost) -> Result<Self, Option<Element>> {
        let from = iq.attribute("from").unwrap_or_default();
        // Nobody to send an answer to.
        let Ok(asker) = Jid::new(from) else { return Err(None) };
        let to = iq.attribute("to");
        let id = iq.attribute("id").unwrap_or_default();
        let reply = Self { id, from, to: to.unwrap_or(jid.as_str()), asker };
        if id.is_empty() {
            return Err(Some(
                reply.malformed("a request needs an id, so that its answer can be told from others"),
            ));
        }
        // Whoever is one user to the server and another to us would get his slots.
        if reply.asker.to_bare().as_str() != from.split('/').next().unwrap_or_default() {
            let text = "the address that this request comes from is not written as it should be";
            return Err(Some(reply.error(Condition::Forbidden, text, [])));
        }
        if to.is_some() && !super::is_us(to, jid) {
            return Err(Some(reply.error(Condition::NotFound, "there is nobody of this name here", [])));
        }
        Ok(reply)
    }

    /// Who asks.
    pub(super) fn from(&self) -> Jid {
        self.asker.clone()
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

    pub(super) fn malformed(&self, text: &str) -> Element {
        self.error(Condition::Malformed, text, [])
    }
}
