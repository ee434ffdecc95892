//! What a user has, page by page.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::place::Place;
use super::{OwnFiles, OwnRefusal};
use crate::login::TokenUser;
use crate::store::{ObjectKey, ObjectPrefix, StoreError};
use crate::types::ContentType;

/// The most files of a page.
const PAGE: usize = 100;
/// So many times as much is looked at for it, where some of it is gone and has left its name.
const ROUNDS: usize = 5;
/// How many files are looked at at once.
const AT_ONCE: usize = 8;

/// Which files somebody wants to see. Made of what a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageWish {
    after: Option<Place>,
    limit: usize,
}

/// Some of a user's files: those first whose paths name him, in the order of their random parts.
#[derive(Debug)]
pub struct Page {
    /// Files. There may be fewer than were asked for even where more follow.
    pub files: Vec<OwnFile>,
    /// After what the next page begins, if there is more.
    pub next: Option<String>,
    /// The bytes of all his files, as they were counted up to 40 seconds ago, or 80 times as long as a listing takes if that is more.
    pub used: u64,
    /// What he may have, in bytes; `None` for any amount.
    pub quota: Option<u64>,
}

/// A file of a user.
#[derive(Debug)]
pub struct OwnFile {
    /// What it is called by when it is to be removed: `<random>/<filename>`, percent-encoded.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// Its type, as it is served.
    pub content_type: ContentType,
    /// When it was stored.
    pub stored: SystemTime,
    /// Until when it is kept, in seconds since 1970; `None` for ever.
    pub keep_until: Option<u64>,
    /// Where it can be fetched.
    pub url: String,
}

impl PageWish {
    /// The page behind `after`, which is the `next` of another one, with up to `limit` files.
    ///
    /// # Errors
    ///
    /// [`OwnRefusal::Page`]
    pub fn new(after: Option<&str>, limit: Option<usize>) -> Result<Self, OwnRefusal> {
        let limit = limit.unwrap_or(PAGE);
        let after = after.map(|after| decoded(after).ok_or(OwnRefusal::Page)).transpose()?;
        if (1..=PAGE).contains(&limit) { Ok(Self { after, limit }) } else { Err(OwnRefusal::Page) }
    }
}

fn decoded(mark: &str) -> Option<Place> {
    let text = URL_SAFE_NO_PAD.decode(mark).ok()?;
    Place::from_mark(std::str::from_utf8(&text).ok()?)
}

impl OwnFiles {
    /// A page of his files, from the store, and how much he has. `now` is the time since 1970.
    ///
    /// # Errors
    ///
    /// [`OwnRefusal`]
    pub async fn list(&self, user: &TokenUser, wish: PageWish, now: Duration) -> Result<Page, OwnRefusal> {
        self.count(user, now)?;
        let (files, next) = self.walk(user, wish, now).await?;
        let quota = self.quotas.get(user.vhost()).and_then(|quotas| quotas.per_user);
        Ok(Page { files, next, used: self.usage.used(user.vhost(), user.hash()).await?, quota })
    }

