//! A simulated disk under the log: it loses power, fails, runs full and lies, all by a seed.
//!
//! What it may do is the contract of [`vigie_log::disk`], used to the full: whatever a sync did not promise is decided
//! by the seed, per sector, per length and per name, in any combination.

pub(crate) mod faults;
pub(crate) mod file;
pub(crate) mod folder;

pub(crate) mod disk;

mod tests;
