//! How a worker writes its parts of a set of snapshots: each engine as it stood behind one record, and none of them for longer than
//! that engine takes.
//!
//! What comes behind that record and concerns one partition waits for the engine of that one only; the others are taken down in
//! between. What concerns all, a tick at the latest, waits for those that are left.

use crate::app::roles::resumed::partition_part;
use std::collections::BTreeSet;
use std::sync::Arc;
use vigie_log::cuts::Cuts;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_rules::partition_set::{PartitionSet, Share};

/// Which engines of a worker the set under way still lacks.
pub(super) struct TakingDown {
    cuts: Option<Arc<Cuts>>,
    own: Vec<PartitionIx>,
    left: BTreeSet<PartitionIx>,
}

impl TakingDown {
    /// Of the worker that has a share of so many partitions.
    pub(super) fn new(cuts: Option<Arc<Cuts>>, share: Share, partitions: PartitionIx) -> Self {
        let own = (0..partitions).filter(|partition| share.has(*partition)).collect();
        Self { cuts, own, left: BTreeSet::new() }
    }

    /// To be called before the engines take a record.
    pub(super) fn before(&mut self, record: &Record, engines: &PartitionSet) {
        if self.left.is_empty() {
            return;
        }
        let partition = match &record.payload {
            Payload::Observations(batch) => batch.partition,
            Payload::Incidents(batch) => batch.partition,
            Payload::Perceptions(_) | Payload::Command(_) | Payload::Gap(_) => return,
            Payload::Control(_)
            | Payload::Dictionary(_)
            | Payload::IntakeUp
            | Payload::Tick { .. }
            | Payload::Seeds(_) => {
                while let Some(partition) = self.left.pop_first() {
                    self.take_down(partition, engines);
                }
                return;
            }
        };
        if self.left.remove(&partition) {
            self.take_down(partition, engines);
        }
    }

    /// To be called once the engines have taken a record.
    pub(super) fn behind(&mut self, record: &Record) {
        if self.cuts.as_ref().is_some_and(|cuts| cuts.is_at(record.sequence)) {
            self.left.extend(&self.own);
        }
    }

    /// To be called when there is nothing to take: takes down an engine, unless the disk is behind; whether more can be done.
    pub(super) fn go_on(&mut self, engines: &PartitionSet) -> bool {
        if self.left.is_empty() || !self.cuts.as_ref().is_some_and(|cuts| cuts.is_ready()) {
            return false;
        }
        if let Some(partition) = self.left.pop_first() {
            self.take_down(partition, engines);
        }
        !self.left.is_empty()
    }

    fn take_down(&self, partition: PartitionIx, engines: &PartitionSet) {
        let (Some(cuts), Some(engine)) = (&self.cuts, engines.engine(partition)) else { return };
        cuts.part(&partition_part(partition), |hand_over| engine.snapshot(hand_over));
    }
}
