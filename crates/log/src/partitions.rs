//! Sorts rows into partitions and gives them their offsets.
//!
//! Rows of one partition keep the order in which they came: where the type of event changes, a record ends. Partitions
//! are independent of each other, so the records of one cut are written partition by partition.

use vigie_model::batch::{ObservationRow, Observations};
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
    /// Observations of the record before: the next one will hold about as many.
    observations_before: usize,
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

    /// Goes on behind rows that are in the log already.
    pub fn move_to(&mut self, partition: PartitionIx, next_offset: u64) {
        self.partitions[usize::from(partition)].next_offset = next_offset;
    }

    /// Adds an observation.
    pub fn push_observation(&mut self, partition: PartitionIx, row: ObservationRow<'_>) {
        self.rows += 1;
        let place = &mut self.partitions[usize::from(partition)];
        if !matches!(&place.open, Some(Rows::Observations(rows)) if rows.len() < RECORD_ROWS_MAX) {
            place.cut(partition);
            place.open = Some(Rows::Observations(Observations::with_capacity(place.observations_before)));
        }
        if let Some(Rows::Observations(rows)) = &mut place.open {
            rows.push(row);
        }
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

    /// Takes the waiting rows as payloads of records.
    pub fn cut(&mut self) -> impl Iterator<Item = Payload> + '_ {
        self.rows = 0;
        self.partitions.iter_mut().zip(0..).flat_map(|(place, partition)| {
            place.cut(partition);
            place.done.drain(..)
        })
    }
}

impl Partition {
    fn cut(&mut self, partition: PartitionIx) {
        let first_offset = self.next_offset;
        let (rows, payload) = match self.open.take() {
            None => return,
            Some(Rows::Observations(rows)) => {
                self.observations_before = rows.len();
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
