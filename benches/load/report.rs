//! Numbers beside their goals.

use std::io::{self, Write as _};
use std::time::Duration;

/// What a number should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// There is none; it is shown to be compared with.
    Shown,
    AtLeast(f64),
    Below(f64),
}

pub(crate) fn heading() {
    line(&["", "median", "of all rounds", "goal", ""]);
}

/// Prints the median of `rounds`, the range they lie in, and whether the goal was met.
pub(crate) fn row(name: &str, unit: &str, rounds: &[f64], goal: Goal) {
    let rounds = sorted(rounds);
    let (median, decimals) = (
        rounds[rounds.len() / 2],
        match unit {
            "" | "ms" => 3,
            "us" => 1,
            _ => 0,
        },
    );
    let number = |number: f64| format!("{number:.decimals$}");
    let (goal, verdict) = match goal {
        Goal::Shown => (String::new(), ""),
        Goal::AtLeast(goal) => (format!(">= {}", number(goal)), verdict(median >= goal)),
        Goal::Below(goal) => (format!("< {}", number(goal)), verdict(median < goal)),
    };
    let range = format!("{} to {}", number(rounds[0]), number(rounds[rounds.len() - 1]));
    line(&[name, &format!("{} {unit}", number(median)), &range, &goal, verdict]);
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

fn line([name, median, range, goal, verdict]: &[&str; 5]) {
    let line = format!("{name:<44} {median:>14}  {range:>18}  {goal:>10}  {verdict}");
    writeln!(io::stdout(), "{}", line.trim_end()).expect("somebody reads this");
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// What `per_mille` of these lie below, in milliseconds.
pub(crate) fn percentile(latencies: &mut [Duration], per_mille: usize) -> f64 {
    latencies.sort_unstable();
    let at = (latencies.len() * per_mille / 1000).min(latencies.len() - 1);
    latencies[at].as_secs_f64() * 1000.0
}
