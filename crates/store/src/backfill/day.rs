//! The identities of one UTC day's rows: those that history has, and those that an import adds.

use crate::error::Error;
use hashbrown::HashSet;
use vigie_model::time::format_utc;

/// Rows of one UTC day at most, of history and archive together: some 600 MB of identities. A city of 190 observations a
/// second has as many.
pub const IDENTITIES_PER_DAY_MAX: usize = 1 << 24;
/// Length of a UTC day.
const DAY_MS: i64 = 86_400_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Day {
    number: i32,
    seen: HashSet<u128>,
}

impl Day {
    /// A day without rows, by its number of days since 1970.
    pub(super) fn new(number: i32) -> Self {
        Self { number, seen: HashSet::new() }
    }

    /// Days since 1970.
    pub(super) const fn number(&self) -> i32 {
        self.number
    }

    /// Adds a row; whether it is new.
    ///
    /// # Errors
    /// [`Error::DayTooLarge`] when there are as many as are compared.
    pub(super) fn insert(&mut self, identity: u128) -> Result<bool, Error> {
        if self.seen.len() >= IDENTITIES_PER_DAY_MAX && !self.seen.contains(&identity) {
            let date = format_utc(i64::from(self.number) * DAY_MS)[..10].to_owned();
            return Err(Error::DayTooLarge { date, max: IDENTITIES_PER_DAY_MAX });
        }
        Ok(self.seen.insert(identity))
    }
}