    /// Looks at what is listed, until there are enough files or too many names that only stay behind. Each further round counts as a request.
    async fn walk(
        &self,
        user: &TokenUser,
        wish: PageWish,
        now: Duration,
    ) -> Result<(Vec<OwnFile>, Option<String>), OwnRefusal> {
        let PageWish { mut after, limit } = wish;
        let (mut files, mut more) = (Vec::new(), true);
        for round in 0..ROUNDS {
            if round > 0 && self.count(user, now).is_err() {
                break;
            }
            let (places, further) = self.places(user, after.as_ref()).await?;
            let mut left = places.len();
            let looking = stream::iter(places).map(|place| self.look(user, place, now.as_secs()));
            let mut looked_at = pin!(looking.buffered(AT_ONCE));
            while files.len() < limit
                && let Some((place, file)) = looked_at.try_next().await?
            {
                (after, left) = (Some(place), left - 1);
                files.extend(file);
            }
            more = further || left > 0;
            if files.len() == limit || !more {
                break;
            }
        }
        let next = after.filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(last.to_mark()));
        Ok((files, next))
    }

    /// What the store lists behind a place, and whether there is more.
    async fn places(
        &self,
        user: &TokenUser,
        after: Option<&Place>,
    ) -> Result<(Vec<Place>, bool), OwnRefusal> {
        let (vhost, hash) = (user.vhost(), user.hash());
        let (files, pointers) = (ObjectPrefix::files_of(vhost, hash), ObjectPrefix::pointers_of(vhost, hash));
        let key = after.map(|place| place.key(user)).transpose()?;
        let behind_pointer = matches!(after, Some(Place::Pointed(..)));
        let mut found = Found { user, places: Vec::new(), more: false };
        if !behind_pointer {
            self.store.list_while(&files, key.as_ref(), |key| found.take(&key)).await?;
        }
        if !found.more {
            let after = key.as_ref().filter(|_| behind_pointer);
            self.store.list_while(&pointers, after, |key| found.take(&key)).await?;
        }
        Ok((found.places, found.more))
    }

    /// `None` for what is gone, over or damaged: that would keep him from all of his other files.
    async fn look(
        &self,
        user: &TokenUser,
        place: Place,
        now: u64,
    ) -> Result<(Place, Option<OwnFile>), OwnRefusal> {
        let path = place.path(user)?;
        let info = match self.store.head(&ObjectKey::file(user.vhost(), &path)).await {
            Err(StoreError::Damaged { .. }) => None,
            info => info?,
        };
        let living = info.filter(|info| !info.life.is_over(now)).zip(self.site(user));
        let own = place.name().encoded();
        let file = living.map(|(info, site)| OwnFile {
            name: path.filename().to_owned(),
            size: info.size,
            content_type: info.content_type,
            stored: info.modified,
            keep_until: info.life.keep_until,
            url: site.url_of(&match place {
                Place::Below(_) => format!("{}/{own}", user.hash()),
                Place::Pointed(..) => own.clone(),
            }),
            path: own,
        });
        Ok((place, file))
    }
}

struct Found<'found> {
    user: &'found TokenUser,
    places: Vec<Place>,
    more: bool,
}

impl Found<'_> {
    fn take(&mut self, key: &ObjectKey) -> ControlFlow<()> {
        let Some(place) = Place::listed(key, self.user) else { return ControlFlow::Continue(()) };
        if self.places.len() == PAGE {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.places.push(place);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::store::{DiskStore, Lifetime, MemoryStore, NewObject, Store};
    use crate::types::ObjectPath;
    use crate::upload::own::tests::own_files;

    const NOW: Duration = Duration::from_hours(500_000);

    /// Stores a file.
    async fn put(store: &Store, user: &TokenUser, name: &str) -> ObjectKey {
        let path = ObjectPath::parse(&format!("{}/{name}/x", user.hash())).unwrap();
        let file = ObjectKey::file(user.vhost(), &path);
        store.put(&file, NewObject::lasting(4, ContentType::unknown()), Full::from("data")).await.unwrap();
        file
    }

    async fn page(
        own: &OwnFiles,
        user: &TokenUser,
        after: Option<&str>,
        now: Duration,
    ) -> (usize, Option<String>) {
        let page = own.list(user, PageWish::new(after, None).unwrap(), now).await.unwrap();
        (page.files.len(), page.next)
    }

    #[tokio::test]
    async fn a_damaged_file_is_left_out_and_the_others_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), false).unwrap()));
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        for name in ["a", "b", "c"] {
            put(&store, &user, name).await;
        }
        std::fs::write(folder.path().join(format!("files/localhost/{}/b/x", user.hash())), "data").unwrap();
        assert_eq!(page(&own, &user, None, NOW).await, (2, None));
    }

    #[tokio::test]
    async fn each_further_round_of_looking_counts_as_a_request() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let user = TokenUser::of("alice@localhost");
        for name in 0..2 * PAGE {
            let file = put(&store, &user, &format!("a{name:04}")).await;
            let seen = store.head(&file).await.unwrap().unwrap();
            store.bury(&file, &seen, Lifetime::default()).await.unwrap();
        }
        put(&store, &user, "b").await;
        assert_eq!(page(&own_files(&store, 3), &user, None, NOW).await, (1, None), "in three rounds");
        let own = own_files(&store, 2);
        let (files, next) = page(&own, &user, None, NOW).await;
        assert_eq!(files, 0);
        let again = own.list(&user, PageWish::new(None, None).unwrap(), NOW).await;
        assert!(matches!(again, Err(OwnRefusal::Rate { retry_after: 60 })), "{again:?}");
        let next_minute = NOW + Duration::from_mins(1);
        assert_eq!(page(&own, &user, next.as_deref(), next_minute).await, (1, None));
    }
}
