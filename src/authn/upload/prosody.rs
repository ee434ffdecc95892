//! Slots of Prosody's `mod_http_file_share`, where it leaves the files to another server: a JSON Web Token in an `Authorization` header.
//!
//! It is signed with the secret that both servers share, always by HS256: nothing in the token chooses key or algorithm.

use serde_json::{Map, Value};

use super::key::UploadKeys;
use super::terms::parse_user;
use super::{Mac, SlotTerms, UploadRefusal};
use crate::authn::jwt::{Compact, Refusal, TokenTypes, header};
use crate::authn::keys::Algorithm;
use crate::types::{ContentType, ObjectPath, Vhost};

/// More than Prosody's have, with the longest name that a file can have.
const MAX_BYTES: usize = 8 * 1024;

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 60;

/// What such a token says, nothing of it believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProsodySlot {
    /// The first part of the path.
    pub slot: String,
    /// The second.
    pub filename: String,
    /// Exactly so many bytes.
    pub size: u64,
    /// User, type, `expires` (which is until when the file is to be kept) and `exp`.
    pub terms: SlotTerms,
    /// `iat`, if it says so.
    pub issued: Option<u64>,
    /// It counts from then on: the later one of `iat` and `nbf`.
    from: u64,
}

impl ProsodySlot {
    /// Reads a token, whoever signed it.
    ///
    /// # Errors
    ///
    /// [`UploadRefusal::JwtMalformed`] if it is none of such a slot.
    pub fn read(token: &str) -> Result<Self, UploadRefusal> {
        Ok(Self::parse(token)?.0)
    }

    /// Believes what one of `keys` signed.
    pub(super) fn verify(token: &str, keys: &UploadKeys) -> Result<Self, UploadRefusal> {
        let (slot, Compact { signed, signature, .. }) = Self::parse(token)?;
        let mac = signature.try_into().map(Mac::new).map_err(|_| UploadRefusal::JwtInvalid)?;
        if keys.verify(signed, &mac) { Ok(slot) } else { Err(UploadRefusal::JwtInvalid) }
    }

    fn parse(token: &str) -> Result<(Self, Compact<'_>), UploadRefusal> {
        if token.len() > MAX_BYTES {
            return Err(UploadRefusal::JwtMalformed);
        }
        let compact = Compact::parse(token).map_err(|_| UploadRefusal::JwtMalformed)?;
        check_header(&compact.header).map_err(|_| UploadRefusal::JwtMalformed)?;
        let slot = Self::from_claims(&compact.claims).ok_or(UploadRefusal::JwtMalformed)?;
        Ok((slot, compact))
    }

    fn from_claims(claims: &Map<String, Value>) -> Option<Self> {
        // It was made for another service, or is bound to a key that nobody asks for here.
        if ["aud", "cnf"].iter().any(|name| claims.contains_key(*name)) {
            return None;
        }
        let text = |name| claims.get(name).and_then(Value::as_str);
        let number = |name| claims.get(name).map(|value| value.as_u64().ok_or(())).transpose().ok();
        let issued = number("iat")?;
        Some(Self {
            slot: text("slot")?.to_owned(),
            filename: text("filename")?.to_owned(),
            size: number("filesize")??,
            terms: SlotTerms {
                user: parse_user(text("sub")?).ok()?,
                content_type: Some(ContentType::parse(text("filetype")?).ok()?),
                keep: number("expires")?,
                expires: number("exp")??,
            },
            issued,
            from: issued.max(number("nbf")?).unwrap_or_default(),
        })
    }

    /// Judges what has been believed.
    pub(super) fn check(
        &self,
        vhost: &Vhost,
        path: &ObjectPath,
        size: u64,
        now: u64,
    ) -> Result<(), UploadRefusal> {
        if !self.is_of(vhost) {
            Err(UploadRefusal::BearerUser)
        } else if !self.is_for(path) {
            Err(UploadRefusal::JwtPath)
        } else if self.size != size {
            Err(UploadRefusal::JwtSize)
        } else if self.from > now.saturating_add(LEEWAY) {
            Err(UploadRefusal::JwtAhead)
        } else {
            Ok(())
        }
    }

    fn is_of(&self, vhost: &Vhost) -> bool {
        self.terms.user.node().is_some() && self.terms.user.domain() == &**vhost
    }

    /// Prosody itself does not look at the name, and one token would do for many files.
    fn is_for(&self, path: &ObjectPath) -> bool {
        let two_parts = path.as_str().split_once('/').filter(|(_, name)| !name.contains('/'));
        two_parts == Some((&self.slot, &self.filename))
    }
}

fn check_header(header: &Map<String, Value>) -> Result<(), Refusal> {
    header::check_critical(header)?;
    header::check_compression(header)?;
    header::check_content_type(header)?;
    header::key_id(header)?;
    if header::algorithm(header)? != Algorithm::Hs256 {
        return Err(Refusal::AlgorithmRefused);
    }
    if header.contains_key("typ") {
        TokenTypes::Only(vec!["jwt".to_owned()]).check(header)?;
    }
    Ok(())
}
