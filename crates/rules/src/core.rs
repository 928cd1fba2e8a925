//! The rules of a whole log: the engines of all its partitions, and what looks over all of them, on one thread.
//!
//! It takes the records of the log in order, as every role does, and appends transitions. Testing and backtesting rules are
//! this fold over records from different places. A server lets several threads have a [`PartitionSet`] each, and one the
//! [`Merger`]: the same parts, and hence the same transitions.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_model::control::{Control, SourceFile};
//! use vigie_model::record::{Payload, Record};
//! use vigie_rules::core::RuleCore;
//!
//! let text = "groups:\n- name: a\n  rules:\n  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}\n";
//! let rules = vec![SourceFile { path: "rules.yaml".into(), text: text.into() }];
//! let control = Control { centre: "c".into(), time_zone: "UTC".into(), rules, ..Control::default() };
//! let mut core = RuleCore::new(16);
//! let mut transitions = Vec::new();
//! let payload = Payload::Control(Arc::new(control));
//! core.step(&Record { sequence: 0, log_time_ms: 0, payload }, &mut transitions).unwrap();
//! assert_eq!(core.rules().unwrap().len(), 1);
//! ```

use crate::engine::Engine;
use crate::load::rules_of;
use crate::merger::Merger;
use crate::partition_set::{PartitionSet, Share};
use crate::spec::RuleSet;
use crate::step::Counters;
use crate::why::WhyNot;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::diagnostic::Diagnostic;
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::seeds::RuleStart;

/// All rules of a log with all their state.
#[derive(Clone, Debug)]
pub struct RuleCore {
    partitions: PartitionSet,
    merger: Merger,
}

impl RuleCore {
    /// Rules at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub const fn new(partitions: PartitionIx) -> Self {
        Self { partitions: PartitionSet::new(Share::ALL, partitions), merger: Merger::new(partitions) }
    }

    /// Rules in force from the beginning, before any record; their start is the default one.
    #[must_use]
    pub fn with_rules(rules: &Arc<RuleSet>, partitions: PartitionIx) -> Self {
        Self {
            partitions: PartitionSet::with_rules(rules, Share::ALL, partitions),
            merger: Merger::with_rules(rules, partitions),
        }
    }

    /// The rules in force; `None` before the first control record.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.merger.rules()
    }

    /// See [`Merger::unseeded`].
    #[must_use]
    pub fn unseeded(&self) -> Option<&BTreeMap<Arc<str>, RuleStart>> {
        self.merger.unseeded()
    }

    /// The engine of a partition; `None` before the first control record.
    #[must_use]
    pub fn engine(&self, partition: PartitionIx) -> Option<&Engine> {
        self.partitions.engine(partition)
    }

    /// What looks over all partitions.
    #[must_use]
    pub const fn merger(&self) -> &Merger {
        &self.merger
    }

    /// Goes on with an engine for each partition, in their order, and what looks over them; `None` when these do not belong
    /// together.
    pub(crate) fn of_parts(engines: Vec<Engine>, merger: Merger) -> Option<Self> {
        Some(Self { partitions: PartitionSet::of_parts(Share::ALL, engines, &merger)?, merger })
    }

    /// What was counted since the beginning, over all partitions.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.partitions.counters().plus(self.merger.counters())
    }

    /// Why a rule has no open episode on a key now; `key` is a space, `space/sensor`, `space/node`, or a district. It looks and
    /// changes nothing.
    #[must_use]
    pub fn why_not(&self, rule: &str, key: &str) -> WhyNot {
        self.partitions.why_not(rule, key).unwrap_or_else(|| self.merger.why_not(rule, key))
    }

    /// Takes in the next record of the log and appends the transitions that follow from it.
    ///
    /// # Errors
    /// The mistakes of a control record whose rules do not load; the rules so far stay in force. The sequencer lets no such
    /// record into a log.
    ///
    /// # Panics
    /// When rows use names that no dictionary record gave.
    pub fn step(&mut self, record: &Record, out: &mut Vec<Transition>) -> Result<(), Vec<Diagnostic>> {
        let rules = rules_of(record)?;
        let told = out.len();
        self.partitions.step(record, rules.as_ref(), out);
        self.merger.step(record, rules.as_ref(), told, out);
        Ok(())
    }
}
