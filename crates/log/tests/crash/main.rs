//! Crashes, failing disks and spoiled files under the embedded log: nothing acknowledged is lost, nothing is there
//! twice, and nothing is silently another log.
//!
//! Written from the promises alone, not from the log's code. The log runs on a simulated disk ([`sim`]).

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod rng;
mod seeds;

mod sim;

mod facts;
mod sender;

mod checker;
mod life;

mod story;

mod power_loss;

mod bit_flips;
mod disk_full;
mod group_commit;
mod io_errors;
mod misplaced_files;
mod negative_controls;
mod retention;
mod torn_tail;
