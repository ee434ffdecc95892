//! Service discovery (XEP-0030): by this clients find that there is an upload service, and what it takes.

use jid::Jid;

use super::super::element::Element;
use super::super::link::Component;
use super::service;
use super::slot::{CURRENT, OLDER, PURPOSES};

pub(super) const INFO: &str = "http://jabber.org/protocol/disco#info";
pub(super) const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const FORMS: &str = "jabber:x:data";

/// There are no nodes.
fn of_us(query: &Element) -> Option<()> {
    query.attribute("node").is_none_or(str::is_empty).then_some(())
}

pub(super) fn items(query: &Element) -> Option<Element> {
    of_us(query).map(|()| Element::new("query", ITEMS))
}

pub(super) fn info(component: &Component, from: &Jid, query: &Element) -> Option<Element> {
    of_us(query)?;
    let identity = Element::new("identity", INFO)
        .with("category", "store")
        .with("type", "file")
        .with("name", service::NAME);
    let purposes = component.desk.purposes(&from.to_bare());
    let purposes = purposes.into_iter().map(|purpose| format!("{PURPOSES}#{}", purpose.name()));
    let features = [INFO, ITEMS, CURRENT, OLDER].into_iter().chain(service::FEATURES);
    let features = features.map(str::to_owned).chain(purposes);
    // A stranger may upload nothing, however small.
    let largest = component.desk.max_size(&from.to_bare());
    let forms =
        largest.into_iter().flat_map(|largest| [CURRENT, OLDER].map(|namespace| form(namespace, largest)));
    Some(
        Element::new("query", INFO)
            .child(identity)
            .children(features.map(|feature| Element::new("feature", INFO).with("var", feature)))
            .children(forms),
    )
}

/// The largest file, where clients look for it.
fn form(namespace: &str, largest: u64) -> Element {
    let field = |name: &str, value: String| {
        Element::new("field", FORMS).with("var", name).child(Element::new("value", FORMS).text(value))
    };
    Element::new("x", FORMS)
        .with("type", "result")
        .child(field("FORM_TYPE", namespace.to_owned()).with("type", "hidden"))
        .child(field("max-file-size", largest.to_string()))
}
