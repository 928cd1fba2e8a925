//! Vigie, wired: configuration, commands, roles and the one HTTP listener.
//!
//! The crates below know nothing of each other's neighbours; here they are joined. Every command is the same sequencer
//! with another clock and another input: `demo` and `serve` run it on a clock that moves by itself, `replay` on the
//! times of its data.
//!
//! ```text
//!  HTTP, files -> Intake -> Sequencer -> log ring -> workers -> MergerRole -> alert ring -> BookRole -> LiveAlerts, AlertFeed
//!                                           |                                                 |
//!                                           +------------------> HistoryRole <----------------+---> Delta Lake, SQL
//! ```
//!
//! Without the feature `runtime` (on by default through `history` and `console`) this library holds only the workload of the
//! benches, [`spacebench`]: benches of the engine then build only `vigie-model` and `vigie-rules`.

pub mod spacebench;

#[cfg(feature = "runtime")]
pub mod simulate;

#[cfg(feature = "runtime")]
pub mod config;

#[cfg(feature = "runtime")]
pub mod exit;

#[cfg(feature = "runtime")]
pub mod digest;

#[cfg(all(feature = "history", feature = "console"))]
pub mod app;
