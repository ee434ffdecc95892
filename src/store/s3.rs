//! Objects in S3 or what speaks like it.
//!
//! An upload is one streamed `PutObject` of known length: nothing is buffered, and the object appears whole or not at all.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime, SdkBody};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use sync_wrapper::SyncWrapper;
use tower_http::timeout::TimeoutBody;

use super::body::{BoxError, Remaining};
use super::key_locks::KeyLocks;
use super::{
    BodyFault, Lifetime, NewObject, Object, ObjectInfo, ObjectKey, ObjectPrefix, PutError, StoreError,
    UploadBody,
};
use crate::types::{ByteRange, ContentType, Secret};

/// How long a connection to the store may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the store may neither take bytes, nor send any, nor answer. Not the SDK's read timeout: that one counts the time in
/// which a slow client sends.
const PATIENCE: Duration = Duration::from_mins(1);

/// Objects that are removed at once.
const DELETIONS: usize = 16;

/// Where objects lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket; it has to exist.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// `http(s)://host[:port]` of a store that is not AWS.
    pub endpoint: Option<String>,
    /// Put before every key.
    pub prefix: String,
    /// The bucket in the path and not in the host name.
    pub path_style: bool,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Credentials {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key itself.
    pub secret_access_key: Secret,
}

/// A bucket.
#[derive(Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
    prefix: String,
    /// Some stores check `If-None-Match` before the body came and not again behind it. Within this process a key has one writer.
    writers: KeyLocks,
    patience: Duration,
}

impl S3Store {
    /// A store in `location`. Nothing is sent until an object is asked for.
    #[must_use]
    pub fn new(location: S3Location, credentials: &S3Credentials) -> Self {
        let S3Location { bucket, region, endpoint, prefix, path_style } = location;
        let secret = String::from_utf8_lossy(credentials.secret_access_key.bytes());
        let credentials = Credentials::new(&credentials.access_key_id, secret, None, None, "configuration");
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .credentials_provider(credentials)
            .force_path_style(path_style)
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
            // A client's silence is watched at the client's side.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // Garage and Ceph refuse the SDK's default.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        config.set_endpoint_url(endpoint);
        let client = Client::from_conf(config.build());
        Self { client, bucket, prefix, writers: KeyLocks::default(), patience: PATIENCE }
    }

