//! The rules role on one thread: steps the engines of all partitions through the log and writes the alert stream.
//!
//! Tests of rules, backtests and the check of a log use it as it is; a server deals the partitions to several threads and puts
//! together what they tell ([`merger`](crate::app::roles::merger)): the same stream.

use crate::app::roles::alert_stream::AlertStream;
use vigie_model::alert::Transition;
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;
use vigie_rules::core::RuleCore;
use vigie_rules::engine::Engine;
use vigie_rules::merger::Merger;
use vigie_rules::snapshot::Unfit;

/// A fold over the log; its output is the alert stream.
#[derive(Debug)]
pub struct RulesRole {
    core: RuleCore,
    stream: AlertStream,
    /// Reused between records.
    transitions: Vec<Transition>,
}

impl RulesRole {
    /// A role at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx) -> Self {
        Self { core: RuleCore::new(partitions), stream: AlertStream::new(partitions), transitions: Vec::new() }
    }

    /// A role that goes on.
    ///
    /// # Errors
    /// When the parts are not of one place.
    pub fn resumed(engines: Vec<Engine>, merger: Merger, stream: AlertStream) -> Result<Self, Unfit> {
        Ok(Self { core: RuleCore::restore(engines, merger)?, stream, transitions: Vec::new() })
    }

    /// Takes the next record of the log and appends what follows from it to `out`.
    ///
    /// # Panics
    /// When a control record has rules that do not load: they are checked before they are logged.
    pub fn step(&mut self, record: &Record, out: &mut Vec<AlertRecord>) {
        self.core.step(record, &mut self.transitions).expect("rules are checked before they are logged");
        self.stream.write(record, self.core.rules(), self.transitions.drain(..), out);
    }

    /// The rules with their state, for questions.
    #[must_use]
    pub const fn core(&self) -> &RuleCore {
        &self.core
    }

    /// The position of the next record of the alert stream.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.stream.next_position()
    }
}
