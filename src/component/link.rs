//! The component for as long as the service runs: whenever there is no stream, a new one is tried.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::session::{Ended, Session};
use crate::telemetry::component::{ComponentState, Link};
use crate::types::{Secret, Vhost};
use crate::upload::SlotDesk;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After so long a time a stream was a good one, and the next pause is the first again.
const GOOD: Duration = Duration::from_secs(5);
/// How often the same fault is told.
const TOLD: Duration = Duration::from_mins(10);

/// What the configuration says of the component.
#[derive(Debug)]
pub struct Component {
    /// Its domain.
    pub jid: Vhost,
    /// `host:port` of ejabberd's listener.
    pub server: String,
    /// What proves that it is us.
    pub secret: Secret,
    /// Who decides about slots.
    pub desk: Arc<SlotDesk>,
}

impl Component {
    /// Whether a stream of the one serves for the other.
    pub(super) fn is_same_link(&self, other: &Self) -> bool {
        (&self.jid, &self.server, &self.secret) == (&other.jid, &other.server, &other.secret)
    }
}

/// Keeps a stream for the component that is configured at the time, until `stop`. Logins do not depend on it.
pub async fn keep(
    mut components: watch::Receiver<Option<Arc<Component>>>,
    state: Arc<ComponentState>,
    stop: CancellationToken,
) {
    let mut trouble = Trouble::default();
    while !stop.is_cancelled() {
        let Some(component) = components.borrow_and_update().clone() else {
            state.set(Link::None);
            tokio::select! {
                () = stop.cancelled() => return,
                changed = components.changed() => if changed.is_err() { return },
            }
            continue;
        };
        state.set(Link::Down);
        let began = Instant::now();
        let Err(fault) = once(&component, &mut components, &state, &stop).await else {
            trouble = Trouble::default();
            continue;
        };
        state.set(Link::Down);
        trouble.tell(&component, &fault, began.elapsed() >= GOOD);
        tokio::select! {
            () = stop.cancelled() => {}
            _ = components.changed() => trouble = Trouble::default(),
            () = sleep(trouble.pause) => {}
        }
    }
    state.set(Link::Down);
}

/// One stream, from the connection to its end.
async fn once(
    component: &Arc<Component>,
    components: &mut watch::Receiver<Option<Arc<Component>>>,
    state: &ComponentState,
    stop: &CancellationToken,
) -> Result<Ended, Fault> {
    let session = tokio::select! {
        () = stop.cancelled() => return Ok(Ended::Stopped),
        session = Session::begin(component) => session?,
    };
    state.set(Link::Up);
    tracing::info!("component {}: connected to {}", component.jid, component.server);
    let ended = session.serve(Arc::clone(component), components, stop).await?;
    tracing::info!("component {}: the stream was closed", component.jid);
    Ok(ended)
}

/// What has gone wrong since the last good stream.
#[derive(Debug)]
struct Trouble {
    pause: Duration,
    told: Option<(Fault, Instant)>,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE, told: None }
    }
}

impl Trouble {
    /// Tells a fault, unless that was done a moment ago, and says how long to wait.
    fn tell(&mut self, component: &Component, fault: &Fault, was_good: bool) {
        self.pause = if was_good { FIRST_PAUSE } else { (self.pause * 2).min(LONGEST_PAUSE) };
        let told = self.told.as_ref().is_some_and(|(before, at)| before == fault && at.elapsed() < TOLD);
        if !told {
            let Component { jid, server, .. } = component;
            tracing::warn!(
                "component {jid}: {server} {fault}; it is tried again and again, and logins go on"
            );
            self.told = Some((fault.clone(), Instant::now()));
        }
    }
}
