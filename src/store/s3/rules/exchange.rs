//! Lists of rules on their way from and to the bucket. The SDK signs, sends and tells errors; the lists themselves pass by it, because it would leave out what it does not
//! know, and fails where it cannot read a rule of somebody else's.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::SdkBody;
use aws_sdk_s3::types::{BucketLifecycleConfiguration, CorsConfiguration};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::document::Document;
use super::{RuleKind, RulesError};
use crate::store::s3::bucket::Bucket;
use crate::store::s3::errors::{failed, status};

/// A setting of the whole list, which AWS resets unless it is sent along.
const SMALLEST: &str = "x-amz-transition-default-minimum-object-size";

/// A list as it was read.
pub(super) struct Read {
    pub(super) document: Document,
    smallest: Option<String>,
}

/// Of an answer.
#[derive(Debug)]
struct Answer {
    body: Vec<u8>,
    smallest: Option<String>,
}

/// Remembers an answer.
#[derive(Debug, Clone, Default)]
struct Answered(Arc<Mutex<Option<Answer>>>);

impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "the answer as it came"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let smallest = response.headers().get(SMALLEST).map(str::to_owned);
        let answer = response.body().bytes().map(|body| Answer { body: body.to_vec(), smallest });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        Ok(())
    }
}

impl Bucket {
    /// The bucket's list, empty if it has none.
    pub(super) async fn read_rules(&self, kind: RuleKind) -> Result<Read, RulesError> {
        let seen = Answered::default();
        let answer = match kind {
            RuleKind::Lifecycle => {
                let request = self.client.get_bucket_lifecycle_configuration().bucket(&*self.name);
                let sent = request.customize().interceptor(seen.clone()).send();
                outcome(kind, kind.read(), self.answered(kind.read(), sent).await?)
            }
            RuleKind::Cors => {
                let request = self.client.get_bucket_cors().bucket(&*self.name);
                let sent = request.customize().interceptor(seen.clone()).send();
                outcome(kind, kind.read(), self.answered(kind.read(), sent).await?)
            }
        };
        let seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (answer?, seen) {
            (Outcome::None, _) => Ok(Read { document: Document::empty(kind), smallest: None }),
            (Outcome::Done, Some(Answer { body, smallest })) => {
                let text = str::from_utf8(&body).ok();
                let document = text.and_then(|text| Document::parse(text, kind));
                Ok(Read { document: document.ok_or(RulesError::Unreadable(kind))?, smallest })
            }
            (Outcome::Done, None) => Err(RulesError::Unreadable(kind)),
        }
    }

    /// Has the bucket take `text` in the place of the list that was `read`.
    pub(super) async fn write_rules(
        &self,
        kind: RuleKind,
        read: &Read,
        text: String,
    ) -> Result<(), RulesError> {
        let smallest = read.smallest.clone();
        let instead = move |request: &mut HttpRequest| send(request, &text, smallest.as_deref());
        match kind {
            RuleKind::Lifecycle => {
                let nothing = BucketLifecycleConfiguration::builder().set_rules(Some(Vec::new())).build();
                let request = self.client.put_bucket_lifecycle_configuration().bucket(&*self.name);
                let request = request.set_lifecycle_configuration(nothing.ok());
                let sent = request.customize().mutate_request(instead).send();
                outcome(kind, kind.write(), self.answered(kind.write(), sent).await?).map(drop)
            }
            RuleKind::Cors => {
                let nothing = CorsConfiguration::builder().set_cors_rules(Some(Vec::new())).build();
                let request = self.client.put_bucket_cors().bucket(&*self.name);
                let request = request.set_cors_configuration(nothing.ok());
                let sent = request.customize().mutate_request(instead).send();
                outcome(kind, kind.write(), self.answered(kind.write(), sent).await?).map(drop)
            }
        }
    }
}

/// What a request came to that did not fail.
enum Outcome {
    Done,
    /// The bucket has no such list.
    None,
}

fn outcome<T, E: std::error::Error + ProvideErrorMetadata + 'static>(
    kind: RuleKind,
    operation: &'static str,
    answer: Result<T, SdkError<E>>,
) -> Result<Outcome, RulesError> {
    match answer {
        Ok(_) => Ok(Outcome::Done),
        Err(error) => match status(&error) {
            // It was taken or sent, and the SDK could not read it.
            Some(200) => Ok(Outcome::Done),
            Some(404) if error.code() != Some("NoSuchBucket") => Ok(Outcome::None),
            Some(405 | 501) => Err(RulesError::Unsupported(kind)),
            _ => Err(failed(operation, &error).into()),
        },
    }
}

/// Before it is signed. Of the sums MD5 is the one that older stores ask for.
fn send(request: &mut HttpRequest, text: &str, smallest: Option<&str>) {
    let md5 = STANDARD.encode(Md5::digest(text));
    *request.body_mut() = SdkBody::from(text);
    let headers = request.headers_mut();
    headers.remove("x-amz-checksum-crc32");
    headers.remove("x-amz-sdk-checksum-algorithm");
    headers.insert("content-md5", md5);
    headers.insert("content-length", text.len().to_string());
    if let Some(smallest) = smallest {
        headers.insert(SMALLEST, smallest.to_owned());
    }
}
