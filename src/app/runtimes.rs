//! Threads of their own for logins and for files, so that logins never wait for files.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::http::Lanes;

/// Threads that serve files. They block in reads and writes, so there are more of them than cores.
const LANES: usize = 8;
/// Threads for what else may block: what goes on in the background, and the removal of accounts.
const CHORE_THREADS: usize = 8;
/// How much both stand back where cores are scarce (setpriority(2)), so that a login is not the ninth in the row.
const NICENESS: i32 = 5;
/// For what is cut off to remove what it has staged.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// The threads of the service.
#[derive(Debug)]
pub struct Runtimes {
    main: Runtime,
    chores: Runtime,
    lanes: Lanes,
    stop: CancellationToken,
    /// Nothing is ever sent: it ends with the last thread of a lane.
    stopped: mpsc::Receiver<()>,
}

impl Runtimes {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the system has none left.
    pub fn start() -> io::Result<Self> {
        let main = Builder::new_multi_thread().thread_name("main").enable_all().build()?;
        let chores = Builder::new_multi_thread()
            .thread_name("chores")
            .worker_threads(CHORE_THREADS)
            .on_thread_start(stand_back)
            .enable_all()
            .build()?;
        let stop = CancellationToken::new();
        let (running, stopped) = mpsc::sync_channel(0);
        let mut lanes = Lanes::one(&start_lane(&stop, &running)?);
        for _ in 1..LANES {
            lanes = lanes.and(&start_lane(&stop, &running)?);
        }
        Ok(Self { main, chores, lanes, stop, stopped })
    }

    /// For the hook, the ops listener, new connections of the public one and everything that never blocks.
    #[must_use]
    pub fn main(&self) -> &Handle {
        self.main.handle()
    }

    /// For what may block and nobody waits for but who asked for it.
    #[must_use]
    pub fn chores(&self) -> &Handle {
        self.chores.handle()
    }

    /// For the connections of the public listener.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Ends what still runs. Uploads that were cut off remove what they have staged, for which they get a moment.
    pub fn stop(self) {
        self.stop.cancel();
        // Over as soon as the last thread is.
        let _ = self.stopped.recv_timeout(LAST_MOMENT);
        self.chores.shutdown_timeout(LAST_MOMENT);
        self.main.shutdown_background();
    }
}

/// A thread with a runtime of its own, until `stop`.
fn start_lane(stop: &CancellationToken, running: &mpsc::SyncSender<()>) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, running) = (stop.clone(), running.clone());
    thread::Builder::new().name("files".to_owned()).spawn(move || {
        stand_back();
        runtime.block_on(stop.cancelled());
        // What was cut off ends here.
        drop(runtime);
        drop(running);
    })?;
    Ok(handle)
}

/// Of the calling thread alone. Where it is not allowed, it goes on as it is.
fn stand_back() {
    let _ = setpriority_process(None, NICENESS);
}
