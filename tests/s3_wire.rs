//! What the S3 store sends, and what it makes of answers that a good server does not give.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ejabberd_sidecar::store::{
    FirstWriter, Lifetime, NewObject, ObjectInfo, ObjectKey, PutError, S3Credentials, S3Location, S3Store,
    Store, StoreError, Uploader,
};
use ejabberd_sidecar::types::{ContentType, ObjectPath, Secret, Vhost};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const MISSING: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
const STORED: &str = "HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 0\r\n\r\n";
const FOUND_HALF: &str = "HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 8\r\n\r\nhalf";

/// A server that answers a HEAD with "missing" and everything else with `answer`, after it has read as much as `reads` says.
struct Server {
    store: Store,
    requests: JoinSet<String>,
}

#[derive(Clone, Copy)]
enum Reads {
    Everything,
    TheHead,
}

/// Of the store. Long enough for a busy machine to answer in.
const PATIENCE: Duration = Duration::from_secs(2);

async fn server(answer: &'static str, reads: Reads) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let mut requests = JoinSet::new();
    requests.spawn(async move {
        let (mut connection, _) = listener.accept().await.expect("a client");
        let mut request = read_head(&mut connection).await;
        if request.starts_with("HEAD") {
            connection.write_all(MISSING.as_bytes()).await.expect("a client that reads");
            request = read_head(&mut connection).await;
        }
        if matches!(reads, Reads::Everything) {
            let length = request
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |n| n.parse().expect("a number"));
            connection.read_exact(&mut vec![0; length]).await.expect("a whole body");
        }
        connection.write_all(answer.as_bytes()).await.expect("a client that reads");
        if answer.is_empty() || answer == FOUND_HALF {
            std::future::pending::<()>().await;
        }
        request
    });
    let location = S3Location {
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint),
        prefix: String::new(),
        path_style: true,
    };
    let secret_access_key = Secret::new(b"the-secret-key".to_vec(), 0).expect("long enough");
    let store =
        S3Store::new(location, &S3Credentials::Key { access_key_id: "id".to_owned(), secret_access_key });
    let store = store.with_patience(PATIENCE).with_first_writer(FirstWriter::Condition);
    Server { store: Store::S3(store), requests }
}

async fn read_head(connection: &mut tokio::net::TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.expect("a whole head"));
    }
    String::from_utf8(head).expect("text")
}

fn key() -> ObjectKey {
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    ObjectKey::file(&vhost, &ObjectPath::parse("h/random/a b").expect("a path"))
}

async fn put(store: &Store, bytes: usize) -> Result<(), PutError> {
    let object = NewObject::lasting(bytes as u64, ContentType::parse("image/png").expect("a type"));
    store.put(&key(), object, Full::from(Bytes::from(vec![7; bytes]))).await
}

#[tokio::test]
async fn an_upload_is_one_conditional_request_of_known_length() {
    let mut server = server(STORED, Reads::Everything).await;
    let uploader = Uploader::parse("j%C3%BCrgen@example.org");
    let object = NewObject {
        uploader,
        ..NewObject::lasting(100_000, ContentType::parse("image/png").expect("a type"))
    };
    server.store.put(&key(), object, Full::from(vec![7; 100_000])).await.expect("stored");
    let request = server.requests.join_next().await.expect("one request").expect("no panic");
    assert!(request.starts_with("PUT /bucket/files/example.org/h/random/a%20b"), "{request}");
    for header in [
        "if-none-match: *",
        "content-length: 100000",
        "content-type: image/png",
        "x-amz-meta-user: j%C3%BCrgen@example.org",
    ] {
        assert!(request.lines().any(|line| line == header), "{header} is not in:\n{request}");
    }
    for header in ["transfer-encoding", "x-amz-checksum", "x-amz-trailer", "the-secret-key"] {
        assert!(!request.contains(header), "{header} is in:\n{request}");
    }
}

