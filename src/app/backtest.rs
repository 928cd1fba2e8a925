//! Backtests: stored rows judged again, and what the alerts were worth.
//!
//! The rows of history carry the log times at which the log took them. Ticks follow from those as in the live sequencer,
//! and what else verdicts depend on is recorded as marks; so the rules role makes the transitions of production again,
//! or those that other rules would have made.

pub mod rerun;

pub mod compare;
pub mod truth;

pub mod report;
