use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use futures_util::poll;
use http_body_util::Full;

use super::*;
use crate::authn::Carrier;
use crate::login::Registry;
use crate::store::{DiskStore, MemoryStore, Store};
use crate::types::{BareJid, ContentType, ObjectPath, parse_vhost};
use crate::upload::slots::tests::{NOW, sites, used};
use crate::upload::trail::Pointed;
use crate::upload::{Bounds, CLOCKS, Rates, Room, SlotOffice, SlotRequest, Sweeper, UploadRules, Usage};

const VHOST: &str = "a.org";

fn grant() -> PutGrant {
    let sites = sites(VHOST, "https://u.org/upload/", false);
    let rules = UploadRules { max_size: 10, ..UploadRules::default() };
    let office = SlotOffice { site: sites.all().next().unwrap(), rules: &rules };
    let user = BareJid::new("alice@a.org").unwrap();
    let request = SlotRequest {
        user: &user,
        filename: "x",
        size: 10,
        content_type: None,
        keep: None,
        carrier: Carrier::Header,
        ttl: None,
    };
    used(&sites, &office.issue(&request, NOW).unwrap(), NOW)
}

fn uploads(quotas: Quotas, places: usize) -> Uploads {
    let store = Arc::new(Store::Memory(MemoryStore::default()));
    let registry = Arc::new(Registry::new(Arc::clone(&store)));
    let rules = UploadRules { max_size: 10, quotas, ..UploadRules::default() };
    let bounds = Bounds {
        room: Arc::new(Room::new(places)),
        usage: Arc::new(Usage::new(Arc::clone(&store))),
        rates: Arc::new(Rates::new(0)),
    };
    Uploads::new(store, registry, HashMap::from([(parse_vhost(VHOST).unwrap(), rules)]), bounds)
}

async fn put(uploads: &Uploads) -> Result<(), PutFailure> {
    let put = uploads.put(grant(), None, Full::from("0123456789"));
    tokio::time::timeout(Duration::from_mins(1), put).await.expect("an answer in time")
}

#[tokio::test]
async fn an_upload_does_not_wait_for_ever_for_a_sum() {
    let gives_up = async |quotas| {
        let uploads = uploads(quotas, 1);
        let seats = uploads.usage.all_seats().await;
        let failure = put(&uploads).await.expect_err("nobody counts");
        assert!(matches!(failure, PutFailure::Counting), "{failure}");
        drop(seats);
        put(&uploads).await.expect("all of the quota is left");
    };
    let of_user = gives_up(Quotas { per_user: Some(10), per_host: None });
    let of_host = gives_up(Quotas { per_user: None, per_host: Some(10) });
    tokio::join!(of_user, of_host);
}

#[tokio::test]
async fn whose_file_it_is_is_written_down_with_it() {
    let uploads = uploads(Quotas::default(), 1);
    let grant = grant();
    let file = ObjectKey::file(grant.vhost(), grant.path());
    uploads.put(grant, None, Full::from("0123456789")).await.expect("stored");
    let info = uploads.store.head(&file).await.unwrap().unwrap();
    assert_eq!(info.uploader.unwrap().as_str(), "alice@a.org");
}

#[tokio::test]
async fn an_upload_that_waits_for_a_sum_takes_no_place_from_others() {
    let uploads = uploads(Quotas { per_user: Some(10), per_host: None }, 1);
    let seats = uploads.usage.all_seats().await;
    let mut waiting = Box::pin(put(&uploads));
    assert!(poll!(&mut waiting).is_pending());
    let other = grant();
    let file = ObjectKey::file(other.vhost(), other.path());
    drop(uploads.room.enter(&file).expect("the only place is free"));
    drop(seats);
    waiting.await.expect("the place is free again");
}

#[tokio::test]
async fn an_upload_counts_where_there_is_no_quota_too() {
    for per_host in [None, Some(10)] {
        let uploads = uploads(Quotas { per_user: None, per_host }, 1);
        let grant = grant();
        let (vhost, alice) = (grant.vhost().clone(), owner(&grant).unwrap());
        let used = async || uploads.usage.used(&vhost, alice).await.unwrap();
        assert_eq!(used().await, 0);
        uploads.put(grant, None, Full::from("0123456789")).await.unwrap();
        assert_eq!(used().await, 10, "{per_host:?}");
        assert_eq!(uploads.usage.listings(&vhost, alice), 1, "by no further listing");
    }
}

#[tokio::test]
async fn an_upload_where_there_is_no_quota_lists_nothing_that_nobody_asked_for() {
    let uploads = uploads(Quotas::default(), 1);
    let grant = grant();
    let (vhost, alice) = (grant.vhost().clone(), owner(&grant).unwrap());
    uploads.put(grant, None, Full::from("0123456789")).await.unwrap();
    assert_eq!(uploads.usage.listings(&vhost, alice), 0);
}

fn trail() -> Trail {
    let owner = "9637f279e87dc3aba7eb582ceceaa621fa695865".parse().unwrap();
    let path = ObjectPath::parse("uuid/name").unwrap();
    let pointed = Some(Pointed { owner, size: 4 });
    Trail { vhost: parse_vhost("localhost").unwrap(), path, pointed }
}

#[tokio::test]
async fn what_is_left_of_an_erased_user_is_found_by_the_next_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::Disk(DiskStore::open(folder.path(), true).unwrap());
    let trail = trail();
    // What cannot be removed.
    fs::create_dir_all(folder.path().join(trail.file().as_str()).join("folder")).unwrap();
    remove_of_erased(&store, &trail).await.unwrap_err();
    assert!(store.head(&trail.pointer().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sweep_removes_what_was_over_and_could_not_be_removed() {
    const DEADLINE: u64 = 1_800_000_000;
    let store = Arc::new(Store::Memory(MemoryStore::default()));
    let Store::Memory(memory) = &*store else { unreachable!("it is in memory") };
    let trail = trail();
    let life = Lifetime { keep_until: Some(DEADLINE), slot_ends: Some(DEADLINE), buried: false };
    let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
    store.put(&trail.file(), object, Full::from("data")).await.unwrap();
    memory.dies_after(Some(1));
    remove_over(&store, &trail, life).await;
    memory.dies_after(None);
    assert!(store.head(&trail.file()).await.unwrap().is_some());

    let usage = Arc::new(Usage::new(Arc::clone(&store)));
    Sweeper::new(Arc::clone(&store), usage).round(DEADLINE + CLOCKS).await.unwrap();
    assert!(store.head(&trail.file()).await.unwrap().is_none());
}
