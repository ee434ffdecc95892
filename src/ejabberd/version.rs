//! ejabberd's version: year and month.

use std::fmt;
use std::str::FromStr;

/// `26.07`; what follows (`-1`, `.5`) does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    year: u8,
    month: u8,
}

impl Version {
    /// Logins by HTTP refuse a foreign `authzid` from here on.
    pub const AUTHZID_CHECKED: Self = Self { year: 26, month: 7 };
    /// What may be sent before a login has a limit of its own from here on.
    pub const PRE_AUTH_LIMIT: Self = Self { year: 26, month: 4 };
    /// Macros may come from the environment from here on.
    pub const MACROS_OF_ENVIRONMENT: Self = Self { year: 24, month: 12 };

    /// `@NAME@` is filled in from here on.
    pub const MACROS_IN_TEXT: Self = Self { year: 25, month: 3 };
    /// The first one after Debian 12's.
    pub const AFTER_23_01: Self = Self { year: 23, month: 4 };

    /// The first one that a text names.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        text.split(|char: char| !(char.is_ascii_digit() || char == '.' || char == '-'))
            .find_map(|word| word.parse().ok())
    }
}

/// What names no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no version of ejabberd: write 23.01 or 26.07")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (year, rest) = text.split_once('.').ok_or(InvalidVersion)?;
        let month = rest.get(..2).ok_or(InvalidVersion)?;
        let ends = rest[2..].is_empty() || rest[2..].starts_with(['-', '.', '+', '~']);
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u8>().ok().filter(|_| plain).ok_or(InvalidVersion)
        };
        let version = Self { year: number(year)?, month: number(month)? };
        let plausible = year.len() == 2 && (1..=12).contains(&version.month) && ends;
        if plausible { Ok(version) } else { Err(InvalidVersion) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_year_and_month() {
        for (text, shown) in [("23.01", "23.01"), ("23.01-1", "23.01"), ("26.07.0", "26.07")] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), shown);
        }
        for wrong in ["", "23", "23.1", "2023.01", "23.13", "23.01x", "latest", "+1.02", "23.\u{e9}1"] {
            assert_eq!(wrong.parse::<Version>(), Err(InvalidVersion), "{wrong}");
        }
        assert!("25.10".parse::<Version>().unwrap() < Version::PRE_AUTH_LIMIT);
    }

    #[test]
    fn a_status_tells_the_version() {
        let status = "The node ejabberd@127.0.0.1 is started with status: started. ejabberd 23.01.0 is running in that node";
        assert_eq!(Version::find(status), "23.01".parse().ok());
        assert_eq!(Version::find("ok"), None);
    }
}
