//! What the log holds, as far as it decides what comes next: names, identities, offsets, times.
//!
//! The sequencer changes it with every row it takes; after a restart it is made again from the log's records. Those come
//! from files that somebody may have changed, so each is checked before a role sees it: a row must not use a name, a
//! partition or rules that the log has not told before.

use crate::clock::LogClock;
use crate::dedup::Dedup;
use crate::dedup::verdict::Verdict;
use crate::identity::Identities;
use crate::interner::Interner;
use crate::lateness::Lateness;
use crate::logged_names::{LoggedNames, Misfit};
use crate::partitions::Partitions;
use crate::places::Places;
use std::sync::Arc;
use vigie_model::batch::{EventRef, Events, Observations, Origin};
use vigie_model::control::Control;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NameIx, NameKind};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Gap, Payload, Record};

/// An event against what the log holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) partition: PartitionIx,
    pub(crate) verdict: Verdict,
    /// An observation that is taken, and late.
    pub(crate) is_late: bool,
}

/// Event times later than `latest_ms` become `log_time_ms`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ceiling {
    pub(crate) latest_ms: i64,
    pub(crate) log_time_ms: i64,
}

impl Ceiling {
    /// A replay's log time follows its rows, so none lies ahead of it; that of a running clock stands still for a request.
    pub(crate) const fn of(clock: &LogClock, log_time_ms: i64, max_skew_ms: i64) -> Self {
        let latest_ms = match clock {
            LogClock::Data => i64::MAX,
            LogClock::Wall(_) | LogClock::Anchored(_) => log_time_ms.saturating_add(max_skew_ms),
        };
        Self { latest_ms, log_time_ms }
    }
}

/// What the log holds so far, as far as it decides what comes next.
#[derive(Debug)]
pub(crate) struct Known {
    /// Names in the log, and the partitions of spaces.
    pub(crate) names: LoggedNames,
    pub(crate) identities: Identities,
    pub(crate) dedup: Dedup,
    pub(crate) lateness: Lateness,
    pub(crate) partitions: Partitions,
    /// Numbered, and not handed to the store yet.
    pub(crate) records: Vec<Record>,
    /// Reused between requests.
    pub(crate) judged: Vec<Judged>,
    pub(crate) next_sequence: u64,
    pub(crate) log_time_ms: i64,
    pub(crate) newest_event_ms: Option<i64>,
    pub(crate) last_tick_ms: i64,
    /// The newest control record.
    pub(crate) control: Option<Arc<Control>>,
    /// Where snapshots were taken.
    pub(crate) places: Places,
}

impl Known {
    /// Nothing: the beginning of a log.
    pub(crate) fn new(partitions: PartitionIx, ids_remembered: usize) -> Self {
        Self {
            names: LoggedNames::new(partitions),
            identities: Identities::default(),
            dedup: Dedup::new(partitions, ids_remembered),
            lateness: Lateness::default(),
            partitions: Partitions::new(partitions),
            records: Vec::new(),
            judged: Vec::new(),
            next_sequence: 0,
            log_time_ms: i64::MIN,
            newest_event_ms: None,
            last_tick_ms: i64::MIN,
            control: None,
            places: Places::new(partitions),
        }
    }

    /// Adds the next record.
    pub(crate) fn add(&mut self, payload: Payload) {
        self.records.push(Record { sequence: self.next_sequence, log_time_ms: self.log_time_ms, payload });
        self.next_sequence += 1;
    }

    /// Adds the waiting rows as records.
    pub(crate) fn cut(&mut self) {
        if self.partitions.rows() == 0 {
            return;
        }
        let (log_time_ms, sequences) = (self.log_time_ms, self.next_sequence..);
        let records = sequences.zip(self.partitions.cut());
        self.records.extend(records.map(|(sequence, payload)| Record { sequence, log_time_ms, payload }));
        self.next_sequence = self.records.last().map_or(self.next_sequence, |last| last.sequence + 1);
    }

