//! What crashed processes have left goes after a while, and what is under way stays.

use std::time::SystemTime;

use aws_sdk_s3::primitives::ByteStream;

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

#[tokio::test]
async fn parts_of_uploads_that_began_long_ago_are_forgotten() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let (client, name) = (scene.bucket.client(), &scene.bucket.bucket);
    let object = |name: &str| format!("{}files/example.org/h/r/{name}", scene.bucket.prefix);
    let begun = |key: String| {
        let request = client.create_multipart_upload().bucket(name).key(key);
        async move { request.send().await.expect("begun").upload_id.expect("it has one") }
    };
    let part = |key: String, id: String| {
        let request = client.upload_part().bucket(name).key(key).upload_id(id).part_number(1);
        request.body(ByteStream::from_static(b"a part")).send()
    };
    let [old, young] = [begun(object("old")).await, begun(object("young")).await];
    for (key, id) in [("old", &old), ("young", &young)] {
        part(object(key), id.clone()).await.expect("taken");
    }
    let upload = |key: &str, id: &str, begun: &str| {
        let key = object(key);
        format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>")
    };
    // No server lets a test begin an upload long ago.
    let (first, second) = (upload("old", &old, OLD), upload("young", &young, &now()));
    let listed = answer(&format!("<ListMultipartUploadsResult>{first}{second}</ListMultipartUploadsResult>"));
    scene.proxy.fail("GET ?uploads", Fault::Answer(listed), usize::MAX);
    store.sweep().await.expect("all is well");

    assert!(part(object("old"), old).await.is_err(), "it is forgotten");
    part(object("young"), young.clone()).await.expect("it goes on");
    let abort = client.abort_multipart_upload().bucket(name).key(object("young")).upload_id(young);
    abort.send().await.expect("it was there");
    scene.assert_stored(&[]).await;
}

#[tokio::test]
async fn claims_that_nobody_renewed_for_long_are_removed() {
    let scene = Scene::new();
    let store = scene.settled().await;
    let object = |name: &str| format!("{}claims/k/{name}", scene.bucket.prefix);
    for claim in ["a-dead-one", "b-live-one"] {
        let request = scene.bucket.client().put_object().bucket(&scene.bucket.bucket).key(object(claim));
        request.send().await.expect("written");
    }
    let claim = |name: &str, written: &str| {
        let key = object(name);
        format!("<Contents><Key>{key}</Key><LastModified>{written}</LastModified><Size>0</Size></Contents>")
    };
    let (old, young) = (claim("a-dead-one", OLD), claim("b-live-one", &now()));
    let listed = answer(&format!("<ListBucketResult>{old}{young}</ListBucketResult>"));
    scene.proxy.fail("list-type=2 claims", Fault::Answer(listed), usize::MAX);
    // Not every server of the tests lists uploads in parts, which comes behind.
    drop(store.sweep().await);
    scene.proxy.heal();
    scene.assert_named(vec!["claims/k/b-live-one".to_owned()]).await;
}
