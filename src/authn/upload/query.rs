//! The query of a URL, which is what stands behind its `?`.

/// What stands there under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'query> {
    Nothing,
    One(&'query str),
    /// Whoever made this URL did not mean one of them.
    Several,
}

/// The value of `name`, as it was written.
pub(super) fn find<'query>(query: &'query str, name: &str) -> Found<'query> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing,
        (Some(value), None) => Found::One(value),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// Whether there is a value of `name` at all.
pub(super) fn has(query: &str, name: &str) -> bool {
    find(query, name) != Found::Nothing
}
