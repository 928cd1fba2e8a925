//! Where records go: the store behind the sequencer.
//!
//! The trait is small enough to be implemented more than once: in memory here, in segment files
//! ([`crate::segments`]), and with Kafka later. [`MemoryLog`] hands records to the roles through a ring and keeps
//! nothing else.

use crate::error::LogError;
use crate::ring::{Reader, Writer, ring};
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::record::{Payload, Record};

/// Rows in the ring between log and roles: at some 150 bytes each, 40 MB.
pub const RING_ROWS_MAX: usize = 1 << 18;
/// Share of the log's cap above which telemetry is shed, so that the rest is kept for incidents and commands.
pub const TELEMETRY_FILL_MAX: f64 = 0.80;
/// Share of the log's cap above which no event is taken, so that the rest is kept for commands and ticks.
pub const EVENTS_FILL_MAX: f64 = 0.95;
/// Share of the log's cap above which the oldest records go, once nobody needs them: well before anything is shed.
pub const KEPT_FILL_MAX: f64 = 0.50;
/// Share of the log's cap above which a set of snapshots carries all ids, so that none keeps the log from forgetting.
pub const CARRY_ALL_FILL: f64 = 0.65;

/// Takes records in order, and gives back those of earlier starts first.
pub trait LogStore: Send {
    /// The next record that was stored before this start; `None` once all were given. They come before anything is
    /// appended.
    ///
    /// # Errors
    /// When it cannot be read.
    fn recall(&mut self) -> Result<Option<Record>, LogError>;

    /// The sequence of the first record of this start. It lies behind all that was stored, also behind records that are
    /// lost and were not recalled.
    fn first_sequence(&self) -> u64;

    /// Hands a recalled record to the roles; waits while they are far behind.
    ///
    /// # Errors
    /// When every role has stopped.
    fn pass_on(&mut self, record: Arc<Record>) -> Result<(), LogError>;

    /// Appends records to the next commit.
    ///
    /// # Errors
    /// When a record could not be appended; the store is unusable from then on.
    fn append(&mut self, records: Vec<Record>) -> Result<(), LogError>;

    /// Makes everything appended as safe as this store makes it, then hands it to the roles; waits while they are far
    /// behind. Only then may anybody be told that it was taken.
    ///
    /// # Errors
    /// When the store failed; it is unusable from then on, and it is unknown what it holds of this commit.
    fn commit(&mut self) -> Result<(), LogError>;

    /// Keeps room for a control record, which is to be appended next; whether there is. Without room nothing has changed.
    ///
    /// # Errors
    /// When the store failed; it is unusable from then on.
    fn keep_room_for(&mut self, control: &Arc<Control>) -> Result<bool, LogError>;

    /// The name under which the store keeps a control record; `None` when it keeps none, or has no room.
    ///
    /// # Errors
    /// When the store failed; it is unusable from then on.
    fn name_control(&mut self, control: &Arc<Control>) -> Result<Option<[u8; 32]>, LogError>;

    /// Forgets some of the records below `floor`, which nobody needs any more: those below `aged`, and the oldest when much of
    /// the room is used. Returns the sequence of the first record then, if there was something to forget.
    ///
    /// # Errors
    /// When the store failed; it is unusable from then on.
    fn forget(&mut self, floor: u64, aged: u64) -> Result<Option<u64>, LogError>;

    /// Bytes that wait for a commit.
    fn pending_bytes(&self) -> usize;

    /// Tries again to get room, when there was none.
    fn make_room(&mut self);

    /// Whether there is room for more.
    fn room(&self) -> Room;

    /// How full the store's queue to the roles is, from 0 to 1.
    fn fill(&self) -> f64;
}

/// Whether the log takes more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Share of the log's cap in use, from 0 to 1.
    pub fill: f64,
    /// Whether a request of any kind of event can be taken.
    pub events: bool,
    /// Whether ticks and commands can be taken.
    pub ticks: bool,
}

impl Room {
    /// Room without end.
    pub const ENDLESS: Self = Self { fill: 0.0, events: true, ticks: true };
}

impl<S: LogStore + ?Sized> LogStore for Box<S> {
    fn recall(&mut self) -> Result<Option<Record>, LogError> {
        (**self).recall()
    }

    fn first_sequence(&self) -> u64 {
        (**self).first_sequence()
    }

    fn pass_on(&mut self, record: Arc<Record>) -> Result<(), LogError> {
        (**self).pass_on(record)
    }

    fn append(&mut self, records: Vec<Record>) -> Result<(), LogError> {
        (**self).append(records)
    }

    fn commit(&mut self) -> Result<(), LogError> {
        (**self).commit()
    }

    fn keep_room_for(&mut self, control: &Arc<Control>) -> Result<bool, LogError> {
        (**self).keep_room_for(control)
    }

    fn name_control(&mut self, control: &Arc<Control>) -> Result<Option<[u8; 32]>, LogError> {
        (**self).name_control(control)
    }

    fn forget(&mut self, floor: u64, aged: u64) -> Result<Option<u64>, LogError> {
        (**self).forget(floor, aged)
    }

    fn pending_bytes(&self) -> usize {
        (**self).pending_bytes()
    }

    fn make_room(&mut self) {
        (**self).make_room();
    }

    fn room(&self) -> Room {
        (**self).room()
    }

    fn fill(&self) -> f64 {
        (**self).fill()
    }
}

/// Keeps records only until every role has taken them.
#[derive(Debug)]
pub struct MemoryLog {
    writer: Writer<Arc<Record>>,
}

impl MemoryLog {
    /// A log and one reader for each of `roles` roles; `rows_max` is the ring's capacity in rows.
    #[must_use]
    pub fn new(rows_max: usize, roles: usize) -> (Self, Vec<Reader<Arc<Record>>>) {
        let (writer, readers) = ring(rows_max, rows_of, roles);
        (Self { writer }, readers)
    }
}

impl LogStore for MemoryLog {
    fn recall(&mut self) -> Result<Option<Record>, LogError> {
        Ok(None)
    }

    fn first_sequence(&self) -> u64 {
        0
    }

    fn pass_on(&mut self, record: Arc<Record>) -> Result<(), LogError> {
        Ok(self.writer.append([record])?)
    }

    fn append(&mut self, records: Vec<Record>) -> Result<(), LogError> {
        Ok(self.writer.append(records.into_iter().map(Arc::new))?)
    }

    fn commit(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn keep_room_for(&mut self, _control: &Arc<Control>) -> Result<bool, LogError> {
        Ok(true)
    }

    fn name_control(&mut self, _control: &Arc<Control>) -> Result<Option<[u8; 32]>, LogError> {
        Ok(None)
    }

    fn forget(&mut self, _floor: u64, _aged: u64) -> Result<Option<u64>, LogError> {
        Ok(None)
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn make_room(&mut self) {}

    fn room(&self) -> Room {
        Room::ENDLESS
    }

    fn fill(&self) -> f64 {
        self.writer.fill()
    }
}

/// What a record weighs in a ring: its rows.
pub(crate) fn rows_of(record: &Arc<Record>) -> usize {
    match &record.payload {
        Payload::Observations(batch) => batch.rows.len(),
        Payload::Incidents(batch) => batch.rows.len(),
        Payload::Perceptions(batch) => batch.rows.len(),
        Payload::Dictionary(entries) => entries.len(),
        Payload::Seeds(seeds) => seeds.keys.len().max(1),
        Payload::Control(_) | Payload::IntakeUp | Payload::Gap(_) | Payload::Tick { .. } | Payload::Command(_) => 1,
    }
}
