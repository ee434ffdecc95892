//! One behaviour for all stores. Each case runs on memory, on disk and on an S3 server.

#[path = "support/s3.rs"]
mod s3_server;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ejabberd_sidecar::store::{
    BodyFault, DiskStore, Lifetime, MemoryStore, NewObject, ObjectKey, ObjectPrefix, PutError, Store,
    Uploader,
};
use ejabberd_sidecar::types::{BareJid, ContentType, ObjectPath, RangeSpec, UserHash, Vhost};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3_server::TestBucket;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A store under test, with what it needs to live.
struct Backend {
    store: Store,
    folder: TempDir,
    bucket: Option<TestBucket>,
    server: JoinSet<std::io::Result<()>>,
}

impl Backend {
    fn new(folder: TempDir, store: Store) -> Self {
        Self { store, folder, bucket: None, server: JoinSet::new() }
    }

    /// Everything that the store has, wherever it put it.
    async fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect_files(self.folder.path(), &mut found);
        if let Some(bucket) = &self.bucket {
            // What the server of the tests remembers of objects that it has removed.
            found.retain(|name| !name.contains(".object-"));
            found.extend(bucket.listed().await);
        }
        found
    }
}

fn collect_files(folder: &Path, found: &mut BTreeSet<String>) {
    // What is being cleared away may be gone by now.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, found);
        } else {
            found.insert(path.display().to_string());
        }
    }
}

async fn memory() -> Backend {
    Backend::new(TempDir::new().expect("temporary folder"), Store::Memory(MemoryStore::default()))
}

async fn disk() -> Backend {
    let folder = TempDir::new().expect("temporary folder");
    let store = DiskStore::open(&folder.path().join("store"), true).expect("writable folder");
    Backend::new(folder, Store::Disk(store))
}

async fn disk_without_sync() -> Backend {
    let folder = TempDir::new().expect("temporary folder");
    let store = DiskStore::open(&folder.path().join("store"), false).expect("writable folder");
    Backend::new(folder, Store::Disk(store))
}

/// The one that the environment names, or one of the tests' own.
async fn s3() -> Backend {
    let folder = TempDir::new().expect("temporary folder");
    if let Some(bucket) = TestBucket::of_environment() {
        return Backend { bucket: Some(bucket.clone()), ..Backend::new(folder, Store::S3(bucket.store())) };
    }
    let server = s3_server::S3Server::bind(0, folder.path()).expect("free port");
    let bucket = TestBucket::at(server.address().expect("bound"));
    let mut backend = Backend::new(folder, Store::S3(bucket.store()));
    backend.server.spawn(server.serve());
    backend.bucket = Some(bucket);
    backend
}

macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        conformance!(@ memory, $($case),*);
        conformance!(@ disk, $($case),*);
        conformance!(@ disk_without_sync, $($case),*);
        conformance!(@ s3, $($case),*);
    };
    (@ $backend:ident, $($case:ident),*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&super::$backend().await).await;
                }
            )*
        }
    };
}

conformance![
    gives_back_what_was_put,
    gives_back_a_part,
    knows_what_is_missing,
    answers_its_check,
    never_overwrites,
    one_of_many_writers_wins,
    is_invisible_until_it_is_whole,
    an_aborted_body_leaves_nothing,
    a_wrong_length_leaves_nothing,
    a_dropped_upload_leaves_nothing,
    keeps_names_apart,
    takes_every_character,
    removes_what_is_asked_for,
    lists_in_order_from_a_key_on,
    lists_as_far_as_is_wanted,
    tells_sizes,
    keeps_lifetimes,
    keeps_who_uploaded,
    buries,
    keeps_when_it_was_stored_elsewhere,
];

fn key(path: &str) -> ObjectKey {
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    ObjectKey::file(&vhost, &ObjectPath::parse(path).expect("a path"))
}

fn object(size: usize, content_type: &str) -> NewObject {
    NewObject::lasting(size as u64, ContentType::parse(content_type).expect("a type"))
}

fn text(size: usize) -> NewObject {
    object(size, "text/plain")
}

