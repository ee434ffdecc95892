//! Accepts connections and serves them, with a cap on their number and a limit on how long a request's head may take.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::linger::Lingering;
use super::socket::{Connection, Socket};
use super::stall::Stalling;
use crate::telemetry::metrics;

/// After a failed accept, for instance because all file descriptors are taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection may keep in memory of a request's head, or of a body on its way. hyper's default is 400 KiB, which many connections
/// with heads that never end could add up.
const BUFFER_MAX_BYTES: usize = 128 * 1024;

/// A bound listener with what it serves.
#[derive(Debug)]
pub struct Listener {
    /// `public`, `hook` or `ops`.
    pub name: &'static str,
    /// Where.
    pub socket: Socket,
    /// What.
    pub routes: Router,
    /// Connections at once; further ones wait in the kernel.
    pub connections: usize,
    /// For a request's head, and for the pause between two requests.
    pub header_timeout: Duration,
    /// The longest time in which a client takes nothing of its answer.
    pub idle_timeout: Duration,
}

impl Listener {
    /// Serves until `stop`; then lets the requests under way finish. Each connection is a task of `tasks`.
    pub async fn serve(self, stop: CancellationToken, tasks: TaskTracker) {
        let Self { name, socket, routes, connections, header_timeout, idle_timeout } = self;
        let free = Arc::new(Semaphore::new(connections));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(BUFFER_MAX_BYTES);
        while let Some(accepted) = stop.run_until_cancelled(accept(&socket, &free)).await {
            match accepted {
                Ok((connection, permit)) => {
                    let connection = Stalling::new(connection, idle_timeout);
                    let served = serve_connection(connection, http.clone(), routes.clone(), stop.clone());
                    tasks.spawn(async move {
                        let _counted = metrics::connection(name);
                        served.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(listener = name, "a connection could not be accepted: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn accept(
    socket: &Socket,
    free: &Arc<Semaphore>,
) -> io::Result<(Box<dyn Connection>, OwnedSemaphorePermit)> {
    // The semaphore is never closed; if it were, refusing would be right.
    let permit = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
    Ok((socket.accept().await?, permit))
}

async fn serve_connection(
    connection: Stalling<Box<dyn Connection>>,
    http: http1::Builder,
    routes: Router,
    stop: CancellationToken,
) {
    let io = TokioIo::new(Lingering::new(connection, stop.clone()));
    let mut serving = pin!(http.serve_connection(io, TowerToHyperService::new(routes)));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // Strangers break connections all the time.
        tracing::debug!("a connection ended: {error}");
    }
}
