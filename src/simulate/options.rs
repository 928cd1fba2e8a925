//! What a simulated city is made of, besides chance.

/// The first instant: 1 January 2025, 00:00 UTC, a Wednesday.
pub const START_MS: i64 = 1_735_689_600_000;
/// A day.
pub const DAY_MS: i64 = 86_400_000;
/// The fewest and the most spaces.
pub const SPACES: (u32, u32) = (9, 10_000);
/// The fewest and the most days: the first wave of the survey asks on day 60, and a measure needs a month on either side.
pub const DAYS: (u32, u32) = (90, 3_660);

/// A run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Other numbers give other cities.
    pub seed: u64,
    /// Number of spaces.
    pub spaces: u32,
    /// Number of days.
    pub days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, spaces: 25, days: 365 }
    }
}
