//! Vigie's log: the only truth and the only clock.
//!
//! Everything a role sees went through one [`sequencer::Sequencer`]: it drops duplicates, stamps log time, interns
//! names, writes ticks and control records, and gives rows their offsets. Demo, live operation and replay are the same
//! sequencer with another [`clock::LogClock`] and another [`store::LogStore`].
//!
//! ```text
//!  intake (many tasks) --bounded queue--> sequencer (one at a time) --LogStore--> ring --> roles (one reader each)
//!         REQUESTS_QUEUED_MAX                                           RING_ROWS_MAX
//! ```
//!
//! **Invariants**
//! - Log time never decreases; offsets of a partition are contiguous; a name is in the log before its index is used.
//! - Every queue is bounded: a slow role slows the sequencer, a full queue is answered with "busy", nothing is dropped.
//! - Roles and senders hear of a record once its commit is as safe as the store makes it: on stable storage for
//!   [`segments`], nowhere for the memory store, which keeps nothing across a restart.

pub mod clock;
pub mod disk;
pub mod interner;
mod sync;

pub mod ring;

mod hash_index;

pub mod identity;

pub mod dedup;
pub mod error;
pub mod lateness;

pub mod store;

pub mod segments;

pub mod snapshots;

pub mod partitions;

mod logged_names;

mod places;

mod settings;

mod known;

pub mod state;

pub mod cuts;

mod recall;

pub mod verify;

pub mod audit;

pub mod receipt;

mod placing;

pub mod sequencer;

mod desk;

pub mod intake;
