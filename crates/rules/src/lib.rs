//! Rules of Vigie: from rule files to transitions.
//!
//! ```text
//!  rule files --yaml, expr--> checked rules (RuleSet) --> RuleCore: step(record, &mut transitions)
//!                                                           |  PartitionSet: an Engine for each partition: rows to
//!                                                           |  slots, one for each rule and key; then all_of and any_of
//!                                                           \-- Merger: one stage over all of them: spread
//! ```
//!
//! [`load`] reads the files of a control record and reports every mistake at once, where it stands. [`core`] runs the
//! checked rules over the records of a log, [`engine`] over those of one partition. Whoever has several threads gives a
//! [`partition_set`] to each, and puts together what they [`told`] before the [`merger`].
//!
//! **Invariants**
//! - Nothing here reads a clock, a random number, an environment variable or a file, and nothing spawns a thread.
//! - The same records give the same transitions on every machine, for every cut into partitions and batches.
//! - A comparison is exact: values, parameters and literals are fractions, never doubles; but for baselines, whose doubles
//!   are computed in one fixed order.
//!
//! Modules stand in dependency order: a file imports only from files listed above it.

mod expr;
mod template;
mod yaml;

pub mod incident_filter;

mod canonical;
mod fields;
mod figures;
mod kind;
mod kind_fields;
mod periods;
mod verdict;

pub mod spec;

mod read_rule;

pub mod load;

pub mod changes;

pub mod testing;

mod saved;
mod saved_values;

mod kinds;

mod bands;
mod episode;
mod input;
mod timers;
mod timing;
mod words;

mod state;

pub mod step;

mod detail;
mod judgement;

mod evidence;

mod past;
mod quiet;

mod about;

mod slot;
mod take;

mod saved_slot;

mod cohort;
mod firsts;
mod routes;

pub mod seeding;

mod fate;

mod line;
mod porch;
mod shared;

mod saved_shared;

mod unseeded;

mod lines;
mod saved_lines;
mod slots;

mod keys;

mod stage;

pub mod why;

pub mod engine;

pub mod told;

pub mod merger;
pub mod partition_set;

pub mod core;

pub mod snapshot;
