//! The bytes of all files that are sent here, whatever their length: one buffer again and again.

use std::sync::LazyLock;

/// Its bytes do not repeat within it, so that a piece that is missing or in another place shows.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 1_u64;
    let mut next = || {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..PATTERN_BYTES).map(|_| next()).collect()
});
const PATTERN_BYTES: usize = 1024 * 1024;
/// Sent at once.
const PIECE_BYTES: usize = 256 * 1024;

/// A file of `size` bytes.
pub(crate) fn pieces(size: u64) -> impl Iterator<Item = &'static [u8]> {
    let pieces = PATTERN.chunks(PIECE_BYTES).cycle();
    pieces.scan(size, |left, piece| {
        let length = usize::try_from(*left).map_or(piece.len(), |left| left.min(piece.len()));
        *left -= length as u64;
        (length > 0).then(|| &piece[..length])
    })
}

/// Whether these are the bytes of a file from `at` on.
pub(crate) fn is_right(at: u64, mut bytes: &[u8]) -> bool {
    let mut at = usize::try_from(at % PATTERN_BYTES as u64).expect("below the length of the pattern");
    while !bytes.is_empty() {
        let length = bytes.len().min(PATTERN_BYTES - at);
        if bytes[..length] != PATTERN[at..at + length] {
            return false;
        }
        (at, bytes) = (0, &bytes[length..]);
    }
    true
}
