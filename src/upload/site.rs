//! Which vhost a request's path belongs to: the one whose `public_url` it lies under.

use std::fmt;

use url::Url;

use super::token_place::{TokenPlace, strip_decoded};
use crate::authn::UploadAuthority;
use crate::policy::InlineTypes;
use crate::telemetry::metrics::VhostCounters;
use crate::types::{ObjectPath, PathError, Vhost, uri_escaped_path};

/// A vhost's place in the URL space.
#[derive(Debug)]
pub struct Site {
    /// The vhost.
    pub vhost: Vhost,
    /// What clients put before a file's path.
    pub public_url: Url,
    /// The path of that, percent-decoded, with a leading and a trailing slash.
    pub prefix: String,
    /// Further prefixes, below which files are found and none is taken.
    pub legacy_prefixes: Vec<String>,
    /// Signs and judges its upload tokens.
    pub authority: UploadAuthority,
    /// What browsers show.
    pub inline: InlineTypes,
    /// Count what goes well.
    pub counters: VhostCounters,
}

impl Site {
    /// The URL of a file, whose path is percent-encoded.
    pub(super) fn url_of(&self, file: &str) -> String {
        format!("{}/{file}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The same with a token in the path.
    pub(super) fn url_with_token(&self, token: &str, file: &str) -> String {
        let path = TokenPlace::of(&self.prefix, &self.vhost).with(token);
        format!("{}{}{file}", self.public_url.origin().ascii_serialization(), uri_escaped_path(&path))
    }
}

/// All vhosts' places.
#[derive(Debug)]
pub struct Sites {
    known: Vec<Site>,
    /// Prefix (decoded), index of the site, place; the longest prefix first.
    prefixes: Vec<(String, usize, Place<'static>)>,
    /// Where tokens stand in paths, and whose such a path is.
    token_places: Vec<TokenPlace>,
}

/// What may be done there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place<'path> {
    /// Files are taken and handed out.
    Current,
    /// Files are taken: the path holds the token for one.
    Tokened(&'path str),
    /// Files are handed out, which have this URL from before a migration.
    Legacy,
}

/// Without the token.
impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "Current",
            Self::Tokened(_) => "Tokened(…)",
            Self::Legacy => "Legacy",
        })
    }
}

/// Two vhosts whose files could not be told apart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{one} and {other} share the path {prefix}: with several vhosts, @HOST@ belongs into public_url, and a legacy prefix to one of them"
)]
pub struct SiteConflict {
    one: Vhost,
    other: Vhost,
    prefix: String,
}

/// A path taken apart.
#[derive(Debug)]
pub struct Located<'l> {
    /// Whose it is.
    pub site: &'l Site,
    /// Below which kind of prefix.
    pub place: Place<'l>,
    /// What lies behind the prefix: the part that is signed.
    pub path: Result<ObjectPath, PathError>,
}

