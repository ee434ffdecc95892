//! Listings, page by page.

use std::ops::ControlFlow;
use std::time::SystemTime;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::bucket::Bucket;
use super::errors::{failed, s3_error};
use crate::store::{Cause, ObjectKey, ObjectPrefix, StoreError};

/// Objects that are removed at once.
const DELETIONS: usize = 16;

/// What a listing tells of an object.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) key: ObjectKey,
    pub(super) size: u64,
    /// By the store's clock.
    pub(super) modified: Option<SystemTime>,
}

impl Bucket {
    pub(super) async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut (impl FnMut(ObjectKey, u64) -> ControlFlow<()> + Send),
    ) -> Result<(), StoreError> {
        self.listing(prefix, after, &mut |Listed { key, size, .. }| each(key, size)).await
    }

    pub(super) async fn listing(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut (impl FnMut(Listed) -> ControlFlow<()> + Send),
    ) -> Result<(), StoreError> {
        let mut request =
            self.client.list_objects_v2().bucket(&*self.name).prefix(format!("{}{}", self.prefix, prefix.0));
        request = request.set_start_after(after.map(|after| self.key(after)));
        let (mut token, mut last): (Option<String>, Option<String>) = (None, None);
        loop {
            let answer = self.answered(LIST, request.clone().send()).await?;
            let page = answer.map_err(|error| failed(LIST, &error))?;
            for object in page.contents() {
                let Some(key) = object.key().and_then(|key| key.strip_prefix(&*self.prefix)) else {
                    continue;
                };
                if last.as_deref().is_some_and(|last| key <= last) {
                    return Err(s3_error(LIST, Cause::Answer, "a page goes back behind the one before"));
                }
                last = Some(key.to_owned());
                let size = object.size().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
                let modified = object.last_modified().and_then(|at| SystemTime::try_from(*at).ok());
                if each(Listed { key: ObjectKey(key.to_owned()), size, modified }).is_break() {
                    return Ok(());
                }
            }
            if page.is_truncated != Some(true) {
                return Ok(());
            }
            token = Some(next_page(page.next_continuation_token, token.as_deref())?);
            request = request.set_continuation_token(token.clone());
        }
    }

    pub(super) async fn delete_all(&self, prefix: &ObjectPrefix) -> Result<(), StoreError> {
        let mut keys = Vec::new();
        let mut each = |key, _| {
            keys.push(key);
            ControlFlow::Continue(())
        };
        self.list(prefix, None, &mut each).await?;
        let keys = stream::iter(keys).map(Ok);
        keys.try_for_each_concurrent(DELETIONS, async |key| self.delete(&key).await).await
    }

    /// Not `HeadBucket`: a HEAD's answer does not say what is wrong.
    pub(super) async fn look(&self) -> Result<(), StoreError> {
        let request = self.client.list_objects_v2().bucket(&*self.name).prefix(&*self.prefix).max_keys(1);
        let answer = self.answered(LIST, request.send()).await?;
        answer.map(drop).map_err(|error| failed(LIST, &error))
    }
}

const LIST: &str = "ListObjectsV2";

/// A listing that breaks off must not pass for all there is, and one that turns in a circle has no end.
fn next_page(next: Option<String>, before: Option<&str>) -> Result<String, StoreError> {
    match next {
        None => Err(s3_error(LIST, Cause::Answer, "a page says that there are more, and not where")),
        Some(next) if Some(next.as_str()) == before => {
            Err(s3_error(LIST, Cause::Answer, "a page says that the next one is itself"))
        }
        Some(next) => Ok(next),
    }
}
