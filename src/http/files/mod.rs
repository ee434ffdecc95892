//! Files over HTTP: `PUT`, `GET` and `HEAD` as XEP-0363 §4 has clients do them.

mod answer;
mod conditions;
mod error;
mod get;
mod put;
mod to_its_end;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse as _, Response};
use tokio_util::task::TaskTracker;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use self::error::FileError;
pub(super) use self::error::RETRY_AFTER;
use self::get::Wanted;
use self::to_its_end::ToItsEnd;
use super::client::ClientAddress;
use super::pace::Pace;
use crate::telemetry::audit::{self, FileRequest};
use crate::upload::{Located, Sites, Uploads};

/// How long a browser may remember a preflight's answer. It never changes; browsers have limits of their own.
pub(super) const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(24);

/// What the `public` listener needs.
#[derive(Debug)]
pub struct FilesDoor {
    /// Whose a path is.
    pub sites: Arc<Sites>,
    /// What to do with it.
    pub uploads: Uploads,
    /// How fast clients have to be.
    pub pace: Pace,
    /// Uploads whose clients have gone.
    pub tasks: TaskTracker,
}

/// Web clients live on other origins (Fetch standard, CORS). All of them may do what their URLs let them: nothing here goes by cookies.
pub(super) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::PUT])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_DISPOSITION,
            header::CONTENT_LENGTH,
            header::CONTENT_RANGE,
            header::ETAG,
            header::LAST_MODIFIED,
            header::RETRY_AFTER,
        ])
        .max_age(PREFLIGHT_MAX_AGE)
        .vary([])
}

pub(super) async fn handle(State(door): State<Arc<FilesDoor>>, request: Request) -> Response {
    let client = request.extensions().get::<ClientAddress>().and_then(|client| client.0);
    match *request.method() {
        Method::PUT => {
            let tasks = door.tasks.clone();
            ToItsEnd::new(&tasks, async move { door.put(request, client).await }).await
        }
        Method::GET => door.get(request, Wanted::Everything, client).await,
        Method::HEAD => door.get(request, Wanted::Headers, client).await,
        _ => refuse_download(FileRequest { vhost: None, client, user: None }, &FileError::Method),
    }
}

fn refuse_download(request: FileRequest<'_>, error: &FileError) -> Response {
    let (ending, why) = error.audit();
    audit::download_ended(request, ending, why);
    error.into_response()
}

/// For the audit event.
fn file_request<'l>(located: Option<&Located<'l>>, client: Option<IpAddr>) -> FileRequest<'l> {
    let vhost = located.map(|Located { site, .. }| (&site.vhost, &site.counters));
    FileRequest { vhost, client, user: None }
}
