//! From "ready" to the last answer.

use std::io;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use super::background::write_last;
use super::build::close_store;
use super::{App, Runtimes};
use crate::http::{End, Listener};

/// What the service does not die of.
#[derive(Debug)]
pub struct Signals {
    stop: Stop,
    /// SIGHUP.
    reload: Signal,
    /// SIGXFSZ, which would end the service at a file above the system's limit. Taken over, the write fails, and that is answered.
    _too_large: Signal,
}

impl Signals {
    /// Takes the signals over. From here on SIGTERM and SIGINT stop the service gracefully, and SIGHUP reloads its configuration.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn listen() -> io::Result<Self> {
        let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        let [terminate, interrupt, reload, too_large] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), too_large].map(signal);
        let stop = Stop { terminate: terminate?, interrupt: interrupt? };
        Ok(Self { stop, reload: reload?, _too_large: too_large? })
    }
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How long questions under way get once the uploads are through. They take milliseconds.
const LAST_QUESTIONS: Duration = Duration::from_secs(1);

/// How long it may take to cut off the uploads that were not.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Serves until a signal, then drains: no new uploads and downloads, those under way get `limits.drain` to finish, a second signal
/// ends them at once. Logins are answered until then, so that a restart is short for them however long an upload takes.
///
/// # Errors
///
/// If a listener ends by itself, which only a bug can make it do.
pub async fn run(app: App, runtimes: &Runtimes, signals: Signals) -> Result<(), &'static str> {
    let App { public, hook, ops, registry, background, component, drain, uploads, store } = app;
    let Signals { mut stop, reload, .. } = signals;
    let mut background = background.start(runtimes.chores(), reload).await;
    let mut files = Serving::start([public], runtimes.main());
    let mut questions = Serving::start([hook, ops], runtimes.main());
    let component = component.start(runtimes.main());
    tracing::info!("ready");

    tokio::select! {
        () = stop.next() => {}
        () = files.crash() => return Err("the public listener ended by itself"),
        () = questions.crash() => return Err("the hook or ops listener ended by itself"),
        _ = background.join_next() => return Err("a background task ended by itself"),
    }
    let drain = *drain.borrow();
    tracing::info!(
        connections = files.connections.len(),
        "stopping: uploads and downloads under way get {drain:?} to finish"
    );
    // Who asks now shall ask another sidecar: a slot of this one could not be used any more.
    component.stop().await;
    tokio::select! {
        () = files.finish_with(&uploads) => {}
        () = tokio::time::sleep(drain) => {
            tracing::warn!(connections = files.connections.len(), "stopping before all requests had finished");
            drop(tokio::time::timeout(LAST_MOMENT, files.cut_off(&uploads)).await);
        }
        () = stop.next() => {
            tracing::warn!(connections = files.connections.len(), "stopped at once by a second signal");
            return Ok(());
        }
    }
    drop(tokio::time::timeout(LAST_QUESTIONS, questions.finish()).await);
    close_store(&store).await;
    background.shutdown().await;
    write_last(&registry).await;
    tracing::info!("stopped");
    Ok(())
}

/// Listeners that stop together.
struct Serving {
    end: End,
    listeners: JoinSet<()>,
    connections: TaskTracker,
}

impl Serving {
    fn start<const N: usize>(listeners: [Listener; N], runtime: &Handle) -> Self {
        let mut serving =
            Self { end: End::default(), listeners: JoinSet::new(), connections: TaskTracker::new() };
        for listener in listeners {
            tracing::info!(listener = listener.name, "listening on {}", listener.url());
            let served = listener.serve(serving.end.clone(), serving.connections.clone());
            serving.listeners.spawn_on(served, runtime);
        }
        serving
    }

    /// Returns when a listener has ended, without having been told to.
    async fn crash(&mut self) {
        drop(self.listeners.join_next().await);
    }

    /// The same, and waits for what goes on without a connection.
    async fn finish_with(&mut self, tasks: &TaskTracker) {
        self.finish().await;
        tasks.close();
        tasks.wait().await;
    }

    /// Takes no more connections, and lets the requests under way finish.
    async fn finish(&mut self) {
        self.end.gently.cancel();
        while self.listeners.join_next().await.is_some() {}
        self.connections.close();
        self.connections.wait().await;
    }
    /// Ends the connections that are left, and waits for `tasks` to notice. What their requests leave in the store is then cleared away by [`close_store`].
    async fn cut_off(&self, tasks: &TaskTracker) {
        self.end.now.cancel();
        self.connections.close();
        self.connections.wait().await;
        tasks.close();
        tasks.wait().await;
    }
}