fn whole(bytes: &[u8]) -> Full<Bytes> {
    Full::new(Bytes::copy_from_slice(bytes))
}

type Sender = mpsc::Sender<Result<Frame<Bytes>, std::io::Error>>;

/// A body that the test sends piece by piece.
fn piecewise() -> (Sender, impl ejabberd_sidecar::store::UploadBody) {
    let (sender, mut receiver) = mpsc::channel(1);
    let frames = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    (sender, StreamBody::new(Box::pin(frames)))
}

async fn send(sender: &Sender, piece: impl Into<Bytes>) {
    sender.send(Ok(Frame::data(piece.into()))).await.expect("the store reads on");
}

async fn read(store: &Store, key: &ObjectKey) -> Bytes {
    let object = store.get(key).await.expect("store answers").expect("object exists");
    object.body.collect().await.expect("readable").to_bytes()
}

async fn exists(store: &Store, key: &ObjectKey) -> bool {
    let head = store.head(key).await.expect("store answers").is_some();
    let get = store.get(key).await.expect("store answers").is_some();
    assert_eq!(head, get, "HEAD and GET agree");
    head
}

async fn gives_back_what_was_put(Backend { store, .. }: &Backend) {
    let pattern: Vec<u8> = (0..700_001_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    for (name, size) in [("a/b/empty", 0), ("a/b/one", 1), ("a/b/odd", 65_537), ("a/b/large", pattern.len())]
    {
        let (key, bytes) = (key(name), &pattern[..size]);
        store.put(&key, object(size, "image/png; q=1"), whole(bytes)).await.expect("stored");
        assert_eq!(read(store, &key).await, bytes, "{name}");

        let info = store.head(&key).await.expect("store answers").expect("object exists");
        let opened = store.get(&key).await.expect("store answers").expect("object exists");
        assert_eq!(info, opened.info, "{name}");
        assert_eq!((info.size, info.content_type.as_str()), (size as u64, "image/png; q=1"), "{name}");
        assert!(
            info.etag.len() > 2 && info.etag.starts_with('"') && info.etag.ends_with('"'),
            "{}",
            info.etag
        );
        let age = SystemTime::now().duration_since(info.modified).unwrap_or_default();
        assert!(age < Duration::from_mins(10), "stored just now, it says {age:?} ago");
    }
}

async fn gives_back_a_part(Backend { store, .. }: &Backend) {
    let key_of_parts = key("u/r/parts");
    store.put(&key_of_parts, text(10), whole(b"0123456789")).await.expect("stored");
    let range = |text: &str| text.parse::<RangeSpec>().expect("a range").within(10).expect("within");
    for (wanted, part) in
        [("bytes=0-0", "0"), ("bytes=2-4", "234"), ("bytes=-3", "789"), ("bytes=0-", "0123456789")]
    {
        let object = store.get_part(&key_of_parts, range(wanted)).await.expect("store answers");
        let object = object.expect("object exists");
        assert_eq!(Some(&object.info), store.head(&key_of_parts).await.expect("store answers").as_ref());
        assert_eq!(object.body.collect().await.expect("readable").to_bytes(), part, "{wanted}");
    }
    let long: Vec<u8> = (0..700_001_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    store.put(&key("u/r/long"), text(long.len()), whole(&long)).await.expect("stored");
    for (first, last) in [(0, 0), (1, 262_144), (262_143, 262_144), (300_000, 700_000), (700_000, 700_000)] {
        let range = format!("bytes={first}-{last}").parse::<RangeSpec>().expect("a range");
        let range = range.within(long.len() as u64).expect("within");
        let object = store.get_part(&key("u/r/long"), range).await.expect("store answers");
        let part = object.expect("object exists").body.collect().await.expect("readable").to_bytes();
        assert!(part == long[first..=last], "{first} to {last}");
    }
    let missing = store.get_part(&key("u/r/no-parts"), range("bytes=0-")).await;
    assert!(missing.expect("store answers").is_none());
}

async fn knows_what_is_missing(Backend { store, .. }: &Backend) {
    assert!(!exists(store, &key("no/such/file")).await);
    store.put(&key("a/b/c"), text(1), whole(b"x")).await.expect("stored");
    for near in ["a/b/cc", "a/bc", "a/c"] {
        assert!(!exists(store, &key(near)).await, "{near}");
    }
}

async fn answers_its_check(Backend { store, .. }: &Backend) {
    store.check().await.expect("a store that works says so");
}

async fn never_overwrites(Backend { store, .. }: &Backend) {
    let key = key("a/b/c");
    store.put(&key, text(5), whole(b"first")).await.expect("stored");
    let before = store.head(&key).await.expect("store answers");

    let (sender, body) = piecewise();
    let second = store.put(&key, object(6, "text/html"), body).await;
    assert!(matches!(second, Err(PutError::Exists)), "{second:?}");
    assert!(sender.is_closed(), "the body was given up");
    assert_eq!(sender.capacity(), 1, "and nothing of it was asked for");

    assert_eq!(read(store, &key).await, "first");
    assert_eq!(store.head(&key).await.expect("store answers"), before);
}

async fn one_of_many_writers_wins(Backend { store, .. }: &Backend) {
    let key = key("a/b/c");
    let bytes: Vec<_> = (0..8_u8).map(|n| vec![n; 50_000]).collect();
    let puts = bytes.iter().map(|bytes| store.put(&key, text(bytes.len()), whole(bytes)));
    let outcomes = futures_util::future::join_all(puts).await;
    let winners: Vec<_> = (0..8).filter(|n| outcomes[*n].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(()) | Err(PutError::Exists)), "{outcome:?}");
    }
    assert_eq!(read(store, &key).await, bytes[winners[0]]);
}

