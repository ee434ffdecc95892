//! From "ready" to the last answer.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
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
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    for listener in [&public, &hook, &ops] {
        tracing::info!(listener = listener.name, "listening on {}", listener.socket);
    }
    let watch = runtimes.files().spawn(Arc::clone(&health).watch(store));
    let serve = |listener: crate::http::Listener, on: &tokio::runtime::Handle| {
        tasks.spawn_on(listener.serve(stopping.clone(), tasks.clone()), on)
    };
    let listeners =
        [serve(public, runtimes.files()), serve(hook, runtimes.main()), serve(ops, runtimes.main())];
    tracing::info!("ready");

    let crashed = tokio::select! {
        () = stop.next() => false,
        () = any_ends(listeners) => true,
    };
    stopping.cancel();
    watch.abort();
    tasks.close();
    if crashed {
        return Err("a listener ended by itself");
    }
    tracing::info!(connections = tasks.len(), "stopping: requests under way get {drain:?} to finish");
    tokio::select! {
        () = tasks.wait() => tracing::info!("stopped"),
        () = tokio::time::sleep(drain) => tracing::warn!(connections = tasks.len(), "stopped before all requests had finished"),
        () = stop.next() => tracing::warn!(connections = tasks.len(), "stopped at once by a second signal"),
    }
    Ok(())
}

async fn any_ends([public, hook, ops]: [JoinHandle<()>; 3]) {
    tokio::select! {
        _ = public => {}
        _ = hook => {}
        _ = ops => {}
    }
}
