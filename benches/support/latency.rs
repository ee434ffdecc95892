//! How long answers take at a rate that does not depend on them.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::client::Connection;

/// Over which the questions of a second are spread.
const CONNECTIONS: u32 = 8;

/// Something to ask, and the only right answer.
#[derive(Clone, Copy)]
pub(crate) struct Question<'run> {
    pub(crate) address: &'run str,
    pub(crate) request: &'run [u8],
    pub(crate) answer: &'static str,
}

impl Question<'_> {
    pub(crate) fn ask(&self, connection: &mut Connection) {
        let answer = connection.ask(self.request).expect("an answer");
        assert_eq!((answer.status, answer.body), (200, self.answer.as_bytes()));
    }

    /// Questions come at their times, whether or not those before were answered. A question that had to wait for its connection
    /// waited: its time counts from when it should have been asked.
    pub(crate) fn latencies(&self, a_second: u32, round: Duration) -> Vec<Duration> {
        let interval = Duration::from_secs(1) / a_second;
        let start = Instant::now() + Duration::from_millis(50);
        let one = |first: u32| {
            let mut connection = Connection::open(self.address);
            self.ask(&mut connection);
            let mut latencies = Vec::new();
            for at in (first..).step_by(CONNECTIONS as usize).map(|number| interval * number) {
                if at >= round {
                    return latencies;
                }
                sleep((start + at).saturating_duration_since(Instant::now()));
                self.ask(&mut connection);
                latencies.push(start.elapsed().saturating_sub(at));
            }
            latencies
        };
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || one(first))).collect();
            clients.into_iter().flat_map(|client| client.join().expect("all are answered")).collect()
        })
    }
}
