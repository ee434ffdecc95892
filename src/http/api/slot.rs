//! `POST /api/v1/slots`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::ApiDoor;
use super::answer::{answer, date};
use super::caller::Caller;
use super::error::ApiError;
use crate::authn::Carrier;
use crate::telemetry::audit;
use crate::types::{ContentType, Purpose, time_since_1970};
use crate::upload::{Slot, SlotWish};

/// Far more than a file's name and type need.
const BODY_MAX_BYTES: usize = 8 * 1024;

/// As an app asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedSlot {
    filename: String,
    size: u64,
    content_type: Option<String>,
    purpose: Option<String>,
}

pub(super) async fn issue(State(door): State<Arc<ApiDoor>>, caller: Caller, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(&door, &head.headers, body).await {
        Ok(body) => body,
        Err(error) => return caller.refuse(&error),
    };
    let asked = parse(&body);
    let wish = asked.as_ref().map_err(|problem| *problem).and_then(wish).map_err(Into::into);
    match door.files.slot(&caller.user, wish, time_since_1970()).await {
        Ok(slot) => {
            audit::api_answered(caller.call(), None);
            answer(StatusCode::CREATED, &told(&slot))
        }
        // The desk has told why.
        Err(denial) => {
            let error = ApiError::from(denial);
            let (_, reason, ending) = error.verdict();
            audit::api_answered(caller.call(), Some((ending, reason)));
            (&error).into_response()
        }
    }
}

/// Only of who has shown a token.
async fn read(door: &ApiDoor, headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.and_then(|value| ContentType::parse(value).ok());
    if content_type.is_none_or(|kind| kind.essence() != "application/json") {
        return Err(ApiError::NotJson);
    }
    let body = timeout(door.body_timeout, Limited::new(body, BODY_MAX_BYTES).collect());
    match body.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge),
        Ok(Err(_)) => Err(ApiError::BodyIncomplete),
        Err(_) => Err(ApiError::BodyTimeout),
    }
}

/// What is wrong is told without what the body says.
fn parse(body: &[u8]) -> Result<AskedSlot, &'static str> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            "the body needs filename (a text) and size (a number of bytes), may have content_type and purpose, and nothing else"
        } else {
            "the body is no JSON"
        }
    })
}

fn wish(asked: &AskedSlot) -> Result<SlotWish<'_>, &'static str> {
    let AskedSlot { filename, size, content_type, purpose } = asked;
    if filename.is_empty() {
        return Err("filename is empty");
    }
    let content_type = content_type.as_deref().map(ContentType::parse).transpose();
    let purpose = purpose
        .as_deref()
        .map(|name| Purpose::named(name).ok_or("purpose is not message, profile, ephemeral or permanent"));
    Ok(SlotWish {
        filename,
        size: *size,
        content_type: content_type.map_err(|_| "content_type is not like image/png")?,
        purpose: purpose.transpose()?.unwrap_or_default(),
        carrier: Carrier::Header,
    })
}

fn told(slot: &Slot) -> Value {
    let headers: serde_json::Map<_, _> =
        slot.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "put": { "url": slot.put, "headers": headers },
        "get": { "url": slot.get },
        "expires": date(slot.expires),
    })
}
