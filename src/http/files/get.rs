//! `GET` and `HEAD`.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::answer::AnswerBody;
use super::conditions::{Conditions, Verdict};
use super::error::FileError;
use super::{FilesDoor, file_request, refuse_download};
use crate::policy::content_disposition;
use crate::store::{Lifetime, Object, ObjectInfo, Presigned, PresignedMethod};
use crate::telemetry::audit::{self, FileRequest};
use crate::types::{ByteRange, ObjectPath, seconds_since_1970};
use crate::upload::{Located, Place, Site};

/// A file never runs, is never framed, and is never taken for something else than its type.
const SAFE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    ),
    // Pages of other origins show pictures; those which ask for isolation need to be told that they may.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
];

/// How long the store's own URL is valid: time to begin with, and for a player to ask for further parts.
const REDIRECT_VALID: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Everything,
    Headers,
}

impl From<Wanted> for PresignedMethod {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Everything => Self::Get,
            Wanted::Headers => Self::Head,
        }
    }
}

/// A request for a file whose place is known.
struct Question<'r> {
    site: &'r Site,
    path: &'r ObjectPath,
    who: FileRequest<'r>,
}

impl FilesDoor {
    pub(super) async fn get(&self, request: Request, wanted: Wanted, client: Option<IpAddr>) -> Response {
        let located = self.sites.locate(request.uri().path());
        let who = file_request(located.as_ref(), client);
        let answer = match located {
            None => Err(FileError::NoSite),
            Some(Located { place: Place::Tokened(_), .. }) => Err(FileError::PutOnly),
            Some(Located { path: Err(error), .. }) => Err(error.into()),
            Some(Located { site, path: Ok(path), .. }) => {
                let conditions = Conditions::of(request.headers(), wanted);
                self.open(&Question { site, path: &path, who }, conditions, wanted).await
            }
        };
        answer.unwrap_or_else(|error| refuse_download(who, &error))
    }

    async fn open(
        &self,
        question: &Question<'_>,
        conditions: Option<Conditions>,
        wanted: Wanted,
    ) -> Result<Response, FileError> {
        let Question { site, path, who } = *question;
        if wanted == Wanted::Everything && conditions.is_none() && !self.uploads.redirects() {
            let object = self.uploads.get(&site.vhost, path).await?;
            return Ok(self.whole(question, object));
        }
        let info = self.uploads.head(&site.vhost, path).await?;
        match conditions.map_or(Verdict::Whole, |conditions| conditions.judge(&info)) {
            // The store sees the same headers again.
            Verdict::Whole | Verdict::Part(_) if self.uploads.redirects() => {
                self.redirect(question, &info, wanted).await
            }
            Verdict::Whole if wanted == Wanted::Headers => {
                audit::served(who);
                Ok((file_headers(question, &info, info.size), Body::empty()).into_response())
            }
            Verdict::Whole => Ok(self.whole(question, self.uploads.get(&site.vhost, path).await?)),
            Verdict::Part(range) => {
                let object = self.uploads.get_part(&site.vhost, path, range).await?;
                Ok(self.part(question, object, range))
            }
            Verdict::NotModified => {
                audit::served(who);
                // The length is that of the file which is not sent (RFC 9110 §8.6).
                Ok((StatusCode::NOT_MODIFIED, file_headers(question, &info, info.size)).into_response())
            }
            Verdict::Failed => Err(FileError::Precondition),
            Verdict::Unsatisfiable(range) => Err(FileError::Range(range)),
        }
    }

    /// To where the store hands the file out itself.
    async fn redirect(
        &self,
        question: &Question<'_>,
        info: &ObjectInfo,
        wanted: Wanted,
    ) -> Result<Response, FileError> {
        let Question { site, path, who } = *question;
        let wanted = Presigned {
            method: wanted.into(),
            content_type: info.content_type.as_str(),
            disposition: &content_disposition(&site.inline, &info.content_type, path.filename()),
            valid: redirect_valid(info.life),
        };
        let location = self.uploads.elsewhere(&site.vhost, path, wanted).await?.unwrap_or_default();
        audit::served(who);
        let mut headers = HeaderMap::new();
        insert(&mut headers, header::LOCATION, &location);
        // The URL is a permission of its own, and ends.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
    }

    fn whole(&self, question: &Question<'_>, Object { info, body }: Object) -> Response {
        audit::served(question.who);
        let body = AnswerBody::new(body, self.pace.deadline(info.size), question.who);
        (file_headers(question, &info, info.size), Body::new(body)).into_response()
    }

    fn part(&self, question: &Question<'_>, Object { info, body }: Object, range: ByteRange) -> Response {
        audit::served(question.who);
        let mut headers = file_headers(question, &info, range.bytes());
        insert(&mut headers, header::CONTENT_RANGE, &range.content_range(info.size));
        let body = AnswerBody::new(body, self.pace.deadline(range.bytes()), question.who);
        (StatusCode::PARTIAL_CONTENT, headers, Body::new(body)).into_response()
    }
}

/// Not beyond the file's own time.
fn redirect_valid(life: Lifetime) -> Duration {
    let left =
        life.left(seconds_since_1970()).map_or(REDIRECT_VALID, |left| Duration::from_secs(left.max(1)));
    REDIRECT_VALID.min(left)
}

fn file_headers(question: &Question<'_>, info: &ObjectInfo, length: u64) -> HeaderMap {
    let Question { site, path, .. } = question;
    let mut headers = HeaderMap::from_iter(SAFE_HEADERS);
    headers.insert(header::CONTENT_LENGTH, length.into());
    insert(&mut headers, header::CONTENT_TYPE, info.content_type.as_str());
    let disposition = content_disposition(&site.inline, &info.content_type, path.filename());
    insert(&mut headers, header::CONTENT_DISPOSITION, &disposition);
    headers.insert(header::CACHE_CONTROL, cache_control(info.life));
    insert(&mut headers, header::ETAG, &info.etag);
    insert(&mut headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(info.modified));
    headers
}

/// An object never changes; private, because its URL is a secret that a shared cache need not know. No copy outlives it.
fn cache_control(life: Lifetime) -> HeaderValue {
    let longest = HeaderValue::from_static("private, max-age=86400, immutable");
    match life.keep_until.and_then(|_| life.left(seconds_since_1970())) {
        Some(left @ ..86_400) => {
            HeaderValue::from_str(&format!("private, max-age={left}, immutable")).unwrap_or(longest)
        }
        _ => longest,
    }
}

/// Each value was parsed or made of visible ASCII; if a store brings something else, the header is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
