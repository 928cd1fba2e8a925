//! Crashes, failing disks and spoiled files under the embedded log: nothing acknowledged is lost, nothing is there
//! twice, and nothing is silently another log.
//!
//! Written from the promises alone (`vigie_log`'s docs), not from the log's code. The log runs on a simulated disk
//! ([`sim`]); a sender outside it remembers what it was answered ([`sender`]); a checker compares that with what is in
//! the log afterwards ([`checker`]).
//!
//! | file | what befalls the log |
//! |---|---|
//! | [`power_loss`] | 2,000 seeds of power loss, kills and I/O errors at random calls, several in a row |
//! | [`io_errors`] | an I/O error at every call of a history |
//! | [`torn_tail`] | the last commit cut at every byte |
//! | [`bit_flips`] | 10,000 flipped bits |
//! | [`damage`] | flipped bits, then crashes: what is acknowledged behind damage is as safe as before |
//! | [`misplaced_files`] | whole files gone, cut short or exchanged |
//! | [`disk_full`] | a disk of every size, and the log's own cap |
//! | [`retention`] | a crash at every call of a deletion |
//! | [`snapshots`] | a crash or an I/O error at every call while snapshots are written |
//! | [`audit`] | a crash or an I/O error at every call of an audit log, and every byte of it altered |
//! | [`group_commit`] | many senders at once, through the intake's thread |
//! | [`negative_controls`] | safeguards taken away: here the checker has to find broken promises |
//!
//! [`seeds`] says how to run one seed, or many more.

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

mod audit;
mod bit_flips;
mod damage;
mod disk_full;
mod group_commit;
mod io_errors;
mod misplaced_files;
mod negative_controls;
mod retention;
mod snapshots;
mod torn_tail;
