//! What crashed processes have left goes after a while, and what is under way stays.

use std::time::SystemTime;

use super::Scene;
use super::faulty::Fault;

const OLD: &str = "2020-01-01T00:00:00.000Z";

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

fn answer(body: &str) -> &'static str {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/xml\r\n\r\n";
    Box::leak(format!("{head}<?xml version=\"1.0\"?>{body}").into_boxed_str())
}

/// What was asked to be removed.
fn removed(scene: &Scene) -> Vec<String> {
    let mut seen = scene.proxy.seen();
    seen.retain(|line| line.starts_with("DELETE"));
    seen
}

#[tokio::test]
async fn parts_of_uploads_that_began_long_ago_are_forgotten() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let upload = |id: &str, begun: &str| {
        let key = format!("{}files/example.org/h/r/{id}", scene.bucket.prefix);
        format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>")
    };
    let (old, young) = (upload("old", OLD), upload("young", &now()));
    let listed = answer(&format!("<ListMultipartUploadsResult>{old}{young}</ListMultipartUploadsResult>"));
    scene.proxy.fail("GET ?uploads", Fault::Answer(listed), usize::MAX);
    // The server does not know an upload of this name, which is as good as its removal; or it says that it is none.
    drop(store.sweep().await);
    let removed = removed(&scene);
    assert!(removed.iter().any(|line| line.contains("uploadId=old")), "{removed:?}");
    assert!(!removed.iter().any(|line| line.contains("uploadId=young")), "{removed:?}");
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn claims_that_nobody_renewed_for_long_are_removed() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let claim = |name: &str, written: &str| {
        let key = format!("{}claims/k/{name}", scene.bucket.prefix);
        format!("<Contents><Key>{key}</Key><LastModified>{written}</LastModified><Size>0</Size></Contents>")
    };
    let (old, young) = (claim("a-dead-one", OLD), claim("b-live-one", &now()));
    let listed = answer(&format!("<ListBucketResult>{old}{young}</ListBucketResult>"));
    scene.proxy.fail("list-type=2 claims", Fault::Answer(listed), usize::MAX);
    // Not every server of the tests lists uploads in parts, which comes behind.
    drop(store.sweep().await);
    let removed = removed(&scene);
    assert!(removed.iter().any(|line| line.contains("a-dead-one")), "{removed:?}");
    assert!(!removed.iter().any(|line| line.contains("b-live-one")), "{removed:?}");
    scene.proxy.heal();
    scene.assert_stored(&[]).await;
}
