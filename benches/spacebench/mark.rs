//! Transitions in a form that engine and baselines share, so that they can be compared.
//!
//! A mark is a line of the digest (RULES.md, "Replay"), as numbers.

use vigie::spacebench::stream::START_MS;

/// Baselines count milliseconds from here in 32 bits: an hour before the first event, so that no event is before it, and a
/// multiple of every pane.
pub(crate) const BASE_MS: i64 = START_MS - 3_600_000;

/// What a line of the digest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Active,
    Stale,
    Cleared,
}

/// What a baseline emits: compact, as its own loop would keep it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Which of the baseline's rules.
    pub(crate) level: u8,
    pub(crate) state: State,
    pub(crate) key: u32,
    /// Milliseconds since [`BASE_MS`].
    pub(crate) at: u32,
}

/// A line of the digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    /// Index of the rule's name in the scenario.
    pub(crate) rule: u32,
    pub(crate) space: u32,
    pub(crate) at_ms: i64,
    pub(crate) state: State,
}

/// An instant as a baseline counts it; a bench runs for less than 49 days, so nothing is cut off.
pub(crate) const fn since_base(at_ms: i64) -> u32 {
    (at_ms - BASE_MS) as u32
}
