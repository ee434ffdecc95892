use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use http_body_util::Full;
use tempfile::NamedTempFile;

use super::*;
use crate::store::Lifetime;
use crate::types::{ContentType, ObjectPath, parse_vhost};

fn key(path: &str) -> ObjectKey {
    ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse(path).unwrap())
}

async fn store_with(path: &str) -> (tempfile::TempDir, DiskStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::open(&folder.path().join("new/store"), true).unwrap();
    let object = NewObject::lasting(4, ContentType::unknown());
    store.put(&key(path), object, Full::from("data")).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn a_folder_is_no_object() {
    let (_folder, store) = store_with("a/b/c").await;
    assert!(store.head(&key("a/b")).unwrap().is_none());
    assert!(store.head(&key("a/b/c")).unwrap().is_some());
}

#[tokio::test]
async fn what_is_in_the_way_of_a_path_is_not_touched() {
    let (_folder, store) = store_with("a/b").await;
    for path in ["a/b/c", "a/b"] {
        let object = NewObject::lasting(4, ContentType::unknown());
        let put = store.put(&key(path), object, Full::from("more")).await;
        assert!(matches!(put, Err(PutError::Exists)), "{path}: {put:?}");
    }
    let (_folder, store) = store_with("a/b/c").await;
    let object = NewObject::lasting(4, ContentType::unknown());
    let put = store.put(&key("a/b"), object, Full::from("more")).await;
    assert!(matches!(put, Err(PutError::Exists)), "{put:?}");
}

#[tokio::test]
async fn of_two_processes_one_publishes() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [(); 2].map(|()| DiskStore::open(folder.path(), true).unwrap());
    for round in 0..20 {
        let key = key(&format!("a/{round}/c"));
        let put = |store: usize| {
            let object = NewObject::lasting(4, ContentType::unknown());
            stores[store].put(&key, object, Full::from("data"))
        };
        let outcomes = tokio::join!(put(0), put(1));
        let won = [outcomes.0.is_ok(), outcomes.1.is_ok()];
        assert!(won[0] != won[1], "{round}: {won:?}");
    }
    assert_eq!(stores[0].staging.read_dir().unwrap().count(), 0, "the loser's file is gone");
}

#[tokio::test]
async fn a_file_that_was_changed_is_not_served() {
    let (_folder, store) = store_with("a/random-part/c").await;
    fs::OpenOptions::new()
        .append(true)
        .open(store.path(&key("a/random-part/c")))
        .unwrap()
        .write_all(b"x")
        .unwrap();
    let damaged = store.get(&key("a/random-part/c")).unwrap_err();
    assert!(
        matches!(&damaged, StoreError::Damaged { object } if object == "files/localhost/a/random…"),
        "{damaged}"
    );
}

#[tokio::test]
async fn files_and_folders_are_the_services_own() {
    let (_folder, store) = store_with("a/b/c").await;
    let path = store.path(&key("a/b/c"));
    for path in [path.as_path(), path.parent().unwrap(), &store.staging] {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
    }
}

#[tokio::test]
async fn what_has_no_room_is_refused_before_it_comes() {
    let (_folder, store) = store_with("a/b/c").await;
    let object = NewObject::lasting(u64::MAX / 2, ContentType::unknown());
    let put = store.put(&key("a/b/d"), object, Full::from("not of that length")).await;
    let Err(PutError::Full(why)) = put else { unreachable!("{put:?}") };
    assert!(why.to_string().contains("are free"), "{why}");
}

#[tokio::test]
async fn a_store_that_is_gone_knows_nothing_and_takes_nothing_until_it_is_back() {
    let (folder, store) = store_with("a/b/c").await;
    let away = folder.path().join("away");
    let object = || NewObject::lasting(4, ContentType::unknown());
    let prefix = ObjectPrefix::users();
    for mount_point in [false, true] {
        fs::rename(&store.root, &away).unwrap();
        if mount_point {
            fs::create_dir(&store.root).unwrap();
        }
        store.head(&key("a/b/c")).unwrap_err();
        let error = store.get(&key("a/b/c")).unwrap_err().to_string();
        assert!(error.contains("mount its volume"), "{error}");
        store.delete(&key("a/b/c")).unwrap_err();
        store.delete_all(&prefix).unwrap_err();
        store.list(&prefix, None, &mut |_| ControlFlow::Continue(())).unwrap_err();
        store.sizes(&prefix, |_, _| {}).await.unwrap_err();
        store.bury(&key("a/b/c"), Lifetime::default()).unwrap_err();
        store.sweep(Duration::ZERO).unwrap_err();
        store.check().unwrap_err();
        let put = store.put(&key("a/b/d"), object(), Full::from("data")).await;
        assert!(matches!(put, Err(PutError::Store(_))), "{put:?}");
        if mount_point {
            fs::remove_dir(&store.root).expect("empty as it was");
        }
        assert!(!store.root.exists(), "not made anew");
        fs::rename(&away, &store.root).unwrap();
        assert!(store.head(&key("a/b/c")).unwrap().is_some());
    }
    store.put(&key("a/b/d"), object(), Full::from("data")).await.unwrap();
}

#[tokio::test]
async fn a_store_that_goes_while_a_file_comes_in_is_not_made_anew() {
    let (folder, store) = store_with("a/b/c").await;
    let staged = Staged::create(&store.staging).unwrap();
    let target = store.path(&key("new/user/d"));
    fs::rename(&store.root, folder.path().join("away")).unwrap();
    fs::create_dir(&store.root).unwrap();
    let published = publish(staged, &key("new/user/d"), &target, &store.root, None);
    assert!(matches!(published, Err(PutError::Store(_))), "{published:?}");
    fs::remove_dir(&store.root).expect("empty as it was");
}

#[test]
fn folders_on_two_volumes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = one_volume([folder.path(), Path::new("/proc")]).unwrap_err().to_string();
    assert!(refused.contains("/proc: it is on another volume than"), "{refused}");
    one_volume([folder.path(), folder.path()]).unwrap();
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = NamedTempFile::new().unwrap();
    let refused = DiskStore::open(&file.path().join("store"), true).unwrap_err().to_string();
    assert!(refused.contains(file.path().to_str().unwrap()), "{refused}");
}