    /// The same store, given up after a silence of `patience` and not of a minute.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(super) async fn put(
        &self,
        key: &ObjectKey,
        new: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        let _writer = self.writers.lock(key).await;
        // Not every store knows If-None-Match, and a refusal is cheaper before the body.
        if self.head(key).await?.is_some() {
            return Err(PutError::Exists);
        }
        let watch = Arc::new(BodyWatch::default());
        let body = SdkBody::from_body_1_x(WatchedBody::new(body, new.size, Arc::clone(&watch)));
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .if_none_match("*")
            .content_length(new.size.try_into().unwrap_or(i64::MAX))
            .content_type(new.content_type.as_str())
            .set_metadata(metadata(new.life, new.stored_at))
            .body(ByteStream::new(body))
            .customize()
            // A streamed body cannot be sent twice.
            .config_override(Builder::new().retry_config(RetryConfig::disabled()))
            .send();
        tokio::select! {
            answer = sent => match answer {
                Ok(_) => Ok(()),
                Err(error) => Err(watch.blame(&error)),
            },
            () = watch.stalled(self.patience) => Err(s3_error("PutObject", silence(self.patience)).into()),
        }
    }

    pub(super) async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        self.read(key, None).await
    }

    pub(super) async fn get_part(
        &self,
        key: &ObjectKey,
        range: ByteRange,
    ) -> Result<Option<Object>, StoreError> {
        // The answer's length is the part's, its Content-Range tells the object's.
        self.read(key, Some(range)).await
    }

    async fn read(&self, key: &ObjectKey, part: Option<ByteRange>) -> Result<Option<Object>, StoreError> {
        let range = part.map(|part| format!("bytes={}-{}", part.first(), part.last()));
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(key)).set_range(range);
        let answer = self.answered(request.send()).await?;
        let Some(found) = found("GetObject", answer)? else { return Ok(None) };
        let size = match part {
            None => found.content_length,
            Some(part) => Some(size_behind(found.content_range.as_deref(), part)?),
        };
        let info = info(size, found.content_type, found.e_tag, found.last_modified, found.metadata.as_ref())?;
        let body = TimeoutBody::new(self.patience, found.body.into_inner());
        let body = body.map_err(|error| s3_error("GetObject", error.to_string())).boxed_unsync();
        Ok(Some(Object { info, body }))
    }

    pub(super) async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.key(key));
        let answer = self.answered(request.send()).await?;
        let Some(found) = found("HeadObject", answer)? else { return Ok(None) };
        let metadata = found.metadata.as_ref();
        info(found.content_length, found.content_type, found.e_tag, found.last_modified, metadata).map(Some)
    }

    pub(super) async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.key(key));
        let answer = self.answered(request.send()).await?;
        found("DeleteObject", answer).map(drop)
    }

    pub(super) async fn bury(&self, key: &ObjectKey, life: Lifetime) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.key(key));
        let request = request.set_metadata(metadata(life, None)).body(ByteStream::from_static(b""));
        let answer = self.answered(Box::pin(request.send())).await?;
        answer.map(drop).map_err(|error| s3_error("PutObject", explain(&error)))
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

    pub(super) async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut (impl FnMut(ObjectKey, u64) -> ControlFlow<()> + Send),
    ) -> Result<(), StoreError> {
        let mut request =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{}", self.prefix, prefix.0));
        request = request.set_start_after(after.map(|after| self.key(after)));
        loop {
            let answer = self.answered(request.clone().send()).await?;
            let page = answer.map_err(|error| s3_error("ListObjectsV2", explain(&error)))?;
            for object in page.contents() {
                let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else { continue };
                let size = object.size().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
                if each(ObjectKey(key.to_owned()), size).is_break() {
                    return Ok(());
                }
            }
            match page.next_continuation_token {
                Some(more) if page.is_truncated == Some(true) => request = request.continuation_token(more),
                _ => return Ok(()),
            }
        }
    }

    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let answer = self.answered(self.client.head_bucket().bucket(&self.bucket).send()).await?;
        answer.map(drop).map_err(|error| s3_error("HeadBucket", explain(&error)))
    }

    /// Bounds a request without a body.
    async fn answered<T>(&self, request: impl Future<Output = T>) -> Result<T, StoreError> {
        let answer = tokio::time::timeout(self.patience, request).await;
        answer.map_err(|_| s3_error("request", silence(self.patience)))
    }

    fn key(&self, key: &ObjectKey) -> String {
        format!("{}{}", self.prefix, key.as_str())
    }
}

/// Turns "no such key" into `None`. By status, since a HEAD has no body that would say more.
fn found<T, E: std::error::Error + ProvideErrorMetadata + 'static>(
    operation: &'static str,
    answer: Result<T, SdkError<E>>,
) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(s3_error(operation, explain(&error))),
    }
}

/// The object's size from the `Content-Range` of an answer with a part of it. A store that does not know ranges would send all of it.
fn size_behind(content_range: Option<&str>, part: ByteRange) -> Result<i64, StoreError> {
    let size = content_range
        .and_then(|range| range.rsplit_once('/')?.1.parse::<u64>().ok())
        .filter(|size| content_range == Some(&part.content_range(*size)));
    let size = size.and_then(|bytes| bytes.try_into().ok());
    size.ok_or_else(|| {
        s3_error("GetObject", "the answer does not hold the bytes that were asked for".to_owned())
    })
}

fn info(
    size: Option<i64>,
    content_type: Option<String>,
    etag: Option<String>,
    modified: Option<DateTime>,
    metadata: Option<&HashMap<String, String>>,
) -> Result<ObjectInfo, StoreError> {
    let size = size.and_then(|bytes| bytes.try_into().ok());
    Ok(ObjectInfo {
        size: size
            .ok_or_else(|| s3_error("request", "the answer does not tell the object's length".to_owned()))?,
        content_type: content_type
            .and_then(|given| ContentType::parse(&given).ok())
            .unwrap_or_else(ContentType::unknown),
        etag: etag.unwrap_or_else(|| "\"\"".to_owned()),
        modified: stored_at(metadata)
            .or_else(|| SystemTime::try_from(modified?).ok())
            .unwrap_or(SystemTime::UNIX_EPOCH),
        life: life(metadata),
    })
}

/// The name, among an object's metadata, of when it was stored elsewhere.
const STORED_AT: &str = "stored-at";
/// The names of an object's lifetime among its metadata.
const KEEP_UNTIL: &str = "keep-until";
const SLOT_ENDS: &str = "slot-ends";
const BURIED: &str = "buried";