#[tokio::test]
async fn a_failed_condition_is_a_used_slot_and_every_other_failure_is_the_stores() {
    let refused =
        server("HTTP/1.1 412 Precondition Failed\r\ncontent-length: 0\r\n\r\n", Reads::Everything).await;
    let answer = put(&refused.store, 5).await;
    assert!(matches!(answer, Err(PutError::Exists)), "{answer:?}");
    for failure in [
        "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    ] {
        let failing = server(failure, Reads::Everything).await;
        let answer = put(&failing.store, 5).await;
        let status = &failure[9..12];
        assert!(
            matches!(&answer, Err(PutError::Store(StoreError::S3 { operation: "PutObject", problem, .. })) if problem.contains(status)),
            "{status}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_store_may_name_the_object_and_the_error_does_not() {
    let denied = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\nconnection: close\r\n\r\n<Error><Code>AccessDenied</Code><Message>not authorized on arn:aws:s3:::bucket/files/example.org/h/random/a b</Message></Error>";
    let server = server(denied, Reads::Everything).await;
    let Err(PutError::Store(error)) = put(&server.store, 5).await else { unreachable!("it was denied") };
    let told = error.to_string();
    assert!(told.starts_with("PutObject at object storage: status 403, AccessDenied: "), "{told}");
    assert!(!told.contains("example.org"), "{told}");
}

#[tokio::test]
async fn an_answer_without_a_length_is_an_error() {
    let server =
        server("HTTP/1.1 200 OK\r\netag: \"x\"\r\nconnection: close\r\n\r\nbytes", Reads::TheHead).await;
    let got = server.store.get(&key()).await;
    assert!(matches!(&got, Err(StoreError::S3 { problem, .. }) if problem.contains("length")), "{got:?}");
}

#[tokio::test]
async fn a_store_that_takes_nothing_or_answers_nothing_is_given_up() {
    for reads in [Reads::TheHead, Reads::Everything] {
        let server = server("", reads).await;
        let answer = put(&server.store, 50_000_000).await;
        assert!(
            matches!(&answer, Err(PutError::Store(StoreError::S3 { problem, .. })) if problem.contains("silent")),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_client_may_be_slower_than_the_store_has_patience() {
    let server = server(STORED, Reads::Everything).await;
    let frames = futures_util::stream::unfold(0, async |sent| {
        // A store is given up after twice its patience at the latest.
        tokio::time::sleep(PATIENCE * 2 + Duration::from_millis(500)).await;
        (sent < 2).then(|| (Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x"))), sent + 1))
    });
    let object = NewObject::lasting(2, ContentType::unknown());
    server.store.put(&key(), object, StreamBody::new(Box::pin(frames))).await.expect("stored");
}

#[tokio::test]
async fn a_download_that_stops_in_the_middle_is_an_error_and_not_an_end() {
    let server = server(FOUND_HALF, Reads::TheHead).await;
    let object = server.store.get(&key()).await.expect("it answers").expect("it exists");
    assert_eq!(object.info.size, 8);
    let read = object.body.collect().await;
    assert!(matches!(read, Err(StoreError::S3 { operation: "GetObject", .. })), "{read:?}");
}

/// What a sweep looked at is replaced, and nothing else.
#[tokio::test]
async fn what_is_buried_is_what_was_seen() {
    let seen = ObjectInfo {
        size: 5,
        content_type: ContentType::unknown(),
        etag: "\"seen\"".to_owned(),
        modified: SystemTime::UNIX_EPOCH,
        life: Lifetime::default(),
        uploader: None,
    };
    let gone = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<Error><Code>NoSuchKey</Code></Error>";
    let changed = "HTTP/1.1 412 Precondition Failed\r\ncontent-length: 0\r\n\r\n";
    for answer in [STORED, gone, changed] {
        let mut server = server(answer, Reads::Everything).await;
        server
            .store
            .bury(&key(), &seen, Lifetime::default())
            .await
            .expect("what was seen is not there any more");
        let request = server.requests.join_next().await.expect("one request").expect("no panic");
        for header in ["if-match: \"seen\"", "x-amz-meta-buried: 1", "content-length: 0"] {
            assert!(request.lines().any(|line| line == header), "{header} is not in:\n{request}");
        }
    }
}
