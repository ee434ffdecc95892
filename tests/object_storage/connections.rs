//! Connections to the store: one is used again, unless the server at its other end failed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ejabberd_sidecar::store::Store;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::faulty::read_request_head;
use super::key;
use super::s3_server::TestBucket;

const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: image/png\r\n\r\n";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";

/// A server that keeps its connections and answers each request with the next of these, the last one for ever.
async fn answers(answers: &'static [&'static str]) -> (SocketAddr, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("free port");
    let address = listener.local_addr().expect("bound");
    let (connections, answered) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (accepted, mut tasks) = (Arc::clone(&connections), JoinSet::new());
    tasks.spawn(async move {
        let mut served = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            accepted.fetch_add(1, Ordering::Relaxed);
            let answered = Arc::clone(&answered);
            served.spawn(async move {
                while read_request_head(&mut client).await.is_ok() {
                    let next = answered.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
                    client.write_all(answers[next].as_bytes()).await.expect("it reads");
                }
            });
        }
    });
    (address, connections, tasks)
}

#[tokio::test]
async fn one_is_used_again() {
    let (address, connections, _server) = answers(&[FOUND]).await;
    let store = Store::S3(TestBucket::at(address).store());
    for _ in 0..3 {
        assert!(store.head(&key("h/r/file")).await.expect("answered").is_some());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// The next one may lead to another server.
#[tokio::test]
async fn one_whose_server_failed_is_not() {
    let (address, connections, _server) = answers(&[FOUND, FAILED, FOUND]).await;
    let store = Store::S3(TestBucket::at(address).store());
    for _ in 0..2 {
        assert!(store.head(&key("h/r/file")).await.expect("answered, if not at once").is_some());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}
