//! History: every observation, incident, perception, alert and action as columns in Delta Lake, and the one guarded
//! door through which SQL reaches them.
//!
//! ```text
//!  log records --> rows --> hot buffer --(one commit: rows + positions)--> Delta tables
//!  alert stream ----^            |                                            |
//!                                +---- captured together, once per query -----+--> guard -> scope -> answer
//! ```
//!
//! **Invariants**
//! - Each row is stored exactly once per table: rows and positions stand in one Delta commit, and positions are read
//!   from the snapshot that a commit builds on ([`delta`]). Tables commit separately.
//! - A row taken is visible to the next query, exactly once, whether committed or not ([`history::source`]).
//! - Hot rows are bounded; a full buffer makes the caller wait and never drops a row ([`history::options::Full`]).
//! - A query sees only rows of its caller's scope, and can only read ([`sql`]).
//!
//! - What a flush has committed survives a power failure: every file is fsynced before its name is visible, and the data
//!   files before the commit that names them. A failed fsync ends all writing ([`history::writer::History::poisoned`]).
//! - The files of a date that is over are few, sorted, and found by date, space and time ([`upkeep`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use vigie_model::audit::KeptNowhere;
//! use vigie_model::doors::{QueryDoor, QueryFormat, Question};
//! use vigie_model::principal::Principal;
//! use vigie_store::history::reader::HistoryReader;
//! use vigie_store::sql::door::SqlDoor;
//! use vigie_store::sql::limits::SqlLimits;
//!
//! let reader = HistoryReader::open("vigie-data/history".as_ref()).await?;
//! let door = SqlDoor::new(Arc::new(reader), SqlLimits::default(), Arc::new(KeptNowhere))?;
//! let answer = door.whole(&Principal::local("melbourne"), Question::new("SELECT count(*) FROM alerts", QueryFormat::Table, "test")).await?;
//! println!("{}", String::from_utf8_lossy(&answer.body));
//! # Ok(())
//! # }
//! ```

pub mod error;

pub mod flat_file;

#[cfg(test)]
mod fixture;

mod analysis;

pub mod schema;

mod positions;

pub mod rows;

mod hot;

mod properties;

mod pages;

pub mod observed;

pub mod delta;

pub mod history;

pub mod upkeep;

pub mod stored;

pub mod backfill;

pub mod sql;

pub mod postgres;

pub mod verify;

#[cfg(test)]
mod tests;
