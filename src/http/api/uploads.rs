//! `GET /api/v1/uploads` and `DELETE /api/v1/uploads/<random>/<filename>`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::ApiDoor;
use super::answer::{NO_STORE, answer, date};
use super::caller::Caller;
use super::error::ApiError;
use crate::telemetry::audit;
use crate::types::{since_1970, time_since_1970};
use crate::upload::{OwnFile, OwnRefusal, Page, PageWish};

const FOLDER: &str = "/api/v1/uploads/";

pub(super) async fn list(State(door): State<Arc<ApiDoor>>, caller: Caller) -> Response {
    finish(&door.chores.clone(), async move {
        let page = page(&door, &caller).await;
        match page {
            Ok(page) => {
                audit::api_answered(caller.call(), None);
                answer(StatusCode::OK, &told(&page))
            }
            Err(error) => caller.refuse(&error.into()),
        }
    })
    .await
}

async fn page(door: &ApiDoor, caller: &Caller) -> Result<Page, OwnRefusal> {
    let wish = PageWish::new(caller.query.after.as_deref(), caller.query.limit);
    door.files.list(&caller.user, wish?, time_since_1970()).await
}

pub(super) async fn remove(State(door): State<Arc<ApiDoor>>, caller: Caller, uri: Uri) -> Response {
    finish(&door.chores.clone(), async move {
        // As it was sent: it is decoded exactly once, as the path of an upload is.
        let name = uri.path().strip_prefix(FOLDER).unwrap_or_default();
        match door.files.remove(&caller.user, name, time_since_1970()).await {
            Ok(bytes) => {
                audit::file_removed(caller.call(), bytes);
                (StatusCode::NO_CONTENT, [NO_STORE]).into_response()
            }
            Err(error) => caller.refuse(&error.into()),
        }
    })
    .await
}

/// Goes on whether or not the caller waits: what is half removed would have to be tried again.
async fn finish(chores: &Handle, call: impl Future<Output = Response> + Send + 'static) -> Response {
    // It fails at the end of the process alone, or after a panic.
    chores.spawn(call).await.unwrap_or_else(|_| (&ApiError::Stopping).into_response())
}

fn told(page: &Page) -> Value {
    let Page { files, next, used, quota } = page;
    let files: Vec<_> = files.iter().map(told_file).collect();
    json!({ "files": files, "next": next, "used": used, "quota": quota })
}

fn told_file(file: &OwnFile) -> Value {
    let OwnFile { path, name, size, content_type, stored, keep_until, url } = file;
    let stored = since_1970(*stored).as_secs();
    json!({
        "path": path,
        "name": name,
        "size": size,
        "type": content_type.as_str(),
        "uploaded_at": date(stored),
        "keep_until": keep_until.map(date),
        "url": url,
    })
}
