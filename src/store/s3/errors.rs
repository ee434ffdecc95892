//! What came back, or did not, into a cause that the operator can do something about.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::{Cause, StoreError};

/// Stores allow a quarter of an hour. What is refused and differs by a good part of that is refused for it.
const CLOCKS_DIFFER: Duration = Duration::from_mins(5);

pub(super) fn s3_error(operation: &'static str, cause: Cause, problem: impl Into<String>) -> StoreError {
    StoreError::S3 { operation, cause, problem: problem.into() }
}

/// Nothing came for too long.
pub(super) fn silence(operation: &'static str, patience: Duration) -> StoreError {
    s3_error(operation, Cause::Silent, format!("silent for {patience:?}"))
}

pub(super) fn failed<E: Error + ProvideErrorMetadata + 'static>(
    operation: &'static str,
    error: &SdkError<E>,
) -> StoreError {
    s3_error(operation, cause(error), explain(error))
}

/// Turns "no such key" into `None`. By status, since a HEAD has no body that would say more.
pub(super) fn found<T, E: Error + ProvideErrorMetadata + 'static>(
    operation: &'static str,
    answer: Result<T, SdkError<E>>,
) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if status(&error) == Some(404) && error.code() != Some("NoSuchBucket") => Ok(None),
        Err(error) => Err(failed(operation, &error)),
    }
}

pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Status and error code of an answer, and not its message, which may name the object. Where there was no answer, the causes: the
/// SDK's own text is just "dispatch failure".
fn explain<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    if let Some(status) = status(error) {
        return format!("status {status}, {}", error.code().unwrap_or("without an error code"));
    }
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The error, and what led to it.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

fn cause<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> Cause {
    let Some(status) = status(error) else { return without_answer(error) };
    let by_code = match error.code().unwrap_or_default() {
        _ if tells_a_full_store(error) => Some(Cause::Full),
        "RequestTimeTooSkewed" => Some(Cause::Clock),
        "NoSuchBucket" => Some(Cause::Bucket),
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException" => {
            Some(Cause::Region)
        }
        "SlowDown" | "ServiceUnavailable" | "TooManyRequests" | "RequestLimitExceeded" => Some(Cause::Busy),
        _ => None,
    };
    by_code.unwrap_or_else(|| match status {
        400 | 403 if clocks_differ(error) => Cause::Clock,
        401 | 403 => Cause::Denied,
        301 | 307 => Cause::Region,
        429 | 503 => Cause::Busy,
        507 => Cause::Full,
        500.. => Cause::Failed,
        _ => Cause::Answer,
    })
}

/// Each store has its own code. Garage has none, and tells it among what it forbids.
fn tells_a_full_store<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default();
    code.contains("QuotaExceeded")
        || code.contains("StorageFull")
        || (code == "AccessDenied" && message.to_ascii_lowercase().contains("quota"))
}

/// Told by the answer's date: the answer to a HEAD says nothing else, and not every store has a code for it.
fn clocks_differ<E>(error: &SdkError<E>) -> bool {
    let date = error.raw_response().and_then(|response| response.headers().get("date"));
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else { return false };
    let ours = SystemTime::now();
    let ahead = ours.duration_since(theirs).or_else(|_| theirs.duration_since(ours));
    ahead.is_ok_and(|apart| apart > CLOCKS_DIFFER)
}

fn without_answer<E: Error + 'static>(error: &SdkError<E>) -> Cause {
    if causes(error).any(<dyn Error>::is::<CredentialsError>) {
        return Cause::Credentials;
    }
    match error {
        SdkError::TimeoutError(_) => Cause::Silent,
        SdkError::ResponseError(_) => Cause::Answer,
        _ => Cause::Unreachable,
    }
}
