//! What a vhost takes, whoever sends it.

use crate::authn::PutGrant;
use crate::policy::{TypeRefusal, TypeRules};
use crate::telemetry::reason::FileReason;
use crate::types::ContentType;

/// The limits that a vhost puts before the store.
#[derive(Debug, Clone, Default)]
pub struct UploadRules {
    /// The largest file, in bytes.
    pub max_size: u64,
    /// The types of files.
    pub types: TypeRules,
}

/// Why a granted upload is not taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefusal {
    /// Above the vhost's `max_size`.
    #[error("the file is larger than upload.max_size, {max} bytes")]
    TooLarge {
        /// That size.
        max: u64,
    },
    /// Not a type or extension that is taken.
    #[error(transparent)]
    Type(#[from] TypeRefusal),
}

impl RuleRefusal {
    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::TooLarge { .. } => FileReason::TooLarge,
            Self::Type(TypeRefusal::Type) => FileReason::TypeNotAllowed,
            Self::Type(TypeRefusal::Extension) => FileReason::ExtensionNotAllowed,
        }
    }
}

impl UploadRules {
    /// Judges what was granted.
    ///
    /// # Errors
    ///
    /// [`RuleRefusal`] if it is not taken.
    pub fn check(&self, grant: &PutGrant) -> Result<(), RuleRefusal> {
        self.check_file(grant.size(), Some(grant.content_type()), grant.path().filename())
    }

    /// Judges a file. What type it has is perhaps not known yet, and then judged when it comes.
    ///
    /// # Errors
    ///
    /// [`RuleRefusal`] if it is not taken.
    pub fn check_file(
        &self,
        size: u64,
        content_type: Option<&ContentType>,
        filename: &str,
    ) -> Result<(), RuleRefusal> {
        if size > self.max_size {
            return Err(RuleRefusal::TooLarge { max: self.max_size });
        }
        Ok(match content_type {
            Some(content_type) => self.types.check(content_type, filename),
            None => self.types.check_name(filename),
        }?)
    }
}