impl Sites {
    /// Puts the places together.
    ///
    /// # Errors
    ///
    /// [`SiteConflict`] if a vhost's `public_url` lies at or below another's, or one prefix belongs to two.
    pub fn new(sites: Vec<Site>) -> Result<Self, SiteConflict> {
        let mut prefixes: Vec<(String, usize, Place<'static>)> = Vec::new();
        for (at, site) in sites.iter().enumerate() {
            let legacy = site.legacy_prefixes.iter().map(|prefix| (prefix, Place::Legacy));
            for (prefix, place) in std::iter::once((&site.prefix, Place::Current)).chain(legacy) {
                let clash = prefixes.iter().find(|(other, owner, kind)| {
                    let nested = prefix.starts_with(other) || other.starts_with(prefix);
                    let both_current = place == Place::Current && *kind == Place::Current;
                    *owner != at && (prefix == other || (both_current && nested))
                });
                if let Some((_, owner, _)) = clash {
                    let (one, other) = (sites[*owner].vhost.clone(), site.vhost.clone());
                    return Err(SiteConflict { one, other, prefix: prefix.clone() });
                }
                prefixes.push((prefix.clone(), at, place));
            }
        }
        // Stable, so that a current prefix stays before the same one as a legacy prefix.
        prefixes.sort_by_key(|(prefix, ..)| std::cmp::Reverse(prefix.len()));
        let token_places = sites.iter().map(|site| TokenPlace::of(&site.prefix, &site.vhost)).collect();
        Ok(Self { known: sites, prefixes, token_places })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Site> {
        self.known.iter()
    }

    /// Finds whose `path` (percent-encoded, with its leading slash) is.
    #[must_use]
    pub fn locate<'l>(&'l self, path: &'l str) -> Option<Located<'l>> {
        let located = self.prefixes.iter().find_map(|(prefix, at, place)| {
            let rest = strip_decoded(path, prefix)?;
            Some(Located { site: self.known.get(*at)?, place: *place, path: ObjectPath::parse(rest) })
        });
        match located {
            Some(Located { path: Ok(_), .. }) => located,
            // With its token a path has more parts than any other, so that none can be taken for one.
            other => self.locate_tokened(path).or(other),
        }
    }

    fn locate_tokened<'l>(&'l self, path: &'l str) -> Option<Located<'l>> {
        self.known.iter().zip(&self.token_places).find_map(|(site, place)| {
            let (token, rest) = place.split(path)?;
            Some(Located { site, place: Place::Tokened(token), path: ObjectPath::parse(rest) })
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::authn::{Acceptance, Scheme};
    use crate::types::{Secret, parse_vhost};

    pub(in crate::upload) fn site(vhost: &str, prefix: &str, legacy: &[&str]) -> Site {
        let vhost = parse_vhost(vhost).unwrap();
        let secret = Secret::new(b"secret".to_vec(), 0).unwrap();
        let accepted = Acceptance {
            schemes: vec![Scheme::Bearer],
            token_in_url: false,
            slot_ttl: Duration::from_mins(5),
        };
        Site {
            authority: UploadAuthority::new(vhost.clone(), accepted, &secret, &[]),
            counters: VhostCounters::of(&vhost),
            vhost,
            public_url: format!("https://u.example{prefix}").parse().unwrap(),
            prefix: prefix.to_owned(),
            legacy_prefixes: legacy.iter().map(|&prefix| prefix.to_owned()).collect(),
            inline: InlineTypes::default(),
        }
    }

    #[test]
    fn the_token_in_a_path_is_not_shown() {
        assert_eq!(format!("{:?}", Place::Tokened("c0ffee")), "Tokened(…)");
    }

    #[test]
    fn a_path_belongs_to_the_vhost_it_lies_under() {
        let sites =
            Sites::new(vec![site("a.org", "/upload/a.org/", &[]), site("b.org", "/upload/b.org/", &[])])
                .unwrap();
        let located = sites.locate("/upload/b.org/h/r/n").unwrap();
        assert_eq!(located.site.vhost.as_str(), "b.org");
        assert_eq!(located.path.unwrap().as_str(), "h/r/n");
        assert!(sites.locate("/upload/b.org/..").unwrap().path.is_err());
        for nobody in ["/", "/upload/c.org/h/r/n", "/upload/a.orgh/r/n", "upload/a.org/h/r/n"] {
            assert!(sites.locate(nobody).is_none(), "{nobody}");
        }
    }

    #[test]
    fn files_are_found_below_legacy_prefixes_too_and_the_longest_prefix_counts() {
        let sites = Sites::new(vec![
            site("a.org", "/upload/a.org/", &["/upload/", "/"]),
            site("b.org", "/upload/b.org/", &["/files/"]),
        ])
        .unwrap();
        for (path, vhost, place, signed) in [
            ("/upload/a.org/h/r/n", "a.org", Place::Current, "h/r/n"),
            ("/upload/h/r/n", "a.org", Place::Legacy, "h/r/n"),
            ("/h/r/n", "a.org", Place::Legacy, "h/r/n"),
            ("/upload/b.org/h/r/n", "b.org", Place::Current, "h/r/n"),
            ("/files/h/r/n", "b.org", Place::Legacy, "h/r/n"),
        ] {
            let located = sites.locate(path).unwrap();
            assert_eq!((located.site.vhost.as_str(), located.place), (vhost, place), "{path}");
            assert_eq!(located.path.unwrap().as_str(), signed, "{path}");
        }
    }

    #[test]
    fn a_prefix_may_be_spelt_in_every_way() {
        let sites = Sites::new(vec![site("b\u{fc}cher.example", "/up/b\u{fc}cher.example/", &[])]).unwrap();
        for path in [
            "/up/b%C3%BCcher.example/h/r/n",
            "/up/b%c3%bccher.example/h/r/n",
            "/up/b\u{fc}cher.example/h/r/n",
            "/%75p/b%C3%BCcher.example/h/r/n",
        ] {
            assert_eq!(sites.locate(path).unwrap().path.unwrap().as_str(), "h/r/n", "{path}");
        }
        for path in [
            "/up%2Fb%C3%BCcher.example/h/r/n",
            "/up/b%C3%B",
            "/up/b%C3",
            "/up/b%zzcher.example/h/r/n",
            "/up/",
        ] {
            assert!(sites.locate(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_token_in_the_path_stands_before_the_vhost_or_behind_the_prefix() {
        let sites = Sites::new(vec![
            site("a.org", "/upload/a.org/", &["/upload/"]),
            site("t", "/upload/t/", &[]),
            site("b\u{fc}.org", "/upload/b\u{fc}.org/", &[]),
            site("c.org", "/c/", &["/"]),
        ])
        .unwrap();
        for (path, vhost, place, signed) in [
            ("/upload/t/TOKEN/a.org/h/r/n", "a.org", Place::Tokened("TOKEN"), "h/r/n"),
            ("/upload/t/TOKEN/t/h/r/n", "t", Place::Tokened("TOKEN"), "h/r/n"),
            ("/upload/t/TOKEN/b%C3%BC.org/h/r/n%20o", "b\u{fc}.org", Place::Tokened("TOKEN"), "h/r/n o"),
            ("/c/t/TOKEN/h/r/n", "c.org", Place::Tokened("TOKEN"), "h/r/n"),
            ("/upload/t/h/r/n", "t", Place::Current, "h/r/n"),
            ("/upload/t/TOKEN/a.org/n", "t", Place::Current, "TOKEN/a.org/n"),
            ("/c/t/TOKEN/n", "c.org", Place::Current, "t/TOKEN/n"),
        ] {
            let located = sites.locate(path).unwrap();
            assert_eq!((located.site.vhost.as_str(), located.place), (vhost, place), "{path}");
            assert_eq!(located.path.unwrap().as_str(), signed, "{path}");
        }
        let spoilt = sites.locate("/upload/t/TOKEN/a.org/h/r/..").unwrap();
        assert_eq!((spoilt.place, spoilt.path), (Place::Tokened("TOKEN"), Err(PathError::Part)));
        for other in
            ["/upload/t//a.org/h/r/n", "/upload/t/TOKEN/d.org/h/r/n", "/upload/t/TOKEN/a.org/h/r/n/x"]
        {
            assert!(sites.locate(other).is_none_or(|located| located.path.is_err()), "{other}");
        }
    }

    #[test]
    fn places_that_overlap_are_refused() {
        let both = |one, other| Sites::new(vec![one, other]);
        for (one, other) in [("/up/", "/up/"), ("/up/", "/up/b/"), ("/up/a/", "/up/"), ("/", "/up/")] {
            let conflict = both(site("a.org", one, &[]), site("b.org", other, &[])).unwrap_err();
            assert!(conflict.to_string().contains("a.org and b.org"), "{conflict}");
        }
        assert!(both(site("a.org", "/a/", &["/old/"]), site("b.org", "/b/", &["/old/"])).is_err());
        assert!(both(site("a.org", "/a/", &["/b/"]), site("b.org", "/b/", &[])).is_err());
        assert!(both(site("a.org", "/a/", &["/"]), site("b.org", "/b/", &["/old/"])).is_ok());
    }
}
