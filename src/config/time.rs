//! `[time]`: the log's clock.

use super::toml_reader::Section;

/// Interval of ticks when the configuration does not say.
const TICK_MS_DEFAULT: i64 = 1_000;
/// How far ahead of log time an event may be when the configuration does not say.
const MAX_SKEW_MS_DEFAULT: i64 = 5_000;

/// Settings of the log's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// Interval of ticks, by which timers fire.
    pub tick_ms: i64,
    /// An event further ahead of log time than this becomes log time.
    pub max_skew_ms: i64,
}

/// Reads `[time]`.
pub(super) fn read(mut section: Section<'_>) -> Time {
    let tick_ms = section.duration_ms("tick", 1).unwrap_or(TICK_MS_DEFAULT);
    let max_skew_ms = section.duration_ms("max_skew", 0).unwrap_or(MAX_SKEW_MS_DEFAULT);
    section.finish();
    Time { tick_ms, max_skew_ms }
}
