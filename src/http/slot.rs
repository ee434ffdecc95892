//! `GET /slot` of the hook: what ejabberd's `mod_http_upload` asks its `service_url`. The answer has two lines, where to PUT the file and where to GET it.
//!
//! ejabberd says who the user is; a client is told no more than what the status stands for there.

use std::sync::Arc;

use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::question::{Question, malformed};
use crate::authn::{Carrier, SlotKey};
use crate::telemetry::audit::{self, Why};
use crate::telemetry::reason::HookReason;
use crate::types::{BareJid, ContentType, Purpose, time_since_1970};
use crate::upload::{RuleRefusal, SlotDenial, SlotDesk, SlotRefusal, SlotWish};

/// How these requests come, in the log.
const DOOR: &str = "service_url";

/// Where slots are issued for whoever shows the key.
#[derive(Debug, Clone)]
pub(super) struct KeyedSlots {
    pub(super) desk: Arc<SlotDesk>,
    pub(super) key: SlotKey,
}

impl FromRef<KeyedSlots> for Arc<SlotDesk> {
    fn from_ref(slots: &KeyedSlots) -> Self {
        Self::clone(&slots.desk)
    }
}

/// As ejabberd asks.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    jid: String,
    name: String,
    size: String,
    #[serde(default)]
    content_type: String,
}

pub(super) async fn issue(State(desk): State<Arc<SlotDesk>>, Question(asked): Question<Asked>) -> Response {
    let Ok(user) = BareJid::new(&asked.jid) else {
        return malformed(&"jid is no bare JID").into_response();
    };
    let now = time_since_1970();
    let filename = unescaped_name(&asked.name);
    match desk.issue(&user, wish(&asked, &filename).map_err(Into::into), DOOR, now).await {
        Ok(slot) => format!("{}\n{}\n", slot.put, slot.get).into_response(),
        Err(denial) => status(denial).into_response(),
    }
}

/// The key stands in the path, since ejabberd sends no credentials.
pub(super) async fn issue_for_key(
    State(KeyedSlots { desk, key }): State<KeyedSlots>,
    Path(shown): Path<String>,
    asked: Question<Asked>,
) -> Response {
    if key.accept(&shown) {
        return issue(State(desk), asked).await;
    }
    let text = "the key in the path of /slot is not listen.hook_slot_key";
    audit::hook_refused(Why::new(HookReason::CredentialsWrong, &text));
    StatusCode::UNAUTHORIZED.into_response()
}

/// A name that no URL escapes: ejabberd 23.01 escapes what we send it once more.
fn unescaped_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

fn wish<'wish>(asked: &'wish Asked, filename: &'wish str) -> Result<SlotWish<'wish>, &'static str> {
    let Asked { size, content_type, .. } = asked;
    if filename.is_empty() {
        return Err("the request names no file (name)");
    }
    if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the size of the file is not a number of bytes");
    }
    let content_type = Some(content_type.as_str()).filter(|kind| !kind.is_empty()).map(ContentType::parse);
    let content_type = content_type.transpose();
    let content_type =
        content_type.map_err(|_| "the type of the file (content_type) is not like image/png")?;
    Ok(SlotWish {
        filename,
        // A number of digits without an end is larger than all that there is.
        size: size.parse().unwrap_or(u64::MAX),
        // So ejabberd calls what its client did not name.
        content_type: content_type.filter(|kind| *kind != ContentType::unknown()),
        purpose: Purpose::default(),
        // ejabberd sends no headers on, and 23.01 spoils a query.
        carrier: Carrier::Path,
    })
}

/// ejabberd makes `resource-constraint` of 402, `not-allowed` of 403 and `not-acceptable` of 413, and `service-unavailable` of all else.
fn status(denial: SlotDenial) -> StatusCode {
    match denial {
        SlotDenial::Rate { .. } | SlotDenial::Quota(_) => StatusCode::PAYMENT_REQUIRED,
        SlotDenial::StoreAway | SlotDenial::Late => StatusCode::SERVICE_UNAVAILABLE,
        SlotDenial::Request(_) => StatusCode::BAD_REQUEST,
        SlotDenial::Refused(SlotRefusal::Rule(RuleRefusal::TooLarge { .. })) => StatusCode::PAYLOAD_TOO_LARGE,
        SlotDenial::Stranger | SlotDenial::Purpose(_) | SlotDenial::Refused(_) => StatusCode::FORBIDDEN,
    }
}
