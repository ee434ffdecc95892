//! A slot is used once, whatever the store makes of `If-None-Match`, and whoever else writes.

use std::time::Duration;

use bytes::Bytes;
use ejabberd_sidecar::store::{FirstWriter, PutError, Store, UploadBody};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tokio::sync::mpsc;

use super::faulty::Fault;
use super::{Scene, key, object, put, read};

/// What the store of these tests does is found out, and not believed.
#[tokio::test]
async fn it_is_tried_out_whether_the_store_enforces_the_condition() {
    let scene = Scene::new();
    let s3 = scene.s3();
    assert_eq!(s3.known_first_writer(), None);
    let store = Store::S3(s3);
    store.check().await.expect("all is well");
    let Store::S3(s3) = &store else { unreachable!("it is one") };
    // s3s-fs looks at it before the body and not behind it, and Garage not at all.
    assert_eq!(s3.known_first_writer(), Some(FirstWriter::Claims));
    let asked = scene.proxy.seen().len();
    store.check().await.expect("all is well");
    assert_eq!(scene.proxy.seen().len(), 1, "once is enough, and took {asked} requests");

    scene.proxy.fail("", Fault::Refuse, usize::MAX);
    store.check().await.expect_err("it is away");
    assert_eq!(s3.known_first_writer(), None, "what comes back may be another store");
    scene.proxy.heal();
    store.check().await.expect("it is back");
    assert_eq!(s3.known_first_writer(), Some(FirstWriter::Claims));
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn of_racers_on_several_processes_exactly_one_wins() {
    let scene = Scene::new();
    let stores = [scene.settled().await, scene.settled().await, scene.settled().await];
    for round in 0..3 {
        let path = format!("h/r/{round}");
        let (key, sizes) = (key(&path), [50_001, 50_002, 50_003, 50_004, 50_005, 50_006]);
        let puts = sizes
            .iter()
            .zip(stores.iter().cycle())
            .map(|(size, store)| store.put(&key, object(*size), Full::new(super::bytes(*size))));
        let outcomes = futures_util::future::join_all(puts).await;
        let winners: Vec<_> = (0..sizes.len()).filter(|racer| outcomes[*racer].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let lost = |outcome: &Result<(), PutError>| matches!(outcome, Ok(()) | Err(PutError::Exists));
        assert!(outcomes.iter().all(lost), "{outcomes:?}");
        assert_eq!(read(&stores[0], &path).await.map(|bytes| bytes.len()), Some(sizes[winners[0]]));
    }
    scene.assert_stored(&["h/r/0", "h/r/1", "h/r/2"]).await;
}

type Sender = mpsc::Sender<Result<Frame<Bytes>, std::io::Error>>;

/// A body that the test sends byte by byte.
fn bytewise() -> (Sender, impl UploadBody) {
    let (sender, mut receiver) = mpsc::channel(1);
    let frames = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    (sender, StreamBody::new(Box::pin(frames)))
}

async fn send(sender: &Sender) {
    sender.send(Ok(Frame::data(Bytes::from_static(b"s")))).await.expect("it is read");
}

/// Shorter than in earnest, for stores that tell times in whole seconds too.
const LEASE: Duration = Duration::from_secs(4);

async fn with_short_lease(scene: &Scene) -> Store {
    let store = Store::S3(scene.s3().with_lease(LEASE));
    store.check().await.expect("all is well");
    store
}

/// One that began first and is slow is not overtaken, however much longer it takes than a claim counts.
#[tokio::test]
async fn whoever_writes_is_waited_for() {
    let scene = Scene::new();
    let (one, other) = (with_short_lease(&scene).await, with_short_lease(&scene).await);
    let (sender, body) = bytewise();
    let path = key("h/r/file");
    let slow = one.put(&path, object(3), body);
    let quick = async {
        // By the time that the second byte is wanted, the first one's request is under way.
        send(&sender).await;
        send(&sender).await;
        let last = async {
            tokio::time::sleep(LEASE * 2).await;
            send(&sender).await;
        };
        tokio::join!(put(&other, "h/r/file", 5), last).0
    };
    let (slow, quick) = tokio::join!(slow, quick);
    slow.expect("stored");
    assert!(matches!(quick, Err(PutError::Exists)), "{quick:?}");
    assert_eq!(read(&one, "h/r/file").await, Some(Bytes::from_static(b"sss")));
    scene.assert_stored(&["h/r/file"]).await;
}

/// A process that was killed renews nothing and clears nothing away.
#[tokio::test]
async fn the_claim_of_a_dead_process_ends_by_itself() {
    let scene = Scene::new();
    let (dead, other) = (with_short_lease(&scene).await, with_short_lease(&scene).await);
    let (sender, body) = bytewise();
    let path = key("h/r/file");
    let mut upload = Box::pin(dead.put(&path, object(3), body));
    tokio::select! {
        outcome = &mut upload => unreachable!("half an upload ended: {outcome:?}"),
        () = async { send(&sender).await; send(&sender).await } => {}
    }
    // Neither polled nor dropped any more.
    std::mem::forget(upload);
    let left = scene.bucket.listed().await;
    assert!(left.iter().any(|name| name.contains("claims/")), "{left:?}");

    put(&other, "h/r/file", 5).await.expect("stored, after a while");
    assert_eq!(read(&other, "h/r/file").await.map(|bytes| bytes.len()), Some(5));
    let left = scene.bucket.listed().await;
    assert!(left.iter().any(|name| name.contains("files/")), "{left:?}");
}

/// The claim of an upload that failed is gone with it.
#[tokio::test]
async fn the_next_one_does_not_wait_for_one_that_failed() {
    let scene = Scene::new();
    let (one, other) = (scene.settled().await, scene.settled().await);
    let cut =
        StreamBody::new(futures_util::stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("cut"))]));
    let outcome = one.put(&key("h/r/file"), object(2), cut).await;
    assert!(matches!(outcome, Err(PutError::Sender(_))), "{outcome:?}");
    let stored = tokio::time::timeout(Duration::from_secs(20), put(&other, "h/r/file", 5)).await;
    stored.expect("sooner than a claim ends by itself").expect("stored");
    scene.assert_stored(&["h/r/file"]).await;
}

/// Where a file is, there is nothing to wait for, whoever has left a claim.
#[tokio::test]
async fn a_used_slot_is_told_as_such_beside_the_claim_of_whoever_used_it() {
    let scene = Scene::new();
    let (ended, other) = (scene.settled().await, scene.settled().await);
    scene.proxy.fail("DELETE claims/", Fault::Refuse, usize::MAX);
    put(&ended, "h/r/file", 5).await.expect("stored");
    scene.asked_for("DELETE claims/").await;
    let left = scene.bucket.listed().await;
    assert!(left.iter().any(|name| name.contains("claims/")), "{left:?}");

    let again = tokio::time::timeout(Duration::from_secs(20), put(&other, "h/r/file", 5)).await;
    let again = again.expect("sooner than the claim ends");
    assert!(matches!(again, Err(PutError::Exists)), "{again:?}");
}
