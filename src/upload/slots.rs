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
        let mac = self.site.authority.sign_slot(&ObjectPath::parse(&file)?, *size, &terms);
        let get = self.site.url_of(&file);
        let (put, headers) = match carrier {
            Carrier::Header => (
                format!("{get}?{}", terms.to_query()),
                vec![("Authorization", format!("Bearer {}", mac.to_base64()))],
            ),
            Carrier::Query => (format!("{get}?token={}&{}", mac.to_base64(), terms.to_query()), Vec::new()),
            Carrier::Path => (self.site.url_with_token(&path_token(mac, &terms), &file), Vec::new()),
        };
        Ok(Slot { put, headers, get, expires: terms.expires })
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
