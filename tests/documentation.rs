//! The pages lead where they say: each link within the repository has a file, and a heading if it names one.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 5] = ["", "docs", "ejabberd-config", "hurl-tests", "helm/ejabberd"];

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

/// The requests that are made of the SDK's client in these files, but not in folders below.
fn requests(folder: &str) -> HashSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    let texts = files.filter(|file| file.is_file()).map(|file| fs::read_to_string(file).expect("text"));
    let mut found = HashSet::new();
    for text in texts {
        for rest in text.split("client").skip(1) {
            let Some(call) = rest.trim_start().strip_prefix('.') else { continue };
            let Some((name, _)) = call.split_once("()") else { continue };
            found.insert(name.to_owned());
        }
    }
    found
}

/// By the service authorization reference of Amazon S3.
fn right_to(request: &str) -> Option<&'static str> {
    Some(match request {
        "get_object" | "head_object" => "s3:GetObject",
        "put_object" | "create_multipart_upload" | "upload_part" | "complete_multipart_upload" => {
            "s3:PutObject"
        }
        "delete_object" => "s3:DeleteObject",
        "abort_multipart_upload" => "s3:AbortMultipartUpload",
        "list_objects_v2" => "s3:ListBucket",
        "list_multipart_uploads" => "s3:ListBucketMultipartUploads",
        "get_bucket_versioning" => "s3:GetBucketVersioning",
        "get_bucket_lifecycle_configuration" => "s3:GetLifecycleConfiguration",
        "put_bucket_lifecycle_configuration" => "s3:PutLifecycleConfiguration",
        "get_bucket_cors" => "s3:GetBucketCORS",
        "put_bucket_cors" => "s3:PutBucketCORS",
        _ => return None,
    })
}

fn rights_for(folder: &str) -> HashSet<String> {
    let requests = requests(folder);
    // What is asked of the client itself and sends nothing.
    let sent = requests.iter().filter(|name| !matches!(name.as_str(), "clone" | "config"));
    let right =
        |name: &String| right_to(name).unwrap_or_else(|| unreachable!("{name} needs a right")).to_owned();
    sent.map(right).collect()
}

#[test]
fn the_rights_that_are_asked_for_a_bucket_are_those_that_are_used() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/object-storage.md");
    let page = fs::read_to_string(page).expect("readable");
    let named = |text: &str| {
        let words = text.split(['"', '`']).filter(|word| word.starts_with("s3:"));
        words.filter(|word| *word != "s3:prefix").map(str::to_owned).collect::<HashSet<_>>()
    };
    let (_, policy) = page.split_once("```json").expect("a policy");
    let (policy, text) = policy.split_once("```").expect("its end");
    assert_eq!(named(policy), rights_for("src/store/s3"));
    let (_, text) = text.split_once("`store rules --apply` needs more").expect("what else there is");
    assert_eq!(named(text), rights_for("src/store/s3/rules"));
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
