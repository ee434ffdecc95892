//! Which thread serves a connection.

use std::sync::Arc;

use tokio::runtime::Handle;

/// The runtimes that serve a listener's connections. A connection stays on the one it was given to: where those have a thread each, no
/// work of it ever waits for another thread, which for small files is half of what they cost.
#[derive(Debug, Clone)]
pub struct Lanes {
    first: Lane,
    others: Vec<Lane>,
}

/// Held by each connection that is served there: how often it is held is how busy it is.
pub(super) type Lane = Arc<Handle>;

impl Lanes {
    /// All connections on one runtime.
    #[must_use]
    pub fn one(runtime: &Handle) -> Self {
        Self { first: Arc::new(runtime.clone()), others: Vec::new() }
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, runtime: &Handle) -> Self {
        self.others.push(Arc::new(runtime.clone()));
        self
    }

    /// The one with the fewest connections.
    pub(super) fn emptiest(&self) -> &Lane {
        self.others.iter().fold(&self.first, |emptiest, lane| {
            if Arc::strong_count(lane) < Arc::strong_count(emptiest) { lane } else { emptiest }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn connections_spread_evenly_and_fill_what_others_have_left() {
        let runtimes = [(); 3].map(|()| Builder::new_current_thread().build().unwrap());
        let [a, b, c] = &runtimes;
        let lanes = Lanes::one(a.handle()).and(b.handle()).and(c.handle());
        let mut held: Vec<Lane> = (0..6).map(|_| Arc::clone(lanes.emptiest())).collect();
        for runtime in &runtimes {
            assert_eq!(held.iter().filter(|lane| lane.id() == runtime.handle().id()).count(), 2);
        }
        held.retain(|lane| lane.id() != b.handle().id());
        assert_eq!(lanes.emptiest().id(), b.handle().id());
    }
}
