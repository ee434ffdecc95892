//! The dashboard and the alert rules name what there is.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ejabberd_sidecar::telemetry::metrics::{Kind, Metric, OF_PROCESS, OURS};
use regex::Regex;
use serde_json::Value;

fn read(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| unreachable!("{}: {error}", file.display()))
}

/// The metric that a name in a query means.
fn metric(name: &str) -> Option<&'static Metric> {
    OURS.iter().chain(OF_PROCESS).find(|metric| match metric.kind {
        Kind::Histogram(_) => {
            let part = name.strip_prefix(metric.name);
            matches!(part, Some("_bucket" | "_sum" | "_count"))
        }
        _ => metric.name == name,
    })
}

/// What is wrong with a query: names that there are not.
fn problems(query: &str) -> Vec<String> {
    let series = Regex::new(r"\b((?:ejabberd_sidecar|process)_\w+)(?:\{([^}]*)\})?").expect("a pattern");
    let matcher = Regex::new(r#"(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)""#).expect("a pattern");
    let grouping = Regex::new(r"\b(?:by|on|without|ignoring|group_left)\s*\(([^)]*)\)").expect("a pattern");
    let mut problems = Vec::new();
    // What Prometheus adds, and the bound of a histogram.
    let mut labels = BTreeSet::from(["instance", "job", "le"]);
    for found in series.captures_iter(query) {
        let Some(metric) = metric(&found[1]) else {
            problems.push(format!("there is no metric {}", &found[1]));
            continue;
        };
        let own = metric.labels.iter().map(|(label, _)| *label);
        labels.extend(own);
        for found in matcher.captures_iter(found.get(2).map_or("", |labels| labels.as_str())) {
            let (label, values) = (&found[1], &found[2]);
            if values.starts_with('$') || label == "instance" {
                continue;
            }
            let known = metric.labels.iter().find(|(own, _)| *own == label);
            problems.extend(
                values
                    .split('|')
                    .filter(|value| !may_be(known, value))
                    .map(|value| format!("{} has no {label} {value}", metric.name)),
            );
        }
    }
    if !query.contains("ejabberd_sidecar_") {
        problems.push("it is of other programs as well".to_owned());
    }
    for found in grouping.captures_iter(query) {
        let unknown = found[1].split(',').map(str::trim).filter(|label| !labels.contains(label));
        problems.extend(unknown.map(|label| format!("nothing has a label {label}")));
    }
    problems
}

/// Whether a label has this value somewhere. Reasons are those that the documentation explains.
fn may_be(label: Option<&(&str, &[&str])>, value: &str) -> bool {
    match label {
        None => false,
        Some(("reason", _)) => read("reasons.md").contains(&format!("\n| `{value}` |")),
        Some((_, values)) => values.is_empty() || values.contains(&value),
    }
}

/// The values of `"key"`, however deep.
fn values<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| values(item, key, found)),
        Value::Object(fields) => {
            found.extend(fields.get(key).and_then(Value::as_str));
            fields.values().for_each(|field| values(field, key, found));
        }
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("monitoring/dashboard.json")).expect("JSON");
    let mut queries = Vec::new();
    values(&dashboard, "expr", &mut queries);
    assert!(queries.len() > 30, "{queries:?}");
    for query in queries {
        assert_eq!(problems(query), Vec::<String>::new(), "{query}");
    }
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("a number")).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let asked: Vec<_> = OURS.iter().filter(|metric| !dashboard.to_string().contains(metric.name)).collect();
    assert!(asked.is_empty(), "{asked:?} are not on the dashboard");
}

/// The headings of a page, as links name them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix("## ").or(line.strip_prefix("### ")));
    let anchor = |heading: &str| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn the_alerts_ask_for_metrics_that_there_are_and_lead_to_a_remedy() {
    let rules = read("monitoring/alerts.yml");
    let (page, mut alerts) = (anchors(&read("operations.md")), BTreeSet::new());
    for rule in rules.split("      - alert: ").skip(1) {
        let (name, rest) = rule.split_once('\n').expect("lines");
        assert!(alerts.insert(name), "{name} is there twice");
        let field = |key: &str| {
            let line = rest.lines().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": "));
            line.unwrap_or_else(|| unreachable!("{name} has no {key}"))
        };
        assert_eq!(problems(field("expr")), Vec::<String>::new(), "{name}: {}", field("expr"));
        assert!(["warning", "critical"].contains(&field("severity")), "{name}");
        assert!(!field("summary").is_empty() && !field("description").is_empty());
        let anchor = field("runbook").strip_prefix("docs/operations.md#").expect("a heading");
        assert!(page.contains(anchor), "{name}: docs/operations.md has no heading {anchor}: {page:?}");
    }
    assert!(alerts.len() > 20, "{alerts:?}");
}

#[test]
fn what_the_alerts_wait_for_is_told_before_it_happens() {
    let told = support::metrics::told(&support::Service::start());
    let rules = read("monitoring/alerts.yml");
    let asked = Regex::new(r#"(ejabberd_sidecar_\w+)\{[^}]*reason=~?"([^"]*)""#).expect("a pattern");
    let mut reasons = 0;
    for found in asked.captures_iter(&rules) {
        for reason in found[2].split('|') {
            let series = told
                .lines()
                .find(|line| line.starts_with(&found[1]) && line.contains(&format!("\"{reason}\"")));
            assert!(
                series.is_some_and(|series| series.ends_with(" 0")),
                "{} {reason}: {series:?}",
                &found[1]
            );
            reasons += 1;
        }
    }
    assert!(reasons > 6, "{rules}");
}

#[test]
fn a_wrong_name_is_found() {
    for (query, problem) in [
        ("ejabberd_sidecar_store_down == 0", "there is no metric ejabberd_sidecar_store_down"),
        ("ejabberd_sidecar_login_seconds > 1", "there is no metric ejabberd_sidecar_login_seconds"),
        ("ejabberd_sidecar_store_up{vhost=\"a\"}", "ejabberd_sidecar_store_up has no vhost a"),
        (
            "ejabberd_sidecar_logins_total{outcome=\"stored\"}",
            "ejabberd_sidecar_logins_total has no outcome stored",
        ),
        (
            "ejabberd_sidecar_logins_total{reason=~\"exists|nonsense\"}",
            "ejabberd_sidecar_logins_total has no reason nonsense",
        ),
        ("sum by (vhost) (ejabberd_sidecar_store_up)", "nothing has a label vhost"),
        ("process_open_fds > 10", "it is of other programs as well"),
    ] {
        assert_eq!(problems(query), [problem], "{query}");
    }
}
