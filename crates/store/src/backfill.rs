//! Backfill: rows of archives that enter history beside the log, each once.
//!
//! A row of an archive is stored by its event date and never judged. It has no place in the log: its partition is
//! [`BACKFILL_PARTITION`](vigie_model::position::BACKFILL_PARTITION), which no log has, and its offsets count the rows of
//! all imports of the same centre and spaces.
//!
//! **Invariant**: a row whose identity history has already is not stored, whoever stored the other one: the log, an
//! earlier import, or one that was killed half-way. So a repeated import adds nothing, and archives may overlap with each
//! other and with what came live.
//!
//! Identities are compared a UTC day at a time, and only on days of which history has rows. Memory: the identities of one
//! day, at most [`IDENTITIES_PER_DAY_MAX`](day::IDENTITIES_PER_DAY_MAX). Rows best come in the order of event time: a day
//! that comes back is read anew.

pub mod day;
pub mod identity;

mod stored_day;

pub mod sieve;

pub mod archive;

pub mod parquet;

#[cfg(test)]
mod tests;
