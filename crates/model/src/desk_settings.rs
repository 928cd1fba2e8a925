//! What the desk of a control room goes by: from how many new alerts on it speaks of a flood, what it calls chatter, and
//! which figures of a shift are good ones.
//!
//! They decide what the desk does with a record, so they are part of the [control record](crate::control): a second
//! judgement of a log finds the same floods. Every default says where it comes from; `docs/desk.md` has the table.
//!
//! ```
//! use vigie_model::desk_settings::FloodSettings;
//! let two_operators = FloodSettings::default().limits(2);
//! assert_eq!((two_operators.enter_above, two_operators.leave_below), (20, 10));
//! ```

use crate::severity::Severity;
use serde::{Deserialize, Serialize};

/// Most operators on duty that a configuration may name.
pub const OPERATORS_MAX: u16 = 1_000;
/// Longest time over which new alerts or openings are counted.
pub const COUNTED_MS_MAX: i64 = 24 * 3_600_000;
/// Most openings of one key that may have to be counted before it chatters.
pub const OPENINGS_MAX: u16 = 250;

/// Settings of the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSettings {
    /// Operators on duty; `None`: as many as have signed in, at least one.
    pub operators: Option<u16>,
    /// When there is a flood.
    pub flood: FloodSettings,
    /// When a key chatters.
    pub chatter: ChatterSettings,
    /// Which alerts belong together.
    pub files: FileSettings,
    /// What a good shift looks like.
    pub targets: KpiTargets,
}

/// When there is a flood. The figures are those of ISA-18.2 and EEMUA 191: it begins with more than ten new alerts in ten
/// minutes for each operator, and ends with fewer than five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloodSettings {
    /// Time over which new alerts are counted.
    pub within_ms: i64,
    /// A flood begins with more new alerts than this for each operator.
    pub enter: u32,
    /// It ends with fewer new alerts than this for each operator.
    pub leave: u32,
    /// Alerts at least as bad as this are told one by one also in a flood.
    pub bypass: Severity,
}

/// The two limits of a flood for all operators on duty together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodLimits {
    /// A flood begins with more new alerts than this.
    pub enter_above: u64,
    /// It ends with fewer new alerts than this.
    pub leave_below: u64,
}

impl FloodSettings {
    /// The limits for so many operators; for none, those for one.
    #[must_use]
    pub fn limits(&self, operators: u16) -> FloodLimits {
        let operators = u64::from(operators.max(1));
        FloodLimits { enter_above: u64::from(self.enter) * operators, leave_below: u64::from(self.leave) * operators }
    }
}

impl Default for FloodSettings {
    fn default() -> Self {
        Self { within_ms: 10 * 60_000, enter: 10, leave: 5, bypass: Severity::High }
    }
}

/// When a rule chatters on a key. An operator can bear 150 alerts a day, six an hour (EEMUA 191): a key that opens more
/// often than that takes by itself all an operator can give. It has calmed down when it takes less than half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatterSettings {
    /// Time over which openings are counted.
    pub within_ms: i64,
    /// A key begins to chatter with more openings than this.
    pub begin_above: u16,
    /// It ends with fewer openings than this.
    pub end_below: u16,
}

impl Default for ChatterSettings {
    fn default() -> Self {
        Self { within_ms: 3_600_000, begin_above: 6, end_below: 3 }
    }
}

/// Which alerts belong to one incident file without anybody saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSettings {
    /// New alerts of one space belong together when each comes within this time of the one before; 0: never.
    pub same_space_within_ms: i64,
}

impl Default for FileSettings {
    /// Half an hour: the time for which a patrol that was sent is usually still there.
    fn default() -> Self {
        Self { same_space_within_ms: 30 * 60_000 }
    }
}

/// What a good shift looks like (EEMUA 191, ISA-18.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KpiTargets {
    /// New alerts a day that an operator can bear.
    pub alerts_per_day: u32,
    /// New alerts a day that are the most an operator can handle.
    pub alerts_per_day_max: u32,
    /// Share of time in flood, in thousandths.
    pub flood_permille: u32,
    /// Share of all new alerts that the ten busiest rules make together, in thousandths.
    pub top_rules_permille: u32,
    /// Alerts that are active for longer than a day.
    pub stale: u32,
    /// Share of new alerts that are high or critical, in thousandths.
    pub high_permille: u32,
    /// Median time from telling an alert to its acknowledgement.
    pub acknowledge_ms: i64,
}

impl Default for KpiTargets {
    fn default() -> Self {
        Self {
            alerts_per_day: 150,
            alerts_per_day_max: 300,
            flood_permille: 10,
            top_rules_permille: 50,
            stale: 5,
            high_permille: 50,
            acknowledge_ms: 5 * 60_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_on_duty_counts_as_one() {
        let settings = FloodSettings::default();
        assert_eq!(settings.limits(0), settings.limits(1));
        assert_eq!(settings.limits(1), FloodLimits { enter_above: 10, leave_below: 5 });
    }
}
