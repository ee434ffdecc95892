//! Which vhost a request's path belongs to: the one whose `public_url` it lies under.

use crate::authn::UploadAuthority;
use crate::types::{ObjectPath, PathError, Vhost};

/// A vhost's place in the URL space.
#[derive(Debug)]
pub struct Site {
    /// The vhost.
    pub vhost: Vhost,
    /// The path of its `public_url`, with a leading and a trailing slash.
    pub prefix: String,
    /// Judges its upload tokens.
    pub authority: UploadAuthority,
}

/// All vhosts' places. No prefix lies below another one, so a path belongs to one of them at most.
#[derive(Debug)]
pub struct Sites(Vec<Site>);

/// Two vhosts whose files could not be told apart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{one} and {other} share the path {prefix}: with several vhosts, @HOST@ belongs into public_url")]
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
    /// What lies behind the `public_url`: the part that is signed.
    pub path: Result<ObjectPath, PathError>,
}

impl Sites {
    /// Puts the places together.
    ///
    /// # Errors
    ///
    /// [`SiteConflict`] if one lies at or below another.
    pub fn new(sites: Vec<Site>) -> Result<Self, SiteConflict> {
        for (at, one) in sites.iter().enumerate() {
            let others = sites[at + 1..].iter();
            let clash = |other: &&Site| {
                one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix)
            };
            if let Some(other) = others.into_iter().find(clash) {
                let (one, other, prefix) = (one.vhost.clone(), other.vhost.clone(), one.prefix.clone());
                return Err(SiteConflict { one, other, prefix });
            }
        }
        Ok(Self(sites))
    }

    /// Finds whose `path` (percent-encoded, with its leading slash) is.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<Located<'_>> {
        self.0.iter().find_map(|site| {
            let rest = path.strip_prefix(&site.prefix)?;
            Some(Located { site, path: ObjectPath::parse(rest) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Secret, parse_vhost};

    fn site(vhost: &str, prefix: &str) -> Site {
        let vhost = parse_vhost(vhost).unwrap();
        let secret = Secret::new(b"secret".to_vec(), 0).unwrap();
        let authority = UploadAuthority::new(vhost.clone(), &secret, &[]);
        Site { vhost, prefix: prefix.to_owned(), authority }
    }

    #[test]
    fn a_path_belongs_to_the_vhost_it_lies_under() {
        let sites =
            Sites::new(vec![site("a.org", "/upload/a.org/"), site("b.org", "/upload/b.org/")]).unwrap();
        let located = sites.locate("/upload/b.org/h/r/n").unwrap();
        assert_eq!(located.site.vhost.as_str(), "b.org");
        assert_eq!(located.path.unwrap().as_str(), "h/r/n");
        assert!(sites.locate("/upload/b.org/..").unwrap().path.is_err());
        for nobody in ["/", "/upload/c.org/h/r/n", "/upload/a.orgh/r/n", "upload/a.org/h/r/n"] {
            assert!(sites.locate(nobody).is_none(), "{nobody}");
        }
    }

    #[test]
    fn places_that_overlap_are_refused() {
        for (one, other) in [("/up/", "/up/"), ("/up/", "/up/b/"), ("/up/a/", "/up/"), ("/", "/up/")] {
            let conflict = Sites::new(vec![site("a.org", one), site("b.org", other)]).unwrap_err();
            assert!(conflict.to_string().contains("a.org and b.org"), "{conflict}");
        }
    }
}
