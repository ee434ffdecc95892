//! How far a copy is: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::Observer;
use crate::cli::exit::{counted, remark};
use crate::transfer::Progress;

/// How often a line is written where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);
const TEMPLATE: &str = "{elapsed_precise} [{wide_bar}] {pos} of {len} objects, {msg}";

/// Shows how far it is.
#[derive(Debug)]
pub(super) struct Meter {
    /// Of objects, since most have few bytes.
    bar: Option<ProgressBar>,
    objects: AtomicU64,
    sent: AtomicU64,
    ended: AtomicU64,
    told: Mutex<Instant>,
}

impl Meter {
    pub(super) fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.with_style(
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        });
        let [objects, sent, ended] = [(); 3].map(|()| AtomicU64::new(0));
        Self { bar, objects, sent, ended, told: Mutex::new(Instant::now()) }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn bytes(&self) -> String {
        ByteSize::b(self.sent.load(Ordering::Relaxed)).display().iec().to_string()
    }

    /// At most one thread writes, and none waits for it.
    fn line(&self, ended: u64) {
        let Ok(mut told) = self.told.try_lock() else { return };
        if told.elapsed() >= INTERVAL {
            *told = Instant::now();
            let objects = self.objects.load(Ordering::Relaxed);
            say(&format!("{ended} of {}, {} sent", counted(objects, "object"), self.bytes()));
        }
    }
}

impl Progress for Meter {
    fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.set_message(format!("{} sent", self.bytes())),
            None => self.line(self.ended.load(Ordering::Relaxed)),
        }
    }
}

impl Observer for Meter {
    fn expect(&self, objects: u64, bytes: u64) {
        self.objects.store(objects, Ordering::Relaxed);
        say(&format!("{}, {}", counted(objects, "object"), ByteSize::b(bytes).display().iec()));
        if let Some(bar) = &self.bar {
            bar.set_length(objects);
        }
    }

    fn ended(&self) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        match &self.bar {
            Some(bar) => bar.set_position(ended),
            None => self.line(ended),
        }
    }

    fn problem(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(what)),
            None => say(what),
        }
    }
}

/// With stderr gone the copy goes on.
fn say(text: &str) {
    drop(remark(text));
}
