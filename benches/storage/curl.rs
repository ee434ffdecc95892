//! Files by `curl`, as whoever compares would send and get them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Puts each file under its URL, all at once.
pub(crate) fn put(files: &[(&Path, String)]) {
    let started = files.iter().map(|(file, url)| start(|curl| curl.arg("-T").arg(file).arg(url)));
    let curls: Vec<_> = started.collect();
    for curl in curls {
        finish(curl);
    }
}

/// Gets what is there, and throws it away. Answers how many bytes it was.
pub(crate) fn get(url: &str) -> u64 {
    let said = finish(start(|curl| curl.args(["-w", "%{size_download}", url])));
    said.parse().unwrap_or_else(|error| unreachable!("{said:?}: {error}"))
}

fn start(request: impl FnOnce(&mut Command) -> &mut Command) -> Child {
    let mut curl = Command::new("curl");
    request(curl.args(["-sSf", "--noproxy", "*", "-o", "/dev/null"])).stdout(Stdio::piped());
    curl.spawn().expect("curl is installed")
}

fn finish(curl: Child) -> String {
    let ended = curl.wait_with_output().expect("ours");
    assert!(ended.status.success(), "curl says why");
    String::from_utf8(ended.stdout).expect("text")
}
