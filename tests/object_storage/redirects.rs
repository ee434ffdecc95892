//! Files that the store hands out itself: whoever asks is sent there, if there is a file, with a URL for just what was asked.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::Scene;
use super::faulty::Fault;
use super::support::http::{Answer, Client};
use super::support::slots::{Kind, Slot};
use super::support::{FREE_PORTS, Service, configuration, wait_until};

/// A service on the scene's bucket, by way of its proxy.
async fn service(scene: &Scene, more: &str) -> Arc<Service> {
    let bucket = scene.bucket.by_way_of(scene.proxy.address());
    let store = format!(
        "[store]\nkind = 's3'\nbucket = '{}'\nregion = '{}'\nendpoint = '{}'\nprefix = '{}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'\n{more}\n",
        bucket.bucket,
        bucket.region,
        bucket.endpoint,
        bucket.prefix,
        bucket.access_key_id,
        bucket.secret_access_key,
    );
    let configuration =
        configuration(FREE_PORTS, "").replace("[store]\nkind = \"disk\"\npath = \"store\"\n", &store);
    spawn_blocking(move || {
        let folder = Arc::new(TempDir::new().expect("temporary folder"));
        let service = Arc::new(Service::start_in(folder, &configuration));
        let ops = service.address("ops");
        wait_until("the store is up", || ask(&ops, "GET", "/readyz", "").text().contains("store: up"));
        service
    })
    .await
    .expect("started")
}

fn ask(address: &str, method: &str, target: &str, headers: &str) -> Answer {
    let mut client = Client::connect(address);
    client
        .send(format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"));
    client.answer(method != "HEAD")
}

/// Follows a redirect, by the same method.
fn follow(answer: &Answer, method: &str, headers: &str) -> Answer {
    let location = answer.header("location").expect("a redirect");
    let (address, target) = location.strip_prefix("http://").expect("a URL").split_once('/').expect("a path");
    ask(address, method, &format!("/{target}"), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_handed_out_by_the_store_as_the_service_would() {
    let scene = Scene::new().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_told_to_client_and_operator() {
    let scene = Scene::new().await;
    let service = service(&scene, "").await;
    let running = Arc::clone(&service);
    let slot = Slot::new(Kind::V, "alice", "r", 1000);
    let (put, public) = (slot.clone(), service.address("public"));
    let slow_down = "HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
    let full = "HTTP/1.1 507 Insufficient Storage\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for (answer, status, reason) in [(slow_down, 503, "store_busy"), (full, 507, "store_full")] {
        scene.proxy.fail("PUT", Fault::Answer(answer), usize::MAX);
        let (put, running) = (put.clone(), Arc::clone(&running));
        spawn_blocking(move || {
            let answer = put.put(&running, 1000);
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("retry-after").is_some(), status == 503);
            running.wait_for_log(&["upload", &format!("reason=\"{reason}\"")]);
        })
        .await
        .expect("as expected");
    }
    scene.proxy.heal();
    let path = format!("/upload/localhost/{}", slot.path);
    spawn_blocking(move || {
        assert_eq!(slot.put(&running, 1000).status, 201);
        assert_eq!(ask(&public, "GET", &path, "").body, vec![b'x'; 1000]);
    })
    .await
    .expect("as expected");
    assert_eq!(scene.bucket.listed().await.len(), 1);
    drop(service);
}
