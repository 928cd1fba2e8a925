//! What a rule computes: its kind with the figures that belong to it, and what it reads.

#![cfg_attr(not(test), expect(dead_code, reason = "the engine does not judge baselines yet"))]

/// The figures of a baseline rule; the letters are those of `docs/rules.md`, "Baselines".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    /// How many deviations from the mean are unusual.
    pub(crate) z: f64,
    /// H: after so many weeks a week counts half.
    pub(crate) half_life_weeks: f64,
    /// Weeks that must be learnt before an hour of the week is judged.
    pub(crate) min_weeks: u32,
    /// The smallest deviation to reckon with.
    pub(crate) sigma_floor: f64,
    /// On which side values are unusual.
    pub(crate) direction: Direction,
}

/// On which side of the mean a value is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Above.
    Up,
    /// Below.
    Down,
    /// Either.
    Both,
}
