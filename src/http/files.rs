//! Files over HTTP: `PUT`, `GET` and `HEAD` as XEP-0363 §4 has clients do them.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::FileError;
use crate::authn::{PresentedToken, PutClaim};
use crate::policy::content_disposition;
use crate::store::ObjectInfo;
use crate::telemetry::audit;
use crate::types::{ContentType, InvalidContentType, ObjectPath, Vhost};
use crate::upload::{Located, Site, Sites, Uploads};

/// A file never runs, is never framed, and is never taken for something else than its type.
const SAFE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    ),
    // An object never changes; private, because its URL is a secret that a shared cache need not know.
    (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable")),
];

/// What the `public` listener needs.
#[derive(Debug)]
pub struct FilesDoor {
    /// Whose a path is.
    pub sites: Sites,
    /// What to do with it.
    pub uploads: Uploads,
}

pub(super) async fn handle(State(door): State<Arc<FilesDoor>>, request: Request) -> Response {
    match *request.method() {
        Method::PUT => door.put(request).await,
        Method::GET => door.get(request.uri().path(), Wanted::Everything).await,
        Method::HEAD => door.get(request.uri().path(), Wanted::Headers).await,
        _ => FilesDoor::refuse_download(None, &FileError::Method),
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Everything,
    Headers,
}

impl FilesDoor {
    async fn put(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let located = self.sites.locate(&path);
        let vhost = located.as_ref().map(|located| &located.site.vhost);
        match self.store(located.as_ref(), request).await {
            Ok(()) => StatusCode::CREATED.into_response(),
            Err(error) => {
                let (ending, why) = error.audit();
                audit::upload_ended(vhost, ending, why);
                error.into_response()
            }
        }
    }

    async fn store(&self, located: Option<&Located<'_>>, request: Request) -> Result<(), FileError> {
        let start = Instant::now();
        let (site, path) = place(located)?;
        let (head, body) = request.into_parts();
        let grant = site.authority.authorize(PutClaim {
            path: path.clone(),
            size: content_length(&head.headers)?,
            content_type: content_type(&head.headers)?,
            token: presented_token(&head.headers, head.uri.query().unwrap_or_default()),
        })?;
        let bytes = grant.size();
        self.uploads.put(grant, body).await?;
        audit::stored(&site.vhost, path, bytes, start.elapsed());
        Ok(())
    }

    async fn get(&self, path: &str, wanted: Wanted) -> Response {
        let located = self.sites.locate(path);
        let answer = match place(located.as_ref()) {
            Ok((site, path)) => self.open(&site.vhost, path, wanted).await,
            Err(error) => Err(error),
        };
        let vhost = located.as_ref().map(|located| &located.site.vhost);
        answer.unwrap_or_else(|error| Self::refuse_download(vhost, &error))
    }

    fn refuse_download(vhost: Option<&Vhost>, error: &FileError) -> Response {
        let (ending, why) = error.audit();
        audit::download_ended(vhost, ending, why);
        error.into_response()
    }

    async fn open(&self, vhost: &Vhost, path: &ObjectPath, wanted: Wanted) -> Result<Response, FileError> {
        let (info, body) = match wanted {
            Wanted::Everything => {
                let object = self.uploads.get(vhost, path).await?;
                (object.info, Body::new(object.body))
            }
            Wanted::Headers => (self.uploads.head(vhost, path).await?, Body::empty()),
        };
        audit::served(vhost);
        Ok((file_headers(&info, path.filename()), body).into_response())
    }
}

fn place<'l>(located: Option<&'l Located<'_>>) -> Result<(&'l Site, &'l ObjectPath), FileError> {
    let located = located.ok_or(FileError::NoSite)?;
    let path = located.path.as_ref().map_err(|error| *error)?;
    Ok((located.site, path))
}

fn content_length(headers: &HeaderMap) -> Result<u64, FileError> {
    let text = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    text.and_then(|digits| digits.parse().ok()).ok_or(FileError::NoLength)
}

fn content_type(headers: &HeaderMap) -> Result<ContentType, FileError> {
    match headers.get(header::CONTENT_TYPE) {
        None => Ok(ContentType::unknown()),
        Some(value) => Ok(ContentType::parse(value.to_str().map_err(|_| InvalidContentType)?)?),
    }
}

fn presented_token<'r>(headers: &HeaderMap, query: &'r str) -> PresentedToken<'r> {
    if headers.contains_key(header::AUTHORIZATION) {
        return PresentedToken::Header;
    }
    let value = |wanted| query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
    match value("v") {
        _ if value("v2").or(value("token")).is_some() => PresentedToken::LaterVersion,
        Some(token) => PresentedToken::V(token),
        None => PresentedToken::Missing,
    }
}

fn file_headers(info: &ObjectInfo, filename: &str) -> HeaderMap {
    let mut headers = HeaderMap::from_iter(SAFE_HEADERS);
    let disposition = content_disposition(&info.content_type, filename);
    for (name, value) in [
        (header::CONTENT_TYPE, info.content_type.as_str()),
        (header::CONTENT_LENGTH, &info.size.to_string()),
        (header::CONTENT_DISPOSITION, &disposition),
        (header::ETAG, &info.etag),
        (header::LAST_MODIFIED, &httpdate::fmt_http_date(info.modified)),
    ] {
        // Each was parsed or made of visible ASCII; if a store brings something else, the header is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_token_counts_and_a_header_above_all() {
        let none = HeaderMap::new();
        for (query, token) in [
            ("", PresentedToken::Missing),
            ("x=1&vv=2&v", PresentedToken::Missing),
            ("v=abc", PresentedToken::V("abc")),
            ("x=1&v=abc&y", PresentedToken::V("abc")),
            ("v=abc&v2=def", PresentedToken::LaterVersion),
            ("token=def&v=abc", PresentedToken::LaterVersion),
        ] {
            assert_eq!(presented_token(&none, query), token, "{query}");
        }
        let basic = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Basic x"))]);
        assert_eq!(presented_token(&basic, "v=abc"), PresentedToken::Header);
    }
}
