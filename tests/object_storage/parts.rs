//! Files above what goes in one request.

use bytes::Bytes;
use ejabberd_sidecar::store::{Cause, NewObject, PutError, S3Limits, S3Store, Store, Uploader};
use http_body::Frame;
use http_body_util::StreamBody;

use super::faulty::Fault;
use super::{PATIENCE, Scene, key, object, put, read};

const PART: usize = 5 << 20;
const ERROR_IN_200: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

async fn store(scene: &Scene) -> Store {
    settled(scene, scene.s3()).await
}

async fn settled(scene: &Scene, s3: S3Store) -> Store {
    let limits = S3Limits { single_put_max: PART as u64, ..S3Limits::default() };
    let store = Store::S3(s3.with_limits(limits));
    store.check().await.expect("all is well");
    scene.proxy.seen();
    store
}

/// Frames that do not end where parts do.
fn frames(size: usize) -> impl ejabberd_sidecar::store::UploadBody {
    let bytes = super::bytes(size);
    let frames = (0..size).step_by(70_001).map(move |at| bytes.slice(at..size.min(at + 70_001)));
    StreamBody::new(futures_util::stream::iter(frames.map(|data| Ok::<_, std::io::Error>(Frame::data(data)))))
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_comes_back_whole() {
    let scene = Scene::new();
    let store = store(&scene).await;
    for (path, size, parts) in
        [("h/r/one", PART, 0), ("h/r/two", PART + 1, 2), ("h/r/three", 2 * PART + 7, 3)]
    {
        let alice = Uploader::parse("alice@example.org");
        let uploaded = NewObject { uploader: alice.clone(), ..object(size) };
        store.put(&key(path), uploaded, frames(size)).await.expect("stored");
        let sent = scene.proxy.seen().iter().filter(|line| line.contains("partNumber=")).count();
        assert_eq!(sent, parts, "{path}");
        let back = read(&store, path).await.expect("it is there");
        assert!(back == super::bytes(size), "{path}: {} bytes came back otherwise", back.len());
        let info = store.head(&key(path)).await.expect("it answers").expect("it is there");
        assert_eq!((info.size, info.content_type.as_str()), (size as u64, "image/png"));
        assert_eq!((alice.is_some(), info.uploader), (true, alice));
    }
    let again = put(&store, "h/r/two", PART + 1).await;
    assert!(matches!(again, Err(PutError::Exists)), "{again:?}");
    scene.assert_stored(&["h/r/one", "h/r/three", "h/r/two"]).await;
}

#[tokio::test]
async fn what_fails_in_the_middle_leaves_no_parts() {
    let scene = Scene::new();
    let patient = store(&scene).await;
    let impatient = settled(&scene, scene.s3().with_patience(PATIENCE)).await;
    for (within, fault) in [
        ("POST ?uploads", Fault::Answer(FAILED)),
        ("partNumber=2", Fault::Answer(FAILED)),
        ("partNumber=2", Fault::CutRequest(100_000)),
        ("partNumber=1", Fault::Hang),
        ("POST uploadId=", Fault::Answer(FAILED)),
        ("POST uploadId=", Fault::Refuse),
    ] {
        scene.proxy.fail(within, fault, usize::MAX);
        let store = if matches!(fault, Fault::Hang) { &impatient } else { &patient };
        let outcome = put(store, "h/r/file", 2 * PART).await;
        assert!(matches!(outcome, Err(PutError::Store(_))), "{within} {fault:?}: {outcome:?}");
        scene.proxy.heal();
        scene.assert_stored(&[]).await;
    }
    put(&patient, "h/r/file", 2 * PART).await.expect("stored");
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn parts_that_were_put_together_without_an_answer_are_stored() {
    let scene = Scene::new();
    let store = store(&scene).await;
    scene.proxy.fail("POST uploadId=", Fault::CutAnswer(0), 1);
    put(&store, "h/r/file", 2 * PART).await.expect("stored");
    let back = read(&store, "h/r/file").await.expect("it is there");
    assert!(back == super::bytes(2 * PART), "{} bytes came back otherwise", back.len());
    scene.assert_stored(&["h/r/file"]).await;
}

#[tokio::test]
async fn what_the_process_leaves_behind_is_given_up_at_its_end() {
    let scene = Scene::new();
    let store = store(&scene).await;
    let begun = Frame::data(Bytes::from(vec![7; PART + 1]));
    let frames = futures_util::stream::once(async { Ok::<_, std::io::Error>(begun) });
    let silent = futures_util::StreamExt::chain(frames, futures_util::stream::pending());
    let path = key("h/r/file");
    let mut upload = Box::pin(store.put(&path, object(2 * PART), StreamBody::new(Box::pin(silent))));
    tokio::select! {
        outcome = &mut upload => unreachable!("half an upload ended: {outcome:?}"),
        () = scene.asked_for("partNumber=2") => {}
    }
    store.give_up().await;
    assert!(scene.proxy.seen().iter().any(|line| line.starts_with("DELETE") && line.contains("uploadId=")));
    drop(upload);
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn an_error_in_an_answer_of_200_is_an_error() {
    let scene = Scene::new();
    let store = store(&scene).await;
    for (within, causes) in
        [("partNumber=1", [Cause::Answer].as_slice()), ("POST uploadId=", &[Cause::Failed, Cause::Answer])]
    {
        scene.proxy.fail(within, Fault::Answer(ERROR_IN_200), usize::MAX);
        let outcome = put(&store, "h/r/file", 2 * PART).await;
        let Err(PutError::Store(error)) = &outcome else { unreachable!("{within}: {outcome:?}") };
        assert!(causes.contains(&error.cause()), "{within}: {error}");
        scene.proxy.heal();
        scene.assert_stored(&[]).await;
    }
}

#[tokio::test]
async fn a_client_that_is_cut_off_in_the_second_part_leaves_none() {
    let scene = Scene::new();
    let store = store(&scene).await;
    let sent = super::bytes(PART + 100_000);
    let frames = futures_util::stream::iter([Ok(Frame::data(sent)), Err(std::io::Error::other("hung up"))]);
    let outcome = store.put(&key("h/r/file"), object(2 * PART), StreamBody::new(frames)).await;
    assert!(matches!(outcome, Err(PutError::Sender(_))), "{outcome:?}");
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_none() {
    let scene = Scene::new();
    let store = store(&scene).await;
    let frames = futures_util::stream::once(async {
        Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![7; PART + 1])))
    });
    let silent = futures_util::StreamExt::chain(frames, futures_util::stream::pending());
    let path = key("h/r/file");
    let mut upload = Box::pin(store.put(&path, object(2 * PART), StreamBody::new(Box::pin(silent))));
    tokio::select! {
        outcome = &mut upload => unreachable!("half an upload ended: {outcome:?}"),
        () = scene.asked_for("partNumber=2") => {}
    }
    drop(upload);
    scene.assert_stored(&[]).await;
}
