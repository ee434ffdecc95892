//! How a copy finds out whether what arrived is what was sent, and what that costs: from a file that changes, and into a bucket that can be told to be a bad one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ejabberd_sidecar::store::{
    DiskStore, FirstWriter, Lifetime, MemoryStore, NewObject, ObjectKey, S3Credentials, S3Location, S3Store,
    Store, Uploader,
};
use ejabberd_sidecar::transfer::{
    Copier, Erasures, Failure, Outcome, Peer, PeerFolder, Progress, Side, Source, Terms,
};
use ejabberd_sidecar::types::{ContentType, ObjectPath, Secret, parse_vhost};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use md5::{Digest as _, Md5};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What is wrong with a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Its validators are no sums, as with keys of its owner's or several parts.
    OpaqueEtag,
    /// It changes a byte.
    Spoils,
    /// It changes a byte, and its validators are no sums.
    SpoilsSilently,
    /// It keeps no type.
    ForgetsType,
}

#[derive(Debug)]
struct Bucket {
    fault: Fault,
    objects: Mutex<HashMap<String, (HeaderMap, Bytes)>>,
    /// Bodies that were fetched.
    fetched: Mutex<usize>,
}

impl Bucket {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let mut answer = Response::new(Full::default());
        match head.method {
            Method::PUT => {
                let body = body.collect().await.expect("a whole body").to_bytes();
                let stored = self.stored(&head.headers, &body);
                answer.headers_mut().insert("etag", stored.0["etag"].clone());
                self.objects.lock().expect("no panic in here").insert(path, stored);
            }
            Method::DELETE => {
                self.objects.lock().expect("no panic in here").remove(&path);
            }
            method => match self.objects.lock().expect("no panic in here").get(&path) {
                Some((headers, body)) => {
                    answer.headers_mut().extend(headers.clone());
                    answer.headers_mut().insert("content-length", body.len().into());
                    if method == Method::GET {
                        *self.fetched.lock().expect("no panic in here") += 1;
                        *answer.body_mut() = Full::new(body.clone());
                    }
                }
                None => *answer.status_mut() = hyper::StatusCode::NOT_FOUND,
            },
        }
        Ok(answer)
    }

    fn stored(&self, sent: &HeaderMap, body: &[u8]) -> (HeaderMap, Bytes) {
        let kept = |name: &str| {
            let forgotten = self.fault == Fault::ForgetsType && name == "content-type";
            (name.starts_with("x-amz-meta-") || name == "content-type") && !forgotten
        };
        let mut headers: HeaderMap = sent.clone();
        let gone: Vec<_> = headers.keys().filter(|name| !kept(name.as_str())).cloned().collect();
        for name in gone {
            headers.remove(name);
        }
        let mut body = body.to_vec();
        if matches!(self.fault, Fault::Spoils | Fault::SpoilsSilently)
            && let Some(first) = body.first_mut()
        {
            *first ^= 1;
        }
        let etag = match self.fault {
            Fault::OpaqueEtag | Fault::SpoilsSilently => "\"0123456789abcdef-2\"".to_owned(),
            _ => format!("\"{}\"", hex::encode(Md5::digest(&body))),
        };
        headers.insert("etag", HeaderValue::from_str(&etag).expect("visible"));
        (headers, body.into())
    }

    fn fetched(&self) -> usize {
        *self.fetched.lock().expect("no panic in here")
    }
}

/// A bucket, and the store that it is to the copier.
struct Served {
    bucket: Arc<Bucket>,
    store: Arc<Store>,
    _server: JoinSet<()>,
}

async fn bucket(fault: Fault) -> Served {
    let bucket = Arc::new(Bucket { fault, objects: Mutex::default(), fetched: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let answering = Arc::clone(&bucket);
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (connection, _) = listener.accept().await.expect("a client");
            let bucket = Arc::clone(&answering);
            let service = service_fn(move |request| Arc::clone(&bucket).answer(request));
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
        }
    });
    let location = S3Location {
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint),
        prefix: String::new(),
        path_style: true,
    };
    let secret_access_key = Secret::new(b"the-secret-key".to_vec(), 0).expect("long enough");
    let credentials = S3Credentials::Key { access_key_id: "id".to_owned(), secret_access_key };
    // It knows no more than a copy asks for.
    let store = S3Store::new(location, &credentials).with_first_writer(FirstWriter::Condition);
    Served { bucket, store: Arc::new(Store::S3(store)), _server: server }
}

#[derive(Debug)]
struct Unwatched;

impl Progress for Unwatched {
    fn sent(&self, _bytes: u64) {}
}

fn copier(from: &Arc<Store>, to: &Arc<Store>, prefer: Option<Side>) -> Copier {
    Copier {
        from: Source::Store(Arc::clone(from)),
        to: Arc::clone(to),
        prefer,
        erasures: Erasures::default(),
        progress: Arc::new(Unwatched),
    }
}

fn key() -> ObjectKey {
    let vhost = parse_vhost("example.org").expect("a vhost");
    ObjectKey::file(&vhost, &ObjectPath::parse("h/random/name").expect("a path"))
}

async fn memory(content: &'static str) -> Arc<Store> {
    let store = Store::Memory(MemoryStore::default());
    let content_type = ContentType::parse("image/png").expect("a type");
    let life = Lifetime { keep_until: Some(1_900_000_000), slot_ends: Some(5), buried: false };
    let object = NewObject { life, ..NewObject::lasting(content.len() as u64, content_type) };
    store.put(&key(), object, Full::from(content)).await.expect("stored");
    Arc::new(store)
}

