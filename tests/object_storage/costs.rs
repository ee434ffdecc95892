//! What is asked of the store for what is asked of the service, as docs/object-storage.md says.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::spawn_blocking;

use super::Scene;
use super::service::{ask, service};
use super::support::slots::{Kind, Slot};

/// Requests by method and kind of object, without what goes on by itself. At this store claims see to it that a slot is used once.
fn counted(scene: &Scene) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in scene.proxy.seen() {
        let (method, target) = line.split_once(' ').expect("a request");
        let kinds = ["files", "tombs", "expiring", "pointers", "claims"];
        let kind = kinds.into_iter().find(|kind| target.contains(&format!("{}{kind}/", scene.bucket.prefix)));
        // Listings name what they list in another way, and are those of the background.
        let Some(kind) = kind else { continue };
        // A claim goes a moment later than what it is for.
        if (method, kind) != ("DELETE", "claims") {
            *counts.entry(format!("{method} {kind}")).or_insert(0) += 1;
        }
    }
    counts
}

fn expected(requests: &[(&str, usize)]) -> BTreeMap<String, usize> {
    requests.iter().map(|(request, times)| ((*request).to_owned(), *times)).collect()
}

const UPLOAD: [(&str, usize); 4] =
    [("HEAD tombs", 2), ("PUT claims", 1), ("HEAD files", 1), ("PUT files", 1)];

#[tokio::test(flavor = "multi_thread")]
async fn each_request_costs_what_the_page_says() {
    let scene = Scene::new().await;
    let service = service(&scene, "").await;
    spawn_blocking(move || {
        let public = service.address("public");
        let get = |path: &str, method: &str, headers: &str| {
            ask(&public, method, &format!("/upload/localhost/{path}"), headers).status
        };
        scene.proxy.seen();

        let slot = Slot::new(Kind::V, "alice", "first", 1000);
        assert_eq!(slot.put(&service, 1000).status, 201);
        assert_eq!(counted(&scene), expected(&UPLOAD), "PUT");
        for (method, headers, status, costs) in [
            ("GET", "", 200, &[("GET files", 1)][..]),
            ("HEAD", "", 200, &[("HEAD files", 1)]),
            ("GET", "range: bytes=0-4\r\n", 206, &[("HEAD files", 1), ("GET files", 1)]),
            ("GET", "if-none-match: *\r\n", 304, &[("HEAD files", 1)]),
            ("OPTIONS", "origin: https://a.org\r\naccess-control-request-method: GET\r\n", 200, &[]),
        ] {
            assert_eq!(get(&slot.path, method, headers), status, "{method} {headers}");
            assert_eq!(counted(&scene), expected(costs), "{method} {headers}");
        }
        assert_eq!(get(&slot.path.replace("first", "none"), "GET", ""), 404);
        assert_eq!(counted(&scene), expected(&[("GET files", 1)]), "a file that is not there");
        assert_eq!(slot.put(&service, 1000).status, 409);
        let again = [("HEAD tombs", 1), ("PUT claims", 1), ("HEAD files", 1)];
        assert_eq!(counted(&scene), expected(&again), "a used slot");

        let soon = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() + 3600;
        assert_eq!(Slot::new(Kind::Keeping(soon), "alice", "kept", 1000).put(&service, 1000).status, 201);
        let kept =
            [("PUT expiring", 1), ("HEAD tombs", 2), ("PUT claims", 1), ("HEAD files", 2), ("PUT files", 1)];
        assert_eq!(counted(&scene), expected(&kept), "a file that is not kept for ever");

        assert_eq!(Slot::new(Kind::V, "alice", "forged", 1000).put(&service, 999).status, 403);
        assert_eq!(counted(&scene), expected(&[]), "a stranger costs nothing");
    })
    .await
    .expect("as expected");
}
