//! One answer for each request.

use std::io::{self, Read, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::client::{HookClient, Reply};
use super::frame;
use super::question::Question;
use crate::telemetry::reason::BridgeReason;
use crate::telemetry::throttle::{self, Kind};

/// One try. The hook answers in milliseconds, or something is wrong with it.
const TRY: Duration = Duration::from_secs(3);
/// A try when the grace is used up.
const SHORT_TRY: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers requests from `input` on `output` until `input` ends, which is how ejabberd ends the program.
///
/// Requests wait for a hook that is away until it has been so for `grace`: a restart loses no login. After that the answer is an
/// immediate "no", because ejabberd gives a request 30 s with all that queue before it.
///
/// # Errors
///
/// Only if reading or writing fails, which is the same as ejabberd having gone.
pub fn serve(
    mut input: impl Read,
    mut output: impl Write,
    hook: &HookClient,
    grace: Duration,
) -> io::Result<()> {
    let mut payload = Vec::new();
    let mut patience = Patience { hook, grace, outage: None };
    while frame::read(&mut input, &mut payload)? {
        let yes = match Question::parse(&payload) {
            Ok(question) => patience.answer(question),
            Err(denied) => {
                if throttle::may_tell(Kind::Question) {
                    tracing::info!(reason = BridgeReason::RequestDenied.code(), "answered no: {denied}");
                }
                false
            }
        };
        // The last request's password is not kept until the next one comes.
        payload.fill(0);
        frame::write(&mut output, yes)?;
    }
    Ok(())
}

struct Patience<'hook> {
    hook: &'hook HookClient,
    grace: Duration,
    outage: Option<Outage>,
}

#[derive(Clone, Copy)]
struct Outage {
    since: Instant,
    last_missed: Instant,
}

impl Patience<'_> {
    fn answer(&mut self, question: Question<'_>) -> bool {
        self.forget_old_outage();
        let mut tried = false;
        loop {
            match self.hook.ask(question, self.next_try()) {
                Ok(reply) => {
                    self.found();
                    // An earlier try may have done it, and only its answer was lost.
                    return reply == Reply::Yes || reply == Reply::Already && tried;
                }
                Err(error) if !error.is_passing() => {
                    tracing::error!(
                        reason = BridgeReason::HookRefused.code(),
                        "{question:?} is answered no: {error}"
                    );
                    return false;
                }
                Err(error) if self.missed(&error) >= self.grace => {
                    tracing::error!(
                        reason = BridgeReason::HookAway.code(),
                        "{question:?} is answered no: {error}"
                    );
                    return false;
                }
                Err(_) => {
                    tried = true;
                    sleep(PAUSE);
                }
            }
        }
    }

    /// Whether the service came back meanwhile, nobody knows: the next time it is missed, its restart may have just begun.
    fn forget_old_outage(&mut self) {
        self.outage = self.outage.filter(|outage| outage.last_missed.elapsed() <= self.grace);
    }

    fn next_try(&self) -> Duration {
        match self.outage {
            None => TRY,
            Some(outage) => self.grace.saturating_sub(outage.since.elapsed()).clamp(SHORT_TRY, TRY),
        }
    }

    fn found(&mut self) {
        if let Some(outage) = self.outage.take() {
            tracing::info!("the hook is back after {:.1?}", outage.since.elapsed());
        }
    }

    /// Answers for how long the hook has been away.
    fn missed(&mut self, error: &dyn std::error::Error) -> Duration {
        let now = Instant::now();
        if self.outage.is_none() {
            tracing::warn!("the hook is away, requests wait up to {:?} for it: {error}", self.grace);
        }
        let outage = self.outage.get_or_insert(Outage { since: now, last_missed: now });
        outage.last_missed = now;
        outage.since.elapsed()
    }
}
