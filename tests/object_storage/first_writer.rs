//! A slot is used once, whatever the store makes of `If-None-Match`, and whoever else writes.

use std::time::Duration;

use bytes::Bytes;
use ejabberd_sidecar::store::{FirstWriter, PutError, Store};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tokio::sync::mpsc;

use super::faulty::Fault;
use super::{Scene, key, object, put, read};

/// What the store of these tests does is found out, and not believed.
#[tokio::test]
async fn it_is_tried_out_whether_the_store_enforces_the_condition() {
    let scene = Scene::new().await;
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
    let scene = Scene::new().await;
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

/// One that began first and is slow is not overtaken.
#[tokio::test]
async fn whoever_writes_is_waited_for() {
    let scene = Scene::new().await;
    let (one, other) = (scene.settled().await, scene.settled().await);
    let (sender, mut receiver) = mpsc::channel::<Result<Frame<Bytes>, std::io::Error>>(1);
    let body =
        StreamBody::new(Box::pin(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context))));
    let path = key("h/r/file");
    let slow = one.put(&path, object(2), body);
    let quick = async {
        // By the time that the second byte is wanted, the first one's request is under way.
        for _ in 0..2 {
            sender.send(Ok(Frame::data(Bytes::from_static(b"s")))).await.expect("it is read");
        }
        put(&other, "h/r/file", 5).await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    slow.expect("stored");
    assert!(matches!(quick, Err(PutError::Exists)), "{quick:?}");
    assert_eq!(read(&one, "h/r/file").await, Some(Bytes::from_static(b"ss")));
    scene.assert_stored(&["h/r/file"]).await;
}

/// The claim of an upload that failed is gone with it.
#[tokio::test]
async fn the_next_one_does_not_wait_for_one_that_failed() {
    let scene = Scene::new().await;
    let (one, other) = (scene.settled().await, scene.settled().await);
    let cut =
        StreamBody::new(futures_util::stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("cut"))]));
    let outcome = one.put(&key("h/r/file"), object(2), cut).await;
    assert!(matches!(outcome, Err(PutError::Sender(_))), "{outcome:?}");
    let stored = tokio::time::timeout(Duration::from_secs(20), put(&other, "h/r/file", 5)).await;
    stored.expect("sooner than a claim ends by itself").expect("stored");
    scene.assert_stored(&["h/r/file"]).await;
}