    /// Judges events in order and remembers them; what was found of each.
    pub(crate) fn judge(&mut self, events: &Events, ceiling: Ceiling) -> Vec<Judged> {
        let mut judged = std::mem::take(&mut self.judged);
        judged.clear();
        judged.reserve(events.len());
        let (identities, names) = (self.identities, &self.names);
        let identified = |index: usize| {
            let space = match events.order[index] {
                EventRef::Observation(row) => events.observations.space[row as usize],
                EventRef::Incident(row) => events.incidents[row as usize].space,
                EventRef::Perception(row) => events.perceptions[row as usize].space,
            };
            (identities.of_event(events, index), names.partition(space))
        };
        let hear = |partition, verdict| judged.push(Judged { partition, verdict, is_late: false });
        self.dedup.judge_all(events.len(), identified, hear);
        let sent = &events.observations.event_time_ms;
        let in_log = |sent_ms| if sent_ms > ceiling.latest_ms { ceiling.log_time_ms } else { sent_ms };
        let taken = events.order.iter().zip(&mut judged).filter_map(|(event, judged)| match event {
            EventRef::Observation(row) if judged.verdict != Verdict::Duplicate => {
                Some((*row as usize, in_log(sent[*row as usize]), &mut judged.is_late))
            }
            _ => None,
        });
        self.lateness.judge_all(&events.observations, taken, |is_late, found| *is_late = found);
        judged
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

    /// Takes in the ids of a record that is known otherwise, from a snapshot taken behind it.
    pub(crate) fn remember(&mut self, record: &Record) -> Result<(), Misfit> {
        let is_here =
            |partition| if partition < self.names.partitions() { Ok(partition) } else { Err(Misfit::Unknown) };
        match &record.payload {
            Payload::Observations(batch) => {
                let partition = is_here(batch.partition)?;
                for row in 0..batch.rows.len() {
                    let identity = self.identities.of_observation(&batch.rows, row, Origin::default);
                    self.dedup.remember(identity, partition);
                }
            }
            Payload::Incidents(batch) => {
                let partition = is_here(batch.partition)?;
                for row in &batch.rows {
                    self.dedup.remember(self.identities.of_incident(row, Origin::default()), partition);
                }
            }
            Payload::Perceptions(batch) => {
                let partition = is_here(batch.partition)?;
                for row in &batch.rows {
                    self.dedup.remember(self.identities.of_perception(row, Origin::default()), partition);
                }
            }
            Payload::Control(_)
            | Payload::Dictionary(_)
            | Payload::IntakeUp
            | Payload::Command(_)
            | Payload::Seeds(_)
            | Payload::Gap(_)
            | Payload::Tick { .. } => {}
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
            self.names.check(kind, column.iter().copied())?;
        }
        self.check_spaces(batch.partition, rows.space.iter().copied())?;
        self.move_on(batch, rows.len())?;
        self.newest_event_ms = self.newest_event_ms.max(rows.event_time_ms.iter().copied().max());
        let timed = (0..).zip(&rows.event_time_ms).map(|(row, event_time_ms)| (row, *event_time_ms, ()));
        self.lateness.judge_all(rows, timed, |(), _| {});
        let identified = |row| (self.identities.of_observation(rows, row, Origin::default), batch.partition);
        self.dedup.judge_all(rows.len(), identified, |_, _| {});
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
            self.dedup.judge(self.identities.of_incident(row, Origin::default()), batch.partition);
        }
        Ok(())
    }

    fn take_in_perceptions(&mut self, batch: &Batch<Vec<Perception>>) -> Result<(), Misfit> {
        let rows = &batch.rows;
        self.names.check(NameKind::Feed, rows.iter().map(|row| row.feed))?;
        self.check_spaces(batch.partition, rows.iter().map(|row| row.space))?;
        self.move_on(batch, rows.len())?;
        for row in rows {
            self.dedup.judge(self.identities.of_perception(row, Origin::default()), batch.partition);
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