async fn is_invisible_until_it_is_whole(Backend { store, .. }: &Backend) {
    let key = key("a/b/c");
    let (sender, body) = piecewise();
    let watch = async {
        send(&sender, "half ").await;
        send(&sender, "of ").await;
        assert!(!exists(store, &key).await, "seen half");
        send(&sender, "it").await;
        drop(sender);
    };
    let (stored, ()) = tokio::join!(store.put(&key, text(10), body), watch);
    stored.expect("stored");
    assert_eq!(read(store, &key).await, "half of it");
}

async fn an_aborted_body_leaves_nothing(backend @ Backend { store, .. }: &Backend) {
    let key = key("a/b/c");
    let before = backend.files().await;
    let (sender, body) = piecewise();
    let abort = async {
        send(&sender, "half ").await;
        drop(sender.send(Err(std::io::Error::other("the client hung up"))).await);
    };
    let (outcome, ()) = tokio::join!(store.put(&key, text(10), body), abort);
    assert!(
        matches!(&outcome, Err(PutError::Sender(BodyFault::Aborted(why))) if why.contains("hung up")),
        "{outcome:?}"
    );
    assert_nothing_is_left(backend, &key, &before).await;
}

async fn a_wrong_length_leaves_nothing(backend @ Backend { store, .. }: &Backend) {
    for announced in [4, 6] {
        let key = key(&format!("a/b/{announced}"));
        let before = backend.files().await;
        let (sender, body) = piecewise();
        let pieces = async {
            send(&sender, "fiv").await;
            // Whoever sends too much is not listened to any more.
            drop(sender.send(Ok(Frame::data(Bytes::from("e!")))).await);
            drop(sender);
        };
        let (outcome, ()) = tokio::join!(store.put(&key, text(announced), body), pieces);
        assert!(matches!(outcome, Err(PutError::Sender(BodyFault::Length))), "{announced}: {outcome:?}");
        assert_nothing_is_left(backend, &key, &before).await;
    }
}

async fn a_dropped_upload_leaves_nothing(backend @ Backend { store, .. }: &Backend) {
    let key = key("a/b/c");
    let before = backend.files().await;
    let (sender, body) = piecewise();
    {
        let mut upload = Box::pin(store.put(&key, text(10), body));
        let begun = async {
            send(&sender, "half ").await;
            send(&sender, "of ").await;
        };
        tokio::select! {
            outcome = &mut upload => unreachable!("half an upload ended: {outcome:?}"),
            () = begun => {}
        }
    }
    assert_nothing_is_left(backend, &key, &before).await;
}

