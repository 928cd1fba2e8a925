//! Taking in the log of earlier starts: after it the sequencer knows what it knew when that log ended.
//!
//! Records come from files that somebody may have changed, so each is checked before a role sees it: a row must not use a
//! name, a partition or rules that the log has not told before.

use super::Sequencer;
use crate::dedup::Identity;
use crate::error::LogError;
use crate::store::LogStore;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use vigie_model::batch::{Observations, Origin};
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::record::{Batch, Payload, Record};

/// Why a record cannot follow those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Misfit {
    #[error("it uses a name, a partition or rules that the log does not hold before it")]
    Unknown,
    #[error("it repeats what the log holds before it")]
    Repeated,
    #[error("there are more names in the log than this binary keeps")]
    TooManyNames,
}

impl<S: LogStore> Sequencer<S> {
    /// Takes in everything the store holds and hands it to the roles.
    pub(super) fn recall(&mut self) -> Result<(), LogError> {
        let began = Instant::now();
        let mut records = 0u64;
        while let Some(record) = self.store.recall()? {
            self.take_in(&record).map_err(|misfit| {
                let what = format!("record {} does not fit: {misfit}", record.sequence);
                LogError::damaged(Path::new("the log"), what)
            })?;
            self.store.pass_on(Arc::new(record))?;
            records += 1;
        }
        if records > 0 {
            let elapsed_s = began.elapsed().as_secs_f64();
            tracing::info!(records, elapsed_s, log_time_ms = self.log_time_ms, "the log was read from its beginning");
        }
        Ok(())
    }

    fn take_in(&mut self, record: &Record) -> Result<(), Misfit> {
        if record.sequence < self.next_sequence || record.log_time_ms < self.log_time_ms {
            return Err(Misfit::Repeated);
        }
        match &record.payload {
            Payload::Control(control) => self.recalled_control = Some(Arc::clone(control)),
            Payload::Dictionary(entries) => self.learn(entries)?,
            Payload::IntakeUp | Payload::Command(_) => {}
            Payload::Tick { tick_ms } => self.last_tick_ms = *tick_ms,
            Payload::Observations(batch) => self.take_in_observations(batch)?,
            Payload::Incidents(batch) => self.take_in_incidents(batch)?,
            Payload::Perceptions(batch) => self.take_in_perceptions(batch)?,
        }
        self.next_sequence = record.sequence + 1;
        self.log_time_ms = record.log_time_ms;
        Ok(())
    }

    fn learn(&mut self, entries: &[NameEntry]) -> Result<(), Misfit> {
        for entry in entries {
            let next = &mut self.logged_names[entry.kind as usize];
            if entry.index != *next {
                return Err(if entry.index < *next { Misfit::Repeated } else { Misfit::Unknown });
            }
            *next += 1;
            let interned = self.interner.intern(entry.kind, &entry.name).map_err(|_| Misfit::TooManyNames)?;
            if interned != entry.index {
                return Err(Misfit::Repeated);
            }
            if entry.kind == NameKind::Space {
                self.table.push(&entry.name);
            }
        }
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
            self.check_names(kind, column.iter().copied())?;
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
        self.check_names(NameKind::Sensor, rows.iter().map(|row| row.sensor))?;
        self.check_names(NameKind::Node, rows.iter().map(|row| row.node))?;
        self.check_names(NameKind::Feed, rows.iter().map(|row| row.feed))?;
        self.check_spaces(batch.partition, rows.iter().map(|row| row.space))?;
        self.move_on(batch, rows.len())?;
        for row in rows {
            self.dedup.judge_identity(Identity::of_incident(row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    fn take_in_perceptions(&mut self, batch: &Batch<Vec<Perception>>) -> Result<(), Misfit> {
        let rows = &batch.rows;
        self.check_names(NameKind::Feed, rows.iter().map(|row| row.feed))?;
        self.check_spaces(batch.partition, rows.iter().map(|row| row.space))?;
        self.move_on(batch, rows.len())?;
        for row in rows {
            self.dedup.judge_identity(Identity::of_perception(row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    fn check_names(&self, kind: NameKind, indices: impl Iterator<Item = NameIx>) -> Result<(), Misfit> {
        let known = self.logged_names[kind as usize];
        let all_known = indices.filter(|index| *index != NO_NAME).all(|index| index < known);
        if all_known { Ok(()) } else { Err(Misfit::Unknown) }
    }

    /// Every row has a space of this partition, which exists; and there are rules to judge it by.
    fn check_spaces(&self, partition: u16, spaces: impl Iterator<Item = NameIx>) -> Result<(), Misfit> {
        let known = self.logged_names[NameKind::Space as usize];
        let mut fits = spaces.map(|space| space < known && self.table.get(space) == partition);
        let has_rules = self.recalled_control.is_some() && partition < self.settings.partitions;
        if has_rules && fits.all(|fits| fits) { Ok(()) } else { Err(Misfit::Unknown) }
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
