//! Tests of rules, as people write them beside their rule files: inputs, and the transitions they must bring about.
//!
//! A test file is YAML (`docs/rules-tests.md`). [`read`] makes it a [`case::TestFile`] and reports every mistake where it
//! stands; whoever runs it hands the inputs to a log and the transitions that come of them to [`verdict::judge`].
//!
//! **Invariant**: nothing here judges a rule. What a test sees is what an engine behind a log made of its inputs.

mod values;
mod when;

pub mod case;

mod read_expected;
mod read_places;

mod read_inputs;
mod read_periods;

pub mod read;

mod likeness;
mod why;

pub mod verdict;
