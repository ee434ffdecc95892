//! What a stanza is answered with. Nothing here waits for anybody or remembers anything: of several sidecars with one name any may answer.

mod disco;
mod reply;
mod service;
mod slot;
#[cfg(test)]
pub(super) mod tests;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use self::reply::{Condition, Reply};
use super::COMPONENT;
use super::element::Element;
use super::link::Component;
use crate::types::time_since_1970;
use crate::upload::RequestFault;

/// Since when we answer.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Answers as one component.
#[derive(Debug, Clone)]
pub(super) struct Answers(Arc<Component>);

impl Answers {
    pub(super) fn new(component: &Arc<Component>) -> Self {
        LazyLock::force(&STARTED);
        Self(Arc::clone(component))
    }

    /// The answer to a stanza, if it gets one. `whole` says whether this is all of it.
    pub(super) fn answer(
        &self,
        stanza: Element,
        whole: bool,
    ) -> impl Future<Output = Option<Element>> + Send + use<> {
        let component = Arc::clone(&self.0);
        async move {
            let now = time_since_1970();
            answer(&component, &stanza, whole, now).await
        }
    }

    /// What makes the answer to a stanza that could not be answered in time.
    pub(super) fn late(&self, stanza: &Element) -> impl FnOnce() -> Option<Element> + Send + use<> {
        let component = Arc::clone(&self.0);
        let for_slot = stanza.children.first().and_then(slot::namespace).is_some();
        let told = Reply::to(stanza, &component.jid);
        let told = told.map(|reply| (reply.asker().to_bare(), slot::late(&reply)));
        move || {
            let (asker, answer) = told?;
            if for_slot {
                slot::tell_late(&component.desk, &asker);
            }
            Some(answer)
        }
    }

    /// A question to ourselves, by way of the server.
    pub(super) fn ping(&self, count: u32) -> Element {
        let jid = self.0.jid.as_str();
        let iq = Element::new("iq", COMPONENT).with("type", "get").with("id", format!("alive-{count}"));
        iq.with("from", jid).with("to", jid).child(Element::new("ping", service::PING))
    }
}

/// A request is an iq of type get or set; messages, presence and the answers of others are none.
async fn answer(component: &Component, stanza: &Element, whole: bool, now: Duration) -> Option<Element> {
    let kind = stanza.attribute("type");
    if !stanza.is("iq", COMPONENT) || matches!(kind, Some("result" | "error")) {
        return None;
    }
    let reply = Reply::to(stanza, &component.jid)?;
    let payload = match (&*stanza.children, kind) {
        _ if reply.is_misspelt() => Err(RequestFault::AskerMisspelt),
        _ if !reply.is_of(&component.jid) => {
            return Some(reply.error(Condition::NotFound, "there is nobody of this name here", []));
        }
        _ if !reply.has_id() => {
            Err("a request needs an id, so that its answer can be told from others".into())
        }
        _ if !whole => Err(RequestFault::TooLarge),
        ([payload], Some("get" | "set")) => Ok(payload),
        _ => Err("a request is an iq of type get or set with one element in it".into()),
    };
    Some(match payload {
        Ok(payload) => respond(component, &reply, kind == Some("get"), payload, now).await,
        Err(fault) => slot::unclear(&component.desk, &reply, fault, now),
    })
}

async fn respond(
    component: &Component,
    reply: &Reply<'_>,
    get: bool,
    payload: &Element,
    now: Duration,
) -> Element {
    if get && let Some(namespace) = slot::namespace(payload) {
        return slot::answer(&component.desk, reply, payload, namespace, now).await;
    }
    let answered = match (payload.name.as_str(), payload.namespace.as_str()) {
        ("query", disco::INFO) if get => disco::info(component, reply.asker(), payload),
        ("query", disco::ITEMS) if get => disco::items(payload),
        _ if get => service::answer(payload, now),
        _ => None,
    };
    match answered {
        Some(result) => reply.result(result),
        None => reply.error(
            Condition::Unavailable,
            "this service hands out upload slots, and knows nothing else",
            [],
        ),
    }
}
