//! What the log holds, as far as it decides what comes next: names, identities, offsets, times.
//!
//! The sequencer changes it with every row it takes; after a restart it is made again from the log's records. Those come
//! from files that somebody may have changed, so each is checked before a role sees it: a row must not use a name, a
//! partition or rules that the log has not told before.

use crate::dedup::{Dedup, Identity};
use crate::interner::Interner;
use crate::lateness::Lateness;
use crate::logged_names::{LoggedNames, Misfit};
use crate::partitions::Partitions;
use std::sync::Arc;
use vigie_model::batch::{Observations, Origin};
use vigie_model::control::Control;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NameIx, NameKind};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Gap, Payload, Record};

/// What the log holds so far, as far as it decides what comes next.
#[derive(Debug)]
pub(crate) struct Known {
    /// Names in the log, and the partitions of spaces.
    pub(crate) names: LoggedNames,
    pub(crate) dedup: Dedup,
    pub(crate) lateness: Lateness,
    pub(crate) partitions: Partitions,
    pub(crate) next_sequence: u64,
    pub(crate) log_time_ms: i64,
    pub(crate) newest_event_ms: Option<i64>,
    pub(crate) last_tick_ms: i64,
    /// The newest control record.
    pub(crate) control: Option<Arc<Control>>,
}

impl Known {
    /// Nothing: the beginning of a log.
    pub(crate) fn new(partitions: PartitionIx, ids_remembered: usize) -> Self {
        Self {
            names: LoggedNames::new(partitions),
            dedup: Dedup::new(partitions, ids_remembered),
            lateness: Lateness::default(),
            partitions: Partitions::new(partitions),
            next_sequence: 0,
            log_time_ms: i64::MIN,
            newest_event_ms: None,
            last_tick_ms: i64::MIN,
            control: None,
        }
    }

    /// Takes in the next record of the log; `interner` learns its names.
    pub(crate) fn take_in(&mut self, record: &Record, interner: &Interner) -> Result<(), Misfit> {
        if record.sequence < self.next_sequence || record.log_time_ms < self.log_time_ms {
            return Err(Misfit::Repeated);
        }
        match &record.payload {
            Payload::Control(control) => self.control = Some(Arc::clone(control)),
            Payload::Dictionary(entries) => self.names.learn(entries, interner)?,
            Payload::IntakeUp | Payload::Command(_) | Payload::Seeds(_) => {}
            Payload::Gap(gap) => self.go_on_behind(gap)?,
            Payload::Tick { tick_ms } => self.last_tick_ms = *tick_ms,
            Payload::Observations(batch) => self.take_in_observations(batch)?,
            Payload::Incidents(batch) => self.take_in_incidents(batch)?,
            Payload::Perceptions(batch) => self.take_in_perceptions(batch)?,
        }
        self.next_sequence = record.sequence + 1;
        self.log_time_ms = record.log_time_ms;
        Ok(())
    }

    fn take_in_observations(&mut self, batch: &Batch<Observations>) -> Result<(), Misfit> {
        let rows = &batch.rows;
        let columns = [
            (NameKind::Space, &rows.space),
            (NameKind::Sensor, &rows.sensor),
            (NameKind::Node, &rows.node),
            (NameKind::Metric, &rows.metric),
            (NameKind::Feed, &rows.feed),
        ];
        for (kind, column) in columns {
            self.names.check(kind, column.iter().copied())?;
        }
        self.check_spaces(batch.partition, rows.space.iter().copied())?;
        self.move_on(batch, rows.len())?;
        for index in 0..rows.len() {
            let mut row = rows.row(index);
            self.lateness.judge(&row, row.event_time_ms);
            self.newest_event_ms = self.newest_event_ms.max(Some(row.event_time_ms));
            row.event_time_ms = row.sent_time_ms.unwrap_or(row.event_time_ms);
            self.dedup.judge_identity(Identity::of_observation(&row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    fn take_in_incidents(&mut self, batch: &Batch<Vec<Incident>>) -> Result<(), Misfit> {
        let rows = &batch.rows;
        self.names.check(NameKind::Sensor, rows.iter().map(|row| row.sensor))?;
        self.names.check(NameKind::Node, rows.iter().map(|row| row.node))?;
        self.names.check(NameKind::Feed, rows.iter().map(|row| row.feed))?;
        self.check_spaces(batch.partition, rows.iter().map(|row| row.space))?;
        self.move_on(batch, rows.len())?;
        for row in rows {
            self.dedup.judge_identity(Identity::of_incident(row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    fn take_in_perceptions(&mut self, batch: &Batch<Vec<Perception>>) -> Result<(), Misfit> {
        let rows = &batch.rows;
        self.names.check(NameKind::Feed, rows.iter().map(|row| row.feed))?;
        self.check_spaces(batch.partition, rows.iter().map(|row| row.space))?;
        self.move_on(batch, rows.len())?;
        for row in rows {
            self.dedup.judge_identity(Identity::of_perception(row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    /// Every row has a space of this partition, and there are rules to judge it by.
    fn check_spaces(&self, partition: PartitionIx, spaces: impl Iterator<Item = NameIx>) -> Result<(), Misfit> {
        let has_rules = self.control.is_some();
        if has_rules && self.names.are_of(partition, spaces) { Ok(()) } else { Err(Misfit::Unknown) }
    }

    /// Numbering goes on where the gap says.
    pub(crate) fn go_on_behind(&mut self, gap: &Gap) -> Result<(), Misfit> {
        for (partition, next_offset) in (0..).zip(&gap.next_offsets) {
            if partition >= self.names.partitions() {
                return Err(Misfit::Unknown);
            }
            let next_offset = self.partitions.next_offset(partition).max(*next_offset);
            self.partitions.move_to(partition, next_offset);
        }
        Ok(())
    }

    /// Rows of a partition follow each other; behind damage some are missing.
    fn move_on<R>(&mut self, batch: &Batch<R>, rows: usize) -> Result<(), Misfit> {
        let expected = self.partitions.next_offset(batch.partition);
        if batch.first_offset < expected {
            return Err(Misfit::Repeated);
        }
        if batch.first_offset > expected {
            let (partition, rows) = (batch.partition, batch.first_offset - expected);
            tracing::error!(partition, rows, from = expected, "rows of the log are lost with its damaged records");
        }
        self.partitions.move_to(batch.partition, batch.first_offset + rows as u64);
        Ok(())
    }
}
