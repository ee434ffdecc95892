//! From "ready" to the last answer.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{App, Runtimes};

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Takes both signals over. From here on they stop the service gracefully.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal, then drains: no new connections, the requests under way get `limits.drain` to finish, a second signal
/// ends them at once.
///
/// # Errors
///
/// If a listener ends by itself, which only a bug can make it do.
pub async fn run(app: App, runtimes: &Runtimes, mut stop: Stop) -> Result<(), &'static str> {
    let App { public, hook, ops, store, health, drain } = app;
    let (stopping, connections) = (CancellationToken::new(), TaskTracker::new());
    let watch = runtimes.files().spawn(health.watch(store));
    let mut listeners = JoinSet::new();
    for (listener, runtime) in [(public, runtimes.files()), (hook, runtimes.main()), (ops, runtimes.main())] {
        tracing::info!(listener = listener.name, "listening on {}", listener.socket);
        listeners.spawn_on(listener.serve(stopping.clone(), connections.clone()), runtime);
    }
    tracing::info!("ready");

    tokio::select! {
        () = stop.next() => {}
        _ = listeners.join_next() => return Err("a listener ended by itself"),
    }
    stopping.cancel();
    watch.abort();
    listeners.join_all().await;
    connections.close();
    tracing::info!(connections = connections.len(), "stopping: requests under way get {drain:?} to finish");
    tokio::select! {
        () = connections.wait() => tracing::info!("stopped"),
        () = tokio::time::sleep(drain) => {
            tracing::warn!(connections = connections.len(), "stopped before all requests had finished");
        }
        () = stop.next() => tracing::warn!(connections = connections.len(), "stopped at once by a second signal"),
    }
    Ok(())
}
