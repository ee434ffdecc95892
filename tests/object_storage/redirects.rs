//! Files that the store hands out itself: whoever asks is sent there, if there is a file, with a URL for just what was asked.

use ejabberd_sidecar::store::{Downloads, NewObject, Store, Uploader};
use http_body_util::Full;
use tokio::task::spawn_blocking;

use super::service::{ask, service};
use super::support::http::Answer;
use super::support::slots::{Kind, Slot};
use super::{Scene, bytes, key, object};

/// Follows a redirect, by the same method.
fn follow(answer: &Answer, method: &str, headers: &str) -> Answer {
    let location = answer.header("location").expect("a redirect");
    let (address, target) = location.strip_prefix("http://").expect("a URL").split_once('/').expect("a path");
    ask(address, method, &format!("/{target}"), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_handed_out_by_the_store_as_the_service_would() {
    let scene = Scene::new();
    let direct = format!("download = 'redirect'\ndownload_endpoint = '{}'", scene.bucket.endpoint);
    let service = service(&scene, &direct).await;
    let slot = Slot::new(Kind::V, "alice", "r", 1000);
    let path = format!("/upload/localhost/{}", slot.path);
    spawn_blocking(move || {
        let public = service.address("public");
        assert_eq!(ask(&public, "GET", &path, "").status, 404, "there is no file yet");
        assert_eq!(slot.put(&service, 1000).status, 201);

        let sent = ask(&public, "GET", &path, "");
        assert_eq!((sent.status, sent.header("cache-control")), (307, Some("no-store")), "{sent:?}");
        let got = follow(&sent, "GET", "");
        assert!(got.status == 200 && got.body == vec![b'x'; 1000], "{got:?}");
        assert_eq!(got.header("content-type"), Some("application/octet-stream"));
        let disposition = got.header("content-disposition").expect("it is forced");
        assert!(disposition.starts_with("attachment"), "{disposition}");
        let part = follow(&sent, "GET", "range: bytes=5-9\r\n");
        assert_eq!((part.status, part.body.len()), (206, 5));

        let looked = ask(&public, "HEAD", &path, "");
        assert_eq!(follow(&looked, "HEAD", "").status, 200);
        assert_eq!(follow(&looked, "GET", "").status, 403, "what is signed for HEAD is not for GET");
        let forged = sent.header("location").expect("there").replace("attachment", "inline");
        let (address, target) = forged["http://".len()..].split_once('/').expect("a path");
        assert_eq!(ask(address, "GET", &format!("/{target}"), "").status, 403, "the disposition is signed");

        let etag = looked.header("etag").map(str::to_owned);
        assert_eq!(etag, None, "the store tells it");
        assert_eq!(ask(&public, "GET", &path, "if-none-match: *\r\n").status, 304);
        assert_eq!(ask(&public, "GET", &path, "range: bytes=1000-\r\n").status, 416);
        assert!(!service.log().contains("X-Amz-Signature"), "URLs that are a permission stay out of the log");
    })
    .await
    .expect("as expected");
    let paths = scene.bucket.listed().await;
    assert_eq!(paths.len(), 1, "{paths:?}");
}

/// Metadata is for whoever fetches an object from the store, too.
#[tokio::test]
async fn who_uploaded_a_file_that_the_store_hands_out_is_not_written_down() {
    let scene = Scene::new();
    let direct = scene.s3().with_downloads(Downloads::Redirect { endpoint: None });
    for (path, store, told) in [("h/r/direct", direct, false), ("h/r/proxy", scene.s3(), true)] {
        let store = Store::S3(store);
        let uploaded = NewObject { uploader: Uploader::parse("alice@example.org"), ..object(10) };
        store.put(&key(path), uploaded, Full::new(bytes(10))).await.expect("stored");
        let info = store.head(&key(path)).await.expect("it answers").expect("it is there");
        assert_eq!(info.uploader.is_some(), told, "{path}");
    }
    scene.assert_stored(&["h/r/direct", "h/r/proxy"]).await;
}
