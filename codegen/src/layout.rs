//! Constants that host and device share: the layout of the workspace and of the shared memory that a
//! launch asks for.
//!
//! Each is written here once and rendered into `Config`; no template repeats one.

/// Rows that a launch of `grid_filter` can spread over several CTAs each. The workspace begins with
/// as many counters, which are zero between launches.
pub(crate) const COUNTERS: u32 = 1024;

/// The most candidates of one row in the workspace: the leader CTA counts them in 16 bits.
pub(crate) const MOST_CANDIDATES: u32 = u16::MAX as u32;

/// Words of a key in the workspace. A column has one.
pub(crate) const fn key_words(key_bytes: u32) -> u32 {
    key_bytes.div_ceil(WORD_BYTES as u32)
}

/// Words of the workspace before the candidates of a part: how many they are, in as many words as their
/// threshold has, so that it is aligned.
pub(crate) const fn part_header_words(key_bytes: u32) -> u32 {
    2 * key_words(key_bytes)
}

/// Bytes of a word of the workspace.
pub(crate) const WORD_BYTES: u64 = 4;
