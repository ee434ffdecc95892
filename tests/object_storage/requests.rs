//! How many requests an upload is, and what else is asked of the service: each costs time, and at some stores money.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex};

use ejabberd_sidecar::store::{Beforehand, FirstWriter, PutError, Store};
use http_body_util::Full;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};

use super::faulty::{self, FaultyProxy};
use super::s3_server::TestBucket;
use super::service::{ask, service};
use super::support::slots::{Kind, Slot};
use super::{Scene, bytes, key, object, put};

/// Serves one request: a PUT is stored when all of it is there, unless its key is taken by then; a listing is empty.
async fn serve_enforcing(mut connection: TcpStream, taken: &Mutex<HashSet<String>>) -> io::Result<()> {
    let (head, length) = faulty::read_request_head(&mut connection).await?;
    connection.read_exact(&mut vec![0; length]).await?;
    let mut line = head.split(' ');
    let (method, key) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let key = key.split('?').next().unwrap_or_default().to_owned();
    let (status, body) = match method {
        "PUT" if taken.lock().expect("ours").insert(key) => ("200 OK", ""),
        "PUT" => ("412 Precondition Failed", ""),
        "DELETE" => ("204 No Content", ""),
        "HEAD" => ("404 Not Found", ""),
        _ => ("200 OK", "<?xml version=\"1.0\"?><ListBucketResult></ListBucketResult>"),
    };
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\netag: \"x\"\r\n\r\n{body}");
    connection.write_all(answer.as_bytes()).await
}

/// A store that enforces the condition, and knows nothing else.
async fn enforcing() -> Scene {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let bucket = TestBucket::at(listener.local_addr().expect("bound"));
    let mut server = JoinSet::new();
    server.spawn(async move {
        let taken = Arc::<Mutex<HashSet<String>>>::default();
        let mut connections = JoinSet::new();
        loop {
            let (connection, _) = listener.accept().await?;
            let taken = Arc::clone(&taken);
            connections.spawn(async move { drop(serve_enforcing(connection, &taken).await) });
        }
    });
    let proxy = FaultyProxy::before(&bucket.endpoint);
    Scene { bucket, proxy, _folder: TempDir::new().expect("temporary folder"), _server: server }
}

/// What was asked for since the last time, as "PUT files", without what goes on beside uploads.
fn asked(scene: &Scene) -> Vec<String> {
    let seen = scene.proxy.seen();
    let word = |line: &String| {
        let (method, rest) = line.split_once(' ')?;
        let (_, key) = rest.split_once(&scene.bucket.prefix)?;
        Some(format!("{method} {}", key.split_once('/')?.0))
    };
    let lists_claims = |line: &String| line.starts_with("GET") && line.contains("claims");
    let words = seen
        .iter()
        .filter_map(|line| if lists_claims(line) { Some("LIST claims".to_owned()) } else { word(line) });
    words.collect()
}

async fn put_known(store: &Store, path: &str, size: usize, known: Beforehand) {
    let stored = store.put_known(&key(path), object(size), Full::new(bytes(size)), known).await;
    stored.expect("stored");
}

#[tokio::test]
async fn a_store_that_enforces_the_condition_is_found_out_and_an_upload_is_one_request() {
    let scene = enforcing().await;
    let store = scene.settled().await;
    let Store::S3(s3) = &store else { unreachable!("it is one") };
    assert_eq!(s3.known_first_writer(), Some(FirstWriter::Condition));
    put(&store, "h/r/small", 5).await.expect("stored");
    assert_eq!(asked(&scene), ["PUT files"]);
    // Nobody sends much for nothing.
    put(&store, "h/r/large", 100_000).await.expect("stored");
    assert_eq!(asked(&scene), ["HEAD files", "PUT files"]);
    put_known(&store, "h/r/known", 100_000, Beforehand::Unused).await;
    assert_eq!(asked(&scene), ["PUT files"]);
    for path in ["h/r/small", "h/r/large", "h/r/known"] {
        let again = put(&store, path, 5).await;
        assert!(matches!(again, Err(PutError::Exists)), "{path}: {again:?}");
    }
}

