//! What workers tell of the log, and how it comes together again: by record, then by partition.
//!
//! A worker tells how far it has got together with the transitions on the way, so silence costs next to nothing and still
//! says that there was nothing. [`Gathering`] holds what has come until every worker has told of a record.
//!
//! **Invariant**: what comes out depends on the log alone: not on how many workers there are, where they cut, or who is first.

use std::collections::VecDeque;
use vigie_model::alert::Transition;

/// What a worker tells of records that follow each other.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Behind the last of them.
    next_sequence: u64,
    /// The records that brought transitions about, and how many.
    records: Vec<(u64, usize)>,
    transitions: Vec<Transition>,
}

impl Told {
    /// Notes the next record of the log, and what `judge` appends.
    pub(crate) fn of_record(&mut self, sequence: u64, judge: impl FnOnce(&mut Vec<Transition>)) {
        let before = self.transitions.len();
        judge(&mut self.transitions);
        let count = self.transitions.len() - before;
        if count > 0 {
            self.records.push((sequence, count));
        }
        self.next_sequence = sequence + 1;
    }

    /// What it weighs where several wait: its transitions.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.transitions.len()
    }
}

/// What workers have told and nobody has taken.
#[derive(Debug)]
pub struct Gathering {
    workers: Vec<Waiting>,
}

/// Of one worker.
#[derive(Debug, Default)]
struct Waiting {
    next_sequence: u64,
    records: VecDeque<(u64, usize)>,
    transitions: VecDeque<Transition>,
}

impl Gathering {
    /// Of so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { workers: (0..workers).map(|_| Waiting::default()).collect() }
    }

    /// Takes in what a worker tells next.
    pub fn take(&mut self, worker: usize, told: Told) {
        let waiting = &mut self.workers[worker];
        waiting.next_sequence = told.next_sequence;
        waiting.records.extend(told.records);
        waiting.transitions.extend(told.transitions);
    }

    /// A worker that has not told of a record yet.
    #[must_use]
    pub fn missing(&self, sequence: u64) -> Option<usize> {
        self.workers.iter().position(|waiting| waiting.next_sequence <= sequence)
    }

    /// Appends all transitions of a record, of which every worker has told, in the order of partitions. Records are asked for in
    /// the order of the log.
    pub fn of_record(&mut self, sequence: u64, out: &mut Vec<Transition>) {
        let (first, mut tellers) = (out.len(), 0);
        for waiting in &mut self.workers {
            if let Some((_, count)) = waiting.records.pop_front_if(|(of, _)| *of == sequence) {
                out.extend(waiting.transitions.drain(..count));
                tellers += 1;
            }
        }
        if tellers > 1 {
            // Each worker has told in the order of its partitions, and a partition is told of by one worker.
            out[first..].sort_by_key(|transition| transition.position.partition);
        }
    }
}
