//! Stored rows become records of a log again, and records transitions.
//!
//! **Ticks.** The live sequencer writes the tick of an instant before the first row whose log time has reached it, one
//! tick for all intervals that passed. So does this: before a row of log time L comes the tick at the last multiple of the
//! interval not later than L. Ticks between which no row came may be one, since a tick fires every timer due up to it.
//!
//! **Marks.** An intake that came up stands before the first row whose offset its place does not cover; before it come the
//! ticks that its log had seen by then.

use crate::app::roles::rules::RulesRole;
use crate::exit::Failure;
use std::collections::VecDeque;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::Observations;
use vigie_model::control::Control;
use vigie_model::event::Incident;
use vigie_model::names::{NameEntry, NameKind, Names};
use vigie_model::position::{PartitionIx, Position, partition_of};
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::stream::{AlertItem, AlertRecord, LogDeed};
use vigie_store::stored::log_rows::{StoredEvent, StoredRow};
use vigie_store::stored::recorded::RecordedMark;

/// Rows judged together at most.
const ROWS_MAX: usize = 8192;

/// A log made again from what is stored of it.
pub struct Rerun {
    role: RulesRole,
    control: Option<Arc<Control>>,
    knows_intake: bool,
    interval_ms: i64,
    partitions: Vec<Partition>,
    names: Names,
    marks: VecDeque<RecordedMark>,
    /// Rows of the log time of the next mark that may stand behind it.
    held: Vec<StoredRow>,
    waiting: usize,
    log_time_ms: i64,
    tick_ms: i64,
    sequence: u64,
    out: Vec<AlertRecord>,
    transitions: Vec<Transition>,
}

/// Rows of one partition that wait to be judged.
#[derive(Default)]
struct Partition {
    /// The lowest offset the next row may have.
    next_offset: u64,
    first_offset: u64,
    observations: Observations,
    incidents: Vec<Incident>,
}

impl Partition {
    fn end(&self) -> u64 {
        self.first_offset + (self.observations.len() + self.incidents.len()) as u64
    }
}

impl Rerun {
    /// A log at its beginning, with these rules in force and the marks of its intake, in their order. When none of them
    /// says that the intake came up, it did before the first row.
    #[must_use]
    pub fn new(control: Arc<Control>, partitions: PartitionIx, marks: Vec<RecordedMark>) -> Self {
        let knows_intake = marks.iter().any(|mark| mark.action == LogDeed::IntakeUp.as_str());
        Self {
            role: RulesRole::new(partitions),
            knows_intake,
            interval_ms: control.tick_ms.max(1),
            control: Some(control),
            partitions: (0..partitions).map(|_| Partition::default()).collect(),
            names: Names::default(),
            marks: marks.into(),
            held: Vec::new(),
            waiting: 0,
            log_time_ms: i64::MIN,
            tick_ms: i64::MIN,
            sequence: 0,
            out: Vec::new(),
            transitions: Vec::new(),
        }
    }

    /// Takes the next row, in the order (log time, partition, offset), and the names that rows use from it on.
    ///
    /// # Errors
    /// When the row belongs to another log than those before it.
    pub fn row(&mut self, row: StoredRow, names: Vec<NameEntry>) -> Result<(), Failure> {
        if !names.is_empty() {
            self.names.learn(&names);
            self.begin(row.log_time_ms);
            self.step(row.log_time_ms.max(self.log_time_ms), Payload::Dictionary(names));
        }
        let newest_held_ms = self.held.first().map(|held| held.log_time_ms);
        if newest_held_ms.is_some_and(|held_ms| held_ms < row.log_time_ms) {
            self.settle_held()?;
        }
        while self.marks.front().is_some_and(|mark| mark.log_time_ms < row.log_time_ms) {
            self.next_mark();
        }
        match self.marks.front() {
            Some(mark) if mark.log_time_ms == row.log_time_ms => {
                self.held.push(row);
                Ok(())
            }
            _ => self.judge(row),
        }
    }

    /// Takes what waits, lets the clock run to `log_time_ms`, and gives all transitions. A replay's last tick comes after
    /// that, if it is recorded.
    ///
    /// # Errors
    /// As [`Self::row`].
    pub fn finish(mut self, log_time_ms: i64, replay_ended: Option<&RecordedMark>) -> Result<Vec<Transition>, Failure> {
        self.settle_held()?;
        while self.marks.front().is_some_and(|mark| mark.log_time_ms <= log_time_ms) {
            self.next_mark();
        }
        self.advance(log_time_ms);
        self.flush();
        if let Some(RecordedMark { log_time_ms, place, .. }) = replay_ended
            && let Some(tick_ms) = place.tick_ms
        {
            self.step(*log_time_ms, Payload::Tick { tick_ms });
        }
        Ok(self.transitions)
    }

