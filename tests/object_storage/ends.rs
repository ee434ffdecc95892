//! The service ends in the middle of an upload: what was acknowledged is there and whole, and nothing of the rest.

use std::process::ExitStatus;
use std::sync::Arc;

use tokio::task::block_in_place;

use super::Scene;
use super::service::{ask, service};
use super::support::Service;
use super::support::http::Client;
use super::support::slots::{Kind, Slot};

/// The larger one goes in parts.
const SIZES: [usize; 2] = [500_000, 12 << 20];
const SETTINGS: &str = "single_put_max = '5MiB'\n[limits]\ndrain = ";

/// What is going on when the service ends.
struct Middle {
    scene: Scene,
    service: Service,
    acknowledged: Slot,
    /// Half of its file has been sent.
    begun: Slot,
    client: Client,
}

impl Middle {
    /// Of an upload of `size` bytes, which has `drain` to finish.
    async fn of(size: usize, drain: &str) -> Self {
        let scene = Scene::new();
        let service = service(&scene, &format!("{SETTINGS}'{drain}'")).await;
        let service = Arc::into_inner(service).expect("nobody else's");
        let acknowledged = Slot::new(Kind::V, "alice", "acknowledged", 1000);
        assert_eq!(block_in_place(|| acknowledged.put(&service, 1000)).status, 201);
        // Its claim goes a moment later.
        scene.assert_named(names(&[&acknowledged])).await;
        scene.proxy.seen();
        let begun = Slot::new(Kind::V, "alice", "begun", size);
        let client = block_in_place(|| {
            let mut client = Client::connect(&service.address("public"));
            client.send(begun.head(size));
            client.send(vec![b'x'; size / 2]);
            client
        });
        scene.asked_for(if size == SIZES[0] { "PUT files/" } else { "partNumber=1" }).await;
        Self { scene, service, acknowledged, begun, client }
    }

    fn end(&mut self, signal: &str) -> ExitStatus {
        block_in_place(|| {
            self.service.signal(signal);
            self.service.wait()
        })
    }

    /// The names of all whole files.
    async fn files(&self) -> Vec<String> {
        let listed = self.scene.bucket.listed().await.into_iter();
        let below = |name: String| name.strip_prefix(&self.scene.bucket.prefix).map(str::to_owned);
        listed
            .filter_map(below)
            .filter(|name| name.starts_with("files/") && !name.ends_with(" in parts"))
            .collect()
    }
}

fn names(slots: &[&Slot]) -> Vec<String> {
    slots.iter().map(|slot| format!("files/localhost/{}", slot.path)).collect()
}

/// What it leaves besides (a claim, parts) goes by itself, later.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_leaves_what_it_acknowledged() {
    for size in SIZES {
        let mut middle = Middle::of(size, "30s").await;
        assert!(!middle.end("KILL").success());
        assert_eq!(middle.files().await, names(&[&middle.acknowledged]), "{size}");

        let next = service(&middle.scene, "").await;
        let public = next.address("public");
        let status =
            |slot: &Slot| ask(&public, "GET", &format!("/upload/localhost/{}", slot.path), "").status;
        let found = block_in_place(|| [&middle.acknowledged, &middle.begun].map(status));
        assert_eq!(found, [200, 404], "{size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_asked_to_end_finishes_what_it_has_begun() {
    for size in SIZES {
        let mut middle = Middle::of(size, "1m").await;
        block_in_place(|| {
            middle.service.signal("TERM");
            middle.service.wait_for_log(&["stopping"]);
            middle.client.send(vec![b'x'; size - size / 2]);
            assert_eq!(middle.client.answer(true).status, 201, "{size}");
            assert!(middle.service.wait().success());
        });
        middle.scene.assert_named(names(&[&middle.acknowledged, &middle.begun])).await;
    }
}

/// There is time to give up parts and claim: whoever tries again does not wait for what is gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_the_end_may_is_given_up() {
    for size in SIZES {
        let mut middle = Middle::of(size, "1s").await;
        assert!(middle.end("TERM").success(), "{}", middle.service.log());
        middle.scene.assert_named(names(&[&middle.acknowledged])).await;
    }
}
