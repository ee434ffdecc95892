//! Issuing slots. Whoever asks, and however: it is decided here who may upload what, and the token is made here.

use std::time::Duration;

use uuid::Builder;

use super::{RuleRefusal, Site, UploadRules};
use crate::authn::{Carrier, Scheme, SlotTerms, path_token};
use crate::policy::safe_filename;
use crate::telemetry::reason::FileReason;
use crate::types::{BareJid, ContentType, ObjectPath, PathError, UserHash, uri_escaped};

/// What somebody wants to upload. Whoever asks in his name has made sure that it is him.
#[derive(Debug, Clone)]
pub struct SlotRequest<'request> {
    /// Who.
    pub user: &'request BareJid,
    /// The file's name, as he calls it.
    pub filename: &'request str,
    /// Its bytes.
    pub size: u64,
    /// Its type, if he said so; the upload then has to have it.
    pub content_type: Option<ContentType>,
    /// Until when it is to be kept, in seconds since 1970.
    pub keep: Option<u64>,
    /// Where the token shall travel.
    pub carrier: Carrier,
    /// How long the slot shall be good, if not for `slot_ttl`.
    pub ttl: Option<Duration>,
}

/// Permission to upload one file, for its user.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot {
    /// Where to PUT it. With [`Carrier::Header`] this alone permits nothing.
    pub put: String,
    /// The headers to send along.
    pub headers: Vec<(&'static str, String)>,
    /// Where it will be.
    pub get: String,
    /// What names it in the store.
    pub path: ObjectPath,
    /// Until when, in seconds since 1970.
    pub expires: u64,
}

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotRefusal {
    /// Not a user, or one of another vhost.
    #[error("slots of a vhost are for its own users")]
    User,
    /// The vhost would refuse it.
    #[error("slots of scheme bearer are not accepted: upload.accept does not name it")]
    SchemeNotAccepted,
    /// The vhost would refuse a token in the query.
    #[error("upload.token_in_url does not allow a token in the URL's query")]
    TokenInUrl,
    /// The vhost would refuse a slot that is good for so long.
    #[error("a slot lives for at most {} here, an hour more than upload.slot_ttl", humantime::format_duration(*.longest))]
    LivesTooLong {
        /// The longest time.
        longest: Duration,
    },
    /// A file that the vhost does not take.
    #[error(transparent)]
    Rule(#[from] RuleRefusal),
    /// The name is none in spite of all.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl SlotRefusal {
    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::User => FileReason::BearerUserMismatch,
            Self::SchemeNotAccepted => FileReason::SchemeNotAccepted,
            Self::TokenInUrl => FileReason::BearerInUrl,
            Self::LivesTooLong { .. } => FileReason::SlotLivesTooLong,
            Self::Rule(rule) => rule.reason(),
            Self::Path(_) => FileReason::PathMalformed,
        }
    }
}

/// Issues the slots of one vhost.
#[derive(Debug, Clone, Copy)]
pub struct SlotOffice<'office> {
    /// Its place, and who signs.
    pub site: &'office Site,
    /// What it takes.
    pub rules: &'office UploadRules,
}

