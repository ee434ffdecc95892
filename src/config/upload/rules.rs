//! Which files are taken: how large, of which kinds, how many, for how long.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

use super::{Layers, RawUpload};
use crate::config::ConfigError;
use crate::config::one_or_many::OneOrMany;
use crate::config::or_none::OrNone;
use crate::policy::{Retention, TypeRules};
use crate::types::Purpose;
use crate::upload::{Quotas, UploadRules};

/// The largest file, where nothing else is said.
const DEFAULT_MAX_SIZE: ByteSize = ByteSize::mib(100);

impl<'raw> Layers<'raw> {
    pub(super) fn rules(&self) -> Result<UploadRules, ConfigError> {
        let (place, max_size) = self
            .pick("max_size", |raw| raw.max_size)
            .unwrap_or_else(|| ("upload.max_size".to_owned(), DEFAULT_MAX_SIZE));
        if max_size.as_u64() == 0 {
            return Err(ConfigError::at(place, "is zero: nothing could be uploaded"));
        }
        let denied_types = self.list("denied_types", |raw| raw.denied_types.as_ref())?;
        let denied_extensions = self.list("denied_extensions", |raw| raw.denied_extensions.as_ref())?;
        let types = TypeRules {
            allowed_types: self.allowed("allowed_types", "*/*", |raw| raw.allowed_types.as_ref())?,
            denied_types: denied_types.map(|(_, types)| types).unwrap_or_default(),
            allowed_extensions: self
                .allowed("allowed_extensions", "*", |raw| raw.allowed_extensions.as_ref())?,
            denied_extensions: denied_extensions.map(|(_, extensions)| extensions).unwrap_or_default(),
        };
        let quotas = Quotas {
            per_user: self.quota("quota_per_user", |raw| raw.quota_per_user)?,
            per_host: self.quota("quota_per_host", |raw| raw.quota_per_host)?,
        };
        Ok(UploadRules { max_size: max_size.as_u64(), types, quotas, retention: self.retention()? })
    }

    fn quota(
        &self,
        key: &str,
        pick: fn(&'raw RawUpload) -> Option<OrNone<ByteSize>>,
    ) -> Result<Option<u64>, ConfigError> {
        match self.pick(key, pick) {
            Some((place, OrNone::Bound(ByteSize(0)))) => {
                Err(ConfigError::at(place, "is zero: nothing could be uploaded; for no quota write \"none\""))
            }
            found => Ok(found.and_then(|(_, quota)| quota.bound()).map(|bytes| bytes.as_u64())),
        }
    }

    fn retention(&self) -> Result<Retention, ConfigError> {
        let general = self.pick("retention", |raw| raw.retention);
        let mut retention = Retention::default();
        if let Some((place, time)) = general {
            retention.general = kept(&place, time)?;
        }
        for purpose in Purpose::ALL {
            let own = self.own.retention_by_purpose.of(purpose).map(|time| (self.section, time));
            let found = own.or_else(|| Some(("upload", self.general.retention_by_purpose.of(purpose)?)));
            if let Some((section, time)) = found {
                let place = format!("{section}.retention_by_purpose.{}", purpose.name());
                retention.by_purpose.insert(purpose, kept(&place, time)?);
            }
        }
        Ok(retention)
    }

    /// A list of what alone is taken; `all` lifts the one of the general section.
    fn allowed<T: FromStr<Err: Display>>(
        &self,
        key: &str,
        all: &str,
        pick: fn(&'raw RawUpload) -> Option<&'raw OneOrMany<String>>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        if self.pick(key, pick).is_some_and(|(_, list)| list.as_slice() == [all]) {
            return Ok(None);
        }
        match self.list(key, pick)? {
            Some((place, list)) if list.is_empty() => {
                let problem = format!("is empty: nothing could be uploaded; for everything write {all:?}");
                Err(ConfigError::at(place, problem))
            }
            list => Ok(list.map(|(_, list)| list)),
        }
    }
}

fn kept(place: &str, time: OrNone<humantime::Duration>) -> Result<Option<Duration>, ConfigError> {
    match time.bound().map(Duration::from) {
        Some(time) if time < Duration::from_secs(1) => {
            Err(ConfigError::at(place, "is less than a second: nothing would be kept; for ever is \"none\""))
        }
        time => Ok(time),
    }
}
