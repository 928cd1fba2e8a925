//! The threads that judge: workers with the engines of some partitions each, and one that merges what they tell.
//!
//! ```text
//!  log ring --+--> worker 0 (engines 0, 2, ..) --told--+
//!             +--> worker 1 (engines 1, 3, ..) --told--+--> merger (spread, unseeded, positions) --> alert ring
//!             +----------------------------------------+
//! ```
//!
//! Everybody reads the whole log. A worker tells through a ring of its own how far it has got and what its engines said on the
//! way. The merger goes through the log record by record and waits, at each, for whichever worker has not told of it. So every
//! wait has an end: what the merger has of the log, each worker can have, and whoever waits for the merger is not waited for.
//! Full rings stop their writers, so the slowest of them slows the log, as one thread would.

use crate::app::pipeline::taking_down::TakingDown;
use crate::app::roles::judged::Judged;
use crate::app::roles::loaded::LoadedRules;
use crate::app::roles::merger::MergerRole;
use crate::app::roles::questions::Asked;
use crate::app::roles::resumed::{CITY_PART, STREAM_PART};
use crate::app::roles::unseeded::{Unseeded, show_unseeded};
use std::sync::Arc;
use tokio::sync::watch;
use vigie_log::cuts::Cuts;
use vigie_log::ring::{NoReaders, Reader, Writer};
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;
use vigie_rules::partition_set::PartitionSet;
use vigie_rules::told::Told;

/// Transitions of one worker that may wait for the merger: few, for it waits for the slowest worker.
pub(super) const TOLD_RING_MAX: usize = 1 << 13;

/// Records of which a worker tells together, however many it has: some milliseconds of work.
const RECORDS_TOLD_MAX: usize = 64;

/// A worker's thread.
pub(super) struct Worker {
    pub(super) log: Reader<Arc<Record>>,
    pub(super) engines: PartitionSet,
    pub(super) loaded: Arc<LoadedRules>,
    pub(super) told: Writer<Told>,
    pub(super) asked: Asked,
    pub(super) taking_down: TakingDown,
}

impl Worker {
    /// Judges until the log ends, or nobody listens any more.
    pub(super) fn run(mut self) {
        let mut records = Vec::new();
        let waker = self.log.waker();
        while self.log.take(&mut records) {
            if self.judge(&mut records).is_err() {
                return;
            }
            self.asked.answer(&self.engines);
            if self.taking_down.go_on(&self.engines) {
                // The next take does not wait if the log is quiet.
                waker.wake();
            }
        }
    }

    fn judge(&mut self, records: &mut Vec<Arc<Record>>) -> Result<(), NoReaders> {
        let mut left = records.drain(..).peekable();
        while left.peek().is_some() {
            let mut told = Told::default();
            for record in left.by_ref().take(RECORDS_TOLD_MAX) {
                self.taking_down.before(&record, &self.engines);
                self.engines.tell(&record, self.loaded.of(&record).as_ref(), &mut told);
                self.taking_down.behind(&record);
            }
            self.told.append([told])?;
        }
        Ok(())
    }
}

/// The merger's thread.
pub(super) struct Merging {
    pub(super) log: Reader<Arc<Record>>,
    pub(super) workers: Vec<Reader<Told>>,
    pub(super) role: MergerRole,
    pub(super) loaded: Arc<LoadedRules>,
    pub(super) alerts: Writer<AlertRecord>,
    pub(super) judged: Arc<Judged>,
    pub(super) unseeded: watch::Sender<Unseeded>,
    pub(super) asked: Asked,
    pub(super) cuts: Option<Arc<Cuts>>,
}

/// Somebody whom the merger needs has ended.
struct Ended;

impl Merging {
    /// Merges until the log ends, or somebody whom it needs.
    pub(super) fn run(mut self) {
        let mut records = Vec::new();
        while self.log.take(&mut records) {
            if self.merge(&mut records).is_err() {
                return;
            }
            self.asked.answer(self.role.merger());
        }
    }

    fn merge(&mut self, records: &mut Vec<Arc<Record>>) -> Result<(), Ended> {
        let (mut out, mut merged) = (Vec::new(), None);
        for record in records.drain(..) {
            while let Some(worker) = self.role.missing(&record) {
                // What is ready does not wait for whoever is slow.
                self.hand_over(&mut out, merged)?;
                self.hear(worker)?;
            }
            self.role.step(&record, self.loaded.of(&record).as_ref(), &mut out);
            merged = Some(record.sequence);
            self.take_down_at(&record);
        }
        self.hand_over(&mut out, merged)
    }

    /// Writes the merger's parts of a set that is begun at this record.
    fn take_down_at(&self, record: &Record) {
        let Some(cuts) = self.cuts.as_ref().filter(|cuts| cuts.is_at(record.sequence)) else { return };
        let stream = serde_json::to_vec(self.role.stream()).expect("numbers are always JSON");
        cuts.part(STREAM_PART, |hand_over| drop(hand_over(stream)));
        cuts.part(CITY_PART, |hand_over| self.role.merger().snapshot(hand_over));
    }

    /// Waits for what a worker tells next.
    fn hear(&mut self, worker: usize) -> Result<(), Ended> {
        let mut told = Vec::new();
        if !self.workers[worker].take(&mut told) {
            return Err(Ended);
        }
        told.into_iter().for_each(|told| self.role.hear(worker, told));
        Ok(())
    }

    /// Hands over what was made of the log up to a record, and shows that it was.
    fn hand_over(&self, out: &mut Vec<AlertRecord>, merged: Option<u64>) -> Result<(), Ended> {
        let Some(sequence) = merged else { return Ok(()) };
        self.alerts.append(out.drain(..)).map_err(|NoReaders| Ended)?;
        self.judged.show(sequence + 1, self.role.next_position());
        show_unseeded(self.role.merger(), &self.unseeded);
        Ok(())
    }
}
