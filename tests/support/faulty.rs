//! A proxy between the service and its object storage, which fails as it is told to. A connection has one request, so that each fault is one request's.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The connection ends before anything was read.
    Refuse,
    /// Nothing goes on for that long, and then all is well.
    Delay(Duration),
    /// Nothing goes on until the proxy is healed, and then all is well.
    UntilHealed,
    /// Of the request's body, so many bytes reach the store; then both connections end.
    CutRequest(u64),
    /// The store does what it was asked for, and of its answer so many bytes come back.
    CutAnswer(u64),
    /// The body is read, the store is not asked, and this is the answer.
    Answer(&'static str),
    /// Like [`Fault::Answer`], before anything of the body was read.
    EarlyAnswer(&'static str),
    /// The head is read, and then nothing, for ever.
    Hang,
}

/// Which requests fail, and how.
#[derive(Debug, Clone)]
struct Plan {
    /// What their first line has in it, all of these words.
    within: String,
    fault: Fault,
    /// How many.
    times: usize,
}

/// The proxy. It ends with this value.
pub(crate) struct FaultyProxy {
    address: SocketAddr,
    plan: Arc<Mutex<Option<Plan>>>,
    seen: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl FaultyProxy {
    /// A proxy on a free port, in front of `store` (`http://host:port`).
    pub(crate) fn before(store: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("free port");
        // A crowd's connections come at once.
        let listener = socket.listen(4096).expect("ours");
        let address = listener.local_addr().expect("bound");
        let store = store.trim_start_matches("http://").to_owned();
        let (plan, seen) = (Arc::<Mutex<Option<Plan>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let mut task = JoinSet::new();
        let shared = (Arc::clone(&plan), Arc::clone(&seen));
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (store, (plan, seen)) = (store.clone(), shared.clone());
                // Connections that break are what this is for.
                connections.spawn(async move { drop(pass(client, &store, &plan, &seen).await) });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, plan, seen, _task: task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the next `times` requests with all words of `within` in their first line fail like this.
    pub(crate) fn fail(&self, within: &str, fault: Fault, times: usize) {
        *self.plan.lock().expect("ours") = Some(Plan { within: within.to_owned(), fault, times });
    }

    /// From now on all is well.
    pub(crate) fn heal(&self) {
        *self.plan.lock().expect("ours") = None;
    }

    /// The first lines of the requests since it was last asked.
    pub(crate) fn seen(&self) -> Vec<String> {
        let heads = self.heads();
        heads.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// The same, with their headers.
    pub(crate) fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().expect("ours"))
    }
}

async fn pass(
    mut client: TcpStream,
    store: &str,
    plan: &Mutex<Option<Plan>>,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    let fault = due(plan, head.lines().next().unwrap_or_default());
    seen.lock().expect("ours").push(head.clone());
    let length = content_length(&head);
    match fault {
        Some(Fault::Refuse) => return Ok(()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::EarlyAnswer(answer)) => return client.write_all(answer.as_bytes()).await,
        Some(Fault::Answer(answer)) => {
            copy(&mut client, &mut tokio::io::sink(), length).await?;
            return client.write_all(answer.as_bytes()).await;
        }
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        Some(Fault::UntilHealed) => {
            while plan.lock().expect("ours").is_some() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Some(Fault::CutRequest(_) | Fault::CutAnswer(_)) | None => {}
    }
    let mut store = TcpStream::connect(store).await?;
    store.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await?;
    if let Some(Fault::CutRequest(bytes)) = fault {
        return copy(&mut client, &mut store, bytes.min(length)).await;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_store, mut to_store) = store.split();
    let answered = async {
        let Some(Fault::CutAnswer(bytes)) = fault else {
            return copy(&mut from_store, &mut to_client, u64::MAX).await;
        };
        let mut answer = Vec::new();
        from_store.read_to_end(&mut answer).await?;
        copy(&mut answer.as_slice(), &mut to_client, bytes).await
    };
    // A store may answer before it has read everything.
    let sent = async {
        drop(copy(&mut from_client, &mut to_store, length).await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answered = answered => answered,
        () = sent => Ok(()),
    }
}

/// Whether this request is one of those that fail.
fn due(plan: &Mutex<Option<Plan>>, first_line: &str) -> Option<Fault> {
    let mut plan = plan.lock().expect("ours");
    let plan = plan
        .as_mut()
        .filter(|plan| plan.times > 0 && plan.within.split(' ').all(|word| first_line.contains(word)))?;
    plan.times -= 1;
    Some(plan.fault)
}

/// A request's head, and how long its body is.
pub(crate) async fn read_request_head(client: &mut TcpStream) -> io::Result<(String, usize)> {
    let head = read_head(client).await?;
    let length = content_length(&head).try_into().map_err(io::Error::other)?;
    Ok((head, length))
}

async fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn content_length(head: &str) -> u64 {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().expect("a number"))
}

/// Up to `bytes`, or to the end.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    bytes: u64,
) -> io::Result<()> {
    tokio::io::copy(&mut from.take(bytes), to).await.map(drop)
}
