//! A second opinion on the rules: a naive reference engine, written from the text of the rules alone.
//!
//! It shares nothing with the engine but the shape of its input. It keeps every input of a key and looks at all of them
//! for every judgement, finds its timers by searching, and computes with fractions; it is slow, and meant to be obviously
//! right. It is proved on the published cases, and then compared with the engine on random cases.
//!
//! A failure prints its seed and the smallest part of the case that still fails. To run that case again:
//!
//! ```text
//! VIGIE_SEED=1234 VIGIE_CASES=1 cargo test -p vigie-rules --test reference differential
//! ```
//!
//! The long profile: `VIGIE_CASES=10000 cargo test -p vigie-rules --test reference -- --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod allocated;
mod chance;
mod ratio;

mod condition;

mod rule;

mod mutant;

mod episode;
mod memory;
mod run;
mod spans;

mod composite;
mod learning;
mod silence;
mod world;

mod key;
mod spread;

mod judge;

mod random_rule;

mod case;
mod flow;
mod render;

mod compare;

mod conformance;
mod differential;
mod found;
mod invariance;
mod mutants;
mod snapshots;
mod sun;
mod workers;
