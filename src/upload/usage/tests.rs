use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use http_body_util::Full;

use super::*;
use crate::store::{DiskStore, MemoryStore, NewObject};
use crate::types::{BareJid, ContentType, ObjectPath, parse_vhost, seconds_since_1970};

const NOW: u64 = 1_800_000_000;

fn vhost() -> Vhost {
    parse_vhost("a.org").unwrap()
}

fn user(name: &str) -> UserHash {
    UserHash::from(&BareJid::new(&format!("{name}@a.org")).unwrap())
}

fn key(owner: UserHash, random: &str) -> ObjectKey {
    ObjectKey::file(&vhost(), &ObjectPath::parse(&format!("{owner}/{random}/x")).unwrap())
}

fn quotas(per_user: Option<u64>, per_host: Option<u64>) -> Quotas {
    Quotas { per_user, per_host }
}

async fn with_file(store: Store) -> Usage {
    let file = key(user("alice"), "r");
    store.put(&file, NewObject::lasting(4, ContentType::unknown()), Full::from("data")).await.unwrap();
    Usage::new(Arc::new(store))
}

async fn left(usage: &Usage, quotas: Quotas) -> Result<u64, String> {
    let alice = user("alice");
    match usage.reserve(quotas, &vhost(), Some(alice), &key(alice, "new"), u64::MAX).await {
        Err(NoRoom::Quota(QuotaRefusal::User { left, .. })) => Ok(left),
        Err(error) => Err(error.to_string()),
        Ok(_) => unreachable!("there is no such room"),
    }
}

async fn slot(usage: &Usage, quotas: Quotas, name: &str, random: &str, bytes: u64) -> Result<(), NoRoom> {
    let promise = Promise { bytes, until: NOW + 300 };
    usage.promise(quotas, &vhost(), user(name), &key(user(name), random), promise, NOW).await
}

/// Begins to wait.
async fn asked<T>(waiting: &mut (impl Future<Output = T> + Unpin)) {
    assert!(matches!(poll!(waiting), Poll::Pending));
    // The listing has no seat yet.
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn slots_that_a_user_does_not_use_take_no_room_from_others() {
    let usage = Usage::of_nothing();
    let both = quotas(Some(1000), Some(1000));
    slot(&usage, both, "alice", "a", 1000).await.unwrap();
    let own = slot(&usage, both, "alice", "b", 1).await.unwrap_err();
    assert!(matches!(own, NoRoom::Quota(QuotaRefusal::User { left: 0, .. })), "{own}");
    slot(&usage, both, "bob", "a", 1000).await.unwrap();
    let (alice, bob) = (key(user("alice"), "a"), key(user("bob"), "a"));
    let _file = usage.reserve(both, &vhost(), Some(user("bob")), &bob, 600).await.unwrap();
    let none = usage.reserve(both, &vhost(), Some(user("alice")), &alice, 600).await.unwrap_err();
    assert!(matches!(none, NoRoom::Quota(QuotaRefusal::Host)), "what comes counts for all: {none}");
}

#[tokio::test]
async fn a_listing_goes_on_for_the_next_one_who_asks() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    let own = quotas(Some(10), None);
    let seats = usage.lister.seats.all().await;
    let mut impatient = Box::pin(left(&usage, own));
    asked(&mut impatient).await;
    drop(impatient);
    let (mut one, mut other) = (Box::pin(left(&usage, own)), Box::pin(left(&usage, own)));
    asked(&mut one).await;
    asked(&mut other).await;
    drop(seats);
    assert_eq!((one.await, other.await), (Ok(6), Ok(6)));
    let sum = usage.known(&vhost(), Some(user("alice"))).remove(0);
    assert_eq!(sum.account().listings(), 1, "of all three");
}

#[tokio::test]
async fn a_listing_that_nobody_waits_for_ends_all_the_same() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    let own = quotas(Some(10), None);
    let mut impatient = Box::pin(left(&usage, own));
    asked(&mut impatient).await;
    drop(impatient);
    let sum = usage.known(&vhost(), Some(user("alice"))).remove(0);
    while sum.is_stale() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sum.account().used(), 4);
}

