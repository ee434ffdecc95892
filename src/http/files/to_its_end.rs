//! Work that goes on without whoever asked for it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::Response;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

type Work = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A future that goes on as a task of its own when it is dropped before its end. A client may hang up while its file is made durable: then it
/// is stored all the same, and has to be counted, told and looked at like any other.
///
/// Not a task from the beginning: each frame of the body would have to be handed from one thread to another.
pub(super) struct ToItsEnd {
    work: Option<Work>,
    runtime: Handle,
    tasks: TaskTracker,
}

impl ToItsEnd {
    /// `tasks` counts what goes on. Has to be called within a runtime.
    pub(super) fn new(tasks: &TaskTracker, work: impl Future<Output = Response> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), runtime: Handle::current(), tasks: tasks.clone() }
    }
}

impl Future for ToItsEnd {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl Drop for ToItsEnd {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            drop(self.tasks.spawn_on(work, &self.runtime));
        }
    }
}