fn metadata(life: Lifetime, stored_at: Option<SystemTime>) -> Option<HashMap<String, String>> {
    let Lifetime { keep_until, slot_ends, buried } = life;
    let stored_at =
        stored_at.map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs());
    let buried = buried.then_some(1);
    let times = [(KEEP_UNTIL, keep_until), (SLOT_ENDS, slot_ends), (BURIED, buried), (STORED_AT, stored_at)];
    let times = times.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
    Some(times.collect()).filter(|metadata: &HashMap<_, _>| !metadata.is_empty())
}

fn life(metadata: Option<&HashMap<String, String>>) -> Lifetime {
    let number = |name| metadata?.get(name)?.parse().ok();
    Lifetime {
        keep_until: number(KEEP_UNTIL),
        slot_ends: number(SLOT_ENDS),
        buried: number(BURIED).is_some(),
    }
}

fn stored_at(metadata: Option<&HashMap<String, String>>) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(metadata?.get(STORED_AT)?.parse().ok()?))
}

fn s3_error(operation: &'static str, problem: String) -> StoreError {
    StoreError::S3 { operation, problem }
}

fn silence(patience: Duration) -> String {
    format!("silent for {patience:?}")
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Status and error code of an answer, and not its message, which may name the object. Where there was no answer, the causes: the
/// SDK's own text is just "dispatch failure".
fn explain<E: std::error::Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    if let Some(status) = status(error) {
        return format!("status {status}, {}", error.code().unwrap_or("without an error code"));
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What becomes of a body that the SDK has taken over.
#[derive(Debug, Default)]
struct BodyWatch {
    fault: Mutex<Option<BodyFault>>,
    /// How often the store was ready for more.
    asked: AtomicU64,
    /// Whether the store waits for the sender, whose silence is watched elsewhere.
    waits_for_sender: AtomicBool,
}

impl BodyWatch {
    fn failed(&self, fault: BodyFault) -> BoxError {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        fault.into()
    }

    /// Returns when the store neither took nor answered anything for `patience`, or up to twice as long.
    async fn stalled(&self, patience: Duration) {
        let mut seen = u64::MAX;
        loop {
            let asked = self.asked.load(Ordering::Relaxed);
            if asked == seen && !self.waits_for_sender.load(Ordering::Relaxed) {
                return;
            }
            seen = asked;
            tokio::time::sleep(patience).await;
        }
    }

    /// The SDK tells a body's error as one of its own.
    fn blame<E: std::error::Error + ProvideErrorMetadata + 'static>(&self, error: &SdkError<E>) -> PutError {
        if let Some(fault) = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return fault.into();
        }
        match status(error) {
            Some(412) => PutError::Exists,
            _ => s3_error("PutObject", explain(error)).into(),
        }
    }
}

/// A body of exactly known length, made `Sync` for the SDK.
#[derive(Debug)]
struct WatchedBody<B> {
    body: SyncWrapper<B>,
    remaining: Remaining,
    watch: Arc<BodyWatch>,
}

impl<B: UploadBody> WatchedBody<B> {
    fn new(body: B, size: u64, watch: Arc<BodyWatch>) -> Self {
        Self { body: SyncWrapper::new(body), remaining: Remaining::new(size), watch }
    }

    fn count(&mut self, frame: Result<Frame<Bytes>, BodyFault>) -> Result<Frame<Bytes>, BodyFault> {
        let frame = frame?;
        self.remaining.take(frame.data_ref().map_or(0, Bytes::len))?;
        Ok(frame)
    }
}

impl<B: UploadBody> Body for WatchedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = Pin::new(this.body.get_mut()).poll_frame(context);
        this.watch.asked.fetch_add(1, Ordering::Relaxed);
        this.watch.waits_for_sender.store(polled.is_pending(), Ordering::Relaxed);
        let frame = match ready!(polled) {
            Some(frame) => this.count(frame.map_err(BodyFault::aborted)),
            None => match this.remaining.end() {
                Ok(()) => return Poll::Ready(None),
                Err(short) => Err(short),
            },
        };
        Poll::Ready(Some(frame.map_err(|fault| this.watch.failed(fault))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining.bytes())
    }

    fn is_end_stream(&self) -> bool {
        self.remaining.end().is_ok()
    }
}
