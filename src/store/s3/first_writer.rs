//! Who sees to it that a key is written once: the store, by `If-None-Match: *`, or claims.
//!
//! Some stores take the header and overwrite all the same, and some look at it before the body came and not again behind it. So it is tried out,
//! with an object below `probe/`, at the start and after each time the store was away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::{Builder, retry::RetryConfig};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::{join, join_all};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::S3Store;
use super::body::Source;
use super::bucket::{Bucket, PUT};
use super::errors::{failed, status};
use crate::store::{ObjectKey, StoreError, UploadBody};
use crate::telemetry::metrics;

/// For the store to have read the head of a request.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long the others of the probe are waited for. A store may let one writer in at a time.
const OTHERS: Duration = Duration::from_secs(2);

/// Who sees to it that a key is written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstWriter {
    /// The store itself.
    Condition,
    /// Claims, which cost four requests more an upload.
    Claims,
}

impl FirstWriter {
    /// For metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Claims => "claims",
        }
    }

    /// For the operator: what it means, and what it costs.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Condition => {
                "the store enforces If-None-Match, so that a slot is used once: no request more for it"
            }
            Self::Claims => {
                "the store does not enforce If-None-Match, so claim objects see to it that a slot is used once: four requests more for each upload (PUT, LIST and DELETE of a claim, HEAD of the file), and one each quarter of a minute while it lasts"
            }
        }
    }
}

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    known: Mutex<Option<FirstWriter>>,
    /// Whoever holds it finds out.
    probing: tokio::sync::Mutex<()>,
    /// Whether an upload has tried. Once is enough for those; the rest is up to whoever looks at the store's health.
    tried: AtomicBool,
}

impl Knowledge {
    pub(super) fn get(&self) -> Option<FirstWriter> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store that comes back may be another one.
    pub(super) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
        metrics::first_writer(None);
    }

    pub(super) fn set(&self, found: FirstWriter) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    fn found(&self, found: FirstWriter) {
        self.set(found);
        metrics::first_writer(Some(found.code()));
        match found {
            FirstWriter::Condition => tracing::info!("object storage: {}", found.describe()),
            FirstWriter::Claims => tracing::warn!("object storage: {}", found.describe()),
        }
    }
}

impl S3Store {
    /// For an upload. Claims hold whatever the store does, so they count as long as nobody knows.
    pub(super) async fn first_writer(&self) -> FirstWriter {
        if let Some(known) = self.knowledge.get() {
            return known;
        }
        if !self.knowledge.tried.swap(true, Ordering::Relaxed) {
            // What is wrong with the store shows in the upload itself.
            drop(self.find_out().await);
        }
        self.knowledge.get().unwrap_or(FirstWriter::Claims)
    }

    /// Makes sure that it is known.
    pub(super) async fn find_out(&self) -> Result<FirstWriter, StoreError> {
        let _one_at_a_time = self.knowledge.probing.lock().await;
        if let Some(known) = self.knowledge.get() {
            return Ok(known);
        }
        self.knowledge.tried.store(true, Ordering::Relaxed);
        let key = ObjectKey(format!("probe/{:032x}", rand::random::<u128>()));
        let probed = self.bucket.probe(&key).await;
        self.bucket.delete(&key).await?;
        let found = probed?;
        self.knowledge.found(found);
        Ok(found)
    }
}

impl Bucket {
    /// Of one writer who begins first and ends last, and three at the same time in between, exactly one may win.
    async fn probe(&self, key: &ObjectKey) -> Result<FirstWriter, StoreError> {
        let (first_byte, first_taken) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let late = self.write_once(key, slow_body(first_byte, finished));
        let others = async {
            // An error if the late one ended before its body was asked for: then it tells why.
            drop(first_taken.await);
            sleep(HEAD_START).await;
            let mut others = Box::pin(join_all((0..3).map(|_| self.write_once(key, at_once()))));
            let early = timeout(OTHERS, &mut others).await;
            let _ = finish.send(());
            match early {
                Ok(others) => others,
                Err(_) => others.await,
            }
        };
        let (late, others) = join(late, others).await;
        let mut winners = 0;
        for won in std::iter::once(late).chain(others) {
            winners += usize::from(won?);
        }
        Ok(if winners == 1 { FirstWriter::Condition } else { FirstWriter::Claims })
    }

    /// Whether two bytes could be written under a key that nobody has.
    async fn write_once(&self, key: &ObjectKey, body: impl UploadBody) -> Result<bool, StoreError> {
        let request = self.client.put_object().bucket(&*self.name).key(self.key(key));
        let body: ByteStream = Source::new(body, 2).part(2);
        let request = request.if_none_match("*").content_length(2).body(body).customize();
        let request = request.config_override(Builder::new().retry_config(RetryConfig::disabled()));
        match self.answered(PUT, request.send()).await? {
            Ok(_) => Ok(true),
            Err(error) if matches!(status(&error), Some(409 | 412)) => Ok(false),
            Err(error) => Err(failed(PUT, &error)),
        }
    }
}

fn at_once() -> impl UploadBody {
    http_body_util::Full::new(Bytes::from_static(b"ok"))
}

/// Two bytes: one when it is asked for, which it tells, and one when it is told to.
fn slow_body(began: oneshot::Sender<()>, finished: oneshot::Receiver<()>) -> impl UploadBody {
    let byte = || Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x")));
    let first = futures_util::stream::once(async move {
        let _ = began.send(());
        byte()
    });
    let second = futures_util::stream::once(async move {
        drop(finished.await);
        byte()
    });
    StreamBody::new(Box::pin(futures_util::StreamExt::chain(first, second)))
}
