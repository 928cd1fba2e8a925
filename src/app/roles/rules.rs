//! The rules role: steps the engines of all partitions through the log and writes the alert stream.
//!
//! Commands, ticks and marks are copied to the alert stream at their place, so that whoever reads it sees one order.

use crate::app::roles::marks::Marks;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::{AlertItem, AlertRecord, LogDeed, RuleVersions};
use vigie_rules::core::RuleCore;

/// A fold over the log; its output is the alert stream.
#[derive(Debug)]
pub struct RulesRole {
    core: RuleCore,
    next_position: u64,
    marks: Marks,
    /// Reused between records.
    transitions: Vec<Transition>,
}

impl RulesRole {
    /// A role at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx) -> Self {
        Self {
            core: RuleCore::new(partitions),
            next_position: 0,
            marks: Marks::new(partitions),
            transitions: Vec::new(),
        }
    }

    /// Takes the next record of the log and appends what follows from it to `out`.
    ///
    /// # Panics
    /// When a control record has rules that do not load: they are checked before they are logged.
    pub fn step(&mut self, record: &Record, out: &mut Vec<AlertRecord>) {
        let log_time_ms = record.log_time_ms;
        let mark = self.marks.follow(record);
        self.core.step(record, &mut self.transitions).expect("rules are checked before they are logged");
        if let Some(mut mark) = mark {
            if mark.what == LogDeed::RulesChanged {
                mark.rules = self.versions();
            }
            self.write(log_time_ms, AlertItem::Mark(Arc::new(mark)), out);
        }
        for transition in self.transitions.drain(..) {
            let item = AlertItem::Transition(Arc::new(transition));
            out.push(AlertRecord { position: self.next_position, log_time_ms, item });
            self.next_position += 1;
        }
        match &record.payload {
            Payload::Tick { tick_ms } => self.write(log_time_ms, AlertItem::Tick { tick_ms: *tick_ms }, out),
            Payload::Command(command) => self.write(log_time_ms, AlertItem::Command(Arc::clone(command)), out),
            Payload::Gap(gap) => self.next_position = self.next_position.max(gap.alert_position),
            _ => {}
        }
    }

    /// The rules with their state, for questions.
    #[must_use]
    pub const fn core(&self) -> &RuleCore {
        &self.core
    }

    /// The position of the next record of the alert stream.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.next_position
    }

    fn versions(&self) -> RuleVersions {
        let identities = self.core.rules().into_iter().flat_map(|rules| rules.identities());
        identities.map(|identity| (Arc::clone(&identity.name), Arc::clone(&identity.version))).collect()
    }

    fn write(&mut self, log_time_ms: i64, item: AlertItem, out: &mut Vec<AlertRecord>) {
        out.push(AlertRecord { position: self.next_position, log_time_ms, item });
        self.next_position += 1;
    }
}
