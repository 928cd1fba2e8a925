//! A test file as it was read: what the tests are about, their inputs, and what they expect.

use crate::yaml::{Node, Spot};
use std::sync::Arc;
use vigie_model::alert::AlertState;
use vigie_model::batch::Quality;
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::severity::Severity;

/// A file of tests.
#[derive(Debug)]
pub struct TestFile {
    /// The file as the user named it.
    pub path: Arc<str>,
    /// Rule files, relative to the test file, each with its place in it.
    pub rules: Vec<NamedFile>,
    /// Everything else verdicts depend on; its rules are still to be read.
    pub control: Control,
    /// The tests.
    pub tests: Vec<TestCase>,
}

/// A file named in a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The name as written.
    pub name: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name, from 1.
    pub column: u32,
}

/// One test.
#[derive(Debug)]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// Line, from 1.
    pub line: u32,
    /// Inputs in the order in which they arrive.
    pub inputs: Vec<TestInput>,
    pub(crate) start_ms: i64,
    /// Transitions after this instant are not looked at.
    pub(crate) until_ms: Option<i64>,
    /// Whether episodes may do nothing but what is expected.
    pub(crate) exactly: bool,
    pub(crate) expected: Vec<Expected>,
    pub(crate) unwanted: Vec<Expected>,
}

impl TestCase {
    /// The inputs that have arrived at an instant, and then one that no rule reads, a tick later: it lets the log's clock
    /// run up to there.
    #[must_use]
    pub fn inputs_until(&self, at_ms: i64, tick_ms: i64) -> Vec<TestInput> {
        let mut inputs: Vec<_> = self.inputs.iter().filter(|input| input.arrival_ms <= at_ms).cloned().collect();
        let next_ms = (at_ms.div_euclid(tick_ms) + 1) * tick_ms;
        inputs.extend(inputs.last().cloned().map(|last| TestInput {
            event_time_ms: next_ms,
            arrival_ms: next_ms,
            what: What::Observation { metric: CLOCK.into(), value: Decimal::default(), quality: Quality::Bad },
            ..last
        }));
        inputs
    }
}

/// The metric of an input that only moves the clock; no metric of a rule can have such a name.
const CLOCK: &str = "/clock";

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestInput {
    /// Where.
    pub space: Arc<str>,
    /// Sensor, if it has one.
    pub sensor: Option<Arc<str>>,
    /// Edge node, if it has one.
    pub node: Option<Arc<str>>,
    /// When.
    pub event_time_ms: i64,
    /// After which other inputs it arrives: those that arrive at or before this instant.
    pub arrival_ms: i64,
    /// What.
    pub what: What,
}

/// What an input says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A value.
    Observation {
        /// Of what.
        metric: Arc<str>,
        /// The value.
        value: Decimal,
        /// Whether its source vouches for it.
        quality: Quality,
    },
    /// Something that happened.
    Incident {
        /// What happened.
        category: Arc<str>,
        /// How bad it is.
        severity: Severity,
        /// How it was reported.
        channel: Arc<str>,
    },
}

/// What a transition must be like: only what is given counts.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) spot: Spot,
    pub(crate) rule: String,
    pub(crate) key: Option<String>,
    pub(crate) space: Option<String>,
    pub(crate) state: Option<AlertState>,
    pub(crate) at_ms: Option<i64>,
    pub(crate) severity: Option<Severity>,
    pub(crate) reason: Option<String>,
    /// What the summary contains.
    pub(crate) summary: Option<String>,
    /// What the evidence contains: fields of fields.
    pub(crate) evidence: Option<Node>,
}
