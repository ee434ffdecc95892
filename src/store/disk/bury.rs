//! Nothing stays of an object but its name, which says so.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::DiskStore;
use super::faults::{at, is_missing, of};
use super::staging::Staged;
use super::trailer::{self, Trailer};
use super::writer::Writer;
use crate::store::{Lifetime, NewObject, ObjectKey, StoreError};
use crate::types::ContentType;

impl DiskStore {
    /// The name is given to another file, which says that there is none: whoever reads the old one goes on to. If there is no room for another file,
    /// the old one is emptied where it lies, and readers are cut off.
    pub(in crate::store) fn bury(&self, key: &ObjectKey, life: Lifetime) -> Result<(), StoreError> {
        match self.bury_anew(key, life) {
            Err(error) if error.is_full() => self.bury_in_place(key, life),
            done => done,
        }
    }

    fn bury_anew(&self, key: &ObjectKey, life: Lifetime) -> Result<(), StoreError> {
        let target = self.path(key);
        let staged = Staged::create(&self.staging).map_err(at("make a file in", &self.staging))?;
        let object = gone(life);
        let written = Writer::new(staged, object, false).finish();
        let staged = written.map_err(at("write to", &self.staging))?;
        if self.durable.is_some() {
            staged.file().sync_all().map_err(of("sync", key))?;
        }
        match staged.replace(&target) {
            Ok(()) => self.sync_removal(&target).map_err(of("sync the folder of", key)),
            // Its folder is gone, and the object with it.
            Err(error) if is_missing(&error) => self.unless_away(()),
            Err(error) => Err(of("remove", key)(error)),
        }
    }

    pub(super) fn bury_in_place(&self, key: &ObjectKey, life: Lifetime) -> Result<(), StoreError> {
        match File::options().read(true).write(true).open(self.path(key)) {
            Ok(file) => empty(&file, life, self.durable.is_some()).map_err(of("empty", key)),
            Err(error) if is_missing(&error) => self.unless_away(()),
            Err(error) => Err(of("open", key)(error)),
        }
    }
}

fn gone(life: Lifetime) -> NewObject {
    NewObject { life, ..NewObject::lasting(0, ContentType::unknown()) }
}

/// Makes an object that is nothing but a trailer, with the room that the file has. If the process dies in between, the old trailer still stands at the
/// file's end, so that the object is the old one, only that its bytes begin with others; a small file is changed by one write.
fn empty(file: &File, life: Lifetime, sync: bool) -> io::Result<()> {
    let bytes = trailer_over(file, life)?;
    file.write_all_at(&bytes, 0)?;
    if sync {
        file.sync_all()?;
    }
    file.set_len(bytes.len() as u64)?;
    if sync { file.sync_all() } else { Ok(()) }
}

/// As long as the file, if that is so short that the old trailer would be written over.
fn trailer_over(file: &File, life: Lifetime) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let trailer = Trailer::new(&gone(life));
    Ok(if length > trailer::MAX_BYTES { trailer.encode(0) } else { trailer.encode_at_least(0, length) })
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::types::{ObjectPath, parse_vhost};

    const LIFE: Lifetime = Lifetime { keep_until: Some(7), slot_ends: Some(u64::MAX), buried: true };

    async fn store_with(size: usize) -> (tempfile::TempDir, DiskStore, ObjectKey) {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path(), true).unwrap();
        let key = ObjectKey::file(&parse_vhost("localhost").unwrap(), &ObjectPath::parse("a/b/c").unwrap());
        let life = Lifetime { keep_until: Some(5), ..Lifetime::default() };
        let object = NewObject { life, ..NewObject::lasting(size as u64, ContentType::unknown()) };
        store.put(&key, object, Full::from(vec![7; size])).await.unwrap();
        (folder, store, key)
    }

    #[tokio::test]
    async fn a_file_is_emptied_where_it_lies_whatever_its_length() {
        for size in [0, 1, 50, 150, 300, 3000, 3900, 4000, 4096, 5000, 300_000] {
            let (_folder, store, key) = store_with(size).await;
            for _ in 0..2 {
                store.bury_in_place(&key, LIFE).unwrap();
                let info = store.head(&key).unwrap().unwrap();
                assert_eq!((info.size, info.life), (0, LIFE), "{size}");
                let length = store.path(&key).metadata().unwrap().len();
                assert!(length <= trailer::MAX_BYTES, "{size}: {length}");
            }
        }
    }

    #[tokio::test]
    async fn a_process_that_dies_while_it_empties_a_file_leaves_the_old_one_or_none() {
        for size in [0, 1, 50, 150, 300, 3000, 3900, 4096, 5000, 300_000] {
            let (_folder, store, key) = store_with(size).await;
            let file = File::options().read(true).write(true).open(store.path(&key)).unwrap();
            file.write_all_at(&trailer_over(&file, LIFE).unwrap(), 0).unwrap();
            let info = store.head(&key).unwrap().unwrap();
            let old = info.size == size as u64 && info.life.keep_until == Some(5) && !info.life.buried;
            assert!(old || (info.size, info.life) == (0, LIFE), "{size}: {info:?}");
            store.bury_in_place(&key, LIFE).unwrap();
            assert_eq!(store.head(&key).unwrap().unwrap().life, LIFE, "{size}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_made() {
        let (_folder, store, key) = store_with(5).await;
        store.delete(&key).unwrap();
        store.bury_in_place(&key, LIFE).unwrap();
        assert!(store.head(&key).unwrap().is_none());
    }
}
