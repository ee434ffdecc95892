//! A list comes in pages, which together are all of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::{App, UPLOADS, error, files, text};
use crate::support::slots::{Kind, Slot, upload};
use crate::support::{Service, with_upload};

const FILES: usize = 12;

fn paths(page: &Value) -> Vec<String> {
    files(page).iter().map(|file| text(&file["path"])).collect()
}

/// All pages of so many files.
fn pages(app: &App<'_>, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut query = format!("?limit={limit}");
    loop {
        let page = app.list(&query);
        pages.push(paths(&page));
        let Some(next) = page["next"].as_str() else { return pages };
        query = format!("?limit={limit}&after={next}");
    }
}

#[test]
fn pages_of_every_size_are_the_whole_list() {
    let limits = "[limits]\napi_requests_per_minute = 10000";
    let service = Service::start_with(&with_upload("accept = ['v', 'bearer', 'jwt']", limits));
    let alice = App::of(&service, "alice");
    for at in 0..FILES {
        let kind = [Kind::V, Kind::Bearer, Kind::Jwt][at % 3];
        for user in ["alice", "bob"] {
            assert_eq!(upload(&service, kind, user, &format!("r{at}"), at), 201);
        }
    }
    let whole = paths(&alice.list(""));
    assert_eq!(whole.len(), FILES);
    let hole = whole[3].clone();
    assert_eq!(alice.remove(&hole).status, 204);
    let expected: BTreeSet<_> = whole.iter().filter(|path| **path != hole).cloned().collect();
    for limit in 1..=FILES + 1 {
        let pages = pages(&alice, limit);
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}: {pages:?}");
        let all: Vec<_> = pages.concat();
        assert_eq!(all.len(), expected.len(), "{limit}: nothing stands there twice");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected, "{limit}");
    }
}

#[test]
fn what_is_gone_leaves_no_holes_in_a_page() {
    let limits = "[limits]\napi_requests_per_minute = 10000\nslots_per_minute = 10000";
    let service = Service::start_with(&with_upload("accept = ['v', 'bearer', 'jwt']", limits));
    let alice = App::of(&service, "alice");
    // More than are listed at once.
    for at in 0..150 {
        assert_eq!(upload(&service, Kind::V, "alice", &format!("r{at:03}"), 1), 201);
    }
    for at in 5..145 {
        assert_eq!(alice.remove(&format!("r{at:03}/file.bin")).status, 204);
    }
    let first = alice.list("?limit=7");
    assert_eq!(paths(&first).last().map(String::as_str), Some("r146/file.bin"));
    let rest = alice.list(&format!("?limit=7&after={}", text(&first["next"])));
    assert_eq!((paths(&rest).len(), &rest["next"]), (3, &Value::Null));
}

#[test]
fn what_no_answer_has_said_is_refused() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "after=",
        "after=x",
        "after=%00",
        "after=Li4vLi4",
        "after=YS8uLg",
        "after=eC9hL2I",
        "page=2",
        "vhost=localhost&vhost=localhost",
    ] {
        let answer = alice.ask("GET", &format!("{UPLOADS}?{query}"), "");
        assert_eq!(error(&answer), (400, "request_malformed".to_owned()), "{query}");
    }
    // Whoever says where to go on goes on below his own files.
    let bobs = Slot::new(Kind::V, "bob", "z", 4);
    assert_eq!(bobs.put(&service, 4).status, 201);
    assert_eq!(files(&alice.list("?after=YS9i")).len(), 0);
}
