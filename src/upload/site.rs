//! Which vhost a request's path belongs to: the one whose `public_url` it lies under.

use crate::authn::UploadAuthority;
use crate::policy::InlineTypes;
use crate::telemetry::metrics::VhostCounters;
use crate::types::{ObjectPath, PathError, Vhost};

/// A vhost's place in the URL space.
#[derive(Debug)]
pub struct Site {
    /// The vhost.
    pub vhost: Vhost,
    /// The path of its `public_url`, percent-decoded, with a leading and a trailing slash.
    pub prefix: String,
    /// Further prefixes, below which files are found and none is taken.
    pub legacy_prefixes: Vec<String>,
    /// Judges its upload tokens.
    pub authority: UploadAuthority,
    /// What browsers show.
    pub inline: InlineTypes,
    /// Count what goes well.
    pub counters: VhostCounters,
}

/// All vhosts' places.
#[derive(Debug)]
pub struct Sites {
    sites: Vec<Site>,
    /// Prefix (decoded), index of the site, place; the longest prefix first.
    prefixes: Vec<(String, usize, Place)>,
}

/// What may be done below a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Files are taken and handed out.
    Current,
    /// Files are handed out, which have this URL from before a migration.
    Legacy,
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
pub struct Located<'sites> {
    /// Whose it is.
    pub site: &'sites Site,
    /// Below which kind of prefix.
    pub place: Place,
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
        let mut prefixes: Vec<(String, usize, Place)> = Vec::new();
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
        Ok(Self { sites, prefixes })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter()
    }

    /// Finds whose `path` (percent-encoded, with its leading slash) is.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<Located<'_>> {
        self.prefixes.iter().find_map(|(prefix, at, place)| {
            let rest = strip_decoded(path, prefix)?;
            Some(Located { site: self.sites.get(*at)?, place: *place, path: ObjectPath::parse(rest) })
        })
    }
}

/// What stands behind `prefix` in a percent-encoded `path`, however the prefix is spelt there: a vhost that is not ASCII arrives escaped
/// with capital or small digits, or raw. An escaped slash is none.
fn strip_decoded<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    if let Some(rest) = path.strip_prefix(prefix) {
        return Some(rest);
    }
    let mut rest = path.as_bytes();
    for expected in prefix.bytes() {
        let (byte, length) = match rest {
            [b'%', high, low, ..] => (hex_byte(*high, *low).filter(|byte| *byte != b'/')?, 3),
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        rest = if byte == expected { &rest[length..] } else { return None };
    }
    path.get(path.len() - rest.len()..)
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::Scheme;
    use crate::types::{Secret, parse_vhost};

    fn site(vhost: &str, prefix: &str, legacy: &[&str]) -> Site {
        let vhost = parse_vhost(vhost).unwrap();
        let secret = Secret::new(b"secret".to_vec(), 0).unwrap();
        Site {
            authority: UploadAuthority::new(vhost.clone(), vec![Scheme::V], &secret, &[]),
            counters: VhostCounters::of(&vhost),
            vhost,
            prefix: prefix.to_owned(),
            legacy_prefixes: legacy.iter().map(|&prefix| prefix.to_owned()).collect(),
            inline: InlineTypes::default(),
        }
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