/// And the same upload can be done again.
async fn assert_nothing_is_left(backend: &Backend, key: &ObjectKey, before: &BTreeSet<String>) {
    let tidied = async {
        while backend.files().await != *before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // A server notices in its own time that its client is gone.
    let tidied = tokio::time::timeout(Duration::from_secs(20), tidied).await;
    assert!(tidied.is_ok(), "left: {:?}", backend.files().await.difference(before));
    assert!(!exists(&backend.store, key).await);

    backend.store.put(key, text(5), whole(b"again")).await.expect("stored");
    assert_eq!(read(&backend.store, key).await, "again");
}

async fn keeps_names_apart(Backend { store, .. }: &Backend) {
    let names = [
        "plain",
        "with space",
        "plus+",
        "pct%2541",
        "pctA",
        "gr%C3%BC%C3%9Fe",
        "GRÜSSE",
        "q%3F",
        "h%23",
        "back\\slash",
        "-x",
        ".x",
        "x.",
    ];
    for name in names {
        let path = format!("u/r/{name}");
        store.put(&key(&path), text(name.len()), whole(name.as_bytes())).await.expect(name);
    }
    for name in names {
        assert_eq!(read(store, &key(&format!("u/r/{name}"))).await, name, "{name}");
    }
}

/// That may stand in a file's name, each alone and between others; and what comes back is what the listing names.
async fn takes_every_character(Backend { store, .. }: &Backend) {
    let ascii = (' '..='~').filter(|character| *character != '/');
    let others = "\u{a0}é߷\u{202e}\u{200f}中\u{301}\u{feff}\u{fffd}😀".chars();
    let names: Vec<_> =
        ascii.chain(others).flat_map(|it| [format!("{it}x{it}"), format!("a{it}b")]).collect();
    let paths: Vec<_> = names
        .iter()
        .map(|name| key(&format!("u/r/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))))
        .collect();
    for (path, name) in paths.iter().zip(&names) {
        store.put(path, text(name.len()), whole(name.as_bytes())).await.expect(name);
    }
    for (path, name) in paths.iter().zip(&names) {
        assert_eq!(read(store, path).await, name.as_bytes(), "{name}");
    }
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    let mut found = listed(store, &ObjectPrefix::files_at(&vhost), None).await;
    let mut expected: Vec<_> = paths.iter().map(|path| path.as_str().to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    for path in &paths {
        store.delete(path).await.expect("removed");
        assert!(!exists(store, path).await, "{path:?}");
    }
}

async fn removes_what_is_asked_for(Backend { store, .. }: &Backend) {
    for name in ["a/b/c", "a/b/d"] {
        store.put(&key(name), text(4), whole(b"data")).await.expect("stored");
    }
    store.delete(&key("a/b/c")).await.expect("removed");
    assert!(!exists(store, &key("a/b/c")).await);
    assert!(exists(store, &key("a/b/d")).await);
    store.delete(&key("a/b/c")).await.expect("fine, it is not there");
    store.delete(&key("a/x/y")).await.expect("neither is this one");
    store.put(&key("a/b/c"), text(4), whole(b"more")).await.expect("free again");
    assert_eq!(read(store, &key("a/b/c")).await, "more");
}

async fn listed(store: &Store, prefix: &ObjectPrefix, after: Option<&ObjectKey>) -> Vec<String> {
    let mut keys = Vec::new();
    store.list(prefix, after, |key| keys.push(key.as_str().to_owned())).await.expect("listed");
    keys
}

async fn lists_in_order_from_a_key_on(Backend { store, .. }: &Backend) {
    let users = ObjectPrefix::users();
    assert!(listed(store, &users, None).await.is_empty());
    let names = ["0/z", "2026-11-22T08/a", "2026-11-22T08/b", "2026-11-22T08.x", "2026-11-22T09/a", "A", "a"];
    for name in names.iter().rev() {
        store.put(&ObjectKey::user_entry(name), text(1), whole(b"x")).await.expect("stored");
    }
    store.put(&key("a/b/c"), text(1), whole(b"x")).await.expect("stored");
    let mut sorted = names.map(|name| format!("users/{name}")).to_vec();
    sorted.sort();
    assert_eq!(listed(store, &users, None).await, sorted);
    for (at, name) in sorted.iter().enumerate() {
        let after = ObjectKey::user_entry(name.strip_prefix("users/").expect("just put before it"));
        assert_eq!(listed(store, &users, Some(&after)).await, sorted[at + 1..], "after {name}");
    }
    let between = ObjectKey::user_entry("2026-11-22T08/aa");
    let behind = ["users/2026-11-22T08/b", "users/2026-11-22T09/a", "users/A", "users/a"];
    assert_eq!(listed(store, &users, Some(&between)).await, behind);

    let alice = UserHash::from(&BareJid::new("alice@example.org").expect("a JID"));
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    let own = [format!("{alice}/r/one"), format!("{alice}/s/two")];
    for path in [own[0].as_str(), own[1].as_str(), "another/r/one"] {
        store.put(&key(path), text(1), whole(b"x")).await.expect("stored");
    }
    let prefix = ObjectPrefix::files_of(&vhost, alice);
    let keys = own.map(|path| format!("files/example.org/{path}"));
    assert_eq!(listed(store, &prefix, None).await, keys);
    store.delete_all(&prefix).await.expect("removed");
    assert!(listed(store, &prefix, None).await.is_empty());
    assert!(exists(store, &key("another/r/one")).await);
}

async fn lists_as_far_as_is_wanted(Backend { store, .. }: &Backend) {
    for hour in 0..5 {
        for entry in ["a", "b"] {
            let key = ObjectKey::expiring(&format!("{hour:08}"), entry);
            store.put(&key, text(1), whole(b"x")).await.expect("stored");
        }
    }
    let mut seen = Vec::new();
    let each = |key: ObjectKey| {
        seen.push(key.as_str().to_owned());
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.list_while(&ObjectPrefix::expiring(), None, each).await.expect("listed");
    assert_eq!(seen, ["expiring/00000000/a", "expiring/00000000/b", "expiring/00000001/a"]);
    let after = ObjectKey::expiring("00000003", "a");
    assert_eq!(listed(store, &ObjectPrefix::expiring(), Some(&after)).await.len(), 3);
}

async fn sizes(store: &Store, prefix: &ObjectPrefix) -> Vec<(String, u64)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let each = Arc::clone(&seen);
    let each = move |key: ObjectKey, size| each.lock().expect("ours").push((key.as_str().to_owned(), size));
    store.sizes(prefix, each).await.expect("listed");
    let mut seen = seen.lock().expect("ours").clone();
    seen.sort();
    seen
}

async fn tells_sizes(Backend { store, .. }: &Backend) {
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    assert!(sizes(store, &ObjectPrefix::files_at(&vhost)).await.is_empty());
    let alice = UserHash::from(&BareJid::new("alice@example.org").expect("a JID"));
    for (path, size) in [("r/empty", 0), ("r/one", 1), ("s/large", 300_000)] {
        let key = key(&format!("{alice}/{path}"));
        store.put(&key, object(size, "image/png"), whole(&vec![1; size])).await.expect("stored");
    }
    store.put(&key("another/r/two"), text(2), whole(b"of")).await.expect("stored");
    let own = [("r/empty", 0), ("r/one", 1), ("s/large", 300_000)];
    let own = own.map(|(path, size)| (format!("files/example.org/{alice}/{path}"), size));
    assert_eq!(sizes(store, &ObjectPrefix::files_of(&vhost, alice)).await, own);
    let all: u64 = sizes(store, &ObjectPrefix::files_at(&vhost)).await.iter().map(|(_, size)| size).sum();
    assert_eq!(all, 300_003);
}

async fn keeps_lifetimes(Backend { store, .. }: &Backend) {
    let lives = [(None, None), (Some(7), None), (None, Some(8)), (Some(u64::MAX), Some(9))];
    for (at, (keep_until, slot_ends)) in lives.into_iter().enumerate() {
        let (key, life) = (key(&format!("u/r/{at}")), Lifetime { keep_until, slot_ends, buried: false });
        store.put(&key, NewObject { life, ..text(4) }, whole(b"data")).await.expect("stored");
        let head = store.head(&key).await.expect("store answers").expect("object exists");
        let whole = store.get(&key).await.expect("store answers").expect("object exists");
        let range = "bytes=1-2".parse::<RangeSpec>().expect("a range").within(4).expect("within");
        let part = store.get_part(&key, range).await.expect("store answers").expect("object exists");
        assert_eq!([head.life, whole.info.life, part.info.life], [life; 3]);
    }
}

async fn keeps_who_uploaded(Backend { store, .. }: &Backend) {
    let long = format!("{}@example.org", "ж".repeat((Uploader::MAX_BYTES - 12) / 6));
    for (at, user) in ["alice@example.org", "jürgen@bücher.example", r"d\27artagnan@example.org", &long]
        .into_iter()
        .enumerate()
    {
        let (key, uploader) = (key(&format!("u/r/{at}")), Uploader::of(&BareJid::new(user).expect("a JID")));
        assert!(uploader.is_some(), "{user}");
        let object = NewObject { uploader: uploader.clone(), ..text(4) };
        store.put(&key, object, whole(b"data")).await.expect("stored");
        let head = store.head(&key).await.expect("store answers").expect("object exists");
        let whole = store.get(&key).await.expect("store answers").expect("object exists");
        let range = "bytes=1-2".parse::<RangeSpec>().expect("a range").within(4).expect("within");
        let part = store.get_part(&key, range).await.expect("store answers").expect("object exists");
        let told = [&head, &whole.info, &part.info].map(|info| info.uploader.clone());
        assert!(told.iter().all(|told| *told == uploader), "{user}");
        store.bury(&key, &head, Lifetime::default()).await.expect("buried");
        let name = store.head(&key).await.expect("store answers").expect("its name is there");
        assert_eq!(name.uploader, None, "nothing stays but the name");
    }
    store.put(&key("u/r/nobody"), text(4), whole(b"data")).await.expect("stored");
    let info = store.head(&key("u/r/nobody")).await.expect("store answers").expect("object exists");
    assert_eq!(info.uploader, None);
}

async fn keeps_when_it_was_stored_elsewhere(Backend { store, .. }: &Backend) {
    let key = key("u/r/copied");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let life = Lifetime { slot_ends: Some(5), ..Lifetime::default() };
    let object = NewObject { stored_at: Some(long_ago), life, ..text(4) };
    store.put(&key, object, whole(b"data")).await.expect("stored");
    let head = store.head(&key).await.expect("store answers").expect("object exists");
    let whole = store.get(&key).await.expect("store answers").expect("object exists");
    assert_eq!([head.modified, whole.info.modified], [long_ago; 2]);
    assert_eq!(head.life, life);
}

async fn buries(Backend { store, .. }: &Backend) {
    let vhost = Vhost::new("example.org").expect("a domain").into_owned();
    let buried = key("u/r/buried");
    store.put(&buried, text(4), whole(b"data")).await.expect("stored");
    let life = Lifetime { keep_until: Some(7), slot_ends: Some(5), buried: false };
    for _ in 0..2 {
        let seen = store.head(&buried).await.expect("store answers").expect("its name is there");
        store.bury(&buried, &seen, life).await.expect("buried, once or again");
        let info = store.head(&buried).await.expect("store answers").expect("its name is there");
        assert_eq!((info.size, info.life), (0, Lifetime { buried: true, ..life }));
        assert_eq!(read(store, &buried).await, "");
    }
    let again = store.put(&buried, text(4), whole(b"more")).await;
    assert!(matches!(again, Err(PutError::Exists)), "{again:?}");
    assert_eq!(
        sizes(store, &ObjectPrefix::files_at(&vhost)).await,
        [("files/example.org/u/r/buried".to_owned(), 0)]
    );
    store.delete(&buried).await.expect("removed");
    assert!(!exists(store, &buried).await);
}
