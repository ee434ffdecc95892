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
use crate::store::{ObjectKey, ObjectPrefix};
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
    /// The bytes of all his files, as they were counted within the last minute.
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
        let (files, next) = self.walk(user, wish, now.as_secs()).await?;
        let quota = self.quotas.get(user.vhost()).and_then(|quotas| quotas.per_user);
        Ok(Page { files, next, used: self.usage.used(user.vhost(), user.hash()).await?, quota })
    }

    /// Looks at what is listed, until there are enough files or too many names that only stay behind.
    async fn walk(
        &self,
        user: &TokenUser,
        wish: PageWish,
        now: u64,
    ) -> Result<(Vec<OwnFile>, Option<String>), OwnRefusal> {
        let PageWish { mut after, limit } = wish;
        let (mut files, mut more) = (Vec::new(), true);
        for _ in 0..ROUNDS {
            let (places, further) = self.places(user, after.as_ref()).await?;
            let mut left = places.len();
            let looking = stream::iter(places).map(|place| self.look(user, place, now));
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

    /// `None` for what is gone, or over.
    async fn look(
        &self,
        user: &TokenUser,
        place: Place,
        now: u64,
    ) -> Result<(Place, Option<OwnFile>), OwnRefusal> {
        let path = place.path(user)?;
        let info = self.store.head(&ObjectKey::file(user.vhost(), &path)).await?;
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
