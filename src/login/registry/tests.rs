use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::*;
use crate::store::{DiskStore, MemoryStore};

fn alice() -> BareJid {
    BareJid::new("alice@localhost").unwrap()
}

/// Two replicas with one store.
async fn replicas() -> (Arc<Store>, [Registry; 2]) {
    let store = Arc::new(Store::Memory(MemoryStore::default()));
    let replicas = loaded(&store).await;
    (store, replicas)
}

async fn loaded(store: &Arc<Store>) -> [Registry; 2] {
    let replicas = [(); 2].map(|()| Registry::new(Arc::clone(store)));
    for replica in &replicas {
        replica.refresh().await.unwrap();
    }
    replicas
}

async fn entries(store: &Store) -> Vec<Said> {
    let mut entries = Vec::new();
    let each = |key| entries.extend(Entry::parse(&key).map(|entry| entry.said));
    store.list(&ObjectPrefix::users(), None, each).await.unwrap();
    entries
}

#[tokio::test]
async fn everybody_exists_until_it_is_known_who_does() {
    let registry = Registry::new(Arc::new(Store::Memory(MemoryStore::default())));
    assert!(registry.contains(&alice()));
    registry.refresh().await.unwrap();
    assert!(!registry.contains(&alice()));
}

#[tokio::test]
async fn a_login_from_before_a_removal_does_not_outlive_it() {
    let (store, [here, there]) = replicas().await;
    here.remember(&alice(), "one");
    here.write().await.unwrap();
    there.refresh().await.unwrap();
    here.remember(&alice(), "two");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(there.remove(&alice()).await.unwrap());
    here.write().await.unwrap();
    for registry in [here, there, Registry::new(store)] {
        registry.refresh().await.unwrap();
        assert!(!registry.contains(&alice()));
    }
}

#[tokio::test]
async fn a_login_that_nobody_else_knew_of_does_not_outlive_a_removal() {
    let (store, [here, there]) = replicas().await;
    here.remember(&alice(), "one");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(!there.remove(&alice()).await.unwrap());
    here.write().await.unwrap();
    for registry in [here, there, Registry::new(store)] {
        registry.refresh().await.unwrap();
        assert!(!registry.contains(&alice()));
    }
}

#[tokio::test]
async fn a_user_is_remembered_at_once_and_written_down_once() {
    let (store, [here, there]) = replicas().await;
    here.remember(&alice(), "one");
    assert!(here.contains(&alice()));
    assert_eq!(entries(&store).await, [], "the login is answered first");
    there.refresh().await.unwrap();
    assert!(!there.contains(&alice()));

    here.write().await.unwrap();
    here.remember(&alice(), "one");
    here.write().await.unwrap();
    assert_eq!(entries(&store).await, [Said::Vouched(IssuerMark::of("one"))]);
    there.refresh().await.unwrap();
    assert!(there.contains(&alice()));
    let later = Registry::new(store);
    later.refresh().await.unwrap();
    assert!(later.contains(&alice()));
}

#[tokio::test]
async fn the_issuer_that_vouched_last_is_kept() {
    let (store, [here, there]) = replicas().await;
    here.register(&alice()).await.unwrap();
    there.refresh().await.unwrap();
    for (replica, issuer) in [(&here, "one"), (&there, "two"), (&here, "one"), (&here, "one")] {
        replica.remember(&alice(), issuer);
        replica.write().await.unwrap();
        replica.refresh().await.unwrap();
        assert!(replica.contains(&alice()));
    }
    here.refresh().await.unwrap();
    there.refresh().await.unwrap();
    assert_eq!(entries(&store).await.len(), 1);
}

#[tokio::test]
async fn a_removed_user_is_gone_everywhere_and_can_come_back() {
    let (store, [here, there]) = replicas().await;
    assert!(!here.remove(&alice()).await.unwrap());
    here.remember(&alice(), "one");
    here.write().await.unwrap();
    there.refresh().await.unwrap();

    assert!(there.remove(&alice()).await.unwrap());
    assert!(!there.contains(&alice()));
    assert_eq!(entries(&store).await, [Said::Gone], "nothing but the removal is left");
    here.refresh().await.unwrap();
    assert!(!here.contains(&alice()));

    here.remember(&alice(), "one");
    here.write().await.unwrap();
    there.refresh().await.unwrap();
    assert!(there.contains(&alice()));
    let later = Registry::new(store);
    later.refresh().await.unwrap();
    assert!(later.contains(&alice()));
}

