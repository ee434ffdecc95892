//! What every service is asked for: whether it is there, what it is, since when.

use std::time::{Duration, UNIX_EPOCH};

use super::super::element::Element;

pub(super) const NAME: &str = "HTTP File Upload";
pub(super) const PING: &str = "urn:xmpp:ping";
const VERSION: &str = "jabber:iq:version";
const LAST: &str = "jabber:iq:last";
const TIME: &str = "urn:xmpp:time";
const VCARD: &str = "vcard-temp";

pub(super) const FEATURES: [&str; 5] = [PING, VERSION, LAST, TIME, VCARD];

pub(super) fn answer(asked: &Element, now: Duration) -> Option<Element> {
    let empty = Element::new(&asked.name, &asked.namespace);
    let field = |name: &str, text: String| Element::new(name, &asked.namespace).text(text);
    Some(match (asked.name.as_str(), asked.namespace.as_str()) {
        // RFC 6120 has an empty answer for it, and this is as good as one.
        ("ping", PING) => empty,
        ("query", VERSION) => empty
            .child(field("name", "ejabberd-sidecar".to_owned()))
            .child(field("version", env!("CARGO_PKG_VERSION").to_owned())),
        ("query", LAST) => empty.with("seconds", super::STARTED.elapsed().as_secs().to_string()),
        ("time", TIME) => empty.child(field("tzo", "+00:00".to_owned())).child(field("utc", date(now))),
        ("vCard", VCARD) => empty.child(field("FN", NAME.to_owned())),
        _ => return None,
    })
}

/// A time since 1970 as XEP-0082 has it.
pub(super) fn date(at: Duration) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + at).to_string()
}
