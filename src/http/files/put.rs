//! `PUT`.

use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::error::FileError;
use super::{FilesDoor, file_request};
use crate::authn::{BearerToken, PresentedToken, PutClaim, Scheme, UploadAuthority};
use crate::telemetry::audit::{self, FileRequest};
use crate::types::{BareJid, ContentType, InvalidContentType, ObjectPath, seconds_since_1970};
use crate::upload::{Located, Place};

impl FilesDoor {
    pub(super) async fn put(&self, request: Request, client: Option<IpAddr>) -> Response {
        let start = Instant::now();
        let (head, body) = request.into_parts();
        let located = self.sites.locate(head.uri.path());
        let who = file_request(located.as_ref(), client);
        let authorized = claim(located, &head)
            .and_then(|(authority, claim)| Ok(authority.authorize(claim, seconds_since_1970())?));
        let grant = match authorized {
            Ok(grant) => grant,
            Err(error) => return refuse_upload(who, &error),
        };
        if head.headers.contains_key(header::IF_MATCH) {
            // Whatever it names: what is there is never replaced, and so it is not there (RFC 9110 §13.1.1).
            let who = FileRequest { user: grant.user(), ..who };
            return refuse_upload(who, &FileError::Precondition);
        }
        let receipt = Receipt {
            path: grant.path().clone(),
            size: grant.size(),
            user: grant.user().cloned(),
            told: grant.scheme() == Scheme::Bearer,
        };
        let who = FileRequest { user: receipt.user.as_ref(), ..who };
        match self.uploads.put(grant, client, self.pace.watch(body, receipt.size)).await {
            Ok(()) => {
                audit::stored(who, &receipt.path, receipt.size, start.elapsed());
                receipt.answer()
            }
            Err(failure) => refuse_upload(who, &failure.into()),
        }
    }
}

fn refuse_upload(who: FileRequest<'_>, error: &FileError) -> Response {
    let (ending, why) = error.audit();
    audit::upload_ended(who, ending, why);
    error.into_response()
}

/// What the request wants, and who judges whether it may.
fn claim<'r>(
    located: Option<Located<'r>>,
    head: &'r Parts,
) -> Result<(&'r UploadAuthority, PutClaim<'r>), FileError> {
    let Located { site, place, path } = located.ok_or(FileError::NoSite)?;
    if place == Place::Legacy {
        return Err(FileError::Legacy);
    }
    let path = path?;
    if head.headers.contains_key(header::CONTENT_RANGE) {
        return Err(FileError::ContentRange);
    }
    let claim = PutClaim {
        path,
        size: content_length(&head.headers)?,
        content_type: content_type(&head.headers)?,
        token: presented_token(place, head),
    };
    Ok((&site.authority, claim))
}

/// What was stored, for who sent it.
struct Receipt {
    path: ObjectPath,
    size: u64,
    user: Option<BareJid>,
    /// Whether its sender wants to read all this.
    told: bool,
}

impl Receipt {
    fn answer(&self) -> Response {
        if !self.told {
            return StatusCode::CREATED.into_response();
        }
        let told = json!({
            "success": true,
            "filename": self.path.filename(),
            "size": self.size,
            "user": self.user.as_ref().map(|user| user.as_str()),
            "uploaded_at": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        });
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (StatusCode::CREATED, json, told.to_string()).into_response()
    }
}

/// The length that the head tells; a chunked body has none, whatever else the head says (RFC 9112 §6.3).
fn content_length(headers: &HeaderMap) -> Result<u64, FileError> {
    let text = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    text.filter(|_| !chunked).and_then(|digits| digits.parse().ok()).ok_or(FileError::NoLength)
}

fn content_type(headers: &HeaderMap) -> Result<Option<ContentType>, FileError> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(ContentType::parse(value.to_str().map_err(|_| InvalidContentType)?)?)),
        // A proxy may have meant the other one.
        (Some(_), Some(_)) => Err(InvalidContentType.into()),
    }
}

fn presented_token<'r>(place: Place<'r>, head: &'r Parts) -> PresentedToken<'r> {
    let query = head.uri.query().unwrap_or_default();
    let mut values = head.headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next(), place) {
        (Some(_), Some(_), _) => PresentedToken::TwoHeaders,
        (Some(value), None, _) => {
            // What is no text has no scheme.
            PresentedToken::from_authorization(value.to_str().unwrap_or_default(), query)
        }
        (None, _, Place::Tokened(token)) => PresentedToken::Bearer(BearerToken::in_path(token)),
        (None, ..) => PresentedToken::from_query(query),
    }
}
