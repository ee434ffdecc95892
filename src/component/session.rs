//! A stream from its handshake to its end: stanzas come in, each is answered by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::STREAMS;
use super::answers::Answers;
use super::element::Element;
use super::fault::Fault;
use super::handshake::{condition, shake_hands};
use super::link::Component;
use super::reader::{Received, StanzaReader};
use super::socket::connect;

/// Stanzas that are being answered at once. The server keeps the others.
const AT_ONCE: usize = 64;
/// For one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// For the server to take what was written.
const WRITE: Duration = Duration::from_secs(10);
/// So often without a word of it. Another sidecar with the same name may get the answers to some.
const PINGS: u32 = 6;
/// How long there is nothing to do before something is done.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Then the server is asked whether it is still there.
    silence: Duration,
    /// At the end: then no stanza is on its way any more.
    quiet: Duration,
    /// At the end, if it is never quiet: then no further stanza is taken.
    last_stanzas: Duration,
    /// At the end: then no answer is waited for.
    last_answers: Duration,
    /// For the end as a whole.
    drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            quiet: Duration::from_millis(50),
            last_stanzas: Duration::from_secs(1),
            last_answers: Duration::from_millis(1250),
            drain: Duration::from_millis(1500),
        }
    }
}

/// How a stream ended that nothing was wrong with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The service stops.
    Stopped,
    /// The configuration names another component now, or none.
    Changed,
}

/// A stream that stands.
#[derive(Debug)]
pub(super) struct Session {
    reader: StanzaReader<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
    patience: Patience,
}

/// Answers that are worked on, by a task for each: a fault in one is no fault of the stream.
#[derive(Debug, Default)]
struct Pending {
    answers: JoinSet<Option<Element>>,
    /// Then none is waited for any more.
    all_late: CancellationToken,
}

impl Pending {
    /// Begins with one. `late` takes its place where it takes too long.
    fn begin(
        &mut self,
        answer: impl Future<Output = Option<Element>> + Send + 'static,
        late: impl FnOnce() -> Option<Element> + Send + 'static,
    ) {
        let all_late = self.all_late.clone();
        self.answers.spawn(async move {
            let in_time = all_late.run_until_cancelled(timeout(ANSWER, answer)).await;
            in_time.and_then(Result::ok).unwrap_or_else(late)
        });
    }
}

impl Session {
    /// Connects, and proves who we are.
    pub(super) async fn begin(component: &Component) -> Result<Self, Fault> {
        let (reader, mut writer) = connect(&component.server).await?.into_split();
        let mut reader = StanzaReader::new(BufReader::new(reader));
        shake_hands(&mut reader, &mut writer, &component.jid, &component.secret).await?;
        Ok(Self { reader, writer, patience: Patience::default() })
    }

    /// Answers until the service stops, the configuration changes or something is wrong.
    pub(super) async fn serve(
        self,
        mut component: Arc<Component>,
        components: &mut watch::Receiver<Option<Arc<Component>>>,
        stop: &CancellationToken,
    ) -> Result<Ended, Fault> {
        let Self { mut reader, mut writer, patience } = self;
        let (sender, mut stanzas) = mpsc::channel(AT_ONCE);
        // A task of its own, because a stanza that was begun has to be read to its end.
        let reading = async move {
            loop {
                let received = reader.next().await;
                let failed = received.is_err();
                if sender.send(received).await.is_err() || failed {
                    return;
                }
            }
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(reading);
        let mut answers = Answers::new(&component);
        let mut pending = Pending::default();
        let mut heard = Instant::now();
        let mut pings = 0;
        let ended = loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break Ended::Stopped,
                changed = components.changed() => match components.borrow_and_update().clone() {
                    Some(now) if changed.is_ok() && now.is_same_link(&component) => {
                        answers = Answers::new(&now);
                        component = now;
                    }
                    _ => break Ended::Changed,
                },
                Some(answer) = pending.answers.join_next() => write(&mut writer, answer).await?,
                received = stanzas.recv(), if pending.answers.len() < AT_ONCE => {
                    (heard, pings) = (Instant::now(), 0);
                    accept(received.unwrap_or(Err(Fault::Ended))?, &answers, &mut pending)?;
                }
                () = sleep_until(heard + patience.silence * (pings + 1)) => {
                    pings += 1;
                    if pings > PINGS {
                        return Err(Fault::Silent(patience.silence * pings));
                    }
                    send(&mut writer, &answers.ping(pings).to_string()).await?;
                }
            }
        };
        drop(timeout(patience.drain, drain(&mut stanzas, &answers, pending, &mut writer, patience)).await);
        Ok(ended)
    }
}

/// Begins to answer a stanza.
fn accept(received: Received, answers: &Answers, pending: &mut Pending) -> Result<(), Fault> {
    match received {
        Received::Stanza { element, .. } if element.is("error", STREAMS) => {
            Err(Fault::Refused(condition(&element)))
        }
        Received::Stanza { element, whole } => {
            let late = answers.late(&element);
            let answer = answers.answer(element, whole);
            pending.begin(answer, late);
            Ok(())
        }
        Received::Closed | Received::Opened(_) => Err(Fault::Ended),
    }
}

/// What was asked is answered, by "too late" if need be; what comes from here on is for others.
async fn drain<W: AsyncWrite + Unpin>(
    stanzas: &mut mpsc::Receiver<Result<Received, Fault>>,
    answers: &Answers,
    mut pending: Pending,
    writer: &mut W,
    patience: Patience,
) -> Result<(), Fault> {
    let begin = Instant::now();
    let (last, mut quiet) = (begin + patience.last_stanzas, begin + patience.quiet);
    loop {
        tokio::select! {
            Some(answer) = pending.answers.join_next() => write(writer, answer).await?,
            received = stanzas.recv(), if pending.answers.len() < AT_ONCE => {
                quiet = Instant::now() + patience.quiet;
                accept(received.unwrap_or(Err(Fault::Ended))?, answers, &mut pending)?;
            }
            () = sleep_until(quiet.min(last)) => break,
        }
    }
    answer_all(pending, begin + patience.last_answers, writer).await?;
    send(writer, "</stream:stream>").await?;
    writer.shutdown().await.map_err(|error| Fault::Lost(error.kind()))?;
    // Until the server has closed as well: it may still have sent something, and nobody is to be told of a reset.
    while stanzas.recv().await.is_some_and(|received| received.is_ok()) {}
    Ok(())
}

/// Those that are not ready at `until` are late.
async fn answer_all<W: AsyncWrite + Unpin>(
    pending: Pending,
    until: Instant,
    writer: &mut W,
) -> Result<(), Fault> {
    let Pending { mut answers, all_late } = pending;
    loop {
        tokio::select! {
            biased;
            answer = answers.join_next() => match answer {
                Some(answer) => write(writer, answer).await?,
                None => return Ok(()),
            },
            () = sleep_until(until), if !all_late.is_cancelled() => all_late.cancel(),
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    answer: Result<Option<Element>, JoinError>,
) -> Result<(), Fault> {
    match answer {
        Ok(Some(answer)) => send(writer, &answer.to_string()).await,
        Ok(None) => Ok(()),
        Err(panic) => {
            tracing::error!("a stanza got no answer: {panic}");
            Ok(())
        }
    }
}

async fn send<W: AsyncWrite + Unpin>(writer: &mut W, text: &str) -> Result<(), Fault> {
    match timeout(WRITE, writer.write_all(text.as_bytes())).await {
        Ok(written) => written.map_err(|error| Fault::Lost(error.kind())),
        Err(_) => Err(Fault::Stuck),
    }
}

#[cfg(test)]
mod tests;