#[tokio::test]
async fn a_listing_that_fails_answers_all_and_the_next_one_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let (root, away) = (folder.path().join("store"), folder.path().join("away"));
    let usage = with_file(Store::Disk(DiskStore::open(&root, false).unwrap())).await;
    std::fs::rename(&root, &away).unwrap();
    let own = quotas(Some(10), None);
    let seats = usage.lister.seats.all().await;
    let (mut one, mut other) = (Box::pin(left(&usage, own)), Box::pin(left(&usage, own)));
    asked(&mut one).await;
    asked(&mut other).await;
    drop(seats);
    for failed in [one.await, other.await] {
        assert!(failed.as_ref().is_err_and(|error| error.contains("mount its volume")), "{failed:?}");
    }
    let sum = usage.known(&vhost(), Some(user("alice"))).remove(0);
    assert_eq!(sum.account().listings(), 1, "of both");
    std::fs::rename(&away, &root).unwrap();
    assert_eq!(left(&usage, own).await, Ok(6));
}

#[tokio::test]
async fn a_vhost_that_takes_long_to_list_makes_no_users_sum_old() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    usage.keep_hosts(vec![vhost()]);
    let [users, hosts] = usage.all_seats().await;
    let mut left = Box::pin(left(&usage, quotas(Some(10), None)));
    asked(&mut left).await;
    drop(users);
    tokio::time::timeout(Duration::from_mins(1), usage.refresh()).await.expect("it waits for no vhost");
    assert!(!usage.known(&vhost(), Some(user("alice"))).remove(0).is_stale());
    assert_eq!(left.await, Ok(6));
    drop(hosts);
    let sum = usage.known(&vhost(), None).remove(0);
    while sum.is_stale() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sum.account().used(), 4);
}

#[tokio::test]
async fn a_vhost_that_is_not_kept_is_forgotten_once_nothing_is_on_its_way() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    let kept = || usage.known(&vhost(), None).len();
    usage.keep_hosts(vec![vhost()]);
    usage.refresh().await;
    assert_eq!(kept(), 1);
    let alice = user("alice");
    let file = usage.reserve(quotas(None, Some(10)), &vhost(), Some(alice), &key(alice, "new"), 1).await;
    usage.keep_hosts(Vec::new());
    assert_eq!(kept(), 1, "its upload goes on");
    drop(file);
    usage.refresh().await;
    assert_eq!(kept(), 0);
}

#[tokio::test]
async fn a_sum_is_listed_again_after_a_removal() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    let alice = user("alice");
    assert_eq!(usage.used(&vhost(), alice).await.unwrap(), 4);
    let sum = usage.known(&vhost(), Some(alice)).remove(0);
    // Listed since it was used, and not just now.
    sum.grow_older(Duration::from_secs(11));
    assert!(!sum.is_due());
    usage.removed(&vhost(), Some(alice), &key(alice, "stored elsewhere since"), 3);
    assert_eq!(sum.account().used(), 1);
    assert!(sum.is_due());
    usage.refresh().await;
    assert_eq!(sum.account().used(), 4);
}

#[tokio::test]
async fn a_sum_that_somebody_waits_for_is_the_sum_of_all() {
    let usage = with_file(Store::Memory(MemoryStore::default())).await;
    let both = quotas(None, Some(10));
    let seats = usage.all_seats().await;
    let bobs = key(user("bob"), "r");
    let at = vhost();
    let mut waiting = Box::pin(usage.reserve(both, &at, Some(user("bob")), &bobs, 6));
    asked(&mut waiting).await;
    usage.keep_hosts(Vec::new());
    drop(seats);
    let _file = waiting.await.unwrap();
    let none = slot(&usage, both, "alice", "a", 1).await.unwrap_err();
    assert!(matches!(none, NoRoom::Quota(QuotaRefusal::Host)), "{none}");
}

#[tokio::test]
async fn who_has_slots_or_an_upload_or_waits_is_not_forgotten_for_others() {
    let usage = Usage::of_nothing();
    let holder = |name: String| Holder::User(vhost(), user(&name));
    let promise = Promise { bytes: 10, until: seconds_since_1970() + 300 };
    let own = quotas(Some(10), None);
    let slots = key(user("slots"), "a");
    usage.promise(own, &vhost(), user("slots"), &slots, promise, 0).await.unwrap();
    let _held = hold(&mut lock(&usage.sums), holder("held".to_owned()));
    for at in 0..SUMS {
        drop(hold(&mut lock(&usage.sums), holder(format!("u{at}"))));
    }
    let sums = lock(&usage.sums);
    let known = ["slots", "held", "u0"].map(|name| sums.contains_key(&holder(name.to_owned())));
    assert_eq!((known, sums.len()), ([true, true, false], SUMS));
}