#[tokio::test]
async fn a_user_who_was_removed_before_he_was_written_down_stays_away() {
    let (store, [here, there]) = replicas().await;
    here.remember(&alice(), "one");
    assert!(here.remove(&alice()).await.unwrap());
    here.write().await.unwrap();
    there.refresh().await.unwrap();
    assert!(!here.contains(&alice()) && !there.contains(&alice()));
    assert_eq!(entries(&store).await, [Said::Gone]);
}

/// Two replicas with one folder, whose writes take a moment.
async fn slow_replicas() -> (tempfile::TempDir, Arc<Store>, [Registry; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), true).unwrap()));
    let replicas = loaded(&store).await;
    (folder, store, replicas)
}

/// Lets `future` run until it waits for the store.
async fn begin(future: &mut Pin<&mut impl Future>) {
    let begun = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending()));
    assert!(begun.await, "it did not wait");
}

async fn is_known(store: &Arc<Store>) -> bool {
    let later = Registry::new(Arc::clone(store));
    later.refresh().await.unwrap();
    later.contains(&alice())
}

#[tokio::test]
async fn two_replicas_that_see_a_user_at_once_do_not_lose_him() {
    let (_folder, store, [here, there]) = slow_replicas().await;
    here.remember(&alice(), "one");
    there.remember(&alice(), "one");
    let mut write = pin!(here.write());
    begin(&mut write).await;
    there.write().await.unwrap();
    here.refresh().await.unwrap();
    write.await.unwrap();
    for replica in [&here, &there] {
        replica.refresh().await.unwrap();
        assert!(replica.contains(&alice()));
    }
    assert!(is_known(&store).await);
}

#[tokio::test]
async fn a_login_during_his_removal_elsewhere_keeps_a_user() {
    let (_folder, store, [here, there]) = slow_replicas().await;
    let alice = alice();
    here.register(&alice).await.unwrap();
    let mut removal = pin!(here.remove(&alice));
    begin(&mut removal).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    there.remember(&alice, "one");
    there.write().await.unwrap();
    here.refresh().await.unwrap();
    removal.await.unwrap();
    assert!(here.contains(&alice) && there.contains(&alice));
    assert!(is_known(&store).await);
}

#[tokio::test]
async fn a_login_after_a_removal_counts_even_if_an_older_one_is_still_being_written() {
    let (_folder, store, [here, _]) = slow_replicas().await;
    here.remember(&alice(), "one");
    let mut write = pin!(here.write());
    begin(&mut write).await;
    assert!(here.remove(&alice()).await.unwrap());
    here.remember(&alice(), "one");
    write.await.unwrap();
    assert!(here.contains(&alice()) && here.has_unwritten());
    here.write().await.unwrap();
    here.refresh().await.unwrap();
    assert!(here.contains(&alice()) && is_known(&store).await);
}

#[tokio::test]
async fn who_was_removed_elsewhere_is_not_written_down_later() {
    let (_folder, store, [here, there]) = slow_replicas().await;
    here.remember(&alice(), "one");
    there.register(&alice()).await.unwrap();
    assert!(there.remove(&alice()).await.unwrap());
    here.refresh().await.unwrap();
    here.write().await.unwrap();
    assert!(!here.contains(&alice()) && !is_known(&store).await);
}

#[tokio::test]
async fn an_entry_says_who_vouched_for_whom() {
    let (store, [here, _]) = replicas().await;
    here.remember(&alice(), "https://login.example.org");
    here.write().await.unwrap();
    let mut keys = Vec::new();
    store.list(&ObjectPrefix::users(), None, |key| keys.push(key)).await.unwrap();
    let entry = store.get(&keys[0]).await.unwrap().unwrap();
    let text = http_body_util::BodyExt::collect(entry.body).await.unwrap().to_bytes();
    let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        (&text["user"], &text["issuer"]),
        (&json!("alice@localhost"), &json!("https://login.example.org"))
    );
}