#[tokio::test]
async fn a_sum_that_the_bucket_tells_spares_reading_back() {
    let from = memory("picture").await;
    for (fault, read_back) in [(Fault::None, 0), (Fault::OpaqueEtag, 1)] {
        let Served { bucket, store, _server } = bucket(fault).await;
        let copier = copier(&from, &store, None);
        assert_eq!(copier.copy(&key()).await.expect("copied"), Outcome::Copied(7));
        assert_eq!(bucket.fetched(), read_back, "{fault:?}");
        assert_eq!(copier.copy(&key()).await.expect("there"), Outcome::Left);
        assert_eq!(bucket.fetched(), 2 * read_back, "{fault:?}");
    }
}

#[tokio::test]
async fn who_uploaded_it_goes_along_into_a_bucket_and_out_of_it() {
    let served = bucket(Fault::None).await;
    let folder = tempfile::tempdir().expect("temporary folder");
    let disk = Arc::new(Store::Disk(DiskStore::open(folder.path(), false).expect("writable")));
    let (from, alice) =
        (Arc::new(Store::Memory(MemoryStore::default())), Uploader::parse("alice@example.org"));
    let object = NewObject { uploader: alice.clone(), ..NewObject::lasting(4, ContentType::unknown()) };
    from.put(&key(), object, Full::from("data")).await.expect("stored");
    for (from, to) in [(&from, &served.store), (&served.store, &disk)] {
        assert_eq!(copier(from, to, None).copy(&key()).await.expect("copied"), Outcome::Copied(4));
        let there = to.head(&key()).await.expect("it answers").expect("it is there");
        assert!(alice.is_some() && there.uploader == alice);
    }
}

#[tokio::test]
async fn what_did_not_arrive_as_it_was_sent_is_told_and_removed() {
    let from = memory("picture").await;
    for fault in [Fault::Spoils, Fault::SpoilsSilently, Fault::ForgetsType] {
        let served = bucket(fault).await;
        let to = &served.store;
        let copied = copier(&from, to, None).copy(&key()).await;
        assert!(matches!(copied, Err(Failure::Damaged)), "{fault:?}: {copied:?}");
        assert!(to.head(&key()).await.expect("it answers").is_none(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_differs_in_one_byte_differs() {
    for fault in [Fault::None, Fault::OpaqueEtag] {
        let served = bucket(fault).await;
        let to = &served.store;
        let (one, other) = (memory("picture").await, memory("picturf").await);
        copier(&one, to, None).copy(&key()).await.expect("copied");
        let copied = copier(&other, to, None).copy(&key()).await;
        assert!(matches!(copied, Err(Failure::Differs)), "{fault:?}: {copied:?}");
        let kept = copier(&other, to, Some(Side::Target)).copy(&key()).await;
        assert_eq!(kept.expect("left"), Outcome::Left);
        let replaced = copier(&other, to, Some(Side::Source)).copy(&key()).await;
        assert_eq!(replaced.expect("copied"), Outcome::Copied(7));
        let got = to.get(&key()).await.expect("it answers").expect("there");
        assert_eq!(&*got.body.collect().await.expect("whole").to_bytes(), b"picturf");
    }
}

#[tokio::test]
async fn between_buckets_and_back_nothing_that_is_the_same_is_fetched() {
    let from = memory("picture").await;
    let [one, other] = [bucket(Fault::None).await, bucket(Fault::None).await];
    let (first, second) = (&one.store, &other.store);
    copier(&from, first, None).copy(&key()).await.expect("copied");
    assert_eq!(copier(first, second, None).copy(&key()).await.expect("copied"), Outcome::Copied(7));
    assert_eq!((one.bucket.fetched(), other.bucket.fetched()), (1, 0), "once, to copy it");
    for (from, to) in [(first, second), (second, &from), (&from, second)] {
        assert_eq!(copier(from, to, None).copy(&key()).await.expect("there"), Outcome::Left);
    }
    assert_eq!((one.bucket.fetched(), other.bucket.fetched()), (1, 0));
    let there = second.head(&key()).await.expect("it answers").expect("there");
    let here = from.head(&key()).await.expect("it answers").expect("there");
    assert_eq!((there.life, there.content_type), (here.life, here.content_type));
    let seconds =
        |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).expect("later").as_secs();
    assert_eq!(seconds(there.modified), seconds(here.modified));
}

/// Somebody writes on while his file is read.
#[derive(Debug)]
struct WritesOn(PathBuf);

impl Progress for WritesOn {
    fn sent(&self, _bytes: u64) {
        let file = fs::File::options().append(true).open(&self.0);
        file.and_then(|mut file| file.write_all(b"more")).expect("writable");
    }
}

#[tokio::test]
async fn a_file_that_is_written_to_while_it_is_read_is_told_and_comes_when_it_is_whole() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("h/random/name");
    fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
    fs::write(&file, vec![7; 1_000_000]).expect("writable");
    let vhost = parse_vhost("example.org").expect("a vhost");
    let terms = Terms { settled: Duration::ZERO, keep: None };
    let folder = PeerFolder::open(folder.path(), Peer::ProsodyFiler, vhost, terms).expect("a folder");
    let to = Arc::new(Store::Memory(MemoryStore::default()));
    let mut copier = Copier {
        from: Source::Folder(Arc::new(folder)),
        to: Arc::clone(&to),
        prefer: None,
        erasures: Erasures::default(),
        progress: Arc::new(WritesOn(file.clone())),
    };
    let outcome = copier.copy(&key()).await;
    assert!(matches!(outcome, Err(Failure::Changed)), "{outcome:?}");
    assert!(to.head(&key()).await.expect("it answers").is_none());

    copier.progress = Arc::new(Unwatched);
    let size = fs::metadata(&file).expect("there").len();
    assert_eq!(copier.copy(&key()).await.expect("copied"), Outcome::Copied(size));
}
