//! A store that is slower than its clients: what is held of their files, and what becomes of them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ejabberd_sidecar::store::PutError;
use http_body::Frame;
use http_body_util::StreamBody;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::faulty::Fault;
use super::service::service;
use super::support::slots::{Kind, Slot};
use super::{PATIENCE, Scene, key, object};

/// As long as a frame gets.
const FRAME_BYTES: usize = 128 * 1024;
static FRAME: [u8; FRAME_BYTES] = [0; FRAME_BYTES];
/// More than any kernel takes for a connection.
const FILE_BYTES: usize = 64 << 20;

/// A frame that is counted for as long as anybody has it.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn frame(alive: &Arc<AtomicUsize>) -> Bytes {
        alive.fetch_add(1, Ordering::Relaxed);
        Bytes::from_owner(Self(Arc::clone(alive)))
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &FRAME
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// However fast the sender is, one frame is with the store's connection, and the next one is not asked for. Nor is that one kept for as long as the store is
/// silent: the connection ends.
#[tokio::test]
async fn of_a_file_that_the_store_does_not_take_one_frame_is_held_and_not_for_ever() {
    let scene = Scene::new();
    let store = scene.settled_for(Some(Fault::Hang)).await;
    scene.proxy.fail("PUT files/", Fault::Hang, 1);
    let (alive, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (held, seen) = (Arc::clone(&alive), Arc::clone(&most));
    let body = futures_util::stream::repeat_with(move || {
        let frame = Counted::frame(&held);
        seen.fetch_max(held.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok::<_, std::io::Error>(Frame::data(frame))
    });
    let outcome = store.put(&key("h/r/file"), object(FILE_BYTES), StreamBody::new(body)).await;
    assert!(matches!(outcome, Err(PutError::Store(_))), "{outcome:?}");
    assert_eq!(most.load(Ordering::Relaxed), 1);
    let let_go = async {
        while alive.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(10 * PATIENCE, let_go).await.expect("the connection ends");
    scene.assert_stored(&[]).await;
}

const CLIENTS: usize = 500;
const TRANSFERS: usize = 450;
const SMALL: usize = 50_000;
/// Of the service, with that many uploads.
const MOST_KIBIBYTES: u64 = 192 * 1024;

/// For both ends of all connections are in this process, and servers of theirs.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to what is allowed");
}

fn resident_kibibytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Sends a file, and reads what the answer begins with.
async fn upload(address: String, head: String) -> String {
    let mut connection = TcpStream::connect(&address).await.expect("it listens");
    connection.write_all(head.as_bytes()).await.expect("it reads");
    // Whoever is turned away may not get rid of all of it.
    drop(connection.write_all(&vec![b'x'; SMALL]).await);
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Beyond `store.concurrency` clients are told to come back, and all others' files are stored once the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_under_500_clients() {
    raise_open_files();
    // Whom the store keeps waiting the service gives up after a minute, and claims of 450 would take a good part of that.
    let scene = Scene::enforcing();
    let service = service(&scene, &format!("concurrency = {TRANSFERS}")).await;
    let public = service.address("public");
    scene.proxy.fail("PUT files/", Fault::UntilHealed, usize::MAX);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let slot = Slot::new(Kind::V, "alice", &client.to_string(), SMALL);
        clients.spawn(upload(public.clone(), slot.head(SMALL)));
    }
    for _ in TRANSFERS..CLIENTS {
        let answer = clients.join_next().await.expect("all run").expect("it ran to its end");
        assert_eq!(answer, "HTTP/1.1 503");
    }
    assert_eq!(clients.len(), TRANSFERS, "the others wait for the store");
    // All of them have sent what they have by the time that the store has been asked for each.
    let mut asked = 0;
    while asked < TRANSFERS {
        tokio::time::sleep(Duration::from_millis(20)).await;
        asked +=
            scene.proxy.seen().iter().filter(|line| line.contains("PUT") && line.contains("files/")).count();
    }
    let held = resident_kibibytes(service.pid());
    assert!(held < MOST_KIBIBYTES, "{held} KiB");
    scene.proxy.heal();
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer.expect("it ran to its end"), "HTTP/1.1 201");
    }
    let stored =
        async || scene.bucket.listed().await.into_iter().filter(|name| name.contains("files/")).count();
    assert_eq!(stored().await, TRANSFERS);
}
