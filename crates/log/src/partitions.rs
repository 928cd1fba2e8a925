//! Sorts rows into partitions and gives them their offsets.
//!
//! Rows of one partition keep the order in which they came: where the type of event changes, a record ends. Partitions
//! are independent of each other, so the records of one cut are written partition by partition.
//!
//! Observations are picked first, one small entry each, and copied later, many at once and column by column
//! ([`Partitions::settle`]): a row touches one list instead of fourteen.

use vigie_model::batch::{Observations, PickedRow};
use vigie_model::event::{Incident, Perception};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Payload};

/// Rows of one record at most; a longer run is split.
pub const RECORD_ROWS_MAX: usize = 8192;

/// Rows waiting to become records, and the next offset of each partition.
#[derive(Debug)]
pub struct Partitions {
    partitions: Vec<Partition>,
    rows: usize,
}

#[derive(Debug, Default)]
struct Partition {
    next_offset: u64,
    open: Option<Rows>,
    /// Observations that follow the open rows, in a batch that [`Partitions::settle`] is told.
    picked: Vec<PickedRow>,
    /// Observations of the record before, and bytes of their ids: the next one will hold about as many.
    observations_before: usize,
    id_bytes_before: usize,
    done: Vec<Payload>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every run of rows is of the large variant")]
enum Rows {
    Observations(Observations),
    Incidents(Vec<Incident>),
    Perceptions(Vec<Perception>),
}

impl Partitions {
    /// `count` partitions, all empty.
    #[must_use]
    pub fn new(count: PartitionIx) -> Self {
        Self { partitions: (0..count).map(|_| Partition::default()).collect(), rows: 0 }
    }

    /// Number of rows waiting.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Where a partition stands: the offset of its next row.
    #[must_use]
    pub fn next_offset(&self, partition: PartitionIx) -> u64 {
        self.partitions[usize::from(partition)].next_offset
    }

    /// Where all of them stand.
    #[must_use]
    pub fn next_offsets(&self) -> Vec<u64> {
        self.partitions.iter().map(|partition| partition.next_offset).collect()
    }

    /// Goes on behind rows that are in the log already.
    pub fn move_to(&mut self, partition: PartitionIx, next_offset: u64) {
        self.partitions[usize::from(partition)].next_offset = next_offset;
    }

    /// Adds an observation, which stands in the batch that is given to [`Self::settle`] next.
    #[inline]
    pub fn pick_observation(&mut self, partition: PartitionIx, row: PickedRow) {
        self.rows += 1;
        self.partitions[usize::from(partition)].picked.push(row);
    }

    /// Copies what was picked out of `rows`. To be called before they are gone, before an event that is no observation is
    /// added, and before a [cut](Self::cut).
    pub fn settle(&mut self, rows: &Observations) {
        self.partitions.iter_mut().zip(0..).for_each(|(place, partition)| place.settle(partition, rows));
    }

    /// Adds an incident.
    pub fn push_incident(&mut self, partition: PartitionIx, row: Incident) {
        self.rows += 1;
        let place = &mut self.partitions[usize::from(partition)];
        match &mut place.open {
            Some(Rows::Incidents(rows)) if rows.len() < RECORD_ROWS_MAX => rows.push(row),
            _ => {
                place.cut(partition);
                place.open = Some(Rows::Incidents(vec![row]));
            }
        }
    }

    /// Adds a perception.
    pub fn push_perception(&mut self, partition: PartitionIx, row: Perception) {
        self.rows += 1;
        let place = &mut self.partitions[usize::from(partition)];
        match &mut place.open {
            Some(Rows::Perceptions(rows)) if rows.len() < RECORD_ROWS_MAX => rows.push(row),
            _ => {
                place.cut(partition);
                place.open = Some(Rows::Perceptions(vec![row]));
            }
        }
    }

    /// Takes the waiting rows, which are settled, as payloads of records.
    pub fn cut(&mut self) -> impl Iterator<Item = Payload> + '_ {
        self.rows = 0;
        self.partitions.iter_mut().zip(0..).flat_map(|(place, partition)| {
            place.cut(partition);
            place.done.drain(..)
        })
    }
}

impl Partition {
    fn settle(&mut self, partition: PartitionIx, rows: &Observations) {
        let picked = std::mem::take(&mut self.picked);
        let mut rest = picked.as_slice();
        while !rest.is_empty() {
            if !matches!(&self.open, Some(Rows::Observations(open)) if open.len() < RECORD_ROWS_MAX) {
                self.cut(partition);
                let capacity = rest.len().max(with_slack(self.observations_before)).min(RECORD_ROWS_MAX);
                let rows = Observations::with_capacity_and_ids(capacity, with_slack(self.id_bytes_before));
                self.open = Some(Rows::Observations(rows));
            }
            if let Some(Rows::Observations(open)) = &mut self.open {
                let (now, later) = rest.split_at(rest.len().min(RECORD_ROWS_MAX - open.len()));
                open.append_picked(rows, now);
                rest = later;
            }
        }
        self.picked = picked;
        self.picked.clear();
    }

    fn cut(&mut self, partition: PartitionIx) {
        let first_offset = self.next_offset;
        let (rows, payload) = match self.open.take() {
            None => return,
            Some(Rows::Observations(rows)) => {
                (self.observations_before, self.id_bytes_before) = (rows.len(), rows.id_bytes());
                (rows.len(), Payload::Observations(Batch { partition, first_offset, rows }))
            }
            Some(Rows::Incidents(rows)) => (rows.len(), Payload::Incidents(Batch { partition, first_offset, rows })),
            Some(Rows::Perceptions(rows)) => {
                (rows.len(), Payload::Perceptions(Batch { partition, first_offset, rows }))
            }
        };
        self.next_offset += rows as u64;
        self.done.push(payload);
    }
}

/// About as much, and a little more: a column that must grow is copied.
const fn with_slack(before: usize) -> usize {
    before + before / 4
}
