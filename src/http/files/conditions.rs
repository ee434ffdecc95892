//! `Range` and the conditional headers, RFC 9110 §13 and §14.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use headers::{ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince};

use super::get::Wanted;
use crate::store::ObjectInfo;
use crate::types::{ByteRange, RangeSpec, Unsatisfiable};

/// The headers that make the answer depend on what the store knows of the file.
const NAMES: [HeaderName; 5] = [
    header::RANGE,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    header::IF_UNMODIFIED_SINCE,
];

/// What a request makes its answer depend on.
#[derive(Debug)]
pub(super) struct Conditions {
    if_match: Option<IfMatch>,
    if_unmodified_since: Option<IfUnmodifiedSince>,
    if_none_match: Option<IfNoneMatch>,
    if_modified_since: Option<IfModifiedSince>,
    part: Part,
}

/// Whether a part is wanted.
#[derive(Debug)]
enum Part {
    No,
    Yes(RangeSpec),
    /// Only if the file is still the one that the client has the rest of: its validator, or its date.
    If(RangeSpec, HeaderValue),
}

/// What the answer is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 200
    Whole,
    /// 206
    Part(ByteRange),
    /// 304
    NotModified,
    /// 412
    Failed,
    /// 416
    Unsatisfiable(Unsatisfiable),
}

impl Conditions {
    /// `None` if the answer depends on nothing. What cannot be understood does not count.
    pub(super) fn of(headers: &HeaderMap, wanted: Wanted) -> Option<Self> {
        if !NAMES.iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        Some(Self {
            if_match: headers.typed_get(),
            if_unmodified_since: headers.typed_get(),
            if_none_match: headers.typed_get(),
            if_modified_since: headers.typed_get(),
            // Only GET has ranges (RFC 9110 §14.2).
            part: if wanted == Wanted::Everything { Part::of(headers) } else { Part::No },
        })
    }

    /// In the order of RFC 9110 §13.2.2.
    pub(super) fn judge(&self, info: &ObjectInfo) -> Verdict {
        let etag: Option<ETag> = info.etag.parse().ok();
        let matches = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => etag.as_ref().is_some_and(|etag| condition.precondition_passes(etag)),
            (None, Some(condition)) => condition.precondition_passes(info.modified),
            (None, None) => true,
        };
        if !matches {
            return Verdict::Failed;
        }
        let changed = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => etag.as_ref().is_none_or(|etag| condition.precondition_passes(etag)),
            (None, Some(condition)) => condition.is_modified(info.modified),
            (None, None) => true,
        };
        if !changed {
            return Verdict::NotModified;
        }
        self.part.judge(info)
    }
}

impl Part {
    fn of(headers: &HeaderMap) -> Self {
        let mut ranges = headers.get_all(header::RANGE).iter();
        let range = ranges.next().and_then(|value| value.to_str().ok()?.parse().ok());
        let (Some(range), None) = (range, ranges.next()) else { return Self::No };
        headers.get(header::IF_RANGE).cloned().map_or(Self::Yes(range), |same| Self::If(range, same))
    }

    fn judge(&self, info: &ObjectInfo) -> Verdict {
        let range = match self {
            Self::No => return Verdict::Whole,
            Self::If(_, same) if !is_same(same, info) => return Verdict::Whole,
            Self::Yes(range) | Self::If(range, _) => range,
        };
        match range.within(info.size) {
            Ok(range) => Verdict::Part(range),
            Err(unsatisfiable) => Verdict::Unsatisfiable(unsatisfiable),
        }
    }
}

