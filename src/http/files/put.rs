//! `PUT`.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::error::FileError;
use super::{FilesDoor, file_request};
use crate::authn::{PresentedToken, PutClaim};
use crate::telemetry::audit::{self, FileRequest};
use crate::types::{ContentType, InvalidContentType};
use crate::upload::{Located, Place};

impl FilesDoor {
    pub(super) async fn put(&self, request: Request, client: Option<IpAddr>) -> Response {
        let path = request.uri().path().to_owned();
        let located = self.sites.locate(&path);
        let who = file_request(located.as_ref(), client);
        match self.store(located, request, who).await {
            Ok(()) => StatusCode::CREATED.into_response(),
            Err(error) => {
                let (ending, why) = error.audit();
                audit::upload_ended(who, ending, why);
                error.into_response()
            }
        }
    }

    async fn store(
        &self,
        located: Option<Located<'_>>,
        request: Request,
        who: FileRequest<'_>,
    ) -> Result<(), FileError> {
        let start = Instant::now();
        let Located { site, place, path } = located.ok_or(FileError::NoSite)?;
        if place == Place::Legacy {
            return Err(FileError::Legacy);
        }
        let path = path?;
        let (head, body) = request.into_parts();
        if head.headers.contains_key(header::CONTENT_RANGE) {
            return Err(FileError::ContentRange);
        }
        let grant = site.authority.authorize(PutClaim {
            path: path.clone(),
            size: content_length(&head.headers)?,
            content_type: content_type(&head.headers)?,
            token: presented_token(&head.headers, head.uri.query()),
        })?;
        let bytes = grant.size();
        self.uploads.put(grant, self.pace.watch(body, bytes)).await?;
        audit::stored(who, &path, bytes, start.elapsed());
        Ok(())
    }
}

/// The length that the head tells; a chunked body has none, whatever else the head says (RFC 9112 §6.3).
fn content_length(headers: &HeaderMap) -> Result<u64, FileError> {
    let text = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    text.filter(|_| !chunked).and_then(|digits| digits.parse().ok()).ok_or(FileError::NoLength)
}

fn content_type(headers: &HeaderMap) -> Result<ContentType, FileError> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(ContentType::unknown()),
        (Some(value), None) => Ok(ContentType::parse(value.to_str().map_err(|_| InvalidContentType)?)?),
        // A proxy may have meant the other one.
        (Some(_), Some(_)) => Err(InvalidContentType.into()),
    }
}

fn presented_token<'r>(headers: &HeaderMap, query: Option<&'r str>) -> PresentedToken<'r> {
    if headers.contains_key(header::AUTHORIZATION) {
        PresentedToken::Header
    } else {
        PresentedToken::from_query(query.unwrap_or_default())
    }
}
