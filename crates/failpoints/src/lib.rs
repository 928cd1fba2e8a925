//! Failpoints: places in the code at which a test lets the process end, as `kill -9` or a power cut would, or stand still.
//!
//! Without the feature `failpoints`, which no default build has, [`reach`] and [`number`] are empty and compile to nothing.
//! With it, the environment variable `VIGIE_FAILPOINTS` says what happens, in parts separated by commas:
//!
//! | part | meaning |
//! |---|---|
//! | `history.before_commit=3` | the process ends when that point is reached for the third time |
//! | `log.before_sync=1:pause` | the thread that reaches it stands still for ever |
//! | `log.segment_bytes=1048576` | a bound has this value, so that a test reaches what lies behind it sooner |
//!
//! It stands below both `vigie-log` and `vigie-store`, which must not know each other.
//!
//! **Invariant**: every name in the variable and in the code is in [`POINTS`] or [`NUMBERS`]; a misspelt one ends the
//! process at its first point, so that no test waits for something that cannot happen.

#[cfg(feature = "failpoints")]
mod armed;

/// Every place, in the order in which an event meets them.
pub const POINTS: [&str; 12] = [
    // While the log is read from its beginning, once for each record.
    "log.recall",
    // A commit of the log: one write, one sync, the roles, the answers.
    "log.before_write",
    "log.before_sync",
    "log.after_sync",
    "log.before_answer",
    // A new segment: header, name, folder. A file also gets its name when the log is opened and for a control record.
    "log.roll_header_synced",
    "log.after_rename",
    "log.roll_folder_synced",
    // A commit of history, table by table: data files, Delta commit, publish and trim, now and then a checkpoint.
    "history.before_commit",
    "history.before_publish",
    "history.before_checkpoint",
    "history.after_checkpoint",
];

/// Every bound that a test may set.
pub const NUMBERS: [&str; 3] = ["log.segment_bytes", "history.flush_ms", "history.commits_per_checkpoint"];

/// Says that the code has come to `point`, one of [`POINTS`]; does not return if that is where the process is to end.
#[inline]
#[cfg_attr(not(feature = "failpoints"), expect(clippy::missing_const_for_fn, reason = "it is none with the feature"))]
pub fn reach(point: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::reach(point);
    #[cfg(not(feature = "failpoints"))]
    let _ = point;
}

/// What a test has set for `bound`, one of [`NUMBERS`]; `None` without a test.
#[inline]
#[must_use]
pub fn number(bound: &'static str) -> Option<u64> {
    #[cfg(feature = "failpoints")]
    return armed::number(bound);
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = bound;
        None
    }
}
