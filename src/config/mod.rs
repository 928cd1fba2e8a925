//! Configuration: what a user writes in TOML, read into types that cannot be wrong.
//!
//! `file::read` reads the configuration file, `control::prepare` also the spaces and rules it names. Both go on after
//! every mistake and answer with all of them, each with file, line, column, what was found, what would have been right
//! and, where there is one, a hint. Nothing here binds a port or creates a folder: parse, build, bind, run.
//!
//! **Invariants**
//! - Each section is read by one file, whose questions are the list of the section's legal keys.
//! - A path in the configuration is relative to the folder of the configuration file.
//!
//! ```text
//! vigie.toml:2:1: error: unknown key 'time_zon' in [centre]; did you mean 'time_zone'?
//! ```

mod paths;
mod report;
mod text;
mod words;

mod toml_reader;

mod calendars;

pub mod centre;
pub mod console;
pub mod desk;
pub mod events;
pub mod feeds;
pub mod history;
pub mod http;
pub mod log;
pub mod metrics;
pub mod postgres;
pub mod rules;
pub mod spaces;
pub mod sql;
pub mod time;

mod csv_events;

mod csv;

pub mod file;

pub mod control;

#[cfg(test)]
mod tests;
