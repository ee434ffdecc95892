//! Until when a certificate is good. Whose key it holds is no matter here.

use std::time::{SystemTime, UNIX_EPOCH};

use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// When the first certificate of a PEM file expires, or `None` if there is none.
#[must_use]
pub fn certificate_expires(text: &[u8]) -> Option<SystemTime> {
    let blocks = pem::parse_many(text).ok()?;
    let block = blocks.iter().find(|block| block.tag() == "CERTIFICATE")?;
    let certificate = Certificate::from_der(block.contents()).ok()?;
    UNIX_EPOCH.checked_add(certificate.tbs_certificate().validity().not_after.to_unix_duration())
}
