//! The import rules: who may know whom. Doors know use cases, use cases know the core, and never the other way round.

use std::fs;
use std::path::{Path, PathBuf};

/// Files below `within` must not name any of `never`, except in `but`.
struct Rule {
    within: &'static [&'static str],
    never: &'static [&'static str],
    but: &'static [&'static str],
    why: &'static str,
}

const CORE: &[&str] = &["src/authn", "src/policy", "src/store", "src/types", "src/telemetry"];

const RULES: &[Rule] = &[
    Rule {
        within: CORE,
        never: &["crate::http", "crate::extauth", "crate::cli", "crate::app", "crate::config"],
        but: &[],
        why: "the core knows no doors and no settings",
    },
    Rule {
        within: CORE,
        never: &["crate::login", "crate::upload"],
        but: &[],
        why: "the core knows no use cases",
    },
    Rule {
        within: &["src/login", "src/upload"],
        never: &["crate::http", "crate::extauth", "crate::cli", "crate::app", "crate::config"],
        but: &[],
        why: "use cases know no doors and no settings",
    },
    Rule {
        within: &["src/http"],
        never: &["store::Store", "store.put", "authn::PutGrant"],
        but: &[],
        why: "http reaches the store through upload only",
    },
    Rule {
        within: &["src"],
        never: &["axum"],
        but: &["src/http", "src/app/build.rs"],
        why: "one door speaks HTTP",
    },
    Rule { within: &["src"], never: &["aws_"], but: &["src/store/s3.rs"], why: "one file knows the AWS SDK" },
    Rule {
        within: &["src"],
        never: &["jsonwebtoken"],
        but: &["src/authn"],
        why: "tokens are judged in authn",
    },
    Rule {
        within: &["src"],
        never: &["ureq"],
        but: &["src/extauth"],
        why: "only the bridge is a blocking client",
    },
    Rule {
        within: &["src"],
        never: &["tokio"],
        but: &["src/app", "src/http", "src/store", "src/cli/serve.rs"],
        why: "the rest computes",
    },
    Rule {
        within: &["src/extauth"],
        never: &["tokio", "crate::login", "crate::store"],
        but: &[],
        why: "the bridge is a client of the service",
    },
    Rule {
        within: &["src"],
        never: &["std::env"],
        but: &["src/config/environment.rs"],
        why: "one place reads the environment",
    },
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| unreachable!("{}: {error}", folder.display())) {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines that are code of the product: no comments, nothing from the tests at the end of the file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate();
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn violations(root: &Path, rule: &Rule) -> Vec<String> {
    let mut files = Vec::new();
    for folder in rule.within {
        sources(&root.join(folder), &mut files);
    }
    assert!(!files.is_empty(), "{:?} holds nothing: the rule \"{}\" checks nothing", rule.within, rule.why);
    files.retain(|file| !rule.but.iter().any(|but| file.starts_with(root.join(but))));
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("readable source");
        for (at, line) in code(&text) {
            if let Some(name) = rule.never.iter().find(|name| line.contains(**name)) {
                found.push(format!("{}:{}: names {name}, but {}", file.display(), at + 1, rule.why));
            }
        }
    }
    found
}

#[test]
fn imports_follow_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: Vec<_> = RULES.iter().flat_map(|rule| violations(root, rule)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_violation_is_found() {
    let root = tempfile::tempdir().expect("temporary folder");
    let store = root.path().join("src/store");
    fs::create_dir_all(&store).expect("writable");
    let source = "//! aws_ in a comment\nuse aws_sdk_s3::Client;\n#[cfg(test)]\nuse aws_sdk_s3::Test;\n";
    fs::write(store.join("disk.rs"), source).expect("writable");
    fs::write(store.join("s3.rs"), source).expect("writable");
    let rule =
        Rule { within: &["src"], never: &["aws_"], but: &["src/store/s3.rs"], why: "one file knows it" };
    let found = violations(root.path(), &rule);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("disk.rs:2"), "{found:?}");
}
