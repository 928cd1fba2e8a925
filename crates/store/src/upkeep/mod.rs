//! Upkeep of history: what keeps it fast and its folder small while it grows.
//!
//! Flushes write a small file of each table and date every few seconds. Upkeep puts them together ([`plan`] says which,
//! `rewrite` does it), sorted by space and time, and removes the files that no version names any more ([`vacuum`]). Once a day
//! rows that are older than their feed's retention go ([`retention`]); nothing else here changes rows.
//!
//! **Invariants**
//! - Compaction never changes rows or positions: files are put in place of others of the same rows, in one commit.
//! - A date that is over has at most [`plan::FILES_A_DATE_MAX`] files once upkeep has looked at it.
//! - Memory is bounded, whatever a date holds: rows are sorted in [`keeper::UpkeepOptions::memory_bytes`] and spill beyond.
//! - A file is removed only when no version has named it for [`keeper::UpkeepOptions::removed_kept`], so nobody who reads an
//!   older version loses one.
//! - Flushes wait for a commit of upkeep, some milliseconds, and never for its reading and writing.
//!
//! ```no_run
//! # fn example(history: std::sync::Arc<vigie_store::history::writer::History>) -> std::io::Result<()> {
//! use vigie_store::upkeep::keeper::{Upkeep, UpkeepOptions};
//!
//! let upkeep = Upkeep::start(history, UpkeepOptions::default(), None)?;
//! upkeep.stop();
//! # Ok(())
//! # }
//! ```

pub mod plan;

mod file;

pub(crate) mod rewrite;

pub mod vacuum;

pub mod retention;

pub mod keeper;
