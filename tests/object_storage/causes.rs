//! What is wrong is told apart, and each sort of it says what to do.

use ejabberd_sidecar::store::{Cause, PutError, Store};

use super::faulty::Fault;
use super::s3_server::TestBucket;
use super::{Scene, put};

async fn cause_of(bucket: &TestBucket) -> Cause {
    let store = Store::S3(bucket.store());
    store.check().await.expect_err("something is wrong").cause()
}

#[tokio::test]
async fn wrong_credentials_bucket_and_address() {
    let scene = Scene::new();
    let right = &scene.bucket;
    let key = TestBucket { secret_access_key: "another-secret-key-0123456789".to_owned(), ..right.clone() };
    assert_eq!(cause_of(&key).await, Cause::Denied);
    let id = TestBucket { access_key_id: "GK000000000000000000000000".to_owned(), ..right.clone() };
    assert_eq!(cause_of(&id).await, Cause::Denied);
    let bucket = TestBucket { bucket: "another-bucket".to_owned(), ..right.clone() };
    // A store may not tell strangers to a bucket whether it exists.
    assert!(matches!(cause_of(&bucket).await, Cause::Bucket | Cause::Denied));
    // s3s-fs has no regions.
    if TestBucket::of_environment().is_some() {
        let region = TestBucket { region: "elsewhere".to_owned(), ..right.clone() };
        assert_eq!(cause_of(&region).await, Cause::Region);
    }
    let nobody = TestBucket { endpoint: "http://127.0.0.1:9".to_owned(), ..right.clone() };
    assert_eq!(cause_of(&nobody).await, Cause::Unreachable);
    scene.assert_stored(&[]).await;
}

fn answer(status: &str, headers: &str, code: &str, message: &str) -> &'static str {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/xml\r\n{headers}\r\n");
    Box::leak((head + &body).into_boxed_str())
}

#[tokio::test]
async fn by_what_the_store_answers() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let old = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for (answer, cause) in [
        (answer("403 Forbidden", "", "AccessDenied", "no"), Cause::Denied),
        (answer("403 Forbidden", "", "SignatureDoesNotMatch", "no"), Cause::Denied),
        (answer("403 Forbidden", "", "RequestTimeTooSkewed", "no"), Cause::Clock),
        (answer("400 Bad Request", old, "InvalidRequest", "Date is too old"), Cause::Clock),
        (answer("403 Forbidden", old, "AccessDenied", "no"), Cause::Clock),
        (answer("404 Not Found", "", "NoSuchBucket", "no"), Cause::Bucket),
        (answer("400 Bad Request", "", "AuthorizationHeaderMalformed", "no"), Cause::Region),
        (answer("301 Moved Permanently", "", "PermanentRedirect", "no"), Cause::Region),
        (answer("503 Slow Down", "", "SlowDown", "no"), Cause::Busy),
        (answer("429 Too Many Requests", "", "TooManyRequests", "no"), Cause::Busy),
        (answer("500 Internal Server Error", "", "InternalError", "no"), Cause::Failed),
        (answer("418 I'm a teapot", "", "Teapot", "no"), Cause::Answer),
    ] {
        scene.proxy.fail("", Fault::Answer(answer), usize::MAX);
        let error = store.check().await.expect_err("something is wrong");
        assert_eq!(error.cause(), cause, "{answer}: {error}");
        assert!(error.to_string().ends_with(cause.advice()), "{error}");
        let outcome = put(&store, "h/r/file", 10).await;
        assert!(matches!(outcome, Err(PutError::Store(_))), "{answer}: {outcome:?}");
    }
    scene.proxy.heal();
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn a_full_store_is_told_as_full() {
    let scene = Scene::new();
    let store = scene.settled().await;
    for full in [
        answer("507 Insufficient Storage", "", "XMinioStorageFull", "no"),
        answer("403 Forbidden", "", "QuotaExceeded", "no"),
        answer("400 Bad Request", "", "XMinioAdminBucketQuotaExceeded", "no"),
        answer("403 Forbidden", "", "AccessDenied", "Forbidden: Bucket size quota is reached"),
    ] {
        scene.proxy.fail("PUT", Fault::Answer(full), usize::MAX);
        let outcome = put(&store, "h/r/file", 10).await;
        assert!(
            matches!(&outcome, Err(PutError::Full(error)) if error.cause() == Cause::Full),
            "{full}: {outcome:?}"
        );
    }
    scene.proxy.heal();
    scene.assert_stored(&[]).await;
}
