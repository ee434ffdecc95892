//! Questions of several kinds, one after the other.

/// Every so often comes a rare one.
const RARE_EVERY: usize = 5003;

/// Which question comes when.
pub(crate) struct Mix<T> {
    pub(crate) common: Vec<T>,
    /// Large ones, and those that end a connection.
    pub(crate) rare: Vec<T>,
}

impl<T> Mix<T> {
    /// In an order that repeats itself late.
    pub(crate) fn nth(&self, n: usize) -> &T {
        if n.is_multiple_of(RARE_EVERY) {
            &self.rare[n / RARE_EVERY % self.rare.len()]
        } else {
            &self.common[(n * 7 + n / 11) % self.common.len()]
        }
    }
}
