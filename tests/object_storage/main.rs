//! Object storage when something is wrong with it, or between it and the service. Each test ends with a look at what is stored.

#[path = "../support/faulty.rs"]
mod faulty;
#[path = "../support/lists.rs"]
mod lists;
#[path = "../support/s3.rs"]
mod s3_server;
#[path = "../support/mod.rs"]
mod support;

mod authorities;
mod causes;
mod commands;
mod connections;
mod credentials;
mod ends;
mod faults;
mod first_writer;
mod memory;
mod parts;
mod redirects;
mod requests;
mod rules;
mod service;
mod sweep;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use ejabberd_sidecar::store::{NewObject, ObjectKey, PutError, S3Store, Store};
use ejabberd_sidecar::types::{ContentType, ObjectPath, Vhost};
use http_body_util::{BodyExt as _, Full};
use tempfile::TempDir;
use tokio::task::JoinSet;

use self::faulty::{Fault, FaultyProxy};
use self::s3_server::{S3Server, TestBucket};

/// With a store that will be silent: long enough for a busy machine to answer in.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bucket, and a proxy in front of it.
struct Scene {
    bucket: TestBucket,
    proxy: FaultyProxy,
    _folder: TempDir,
    _server: JoinSet<std::io::Result<()>>,
}

impl Scene {
    /// At the server that the environment names, or at one of the tests' own.
    fn new() -> Self {
        Self::at(|server| server)
    }

    /// The same, where a server of the tests' own enforces `If-None-Match`: an upload is one request, or two.
    fn enforcing() -> Self {
        Self::at(S3Server::in_turns)
    }

    fn at(own: impl FnOnce(S3Server) -> S3Server) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let mut tasks = JoinSet::new();
        let bucket = if let Some(bucket) = TestBucket::of_environment() {
            bucket
        } else {
            let server = S3Server::bind(0, folder.path()).expect("free port");
            let address = server.address().expect("bound");
            tasks.spawn(own(server).serve());
            TestBucket::at(address)
        };
        let proxy = FaultyProxy::before(&bucket.endpoint);
        Self { bucket, proxy, _folder: folder, _server: tasks }
    }

    /// The store, by way of the proxy.
    fn s3(&self) -> S3Store {
        self.bucket.by_way_of(self.proxy.address()).store()
    }

    fn store(&self) -> Store {
        Store::S3(self.s3())
    }

    /// A store that knows already who writes first, so that the test sees no other requests than its own.
    async fn settled(&self) -> Store {
        self.settled_for(None).await
    }

    /// The same, with less patience if the store will be silent.
    async fn settled_for(&self, fault: Option<Fault>) -> Store {
        let store = match fault {
            Some(Fault::Hang) => Store::S3(self.s3().with_patience(PATIENCE)),
            _ => self.store(),
        };
        store.check().await.expect("all is well");
        self.proxy.seen();
        store
    }

    /// Waits until a request with all these words in its first line has come by.
    async fn asked_for(&self, words: &str) {
        let asked = |line: &String| words.split(' ').all(|word| line.contains(word));
        while !self.proxy.seen().iter().any(asked) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until just these files are stored, and nothing else: no parts, no claims, no probes.
    async fn assert_stored(&self, paths: &[&str]) {
        self.assert_named(paths.iter().map(|path| key(path).as_str().to_owned()).collect()).await;
    }

    /// The same of objects with these names.
    async fn assert_named(&self, names: Vec<String>) {
        let expected: BTreeSet<_> =
            names.into_iter().map(|name| format!("{}{name}", self.bucket.prefix)).collect();
        let mut found = BTreeSet::new();
        // What was cut off is noticed and cleared away a moment later.
        for _ in 0..200 {
            found = self.bucket.listed().await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(found, expected);
    }
}

fn key(path: &str) -> ObjectKey {
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    ObjectKey::file(&vhost, &ObjectPath::parse(path).expect("a path"))
}

fn object(size: usize) -> NewObject {
    NewObject::lasting(size as u64, ContentType::parse("image/png").expect("a type"))
}

/// Bytes of which no two places look alike.
fn bytes(size: usize) -> Bytes {
    (0..size).map(|at| (at / 251 + at).to_le_bytes()[0]).collect()
}

async fn put(store: &Store, path: &str, size: usize) -> Result<(), PutError> {
    store.put(&key(path), object(size), Full::new(bytes(size))).await
}

async fn read(store: &Store, path: &str) -> Option<Bytes> {
    let object = store.get(&key(path)).await.expect("the store answers")?;
    Some(object.body.collect().await.expect("readable").to_bytes())
}
