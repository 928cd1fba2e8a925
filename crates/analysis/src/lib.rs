//! Measures of incidents and of perceived safety.
//!
//! Pure functions over numbers: no I/O, no clock, no randomness but a seed. `vigie-store` offers them as SQL functions,
//! reports print them with their intervals. docs/analysis.md tells analysts what each of them means.
//!
//! **Invariants**
//! - Input that a measure is not defined for is an [`AnalysisError`](error::AnalysisError), never a NaN.
//! - What is estimated comes with its interval: an [`Estimate`](estimate::Estimate) at 95 %.
//! - The same numbers and the same seed give the same result.
//! - Each formula is compared with another implementation of it: `tests/oracle` at the root of the project.
//!
//! ```
//! let thefts = vigie_analysis::rate::rate(4.0, 2_000.0).unwrap();
//! assert_eq!(thefts.to_string(), "2.000 (0.538-5.120)");
//! ```
//!
//! Modules stand in dependency order: a file imports only from files listed above it.

pub mod error;

pub mod estimate;

mod moments;

pub mod chance;

pub mod rate;

pub mod share;

pub mod smooth;

pub mod standard;

pub mod gap;

pub mod associate;

pub mod series;

pub mod displace;

pub mod under_reporting;

pub mod rule_value;

pub mod night;

pub mod cells;
