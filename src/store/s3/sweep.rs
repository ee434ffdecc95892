//! What processes that crashed, and stores that were away, have left: parts of uploads, claims, probes.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use super::S3Store;
use super::bucket::Bucket;
use super::errors::{failed, s3_error};
use super::list::Listed;
use crate::store::{Cause, ObjectPrefix, StoreError};

/// Longer than any upload takes. The store's clock and ours may differ by a quarter of an hour.
const UPLOAD_ENDED: Duration = Duration::from_hours(24);
/// Claims are renewed each quarter of a minute, probes take seconds.
const CLAIM_ENDED: Duration = Duration::from_hours(1);

const LIST: &str = "ListMultipartUploads";

impl S3Store {
    /// Removes it, and answers of how many.
    pub(in crate::store) async fn sweep(&self) -> Result<usize, StoreError> {
        let mut removed = 0;
        for folder in ["claims/", "probe/"] {
            removed += self.bucket.sweep_folder(ObjectPrefix(folder.to_owned())).await?;
        }
        Ok(removed + self.bucket.sweep_uploads().await?)
    }
}

impl Bucket {
    async fn sweep_folder(&self, folder: ObjectPrefix) -> Result<usize, StoreError> {
        let now = SystemTime::now();
        let mut old = Vec::new();
        let mut each = |Listed { key, modified, .. }: Listed| {
            if is_older(modified, now, CLAIM_ENDED) {
                old.push(key);
            }
            ControlFlow::Continue(())
        };
        self.listing(&folder, None, &mut each).await?;
        for key in &old {
            self.delete(key).await?;
        }
        Ok(old.len())
    }

    async fn sweep_uploads(&self) -> Result<usize, StoreError> {
        let now = SystemTime::now();
        let old = self.uploads().await?.into_iter();
        let mut removed = 0;
        for (key, id, _) in old.filter(|(_, _, begun)| is_older(*begun, now, UPLOAD_ENDED)) {
            self.abort(&key, &id).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Uploads in parts that have not ended: name, id, and when they began.
    async fn uploads(&self) -> Result<Vec<(String, String, Option<SystemTime>)>, StoreError> {
        let mut request = self.client.list_multipart_uploads().bucket(&*self.name);
        request = request.prefix(format!("{}files/", self.prefix));
        let (mut uploads, mut before) = (Vec::new(), None);
        loop {
            let answer = self.answered(LIST, request.clone().send()).await?;
            let page = answer.map_err(|error| failed(LIST, &error))?;
            uploads.extend(page.uploads().iter().filter_map(|upload| {
                let begun = upload.initiated().and_then(|at| SystemTime::try_from(*at).ok());
                Some((upload.key()?.to_owned(), upload.upload_id()?.to_owned(), begun))
            }));
            if page.is_truncated != Some(true) {
                return Ok(uploads);
            }
            let next = (page.next_key_marker, page.next_upload_id_marker);
            if next.0.is_none() || before.as_ref() == Some(&next) {
                return Err(s3_error(LIST, Cause::Answer, "a page does not say where the next one begins"));
            }
            request = request.set_key_marker(next.0.clone()).set_upload_id_marker(next.1.clone());
            before = Some(next);
        }
    }
}

fn is_older(begun: Option<SystemTime>, now: SystemTime, than: Duration) -> bool {
    begun.and_then(|begun| now.duration_since(begun).ok()).is_some_and(|age| age > than)
}
