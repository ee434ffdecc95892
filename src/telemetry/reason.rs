//! Every reason code once: why something was refused, or failed. What is logged or counted takes no other ([`Reason`] is made
//! here alone), what nothing gives is an error of the compiler, and `docs/reasons.md` explains each: a test below holds it to that.

use crate::authn::jwt::Refusal;

/// A stable reason code, as it stands in logs, in metrics, and in what `token check` and `url check` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason(&'static str);

impl Reason {
    /// Its text.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }
}

/// The reasons of tokens stand with the rules for them.
impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.code())
    }
}

/// Closed sets of codes, each with its section of `docs/reasons.md`.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $group:ident in $section:literal { $($variant:ident = $code:literal,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub(crate) enum $group { $($variant,)+ }

            impl $group {
                pub(crate) fn code(self) -> &'static str {
                    match self { $(Self::$variant => $code,)+ }
                }
            }

            impl From<$group> for Reason {
                fn from(reason: $group) -> Self {
                    Self(reason.code())
                }
            }
        )+

        /// Texts and not variants: those would count as used.
        #[cfg(test)]
        const SECTIONS: &[(&str, &[&str])] = &[$(($section, &[$($code,)+]),)+];
    };
}

reasons! {
    /// Logins, beside what tokens are refused for.
    LoginReason in "Logins" {
        VhostUnknown = "vhost_unknown",
        VhostNeeded = "vhost_needed",
        UserMalformed = "user_malformed",
        LoginRate = "login_rate",
    }

    /// Accounts that ejabberd asks to make or remove, beside what logins are refused for.
    AccountReason in "Accounts" {
        ProvisioningOff = "provisioning_off",
        Exists = "exists",
        Listed = "listed",
        Missing = "missing",
        Busy = "busy",
        NotLoaded = "registry_not_loaded",
        StoreFailed = "store_failed",
    }

    /// Calls of the hook that ask nothing.
    HookReason in "The hook" {
        Malformed = "request_malformed",
        CredentialsWrong = "credentials_wrong",
    }

    /// Upload slots that were not issued, beside what files are refused for.
    SlotReason in "Slots" {
        Stranger = "stranger",
        SlotRate = "slot_rate",
        RequestMalformed = "slot_request_malformed",
        RequestTooLarge = "slot_request_too_large",
        AskerMisspelt = "asker_misspelt",
        Late = "answer_late",
    }

    /// Requests to the API, beside what logins, slots and files are refused for.
    ApiReason in "The API" {
        NotAuthenticated = "not_authenticated",
        AuthorizationMissing = "authorization_missing",
        AuthorizationDoubled = "authorization_doubled",
        RequestMalformed = "request_malformed",
        NotJson = "not_json",
        BodyTooLarge = "body_too_large",
        BodyIncomplete = "body_incomplete",
        BodyTimeout = "body_timeout",
        RequestRate = "request_rate",
        PathMalformed = "path_malformed",
        PathUnknown = "path_unknown",
        MethodNotAllowed = "method_not_allowed",
        Missing = "missing",
        StoreFailed = "store_failed",
    }

    /// Files that were not stored, or not handed out.
    FileReason in "Files" {
        PathUnknown = "path_unknown",
        PathMalformed = "path_malformed",
        MethodNotAllowed = "method_not_allowed",
        LengthMissing = "length_missing",
        ContentTypeMalformed = "content_type_malformed",
        ContentRange = "content_range",
        AuthorizationNotAccepted = "authorization_not_accepted",
        TokenMissing = "token_missing",
        TokenMalformed = "token_malformed",
        SchemeNotAccepted = "scheme_not_accepted",
        MacInvalid = "mac_invalid",
        AuthorizationDoubled = "authorization_doubled",
        BearerMissing = "bearer_missing",
        BearerMalformed = "bearer_malformed",
        BearerInUrl = "bearer_in_url",
        BearerUserMismatch = "bearer_user_mismatch",
        BearerInvalid = "bearer_invalid",
        JwtMalformed = "jwt_malformed",
        JwtInvalid = "jwt_invalid",
        JwtPathMismatch = "jwt_path_mismatch",
        JwtSizeMismatch = "jwt_size_mismatch",
        JwtNotYetValid = "jwt_not_yet_valid",
        SlotExpired = "slot_expired",
        SlotLivesTooLong = "slot_lives_too_long",
        TypeMismatch = "type_mismatch",
        TooLarge = "too_large",
        TypeNotAllowed = "type_not_allowed",
        ExtensionNotAllowed = "extension_not_allowed",
        ByteRate = "byte_rate",
        QuotaUser = "quota_user",
        QuotaHost = "quota_host",
        Counting = "counting",
        PurposeNotAllowed = "purpose_not_allowed",
        KeepOver = "keep_over",
        UserErased = "user_erased",
        Exists = "exists",
        TooManyUploads = "too_many_uploads",
        SlotBusy = "slot_busy",
        BodyIncomplete = "body_incomplete",
        BodyTimeout = "body_timeout",
        BodyTooSlow = "body_too_slow",
        Missing = "missing",
        Gone = "gone",
        PreconditionFailed = "precondition_failed",
        RangeUnsatisfiable = "range_unsatisfiable",
        AnswerTooSlow = "answer_too_slow",
        StoreFailed = "store_failed",
        StoreBusy = "store_busy",
        StoreFull = "store_full",
    }

    /// Requests and connections that no door saw.
    RequestReason in "Requests and connections" {
        Malformed = "request_malformed",
        HeadTooLarge = "head_too_large",
        HeadTimeout = "head_timeout",
        TooManyConnections = "too_many_connections",
        TlsFailed = "tls_failed",
    }

    /// What the bridge answers by itself.
    BridgeReason in "The bridge" {
        HookAway = "hook_away",
        HookRefused = "hook_refused",
        RequestDenied = "request_denied",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const PAGE: &str = include_str!("../../docs/reasons.md");

    /// The rows of the page's tables, by section: each line that begins with a code in the first cell.
    fn rows() -> BTreeMap<&'static str, Vec<(&'static str, Vec<&'static str>)>> {
        let mut section = "";
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in PAGE.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                section = heading;
            }
            let Some(row) = line.strip_prefix("| `") else { continue };
            let (code, rest) = row.split_once("` |").expect("a code alone in its cell");
            let cells = rest.trim_end_matches('|').split('|').map(str::trim).collect();
            found.entry(section).or_default().push((code, cells));
        }
        found
    }

    fn expected() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let mut expected: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (section, codes) in SECTIONS {
            expected.entry(*section).or_default().extend(codes.iter().copied());
        }
        expected.entry("Logins").or_default().extend(Refusal::ALL.iter().map(|refusal| refusal.code()));
        expected
    }

    #[test]
    fn the_page_explains_each_reason_where_it_belongs_and_no_other() {
        let rows = rows();
        let told: BTreeMap<_, BTreeSet<_>> = rows
            .iter()
            .map(|(section, rows)| (*section, rows.iter().map(|(code, _)| *code).collect()))
            .collect();
        assert_eq!(told, expected(), "docs/reasons.md (left) and the code (right)");
        for (section, codes) in &expected() {
            assert_eq!(rows[section].len(), codes.len(), "{section}: a code stands twice");
        }
    }

    #[test]
    fn the_page_says_of_each_what_it_means_and_what_to_do() {
        for (code, cells) in rows().into_values().flatten() {
            let [where_it_shows, meaning, remedy] = cells[..] else { panic!("{code}: {cells:?}") };
            assert!(!where_it_shows.is_empty(), "{code}: which status?");
            assert!(meaning.len() > 10 && remedy.len() > 2, "{code}: {cells:?}");
        }
    }
}
