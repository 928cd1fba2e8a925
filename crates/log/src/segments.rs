//! The embedded log: segment files on one disk (RELIABILITY: what is acknowledged is on stable storage).
//!
//! ```text
//!  records --frames--> one write + one fdatasync (a commit) --> ring --> roles
//!                            |
//!     00000000000000000000.seg  00000000000000081234.seg  next.tmp (space kept ready)
//! ```
//!
//! **Invariants**
//! - A commit is written after the one before it was synced; roles and senders hear of a record only after its commit.
//! - An error of a write or sync poisons the log. No sync is ever repeated.
//! - Every name is durable before anything in its file counts.
//! - Opening changes nothing but the torn end of the last segment, and it tells what it found.

pub mod header;
pub mod options;

pub(crate) mod folder;

pub(crate) mod frame;

pub(crate) mod codec;
pub(crate) mod scan;

mod control_files;
pub(crate) mod survey;

pub mod stored;

mod files;

pub mod log;

#[cfg(test)]
mod tests;
