//! The pages lead where they say: each link within the repository has a file, and a heading if it names one.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 5] = ["", "docs", "ejabberd-config", "hurl-tests", "monitoring"];

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = FOLDERS.iter().filter_map(|folder| fs::read_dir(root.join(folder)).ok()).flatten();
    let files = files.map(|entry| entry.expect("readable").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Without what stands between fences, which is no text.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    page.split("\n```").step_by(2).flat_map(str::lines)
}

/// The targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// What headings are linked by, as GitHub makes it.
fn anchors(page: &str) -> HashSet<String> {
    let headings = prose(page)
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("readable");
        for target in prose(&text).flat_map(links).filter(|target| !is_elsewhere(target)) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(path.exists(), "{}: {target}: there is no such file", page.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&path).expect("a page"));
                assert!(there.contains(anchor), "{}: {target}: there is no such heading", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "only {followed} links were found");
}