impl SlotOffice<'_> {
    /// A new slot, from `now` (seconds since 1970) on.
    ///
    /// # Errors
    ///
    /// [`SlotRefusal`]; what is refused here would be refused when the file comes.
    pub fn issue(&self, request: &SlotRequest<'_>, now: u64) -> Result<Slot, SlotRefusal> {
        let ttl = self.lifetime(request)?;
        let SlotRequest { user, filename, size, content_type, keep, carrier, .. } = request;
        let name = safe_filename(filename);
        self.rules.check_file(*size, content_type.as_ref(), &name)?;
        let random = Builder::from_random_bytes(rand::random()).into_uuid();
        let file = format!("{}/{random}/{}", UserHash::from(*user), uri_escaped(&name));
        let terms = SlotTerms {
            user: (*user).clone(),
            content_type: content_type.clone(),
            keep: *keep,
            expires: now.saturating_add(ttl.as_secs()),
        };
        let path = ObjectPath::parse(&file)?;
        let mac = self.site.authority.sign_slot(&path, *size, &terms);
        let get = self.site.url_of(&file);
        let (put, headers) = match carrier {
            Carrier::Header => (
                format!("{get}?{}", terms.to_query()),
                vec![("Authorization", format!("Bearer {}", mac.to_base64()))],
            ),
            Carrier::Query => (format!("{get}?token={}&{}", mac.to_base64(), terms.to_query()), Vec::new()),
            Carrier::Path => (self.site.url_with_token(&path_token(mac, &terms), &file), Vec::new()),
        };
        Ok(Slot { put, headers, get, path, expires: terms.expires })
    }

    /// How long the slot is good, if there may be one for this user and carrier at all.
    fn lifetime(&self, request: &SlotRequest<'_>) -> Result<Duration, SlotRefusal> {
        let Site { vhost, authority, .. } = self.site;
        let accepted = authority.accepted();
        let longest = authority.longest_lifetime();
        let ttl = request.ttl.unwrap_or(accepted.slot_ttl);
        if request.user.node().is_none() || *request.user.domain() != **vhost {
            Err(SlotRefusal::User)
        } else if !accepted.schemes.contains(&Scheme::Bearer) {
            Err(SlotRefusal::SchemeNotAccepted)
        } else if request.carrier == Carrier::Query && !accepted.token_in_url {
            Err(SlotRefusal::TokenInUrl)
        } else if ttl > longest {
            Err(SlotRefusal::LivesTooLong { longest })
        } else {
            Ok(ttl)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::authn::{Acceptance, BearerToken, PresentedToken, PutClaim, PutGrant, UploadAuthority};
    use crate::policy::InlineTypes;
    use crate::telemetry::metrics::VhostCounters;
    use crate::types::{Secret, parse_vhost};
    use crate::upload::{Located, Place, Sites};

    pub(in crate::upload) const NOW: u64 = 1_800_000_000;

    pub(in crate::upload) fn sites(vhost: &str, public_url: &str, token_in_url: bool) -> Sites {
        let vhost = parse_vhost(vhost).unwrap();
        let secret = Secret::new(b"secret".to_vec(), 0).unwrap();
        let schemes = vec![Scheme::Bearer];
        let accepted = Acceptance { schemes, token_in_url, slot_ttl: Duration::from_mins(5) };
        let public_url: Url = public_url.parse().unwrap();
        let prefix = percent_encoding::percent_decode_str(public_url.path()).decode_utf8_lossy().into_owned();
        let site = Site {
            authority: UploadAuthority::new(vhost.clone(), accepted, &secret, &[]),
            counters: VhostCounters::of(&vhost),
            vhost,
            prefix: format!("{}/", prefix.trim_end_matches('/')),
            public_url,
            legacy_prefixes: Vec::new(),
            inline: InlineTypes::default(),
        };
        Sites::new(vec![site]).unwrap()
    }

    fn rules() -> UploadRules {
        UploadRules { max_size: 10, ..UploadRules::default() }
    }

    fn request<'r>(user: &'r BareJid, filename: &'r str, carrier: Carrier) -> SlotRequest<'r> {
        let content_type = Some(ContentType::parse("a/b").unwrap());
        SlotRequest { user, filename, size: 10, content_type, keep: Some(NOW + 1), carrier, ttl: None }
    }

    /// Uses a slot as the door would.
    pub(in crate::upload) fn used(sites: &Sites, slot: &Slot, now: u64) -> PutGrant {
        let (path, query) = slot.put.split_once('?').unwrap_or((&slot.put, ""));
        let path = &path[path.find("://").unwrap() + 3..];
        let Located { site, place, path } = sites.locate(&path[path.find('/').unwrap()..]).unwrap();
        let token = match (&slot.headers[..], place) {
            ([(_, value)], _) => PresentedToken::from_authorization(value, query),
            (_, Place::Tokened(token)) => PresentedToken::Bearer(BearerToken::in_path(token)),
            _ => PresentedToken::from_query(query),
        };
        let claim = PutClaim { path: path.unwrap(), size: 10, content_type: None, token };
        site.authority.authorize(claim, now).unwrap()
    }

    #[test]
    fn a_slot_leads_to_its_file_wherever_files_are() {
        for (vhost, public_url, tokened) in [
            ("a.org", "https://u.org/upload/a.org", "https://u.org/upload/t/"),
            ("a.org", "https://u.org:8443/a.org/", "https://u.org:8443/t/"),
            ("a.org", "http://u.org/files", "http://u.org/files/t/"),
            ("a.org", "https://a.org", "https://a.org/t/"),
            ("b\u{fc}.org", "https://u.org/x y/b\u{fc}.org/", "https://u.org/x%20y/t/"),
        ] {
            let sites = sites(vhost, public_url, true);
            let site = sites.all().next().unwrap();
            let office = SlotOffice { site, rules: &rules() };
            let user = BareJid::new(&format!("j\u{f6}rg@{vhost}")).unwrap();
            for carrier in [Carrier::Header, Carrier::Query, Carrier::Path] {
                let slot = office.issue(&request(&user, "../Gr\u{fc}\u{df}e 1.jpg", carrier), NOW).unwrap();
                assert_eq!(
                    (slot.expires, slot.headers.len()),
                    (NOW + 300, usize::from(carrier == Carrier::Header))
                );
                assert!(
                    slot.put.starts_with(if carrier == Carrier::Path { tokened } else { &slot.get }),
                    "{public_url}"
                );
                assert!(
                    slot.put.is_ascii() && slot.get.ends_with("/_Gr%C3%BC%C3%9Fe%201.jpg"),
                    "{}",
                    slot.get
                );
                let grant = used(&sites, &slot, NOW + 299);
                assert_eq!((grant.user(), grant.keep()), (Some(&user), Some(NOW + 1)));
                let path = slot.get[slot.get.find("://").unwrap() + 3..].split_once('/').unwrap().1;
                assert_eq!(sites.locate(&format!("/{path}")).unwrap().path.as_ref(), Ok(grant.path()));
            }
        }
    }

    #[test]
    fn no_two_slots_are_alike() {
        let sites = sites("a.org", "https://u.org/a.org", false);
        let office = SlotOffice { site: sites.all().next().unwrap(), rules: &rules() };
        let user = BareJid::new("a@a.org").unwrap();
        let path = || office.issue(&request(&user, "x", Carrier::Header), NOW).unwrap().get;
        let [one, other] = [path(), path()];
        assert_ne!(one, other);
        let random = one.rsplit('/').nth(1).unwrap();
        assert_eq!(uuid::Uuid::parse_str(random).unwrap().get_version_num(), 4);
    }

    #[test]
    fn who_may_not_upload_has_no_slot() {
        let sites = sites("a.org", "https://u.org/a.org", false);
        let office = SlotOffice { site: sites.all().next().unwrap(), rules: &rules() };
        let jid = |text| BareJid::new(text).unwrap();
        let (user, stranger, nobody) = (jid("a@a.org"), jid("a@b.org"), jid("a.org"));
        let good = request(&user, "x", Carrier::Header);
        let longest = Duration::from_mins(65);
        for (request, refusal) in [
            (SlotRequest { user: &stranger, ..good.clone() }, SlotRefusal::User),
            (SlotRequest { user: &nobody, ..good.clone() }, SlotRefusal::User),
            (SlotRequest { size: 11, ..good.clone() }, SlotRefusal::Rule(RuleRefusal::TooLarge { max: 10 })),
            (SlotRequest { carrier: Carrier::Query, ..good.clone() }, SlotRefusal::TokenInUrl),
            (
                SlotRequest { ttl: Some(Duration::from_secs(3901)), ..good.clone() },
                SlotRefusal::LivesTooLong { longest },
            ),
        ] {
            assert_eq!(office.issue(&request, NOW).err(), Some(refusal), "{request:?}");
        }
        let longest = SlotRequest { ttl: Some(longest), ..good };
        assert_eq!(used(&sites, &office.issue(&longest, NOW).unwrap(), NOW).expires(), Some(NOW + 3900));
    }

    proptest! {
        #[test]
        fn every_name_has_a_slot_that_counts(name in any::<String>(), way in 0..3) {
            let sites = sites("a.org", "https://u.org/upload/a.org", true);
            let office = SlotOffice { site: sites.all().next().unwrap(), rules: &rules() };
            let user = BareJid::new("a@a.org").unwrap();
            let carrier = [Carrier::Header, Carrier::Query, Carrier::Path][usize::try_from(way).unwrap()];
            let slot = office.issue(&request(&user, &name, carrier), NOW).unwrap();
            let grant = used(&sites, &slot, NOW);
            prop_assert_eq!(grant.path().filename(), safe_filename(&name));
        }
    }
}
