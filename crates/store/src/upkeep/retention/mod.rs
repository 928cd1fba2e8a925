//! Retention: rows older than what their feed declared go, in every file and version, and a certificate says so.
//!
//! ```text
//!  limits, holds -> scan of old dates -> note -> commit (per table and date) -> ... -> files, old versions -> certificate -> audit
//! ```
//!
//! [`run`] does one run, [`limits`] says what is too old, [`hold`] and [`book`] what is frozen all the same, [`rule`] both together.
//! `journal` notes what a run is about to do, so that one that was killed is gone on with, and [`certificate`] is what
//! stays of it.
//!
//! **Invariants**
//! - A row goes if, and only if, its local date is at least as many days back as its feed's retention has, and no hold
//!   in force covers it ([`rule::Rule`]).
//! - A file is replaced only when the rows kept and the rows deleted are together as many as its commit says.
//! - A hold that was confirmed before a commit is respected by it: both take the lock of the [`book`].
//! - What was deleted is in a certificate once, however often the process was killed meanwhile.
//! - A file that held deleted rows goes as soon as no query can be reading it.
//!
//! Rows of logs and of archives go; alerts, actions and spaces stay (`docs/decisions/0030-retention-deletes-and-certifies.md`).

mod instant;
mod maybe_instant;

pub mod limits;

mod plain_file;

pub mod hold;

pub mod book;

pub mod rule;

pub mod tally;

mod scan;

mod journal;

mod dates;

pub mod certificate;

pub mod filed;

pub mod run;
