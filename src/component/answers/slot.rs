//! Slot requests of XEP-0363: what is asked for, and how what was decided is said.

use std::time::Duration;

use bytesize::ByteSize;

use super::super::element::Element;
use super::reply::{Condition, Reply};
use super::service::date;
use crate::authn::Carrier;
use crate::types::{BareJid, ContentType, Purpose};
use crate::upload::{
    QuotaRefusal, RequestFault, RuleRefusal, Slot, SlotDenial, SlotDesk, SlotRefusal, SlotWish,
};

pub(super) const CURRENT: &str = "urn:xmpp:http:upload:0";
/// Of 2016. It knows no headers, so that the token stands in the path.
pub(super) const OLDER: &str = "urn:xmpp:http:upload";
pub(super) const PURPOSES: &str = "urn:xmpp:http:upload:purpose:0";

/// How these requests come, in the log.
const DOOR: &str = "component";

/// Of which kind `payload` is, if it asks for a slot.
pub(super) fn namespace(payload: &Element) -> Option<&'static str> {
    [CURRENT, OLDER].into_iter().find(|namespace| payload.is("request", namespace))
}

pub(super) async fn answer(
    desk: &SlotDesk,
    reply: &Reply<'_>,
    request: &Element,
    namespace: &'static str,
    now: Duration,
) -> Element {
    let wish = wish(request, namespace).map_err(Into::into);
    match desk.issue(&reply.asker().to_bare(), wish, DOOR, now).await {
        Ok(slot) => reply.result(granted(slot, namespace)),
        Err(denial) => denied(denial, reply, namespace),
    }
}

/// A request of which nobody can tell what it is for counts as one for a slot.
pub(super) fn unclear(desk: &SlotDesk, reply: &Reply<'_>, fault: RequestFault, now: Duration) -> Element {
    denied(desk.refuse(&reply.asker().to_bare(), fault, DOOR, now), reply, CURRENT)
}

/// The answer to a request that could not be answered in time, whatever it was for.
pub(super) fn late(reply: &Reply<'_>) -> Element {
    denied(SlotDenial::Late, reply, CURRENT)
}

/// Tells the operator that a request for a slot was given up.
pub(super) fn tell_late(desk: &SlotDesk, asker: &BareJid) {
    desk.gave_up(asker, DOOR);
}

/// What stands in attributes of a request today stood in elements of an older one.
fn given<'request>(request: &'request Element, namespace: &str, name: &str) -> Option<&'request str> {
    if namespace == CURRENT {
        return request.attribute(name);
    }
    request.find(name, namespace).map(|child| child.text.trim())
}

fn wish<'request>(
    request: &'request Element,
    namespace: &'static str,
) -> Result<SlotWish<'request>, &'static str> {
    let given = |name| given(request, namespace, name).filter(|value| !value.is_empty());
    let filename = given("filename").ok_or("the request names no file (filename)")?;
    let size = given("size").ok_or("the request does not say how large the file is (size)")?;
    if !size.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the size of the file is not a number of bytes");
    }
    let content_type = given("content-type").map(ContentType::parse).transpose();
    let mut purposes = request.children.iter().filter(|child| child.namespace == PURPOSES);
    Ok(SlotWish {
        filename,
        // A number of digits without an end is larger than all that there is.
        size: size.parse().unwrap_or(u64::MAX),
        content_type: content_type
            .map_err(|_| "the type of the file (content-type) is not like image/png")?,
        purpose: purposes.find_map(|child| Purpose::named(&child.name)).unwrap_or_default(),
        carrier: if namespace == CURRENT { Carrier::Header } else { Carrier::Path },
    })
}

fn granted(slot: Slot, namespace: &'static str) -> Element {
    let Slot { put, headers, get, .. } = slot;
    let element = Element::new("slot", namespace);
    if namespace == OLDER {
        return element
            .child(Element::new("put", namespace).text(put))
            .child(Element::new("get", namespace).text(get));
    }
    let headers = headers
        .into_iter()
        .map(|(name, value)| Element::new("header", namespace).with("name", name).text(value));
    element
        .child(Element::new("put", namespace).with("url", put).children(headers))
        .child(Element::new("get", namespace).with("url", get))
}

/// For a person who wanted to send a file, and for his client.
fn denied(denial: SlotDenial, reply: &Reply<'_>, namespace: &'static str) -> Element {
    let (condition, text, more) = match denial {
        SlotDenial::Stranger | SlotDenial::Refused(SlotRefusal::User) => {
            (Condition::Forbidden, "this service is for users of its own server".to_owned(), None)
        }
        SlotDenial::Rate { retry } => {
            let retry = Element::new("retry", namespace).with("stamp", date(Duration::from_secs(retry)));
            (
                Condition::Wait,
                "too many uploads within a minute: please try again in the next one".to_owned(),
                Some(retry),
            )
        }
        SlotDenial::Quota(quota @ QuotaRefusal::User { .. }) => {
            (Condition::Wait, format!("there is no room for this file: {quota}"), None)
        }
        SlotDenial::Quota(quota @ QuotaRefusal::Host) => (Condition::Wait, quota.to_string(), None),
        SlotDenial::Late => {
            (Condition::Wait, "this takes too long just now: please try again in a moment".to_owned(), None)
        }
        SlotDenial::StoreAway => {
            (Condition::Wait, "files cannot be taken just now: please try again later".to_owned(), None)
        }
        SlotDenial::Purpose(purpose) => (Condition::NotAcceptable, purpose.to_string(), None),
        SlotDenial::Request(fault @ RequestFault::AskerMisspelt) => {
            (Condition::Forbidden, fault.to_string(), None)
        }
        SlotDenial::Request(fault) => (Condition::Malformed, fault.to_string(), None),
        SlotDenial::Refused(SlotRefusal::Rule(RuleRefusal::TooLarge { max })) => {
            let largest = Element::new("max-file-size", namespace).text(max.to_string());
            let text = format!("the file is too large: files of up to {} are taken", ByteSize::b(max));
            (Condition::NotAcceptable, text, Some(Element::new("file-too-large", namespace).child(largest)))
        }
        SlotDenial::Refused(SlotRefusal::Rule(RuleRefusal::Type(_))) => {
            (Condition::NotAcceptable, "files of this kind are not taken here".to_owned(), None)
        }
        SlotDenial::Refused(SlotRefusal::Path(_)) => (
            Condition::NotAcceptable,
            "the file's name cannot be used: please give it another one".to_owned(),
            None,
        ),
        // The operator's log says which option is in the way.
        SlotDenial::Refused(_) => {
            (Condition::Unavailable, "this service hands out no slots of this kind".to_owned(), None)
        }
    };
    reply.error(condition, text, more)
}
