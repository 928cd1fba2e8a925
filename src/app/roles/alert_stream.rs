//! The alert stream: transitions, and what is copied to it at its place, numbered.
//!
//! Commands, ticks and marks are copied to the alert stream at their place, so that whoever reads it sees one order.

use crate::app::roles::marks::Marks;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::{AlertItem, AlertRecord, LogDeed, RuleVersions};
use vigie_rules::spec::RuleSet;

/// Follows the log and numbers what it means to the alert stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertStream {
    next_position: u64,
    marks: Marks,
}

impl AlertStream {
    /// At the beginning of a log with `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx) -> Self {
        Self { next_position: 0, marks: Marks::new(partitions) }
    }

    /// Takes the next record of the log, the rules in force from it on, and all transitions that follow from it; appends what the
    /// alert stream has of it to `out`.
    pub fn write(
        &mut self,
        record: &Record,
        rules: Option<&Arc<RuleSet>>,
        transitions: impl Iterator<Item = Transition>,
        out: &mut Vec<AlertRecord>,
    ) {
        let mut put = |item| {
            out.push(AlertRecord { position: self.next_position, log_time_ms: record.log_time_ms, item });
            self.next_position += 1;
        };
        if let Some(mut mark) = self.marks.follow(record) {
            if mark.what == LogDeed::RulesChanged {
                mark.rules = versions(rules);
            }
            put(AlertItem::Mark(Arc::new(mark)));
        }
        for transition in transitions {
            put(AlertItem::Transition(Arc::new(transition)));
        }
        match &record.payload {
            Payload::Tick { tick_ms } => put(AlertItem::Tick { tick_ms: *tick_ms }),
            Payload::Command(command) => put(AlertItem::Command(Arc::clone(command))),
            Payload::Gap(gap) => self.next_position = self.next_position.max(gap.alert_position),
            _ => {}
        }
    }

    /// The position of the next record of the alert stream.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.next_position
    }
}

fn versions(rules: Option<&Arc<RuleSet>>) -> RuleVersions {
    let identities = rules.into_iter().flat_map(|rules| rules.identities());
    identities.map(|identity| (Arc::clone(&identity.name), Arc::clone(&identity.version))).collect()
}