    /// Names of spaces and feeds of the rows.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Judges held rows and the marks of their log time, each at its place.
    fn settle_held(&mut self) -> Result<(), Failure> {
        let mut held = std::mem::take(&mut self.held);
        let Some(held_ms) = held.first().map(|row| row.log_time_ms) else { return Ok(()) };
        while let Some(mark) = self.marks.front().filter(|mark| mark.log_time_ms <= held_ms) {
            let is_before = |row: &StoredRow| {
                let next = mark.place.next_offsets.get(usize::from(row.position.partition));
                next.is_some_and(|next| row.position.offset < *next)
            };
            let (before, behind): (Vec<_>, Vec<_>) = held.into_iter().partition(is_before);
            for row in before {
                self.judge(row)?;
            }
            self.next_mark();
            held = behind;
        }
        held.into_iter().try_for_each(|row| self.judge(row))
    }

    fn next_mark(&mut self) {
        let Some(mark) = self.marks.pop_front() else { return };
        if mark.action != LogDeed::IntakeUp.as_str() {
            return;
        }
        self.begin(mark.log_time_ms);
        if let (Some(tick_ms), Some(log_time_ms)) = (mark.place.tick_ms, mark.place.tick_log_time_ms)
            && tick_ms > self.tick_ms
        {
            self.tick(tick_ms, log_time_ms);
        }
        self.flush();
        self.step(mark.log_time_ms, Payload::IntakeUp);
    }

    fn judge(&mut self, row: StoredRow) -> Result<(), Failure> {
        self.check_place(&row)?;
        self.begin(row.log_time_ms);
        self.advance(row.log_time_ms);
        let StoredRow { position: Position { partition, offset }, event, .. } = row;
        if self.waiting >= ROWS_MAX {
            self.flush();
        }
        let place = &mut self.partitions[usize::from(partition)];
        let is_other_kind = match event {
            StoredEvent::Observation(_) => !place.incidents.is_empty(),
            StoredEvent::Incident(_) => !place.observations.is_empty(),
        };
        if place.end() != offset || is_other_kind {
            self.flush_partition(partition);
        }
        let place = &mut self.partitions[usize::from(partition)];
        if place.observations.is_empty() && place.incidents.is_empty() {
            place.first_offset = offset;
        }
        match event {
            StoredEvent::Observation(observation) => place.observations.push(observation),
            StoredEvent::Incident(incident) => place.incidents.push(*incident),
        }
        place.next_offset = offset + 1;
        self.waiting += 1;
        Ok(())
    }

    fn check_place(&self, row: &StoredRow) -> Result<(), Failure> {
        let space = match &row.event {
            StoredEvent::Observation(observation) => observation.space,
            StoredEvent::Incident(incident) => incident.space,
        };
        let space = self.names.name(NameKind::Space, space);
        let Position { partition, offset } = row.position;
        let partitions = PartitionIx::try_from(self.partitions.len()).expect("there are as many as a log has");
        if partition_of(space, partitions) != partition {
            return Err(Failure::Io(format!(
                "space '{space}' is stored in partition {partition}, which is not its place among {partitions}; set [log] \
                 partitions to the number history was written with"
            )));
        }
        if offset < self.partitions[usize::from(partition)].next_offset {
            return Err(Failure::Io(format!(
                "history holds the rows of several logs (offset {offset} of partition {partition} comes again); backtest \
                 a data folder that one server, or one replay, has written"
            )));
        }
        Ok(())
    }

    /// Puts the rules in force, once log time is known.
    fn begin(&mut self, log_time_ms: i64) {
        if let Some(control) = self.control.take() {
            self.step(log_time_ms, Payload::Control(control));
            if !self.knows_intake {
                self.step(log_time_ms, Payload::IntakeUp);
            }
        }
    }

    fn advance(&mut self, log_time_ms: i64) {
        let tick_ms = log_time_ms.div_euclid(self.interval_ms) * self.interval_ms;
        self.log_time_ms = self.log_time_ms.max(log_time_ms);
        if tick_ms > self.tick_ms {
            self.tick(tick_ms, log_time_ms);
        }
    }

    fn tick(&mut self, tick_ms: i64, log_time_ms: i64) {
        self.flush();
        self.tick_ms = tick_ms;
        self.step(log_time_ms, Payload::Tick { tick_ms });
    }

    fn flush(&mut self) {
        for partition in 0..self.partitions.len() {
            self.flush_partition(PartitionIx::try_from(partition).expect("there are as many as a log has"));
        }
        self.waiting = 0;
    }

    fn flush_partition(&mut self, partition: PartitionIx) {
        let place = &mut self.partitions[usize::from(partition)];
        let first_offset = place.first_offset;
        let (observations, incidents) = (std::mem::take(&mut place.observations), std::mem::take(&mut place.incidents));
        if !observations.is_empty() {
            let rows = Batch { partition, first_offset, rows: observations };
            self.step(self.log_time_ms, Payload::Observations(rows));
        }
        if !incidents.is_empty() {
            let rows = Batch { partition, first_offset, rows: incidents };
            self.step(self.log_time_ms, Payload::Incidents(rows));
        }
    }

    fn step(&mut self, log_time_ms: i64, payload: Payload) {
        let record = Record { sequence: self.sequence, log_time_ms, payload };
        self.sequence += 1;
        self.role.step(&record, &mut self.out);
        let items = self.out.drain(..).map(|record| record.item);
        self.transitions.extend(items.filter_map(|item| match item {
            AlertItem::Transition(transition) => Arc::into_inner(transition),
            _ => None,
        }));
    }
}
