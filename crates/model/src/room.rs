//! The room for what rules write: a text grows up to a limit and not beyond, whatever a rule makes of what another one made.
//!
//! Not here: what becomes of a message that would have been longer; the proxy answers 500 in its place.

/// The most bytes that an expression, a substitution or a converter writes: more than a whole head may have. A text of this length was
/// most likely longer, and is not used.
pub const MOST_WRITTEN: usize = 64 * 1024;

/// Writes as much as there is room for.
pub(crate) fn extend(into: &mut Vec<u8>, bytes: &[u8]) {
    let room = MOST_WRITTEN.saturating_sub(into.len());
    into.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// Whether nothing more is written.
pub(crate) fn is_full(written: &[u8]) -> bool {
    written.len() >= MOST_WRITTEN
}
