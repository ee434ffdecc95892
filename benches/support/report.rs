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

/// What rounds of one server have shown.
#[derive(Default)]
pub(crate) struct Rounds {
    /// Units in a second.
    pub(crate) rates: Vec<f64>,
    /// Of a processor, in seconds for each unit.
    pub(crate) costs: Vec<f64>,
}

pub(crate) fn comparison_heading() {
    comparison(["", "ours", "nginx", "Prosody", "ours/nginx", "of all rounds", "CPU", "goal", ""]);
}

/// Prints the medians of all three, the median of what we had of nginx's number in the same round, the same of the time on a processor
/// that each unit took, and whether the former was at least `goal`. Prosody may have something to say instead.
pub(crate) fn compared(
    name: &str,
    ours: &Rounds,
    nginx: &Rounds,
    prosody: &Result<Rounds, String>,
    goal: Option<f64>,
) {
    let (shares, costs) = (shares(&ours.rates, &nginx.rates), shares(&ours.costs, &nginx.costs));
    let rate = |rounds: &Rounds| format!("{:.0}", median(&rounds.rates));
    let share = median(&shares);
    comparison([
        name,
        &rate(ours),
        &rate(nginx),
        &prosody.as_ref().map_or_else(Clone::clone, rate),
        &format!("{share:.2}"),
        &format!("{:.2} to {:.2}", shares[0], shares[shares.len() - 1]),
        &format!("{:.2}", median(&costs)),
        &goal.map_or_else(String::new, |goal| format!(">= {goal}")),
        goal.map_or("", |goal| verdict(share >= goal)),
    ]);
}

pub(crate) fn shares_heading() {
    share_line(["", "ours", "direct", "share", "of all rounds", "goal", ""]);
}

/// Prints the medians of both, and the median of what we had of the other's number in the same round.
pub(crate) fn shared(name: &str, ours: &[f64], direct: &[f64], goal: Option<f64>) {
    let rate = |rates| format!("{:.0}", median(rates));
    let (shares, share) = (shares(ours, direct), median(&shares(ours, direct)));
    share_line([
        name,
        &rate(ours),
        &rate(direct),
        &format!("{share:.2}"),
        &format!("{:.2} to {:.2}", shares[0], shares[shares.len() - 1]),
        &goal.map_or_else(String::new, |goal| format!(">= {goal}")),
        goal.map_or("", |goal| verdict(share >= goal)),
    ]);
}

fn share_line([name, ours, direct, share, range, goal, verdict]: [&str; 7]) {
    print(&format!("{name:<52} {ours:>6} {direct:>6}  {share:>5}  {range:>13}  {goal:>7}  {verdict}"));
}

fn shares(ours: &[f64], nginx: &[f64]) -> Vec<f64> {
    sorted(&ours.iter().zip(nginx).map(|(ours, nginx)| ours / nginx).collect::<Vec<_>>())
}

fn comparison([name, ours, nginx, prosody, share, range, cost, goal, verdict]: [&str; 9]) {
    print(&format!(
        "{name:<41} {ours:>6} {nginx:>6} {prosody:>7}  {share:>10}  {range:>13}  {cost:>5}  {goal:>6}  {verdict}"
    ));
}

fn median(rounds: &[f64]) -> f64 {
    sorted(rounds)[rounds.len() / 2]
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

fn line([name, median, range, goal, verdict]: &[&str; 5]) {
    print(&format!("{name:<44} {median:>14}  {range:>18}  {goal:>10}  {verdict}"));
}

fn print(line: &str) {
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
