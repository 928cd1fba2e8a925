//! Seeds of baseline rules: what a rule would have learnt from history before it started, as records of the log.
//!
//! **Invariant**: seeds are for one start of one rule. A rule that has started afresh meanwhile keeps its uid, but these are
//! not its seeds.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one rule starts with, for some of its keys; many keys take several records. A rule about which history knows nothing
/// has one record without keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seeds {
    /// The rule.
    pub rule_uid: Arc<str>,
    /// The start they are for.
    pub start: RuleStart,
    /// Its keys.
    pub keys: Vec<KeySeeds>,
    /// Whether more records of this rule follow; only the last one makes it a seeded rule.
    pub more: bool,
}

/// Where in the log a rule began with nothing learnt: the control record that brought it, or that started it afresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleStart {
    /// Sequence of the record.
    pub sequence: u64,
    /// Its log time; what was measured before is history.
    pub log_time_ms: i64,
}

/// What one key starts with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeySeeds {
    /// The key.
    pub key: Arc<str>,
    /// Its space.
    pub space: Arc<str>,
    /// Its sensor or node; empty per space.
    pub part: Arc<str>,
    /// The newest local hour learnt from, as hours since 1970-01-01T00 on the local clock.
    pub newest_hour: i64,
    /// Hours of the week that were learnt.
    pub hours: Vec<HourSeed>,
}

/// What is usual in one hour of the week; the letters are those of `docs/rules.md`, "Baselines".
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HourSeed {
    /// h: hour of the local week, 0 is Monday midnight.
    pub hour: u8,
    /// n: weeks learnt.
    pub weeks: u32,
    /// k0: the newest week learnt.
    pub newest_week: i32,
    /// W: sum of the weights.
    pub weight: f64,
    /// m: weighted mean.
    pub mean: f64,
    /// S: weighted sum of squared deviations.
    pub squares: f64,
}
