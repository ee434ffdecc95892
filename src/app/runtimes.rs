//! Two runtimes, so that logins never wait for files.

use std::io;
use std::time::Duration;

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that move files. They block in reads and writes, so there are more of them than cores.
const FILE_THREADS: usize = 8;
/// How much they stand back where cores are scarce (setpriority(2)), so that a login is not the ninth in the row.
const FILE_NICENESS: i32 = 5;

/// The threads of the service.
#[derive(Debug)]
pub struct Runtimes {
    main: Runtime,
    files: Runtime,
}

impl Runtimes {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the system has none left.
    pub fn start() -> io::Result<Self> {
        let main = Builder::new_multi_thread().thread_name("main").enable_all().build()?;
        let files = Builder::new_multi_thread()
            .thread_name("files")
            .worker_threads(FILE_THREADS)
            .on_thread_start(|| {
                // Of this thread alone. Where it is not allowed, it goes on as it is.
                let _ = setpriority_process(None, FILE_NICENESS);
            })
            .enable_all()
            .build()?;
        Ok(Self { main, files })
    }

    /// For the hook, the ops listener and everything that never blocks.
    #[must_use]
    pub fn main(&self) -> &Handle {
        self.main.handle()
    }

    /// For the public listener.
    #[must_use]
    pub fn files(&self) -> &Handle {
        self.files.handle()
    }

    /// Ends what still runs. Uploads that were cut off remove what they have staged, for which they get a moment.
    pub fn stop(self) {
        self.files.shutdown_timeout(Duration::from_secs(1));
        self.main.shutdown_background();
    }
}
