//! Users who were erased at one of two stores, and not at the other: a copy must not bring them back.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::BodyExt as _;

use super::source::Source;
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::types::{UserHash, since_1970};

/// Tombs that are looked at at once.
const AT_ONCE: usize = 16;

/// Who was erased where.
#[derive(Debug, Default)]
pub struct Erasures {
    /// At the target alone, or later there: what the source has of them stays where it is.
    at_target: HashSet<UserHash>,
    /// At the source alone, or later there, and when: what the target has of them from an earlier copy goes.
    at_source: HashMap<UserHash, SystemTime>,
    /// Their files, as far as paths do not name them.
    files: Mutex<HashSet<ObjectKey>>,
}

impl Erasures {
    /// Those of `to`, and those of `from` if it is a store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if one of them could not be listed.
    pub async fn between(from: &Source, to: &Store) -> Result<Self, StoreError> {
        let target = tombs(to).await?;
        let source = match from {
            Source::Store(store) => tombs(store).await?,
            Source::Folder(_) => HashMap::new(),
        };
        let later = |these: &HashMap<UserHash, SystemTime>, than: &HashMap<UserHash, SystemTime>| {
            let is_later = |user: &UserHash, at| than.get(user).is_none_or(|other| is_later(at, *other));
            let later = these.iter().filter(|(user, at)| is_later(user, **at));
            later.map(|(user, at)| (*user, *at)).collect::<HashMap<_, _>>()
        };
        let at_target = later(&target, &source).into_keys().collect();
        Ok(Self { at_target, at_source: later(&source, &target), files: Mutex::default() })
    }

    /// Removes from the target what an earlier copy brought there of users who were erased at the source since, before anything says there
    /// that they were. Answers of how many objects.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if something may be left.
    pub async fn follow(&self, from: &Source, to: &Store) -> Result<u64, StoreError> {
        let mut removed = 0;
        if self.at_source.is_empty() {
            return Ok(removed);
        }
        for prefix in [ObjectPrefix::pointers(), ObjectPrefix::files()] {
            for (key, erased) in self.theirs(to, &prefix).await? {
                // What came later is of a user who is back. Copies keep their time.
                let is_old = to.head(&key).await?.is_some_and(|info| info.modified <= erased);
                if !is_old || from.head(&key).await?.is_some() {
                    continue;
                }
                if let Some((file, _)) = key.pointed() {
                    to.delete(&file).await?;
                }
                to.delete(&key).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The objects of those who were erased at the source, with when they were.
    async fn theirs(
        &self,
        store: &Store,
        prefix: &ObjectPrefix,
    ) -> Result<Vec<(ObjectKey, SystemTime)>, StoreError> {
        let mut theirs = Vec::new();
        let each = |key: ObjectKey| {
            let erased = key.owner().and_then(|owner| self.at_source.get(&owner));
            theirs.extend(erased.map(|erased| (key, *erased)));
        };
        store.list(prefix, None, each).await?;
        Ok(theirs)
    }

    /// Whether an object of the source belongs to, or tells of, somebody who is not to come back. Pointers have to come before files.
    pub(super) async fn concern(&self, from: &Source, key: &ObjectKey) -> Result<bool, StoreError> {
        if self.at_target.is_empty() {
            return Ok(false);
        }
        Ok(self.is_theirs(from, key)
            || (key.as_str().starts_with("expiring/") && self.named_in(from, key).await?))
    }

    fn is_theirs(&self, from: &Source, key: &ObjectKey) -> bool {
        let owner = key.owner().or_else(|| from.pointer(key, 0)?.owner());
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if !owner.is_some_and(|owner| self.at_target.contains(&owner)) {
            return files.contains(key);
        }
        files.extend(key.pointed().map(|(file, _)| file));
        true
    }

    /// What says when a file is to go names the file, and so its user.
    async fn named_in(&self, from: &Source, key: &ObjectKey) -> Result<bool, StoreError> {
        let Some(object) = from.get(key).await? else { return Ok(false) };
        let text = object.body.collect().await?.to_bytes();
        let words = text.split(|byte| !byte.is_ascii_alphanumeric());
        let mut users = words.filter_map(|word| std::str::from_utf8(word).ok()?.parse::<UserHash>().ok());
        Ok(users.any(|user| self.at_target.contains(&user)))
    }
}

/// Who was erased, and when for the last time.
async fn tombs(store: &Store) -> Result<HashMap<UserHash, SystemTime>, StoreError> {
    let mut tombs = Vec::new();
    store.list(&ObjectPrefix::tombs(), None, |key| tombs.push(key)).await?;
    let each = stream::iter(tombs).map(async |tomb| Ok((tomb.owner(), store.head(&tomb).await?)));
    let found = each.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
    Ok(found.into_iter().filter_map(|(user, tomb)| Some((user?, tomb?.modified))).collect())
}

/// In seconds, since not every store keeps more. A copy has the time of what it is a copy of.
pub(super) fn is_later(one: SystemTime, other: SystemTime) -> bool {
    let seconds = |at| since_1970(at).as_secs();
    seconds(one) > seconds(other)
}