/// Whether an `If-Range` means just this file: by its strong validator, or by exactly its date (RFC 9110 §13.1.5). What nobody
/// understands does not.
fn is_same(condition: &HeaderValue, info: &ObjectInfo) -> bool {
    let Ok(text) = condition.to_str() else { return false };
    (info.etag.starts_with('"') && text == info.etag) || text == httpdate::fmt_http_date(info.modified)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::store::Lifetime;
    use crate::types::ContentType;

    fn file() -> ObjectInfo {
        ObjectInfo {
            size: 100,
            content_type: ContentType::unknown(),
            etag: "\"own\"".to_owned(),
            modified: UNIX_EPOCH + Duration::from_secs(784_111_777),
            life: Lifetime::default(),
            uploader: None,
        }
    }

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn verdict(lines: &[(HeaderName, &str)]) -> Verdict {
        let header =
            |(name, value): &(HeaderName, &str)| (name.clone(), HeaderValue::from_str(value).unwrap());
        let headers: HeaderMap = lines.iter().map(header).collect();
        Conditions::of(&headers, Wanted::Everything)
            .map_or(Verdict::Whole, |conditions| conditions.judge(&file()))
    }

    fn part(range: &str) -> Verdict {
        Verdict::Part(range.parse::<RangeSpec>().unwrap().within(100).unwrap())
    }

    #[test]
    fn a_condition_alone() {
        for (name, value, expected) in [
            (header::IF_NONE_MATCH, "\"own\"", Verdict::NotModified),
            (header::IF_NONE_MATCH, "W/\"own\"", Verdict::NotModified),
            (header::IF_NONE_MATCH, "\"a\", \"own\"", Verdict::NotModified),
            (header::IF_NONE_MATCH, "*", Verdict::NotModified),
            (header::IF_NONE_MATCH, "\"other\"", Verdict::Whole),
            (header::IF_MATCH, "\"own\"", Verdict::Whole),
            (header::IF_MATCH, "*", Verdict::Whole),
            (header::IF_MATCH, "W/\"own\"", Verdict::Failed),
            (header::IF_MATCH, "\"other\"", Verdict::Failed),
            (header::IF_MODIFIED_SINCE, THEN, Verdict::NotModified),
            (header::IF_MODIFIED_SINCE, BEFORE, Verdict::Whole),
            (header::IF_MODIFIED_SINCE, "yesterday", Verdict::Whole),
            (header::IF_UNMODIFIED_SINCE, THEN, Verdict::Whole),
            (header::IF_UNMODIFIED_SINCE, BEFORE, Verdict::Failed),
            (header::RANGE, "bytes=5-9", part("bytes=5-9")),
            (header::RANGE, "bytes=100-", Verdict::Unsatisfiable(Unsatisfiable { size: 100 })),
            (header::RANGE, "bytes=1-2,4-5", Verdict::Whole),
            (header::IF_RANGE, "\"other\"", Verdict::Whole),
        ] {
            assert_eq!(verdict(&[(name.clone(), value)]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn conditions_together() {
        let range = (header::RANGE, "bytes=-1");
        let last = part("bytes=-1");
        for (one, other, expected) in [
            // Validators count before dates.
            ((header::IF_NONE_MATCH, "\"other\""), (header::IF_MODIFIED_SINCE, THEN), Verdict::Whole),
            ((header::IF_MATCH, "\"own\""), (header::IF_UNMODIFIED_SINCE, BEFORE), Verdict::Whole),
            // "Not this one" is asked after "only this one".
            ((header::IF_MATCH, "\"other\""), (header::IF_NONE_MATCH, "\"own\""), Verdict::Failed),
            ((header::IF_MATCH, "\"own\""), (header::IF_NONE_MATCH, "\"own\""), Verdict::NotModified),
            // And the range last.
            ((header::IF_NONE_MATCH, "\"own\""), range.clone(), Verdict::NotModified),
            ((header::IF_MATCH, "\"own\""), range.clone(), last),
            ((header::IF_RANGE, "\"own\""), range.clone(), part("bytes=-1")),
            ((header::IF_RANGE, "W/\"own\""), range.clone(), Verdict::Whole),
            ((header::IF_RANGE, "\"other\""), range.clone(), Verdict::Whole),
            ((header::IF_RANGE, THEN), range.clone(), part("bytes=-1")),
            ((header::IF_RANGE, BEFORE), range.clone(), Verdict::Whole),
            ((header::IF_RANGE, "?"), range.clone(), Verdict::Whole),
            ((header::RANGE, "bytes=0-0"), range, Verdict::Whole),
        ] {
            let text = format!("{one:?} {other:?}");
            assert_eq!(verdict(&[one, other]), expected, "{text}");
        }
    }
}
