//! Failpoints: places in the code at which a test lets the process end, as `kill -9` or a power cut would, or stand still.
//!
//! Without the feature `failpoints`, which no default build has, [`point::reach`] and [`point::number`] are empty and
//! compile to nothing. With it, the environment variable `VIGIE_FAILPOINTS` says what happens, in parts separated by
//! commas:
//!
//! | part | meaning |
//! |---|---|
//! | `history.before_commit=3` | the process ends when that point is reached for the third time |
//! | `log.before_sync=1:pause` | the thread that reaches it stands still for ever |
//! | `log.segment_bytes=1048576` | a bound has this value, so that a test reaches what lies behind it sooner |
//!
//! It stands below both `vigie-log` and `vigie-store`, which must not know each other.
//!
//! **Invariant**: every name in the variable and in the code is in [`names::POINTS`] or [`names::NUMBERS`]; a misspelt one
//! ends the process at its first point, so that no test waits for something that cannot happen.

pub mod names;

#[cfg(feature = "failpoints")]
mod armed;

pub mod point;
