//! What a judgement found.

/// What a judgement found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is no valid value.
    Missing,
    /// Raise is true.
    Raise,
    /// Raise is false and clear is true.
    Clear,
    /// Neither.
    Between,
}
