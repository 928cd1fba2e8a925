//! The merger: puts together what the workers tell of the log, adds what looks over all partitions, and writes the alert stream.
//!
//! **Invariant**: the stream is the one of [`RulesRole`](crate::app::roles::rules::RulesRole), record for record, with any number
//! of workers.

use crate::app::roles::alert_stream::AlertStream;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;
use vigie_rules::merger::Merger;
use vigie_rules::spec::RuleSet;
use vigie_rules::told::{Gathering, Told};

/// A fold over the log and what workers tell of it; its output is the alert stream.
#[derive(Debug)]
pub struct MergerRole {
    gathering: Gathering,
    merger: Merger,
    stream: AlertStream,
    /// Reused between records.
    transitions: Vec<Transition>,
}

impl MergerRole {
    /// A role at the beginning of a log with `partitions` partitions, which so many workers judge.
    #[must_use]
    pub fn new(partitions: PartitionIx, workers: usize) -> Self {
        Self {
            gathering: Gathering::new(workers),
            merger: Merger::new(partitions),
            stream: AlertStream::new(partitions),
            transitions: Vec::new(),
        }
    }

    /// A role that goes on, with so many workers.
    #[must_use]
    pub fn resumed(merger: Merger, stream: AlertStream, workers: usize) -> Self {
        Self { gathering: Gathering::new(workers), merger, stream, transitions: Vec::new() }
    }

    /// A worker that has not told of a record yet.
    #[must_use]
    pub fn missing(&self, record: &Record) -> Option<usize> {
        self.gathering.missing(record.sequence)
    }

    /// Takes what a worker tells next.
    pub fn hear(&mut self, worker: usize, told: Told) {
        self.gathering.take(worker, told);
    }

    /// Takes the next record of the log, of which every worker has told, with its rules if it is a control record; appends what
    /// follows from it to `out`.
    pub fn step(&mut self, record: &Record, rules: Option<&Arc<RuleSet>>, out: &mut Vec<AlertRecord>) {
        self.gathering.of_record(record.sequence, &mut self.transitions);
        self.merger.step(record, rules, 0, &mut self.transitions);
        self.stream.write(record, self.merger.rules(), self.transitions.drain(..), out);
    }

    /// What looks over all partitions, for questions.
    #[must_use]
    pub const fn merger(&self) -> &Merger {
        &self.merger
    }

    /// Where the alert stream stands.
    #[must_use]
    pub const fn stream(&self) -> &AlertStream {
        &self.stream
    }

    /// The position of the next record of the alert stream.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.stream.next_position()
    }
}
