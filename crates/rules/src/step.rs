//! What one step of an engine works with, writes to and counts.

use crate::saved::saved;
use crate::spec::RuleSet;
use vigie_model::alert::Transition;
use vigie_model::names::Names;
use vigie_model::position::Position;

/// What one step of the engine works with and writes to.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// Names of the indices in rows.
    pub(crate) names: &'a Names,
    /// Log time of the row or tick.
    pub(crate) log_time_ms: i64,
    /// The partition's newest row.
    pub(crate) position: Position,
    /// Number of the next transition at that position.
    pub(crate) ordinal: &'a mut u32,
    /// Whether no episode may begin at the slot, for one elsewhere tells of the same.
    pub(crate) blocked: bool,
    /// What is counted.
    pub(crate) counters: &'a mut Counters,
    /// Where transitions go.
    pub(crate) out: &'a mut Vec<Transition>,
}

impl Step<'_> {
    /// Goes on to a row, where transitions count from 0.
    #[inline]
    pub(crate) fn move_to(&mut self, offset: u64) {
        if offset != self.position.offset {
            self.position.offset = offset;
            *self.ordinal = 0;
        }
    }
}

/// What an engine counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Keys with state, over all rules.
    pub keys: u64,
    /// Distinct (space, metric, sensor, node) seen.
    pub series: u64,
    /// Judgements, also those by timers; one for all rules that share what they remember.
    pub judgements: u64,
    /// Observations that came too late for a threshold rule, once for each rule.
    pub late_inputs: u64,
    /// Inputs older than the window of a rule, once for each rule.
    pub dropped_inputs: u64,
    /// Conditions that were false because of arithmetic.
    pub arithmetic_faults: u64,
}

saved!(Counters { keys, series, judgements, late_inputs, dropped_inputs, arithmetic_faults });

impl Counters {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            keys: self.keys + other.keys,
            series: self.series + other.series,
            judgements: self.judgements + other.judgements,
            late_inputs: self.late_inputs + other.late_inputs,
            dropped_inputs: self.dropped_inputs + other.dropped_inputs,
            arithmetic_faults: self.arithmetic_faults + other.arithmetic_faults,
        }
    }
}