/// Whoever is alone with his claim still has to look: the one before him may have written, and be gone.
#[tokio::test]
async fn claims_are_four_requests_more_whatever_is_known() {
    let scene = Scene::new();
    let store = scene.settled().await;
    for (path, known) in [("h/r/nothing", Beforehand::Nothing), ("h/r/unused", Beforehand::Unused)] {
        put_known(&store, path, 5, known).await;
        let mut seen = Vec::new();
        // The claim goes when the upload was answered.
        while !seen.contains(&"DELETE claims".to_owned()) {
            seen.extend(asked(&scene));
            tokio::task::yield_now().await;
        }
        let expected = ["PUT claims", "LIST claims", "HEAD files", "PUT files", "DELETE claims"];
        assert_eq!(seen, expected, "{known:?}");
    }
    scene.assert_stored(&["h/r/nothing", "h/r/unused"]).await;
}

/// However many need to know whether a slot is used, it is asked once.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_the_service_looks_at_its_slot_once_or_not_at_all() {
    let bounded = "[limits]\nbytes_per_minute = '1GiB'\n[hosts.localhost.upload]\nquota_per_user = '1GiB'\nretention = '1d'";
    for (settings, size, between) in [
        ("", 1000, &["PUT files"][..]),
        ("", 100_000, &["HEAD files", "PUT files"]),
        (bounded, 1000, &["HEAD files", "PUT expiring", "PUT files"]),
        (bounded, 100_000, &["HEAD files", "PUT expiring", "PUT files"]),
    ] {
        let scene = enforcing().await;
        let service = service(&scene, settings).await;
        // Whoever uploads for the first time is waited for a listing of what he has.
        let slots = ["first", "second"].map(|random| Slot::new(Kind::V, "alice", random, size));
        for slot in slots {
            asked(&scene);
            let service = Arc::clone(&service);
            let status = spawn_blocking(move || slot.put(&service, size).status).await.expect("answered");
            assert_eq!(status, 201, "{settings}");
            let seen: Vec<_> = asked(&scene).into_iter().filter(|asked| !asked.starts_with("GET")).collect();
            let expected = [&["HEAD tombs"][..], between, &["HEAD tombs"]].concat();
            assert_eq!(seen, expected, "{size} bytes, {settings}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_one_request_or_two_and_a_refusal_is_none() {
    let scene = Scene::new();
    let service = service(&scene, "").await;
    let costs = move || {
        let public = service.address("public");
        let slot = Slot::new(Kind::V, "alice", "first", 1000);
        assert_eq!(slot.put(&service, 1000).status, 201);
        let missing = slot.path.replace("first", "none");
        asked(&scene);
        for (path, method, headers, status, expected) in [
            (&slot.path, "GET", "", 200, &["GET files"][..]),
            (&slot.path, "HEAD", "", 200, &["HEAD files"]),
            (&slot.path, "GET", "range: bytes=0-4\r\n", 206, &["HEAD files", "GET files"]),
            (&slot.path, "GET", "range: bytes=1000-\r\n", 416, &["HEAD files"]),
            (&slot.path, "GET", "if-none-match: *\r\n", 304, &["HEAD files"]),
            (
                &slot.path,
                "OPTIONS",
                "origin: https://a.org\r\naccess-control-request-method: GET\r\n",
                200,
                &[],
            ),
            (&missing, "GET", "", 404, &["GET files"]),
        ] {
            let answer = ask(&public, method, &format!("/upload/localhost/{path}"), headers);
            assert_eq!(answer.status, status, "{method} {headers}");
            // The claim of the upload goes a moment after its answer.
            let seen: Vec<_> = asked(&scene).into_iter().filter(|asked| asked != "DELETE claims").collect();
            assert_eq!(seen, expected, "{method} {headers}");
        }
        assert_eq!(Slot::new(Kind::V, "alice", "forged", 1000).put(&service, 999).status, 403);
        assert!(asked(&scene).is_empty(), "what is refused for its token");
    };
    spawn_blocking(costs).await.expect("as expected");
}
