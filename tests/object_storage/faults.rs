//! Refused, late, cut off, wrong, silent: what is acknowledged is there, what failed left nothing and can be tried again.

use std::time::Duration;

use ejabberd_sidecar::store::{Cause, ObjectPrefix, PutError, S3Limits, Store};
use ejabberd_sidecar::types::Vhost;
use http_body_util::BodyExt as _;

use super::faulty::Fault;
use super::{Scene, key, put, read};

const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>";
const SLOW_DOWN: &str = "HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
const ERROR_IN_200: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>";
const NO_ANSWER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nnot XML!!";

/// An upload that meets the fault fails with one of the causes, leaves nothing, and can be tried again.
async fn fails(fault: Fault, causes: &[Cause]) {
    let scene = Scene::new();
    let store = scene.settled_for(Some(fault)).await;
    scene.proxy.fail("PUT", fault, usize::MAX);
    let outcome = put(&store, "h/r/file", 300_000).await;
    let Err(PutError::Store(error)) = &outcome else { unreachable!("{fault:?}: {outcome:?}") };
    assert!(causes.contains(&error.cause()), "{fault:?}: {error}");
    scene.proxy.heal();
    scene.assert_stored(&[]).await;

    put(&store, "h/r/file", 300_000).await.expect("stored with the second try");
    assert_eq!(read(&store, "h/r/file").await, Some(super::bytes(300_000)));
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn refused() {
    fails(Fault::Refuse, &[Cause::Unreachable]).await;
}

#[tokio::test]
async fn an_error() {
    fails(Fault::Answer(FAILED), &[Cause::Failed]).await;
}

#[tokio::test]
async fn too_much_to_do() {
    fails(Fault::Answer(SLOW_DOWN), &[Cause::Busy]).await;
}

#[tokio::test]
async fn an_error_before_the_body_was_read() {
    fails(Fault::EarlyAnswer(SLOW_DOWN), &[Cause::Busy, Cause::Unreachable]).await;
}

#[tokio::test]
async fn silence() {
    fails(Fault::Hang, &[Cause::Silent]).await;
}

#[tokio::test]
async fn a_200_that_means_something_else() {
    let scene = Scene::new();
    let store = scene.settled().await;
    for answer in [ERROR_IN_200, NO_ANSWER] {
        scene.proxy.fail("PUT files/", Fault::Answer(answer), 1);
        let outcome = put(&store, "h/r/file", 300_000).await;
        let Err(PutError::Store(error)) = &outcome else { unreachable!("{answer}: {outcome:?}") };
        assert!(matches!(error.cause(), Cause::Failed | Cause::Answer), "{answer}: {error}");
        scene.assert_stored(&[]).await;
    }
    put(&store, "h/r/file", 300_000).await.expect("stored with the third try");
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn cut_off_in_the_middle_of_the_body() {
    let scene = Scene::new();
    let store = scene.settled().await;
    scene.proxy.fail("PUT files/", Fault::CutRequest(100_000), 1);
    let outcome = put(&store, "h/r/file", 300_000).await;
    assert!(
        matches!(&outcome, Err(PutError::Store(error)) if error.cause() == Cause::Unreachable),
        "{outcome:?}"
    );
    scene.assert_stored(&[]).await;
    put(&store, "h/r/file", 300_000).await.expect("stored with the second try");
    scene.assert_stored(&["h/r/file"]).await;
}

/// The file is there, and its sender is not told otherwise: a second try would find the slot used.
#[tokio::test]
async fn an_upload_of_which_only_the_answer_is_lost_is_stored() {
    let scene = Scene::new();
    let store = scene.settled().await;
    for (path, fault) in [("h/r/cut", Fault::CutAnswer(0)), ("h/r/half", Fault::CutAnswer(9))] {
        scene.proxy.fail("PUT files/", fault, 1);
        put(&store, path, 300_000).await.unwrap_or_else(|error| unreachable!("{fault:?}: {error}"));
        assert_eq!(read(&store, path).await, Some(super::bytes(300_000)));
        let again = put(&store, path, 300_000).await;
        assert!(matches!(again, Err(PutError::Exists)), "{again:?}");
    }
    scene.assert_stored(&["h/r/cut", "h/r/half"]).await;
}

#[tokio::test]
async fn a_late_answer_is_an_answer() {
    let scene = Scene::new();
    let store = scene.settled().await;
    scene.proxy.fail("", Fault::Delay(Duration::from_millis(500)), usize::MAX);
    put(&store, "h/r/file", 1000).await.expect("stored");
    assert_eq!(read(&store, "h/r/file").await, Some(super::bytes(1000)));
    scene.proxy.heal();
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn a_download_that_is_cut_off_is_no_whole_one() {
    let scene = Scene::new();
    let store = scene.settled().await;
    put(&store, "h/r/file", 300_000).await.expect("stored");
    scene.proxy.fail("GET", Fault::CutAnswer(100_000), 1);
    let object = store.get(&key("h/r/file")).await.expect("it answers").expect("it is there");
    let read_part = object.body.collect().await;
    assert!(read_part.is_err(), "{:?}", read_part.map(|read| read.to_bytes().len()));
    assert_eq!(read(&store, "h/r/file").await, Some(super::bytes(300_000)), "the next one is whole");
    scene.assert_stored(&["h/r/file"]).await;
}

/// Small requests are tried again by themselves.
#[tokio::test]
async fn questions_are_asked_again() {
    let scene = Scene::new();
    let store = scene.settled().await;
    put(&store, "h/r/file", 1000).await.expect("stored");
    for fault in [Fault::Answer(FAILED), Fault::Answer(SLOW_DOWN), Fault::Refuse] {
        scene.proxy.fail("HEAD", fault, 1);
        let info =
            store.head(&key("h/r/file")).await.unwrap_or_else(|error| unreachable!("{fault:?}: {error}"));
        assert_eq!(info.map(|info| info.size), Some(1000), "{fault:?}");
    }
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn a_listing_that_fails_is_no_empty_one() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    let prefix = ObjectPrefix::files_at(&vhost);
    put(&store, "h/r/file", 1000).await.expect("stored");
    for fault in [Fault::Answer(FAILED), Fault::Answer(NO_ANSWER), Fault::Refuse, Fault::Hang] {
        let store = scene.settled_for(Some(fault)).await;
        scene.proxy.fail("list-type=2", fault, usize::MAX);
        let listed = store.list(&prefix, None, drop).await;
        assert!(listed.is_err(), "{fault:?}");
        scene.proxy.heal();
    }
    scene.assert_stored(&["h/r/file"]).await;
}

/// A page that says that there are more: with `token` as the next one's, and `key` on it.
fn page(token: &str, key: &str) -> &'static str {
    let body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>{token}{key}</ListBucketResult>"
    );
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n";
    Box::leak(format!("{head}{body}").into_boxed_str())
}

/// What is missing from a listing passes for removed: sums are wrong, and users do not exist.
#[tokio::test]
async fn a_listing_that_breaks_off_or_turns_in_a_circle_is_an_error() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let token = "<NextContinuationToken>t</NextContinuationToken>";
    let own = format!("<Contents><Key>{}users/a</Key><Size>1</Size></Contents>", scene.bucket.prefix);
    for (answer, says) in
        [(page("", &own), "not where"), (page(token, ""), "itself"), (page(token, &own), "goes back")]
    {
        scene.proxy.fail("list-type=2", Fault::Answer(answer), usize::MAX);
        let error = store.list(&ObjectPrefix::users(), None, drop).await.expect_err("it is not all");
        assert_eq!(error.cause(), Cause::Answer, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    scene.proxy.heal();
    scene.assert_stored(&[]).await;
}

/// The store is away at first, and then comes: nothing has to be started again.
#[tokio::test]
async fn a_store_that_comes_later() {
    let scene = Scene::new();
    let store = scene.store();
    scene.proxy.fail("", Fault::Refuse, usize::MAX);
    assert_eq!(store.check().await.expect_err("it is away").cause(), Cause::Unreachable);
    let outcome = put(&store, "h/r/file", 1000).await;
    assert!(matches!(outcome, Err(PutError::Store(_))), "{outcome:?}");
    scene.proxy.heal();
    store.check().await.expect("it is there");
    put(&store, "h/r/file", 1000).await.expect("stored");
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn a_client_that_is_cut_off_leaves_nothing() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let frames = futures_util::stream::iter([
        Ok(http_body::Frame::data(super::bytes(100_000))),
        Err(std::io::Error::other("hung up")),
    ]);
    let body = http_body_util::StreamBody::new(frames);
    let outcome = store.put(&key("h/r/file"), super::object(300_000), body).await;
    assert!(matches!(outcome, Err(PutError::Sender(_))), "{outcome:?}");
    scene.assert_stored(&[]).await;
    put(&store, "h/r/file", 1000).await.expect("stored");
    scene.assert_stored(&["h/r/file"]).await;
}

/// Beyond `store.concurrency` nobody waits, and the others finish.
#[tokio::test]
async fn more_transfers_than_may_go_on_at_once_are_refused() {
    let scene = Scene::new();
    let limits = S3Limits { concurrency: 2, ..S3Limits::default() };
    let store = Store::S3(scene.s3().with_limits(limits));
    store.check().await.expect("all is well");
    put(&store, "h/r/file", 1000).await.expect("stored");
    let one = store.get(&key("h/r/file")).await.expect("it answers").expect("it is there");
    let two = store.get(&key("h/r/file")).await.expect("it answers").expect("it is there");
    let more = put(&store, "h/r/more", 1000).await;
    assert!(matches!(&more, Err(PutError::Store(error)) if error.cause() == Cause::Concurrency), "{more:?}");
    let more = store.get(&key("h/r/file")).await;
    assert!(matches!(&more, Err(error) if error.cause() == Cause::Concurrency), "{more:?}");
    assert_eq!(one.body.collect().await.expect("readable").to_bytes(), super::bytes(1000));
    drop(two);
    put(&store, "h/r/more", 1000).await.expect("stored");
    scene.assert_stored(&["h/r/file", "h/r/more"]).await;
}
