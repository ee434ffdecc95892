//! The component: it begins with the service and ends before it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::component::{Component, keep};
use crate::telemetry::component::ComponentState;

/// For the last answers, and to take leave.
const LEAVING: Duration = Duration::from_secs(2);

/// A component that can be started.
#[derive(Debug)]
pub(in crate::app) struct ComponentTask {
    components: watch::Receiver<Option<Arc<Component>>>,
    state: Arc<ComponentState>,
}

impl ComponentTask {
    /// The one that is configured at the time, telling its `state`.
    pub(in crate::app) fn new(
        components: watch::Receiver<Option<Arc<Component>>>,
        state: Arc<ComponentState>,
    ) -> Self {
        Self { components, state }
    }

    /// Begins to hand out slots.
    pub(in crate::app) fn start(self, runtime: &Handle) -> RunningComponent {
        let stop = CancellationToken::new();
        let task = runtime.spawn(keep(self.components, self.state, stop.clone()));
        RunningComponent { stop, task }
    }
}

/// A component that was started.
#[derive(Debug)]
pub(in crate::app) struct RunningComponent {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningComponent {
    /// Answers what was asked, and leaves. A server that takes no answers is not waited for.
    pub(in crate::app) async fn stop(self) {
        let Self { stop, mut task } = self;
        stop.cancel();
        match timeout(LEAVING, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => tracing::error!("the component ended by itself: {panic}"),
            Err(_) => task.abort(),
        }
    }
}
