//! The sequencer: turns what intake takes into the log.
//!
//! It alone drops duplicates, stamps log time, moves event times that lie in the future, writes ticks, dictionary,
//! control and `intake-up` records, and gives rows their offsets. It is a plain state machine over a
//! [`LogClock`] and a [`LogStore`]; [`crate::intake`] gives it a thread.
//!
//! **Order of one row**: duplicate? -> log time -> ticks up to it -> event time adjusted? -> offset.
//!
//! A log that exists is read from its beginning first: the sequencer then knows what it knew when the log
//! ended, and the roles judge everything once more.

use crate::clock::LogClock;
use crate::error::LogError;
use crate::interner::Interner;
use crate::known::{Ceiling, Judged, Known};
use crate::recall::recall;
use crate::receipt::{ControlChange, Receipt};
pub use crate::settings::Settings;
use crate::store::{LogStore, Room};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vigie_model::batch::{EventRef, Events, Observations, PickedRow, flags};
use vigie_model::command::Command;
use vigie_model::control::Control;
use vigie_model::record::{Gap, Payload, Record};
use vigie_model::seeds::Seeds;

/// At the end of a replay every timer due not later than the newest event time plus this fires (RULES.md, "Replay").
pub const REPLAY_TAIL_MS: i64 = 86_400_000;
/// Rows that wait for a replay's next tick at most; far more than a city sends in a second.
const REPLAY_CUT_ROWS: usize = 65_536;
/// What a row takes in a commit, roughly.
const ROW_BYTES: usize = 64;
/// A running clock that did not tick for three intervals, but at least this long, has paused: silence then proves
/// nothing about sensors.
const PAUSE_REAL_MIN: Duration = Duration::from_secs(3);

/// The one writer of a log.
#[derive(Debug)]
pub struct Sequencer<S> {
    settings: Settings,
    clock: LogClock,
    store: S,
    interner: Arc<Interner>,
    known: Known,
    ticked: Option<Instant>,
    /// Reused between requests.
    judged: Vec<Judged>,
    /// The control record to write, which in a replay waits for the first row to give it a log time.
    control: Option<Arc<Control>>,
}

impl<S: LogStore> Sequencer<S> {
    /// Starts a log, or goes on with the one in the store: [`Self::recalled`], then [`Self::begin`].
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn start(
        settings: Settings,
        clock: LogClock,
        store: S,
        interner: Arc<Interner>,
        control: Arc<Control>,
    ) -> Result<Self, LogError> {
        let mut sequencer = Self::recalled(settings, clock, store, interner)?;
        sequencer.begin(control, None)?;
        Ok(sequencer)
    }

    /// A sequencer that has taken in what the store holds and handed it to the roles, and has written nothing yet.
    ///
    /// # Errors
    /// [`LogError`] when the store fails, or its records do not fit together.
    pub fn recalled(settings: Settings, clock: LogClock, store: S, interner: Arc<Interner>) -> Result<Self, LogError> {
        let known = Known::new(settings.partitions, settings.ids_remembered);
        let mut sequencer =
            Self { settings, clock, store, interner, known, ticked: None, judged: Vec::new(), control: None };
        recall(&mut sequencer.store, &mut sequencer.known, &sequencer.interner)?;
        Ok(sequencer)
    }

    /// Goes on: writes the gap if records are lost, then the control record, unless it stands in the log already, and
    /// `intake-up`; in a replay together with the first row.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn begin(&mut self, control: Arc<Control>, gap: Option<Gap>) -> Result<(), LogError> {
        self.control = Some(control);
        self.known.next_sequence = self.known.next_sequence.max(self.store.first_sequence());
        self.clock.not_before(self.known.log_time_ms);
        if !self.advance_clock() {
            return Ok(());
        }
        if let Some(gap) = gap {
            self.known.go_on_behind(&gap).map_err(|misfit| misfit.at(self.known.next_sequence))?;
            self.append(vec![Payload::Gap(gap)])?;
        }
        self.open()?;
        self.tick()?;
        self.commit()
    }

    /// Takes events in order. Either all of them are accounted for in the receipt, or the log has failed. Nobody may be
    /// told before [`Self::commit`].
    ///
    /// # Errors
    /// [`LogError`] when the store fails; the sequencer must not be used afterwards.
    pub fn take(&mut self, events: &Events) -> Result<Receipt, LogError> {
        self.tick()?;
        if self.control.is_some() && !events.is_empty() {
            self.known.log_time_ms = events.event_time_ms(0);
            self.known.last_tick_ms = self.settings.tick_at(self.known.log_time_ms);
            self.open()?;
        }
        let names = self.known.names.take_new(events, &self.interner);
        if !names.is_empty() {
            self.append(vec![Payload::Dictionary(names)])?;
        }
        let mut receipt = Receipt::default();
        let mut judged = std::mem::take(&mut self.judged);
        let ceiling = Ceiling::of(&self.clock, self.known.log_time_ms, self.settings.max_skew_ms);
        self.known.judge(events, ceiling, &mut judged);
        for (index, judged) in judged.iter().enumerate() {
            self.take_event(events, index, *judged, &mut receipt)?;
        }
        self.judged = judged;
        self.known.partitions.settle(&events.observations);
        receipt.add_to_metrics();
        Ok(receipt)
    }

    /// Writes an operator's command at its place in the log.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn command(&mut self, mut command: Command) -> Result<(), LogError> {
        self.tick()?;
        self.cut()?;
        command.log_time_ms = self.known.log_time_ms;
        self.append(vec![Payload::Command(Arc::new(command))])
    }

    /// Changes rules, spaces and calendars from here on, unless they are those of the newest control record.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn change_control(&mut self, control: &Arc<Control>) -> Result<ControlChange, LogError> {
        if self.known.control.as_ref() == Some(control) {
            return Ok(ControlChange::Same);
        }
        if !self.store.keep_room_for(control)? {
            return Ok(ControlChange::NoRoom);
        }
        self.tick()?;
        self.cut()?;
        self.known.control = Some(Arc::clone(control));
        self.append(vec![Payload::Control(Arc::clone(control))])?;
        Ok(ControlChange::Written)
    }

    /// Writes what a baseline rule starts with, some of it.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn seeds(&mut self, seeds: &Arc<Seeds>) -> Result<(), LogError> {
        self.tick()?;
        self.cut()?;
        self.append(vec![Payload::Seeds(Arc::clone(seeds))])
    }

    /// Writes the tick that is due on a running clock, if any: one for all the intervals that passed, since a tick
    /// fires every timer due up to it.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn tick(&mut self) -> Result<(), LogError> {
        if !self.advance_clock() {
            return Ok(());
        }
        let tick_ms = self.settings.tick_at(self.known.log_time_ms);
        if tick_ms <= self.known.last_tick_ms {
            return Ok(());
        }
        self.cut()?;
        let now = Instant::now();
        let pause = (3 * self.clock.tick_real(self.settings.tick_ms)).max(PAUSE_REAL_MIN);
        let paused = self.ticked.replace(now).is_some_and(|ticked| now.saturating_duration_since(ticked) > pause);
        if paused {
            tracing::warn!(log_time_ms = self.known.log_time_ms, "intake goes on after a pause");
            self.append(vec![Payload::IntakeUp])?;
        }
        self.known.last_tick_ms = tick_ms;
        self.append(vec![Payload::Tick { tick_ms }])
    }

    /// Ends a replay: one last tick fires every timer due up to a day after the newest event time.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn finish_replay(&mut self) -> Result<(), LogError> {
        let Some(newest_ms) = self.known.newest_event_ms else { return Ok(()) };
        self.cut()?;
        let tick_ms = newest_ms + REPLAY_TAIL_MS;
        self.known.last_tick_ms = tick_ms;
        // An absence fires only once log time is later than its due time, so log time ends a moment after the tick.
        self.known.log_time_ms = tick_ms + 1;
        self.append(vec![Payload::Tick { tick_ms }])
    }

    /// Makes everything taken so far as safe as the store makes it, and hands it to the roles.
    ///
    /// # Errors
    /// [`LogError`] when the store fails: it is unknown what it holds, nobody may be told that anything was taken, and the
    /// sequencer must not be used any more.
    pub fn commit(&mut self) -> Result<(), LogError> {
        // A replay cuts at ticks and after so many rows: its log is then the same for any size of batch.
        if !matches!(self.clock, LogClock::Data) {
            self.cut()?;
        }
        self.store.commit()
    }

    /// About how many bytes wait for a commit.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.store.pending_bytes() + self.known.partitions.rows() * ROW_BYTES
    }

    /// Whether the log takes more. To be asked before each request: one that is taken is written whole.
    #[must_use]
    pub fn room(&self) -> Room {
        self.store.room()
    }

    /// Tries again to get room, when there was none.
    pub fn make_room(&mut self) {
        self.store.make_room();
    }

    /// The log time of the newest record; `None` before the first row of a replay.
    #[must_use]
    pub fn log_time_ms(&self) -> Option<i64> {
        (self.known.log_time_ms > i64::MIN).then_some(self.known.log_time_ms)
    }

    /// The sequence of the next record.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.known.next_sequence
    }

    /// The offset of the next row of each partition.
    #[must_use]
    pub fn next_offsets(&self) -> Vec<u64> {
        (0..self.settings.partitions).map(|partition| self.known.partitions.next_offset(partition)).collect()
    }

    /// The newest control record of the log.
    #[must_use]
    pub const fn control(&self) -> Option<&Arc<Control>> {
        self.known.control.as_ref()
    }

    /// T of the newest tick: once the roles have folded it, they have folded all that was recalled.
    #[must_use]
    pub const fn last_tick_ms(&self) -> i64 {
        self.known.last_tick_ms
    }

    /// Real time to wait between two calls of [`Self::tick`].
    #[must_use]
    pub fn tick_real(&self) -> Duration {
        self.clock.tick_real(self.settings.tick_ms)
    }

    /// The interner whose names the events use.
    #[must_use]
    pub const fn interner(&self) -> &Arc<Interner> {
        &self.interner
    }

    /// How full the store's queue to the roles is, from 0 to 1.
    #[must_use]
    pub fn fill(&self) -> f64 {
        self.store.fill()
    }

    /// Writes what stands at the beginning of a log, once its log time is known.
    fn open(&mut self) -> Result<(), LogError> {
        let control = self.control.take().filter(|control| self.known.control.as_ref() != Some(control));
        self.known.control = control.clone().or_else(|| self.known.control.take());
        self.append(control.into_iter().map(Payload::Control).chain([Payload::IntakeUp]).collect())
    }

    fn take_event(
        &mut self,
        events: &Events,
        index: usize,
        judged: Judged,
        receipt: &mut Receipt,
    ) -> Result<(), LogError> {
        if !receipt.count(judged.verdict, judged.is_late) {
            return Ok(());
        }
        let sent_ms = events.event_time_ms(index);
        if matches!(self.clock, LogClock::Data) {
            self.follow_data(sent_ms, &events.observations)?;
        } else {
            receipt.note_if_long_past(sent_ms, self.known.log_time_ms, self.clock.describe());
        }
        let log_time_ms = self.known.log_time_ms;
        let is_moved = sent_ms > log_time_ms.saturating_add(self.settings.max_skew_ms);
        if is_moved {
            receipt.note_moved(sent_ms, log_time_ms, self.settings.max_skew_ms, self.clock.describe());
        }
        let adjusted_flag = if is_moved { flags::TIME_ADJUSTED } else { 0 };
        let event_time_ms = if is_moved { log_time_ms } else { sent_ms };
        let sent_time_ms = is_moved.then_some(sent_ms);
        let Known { partitions, .. } = &mut self.known;
        match events.order[index] {
            EventRef::Observation(row) => {
                let late_flag = if judged.is_late { flags::LATE } else { 0 };
                let flags = events.observations.flags[row as usize] | adjusted_flag | late_flag;
                partitions.pick_observation(judged.partition, PickedRow { row, flags, is_moved, log_time_ms });
            }
            EventRef::Incident(row) => {
                partitions.settle(&events.observations);
                let mut row = events.incidents[row as usize].clone();
                row.flags |= adjusted_flag;
                (row.event_time_ms, row.sent_time_ms, row.log_time_ms) = (event_time_ms, sent_time_ms, log_time_ms);
                partitions.push_incident(judged.partition, row);
            }
            EventRef::Perception(row) => {
                partitions.settle(&events.observations);
                let mut row = events.perceptions[row as usize].clone();
                row.flags |= adjusted_flag;
                (row.event_time_ms, row.sent_time_ms, row.log_time_ms) = (event_time_ms, sent_time_ms, log_time_ms);
                partitions.push_perception(judged.partition, row);
            }
        }
        Ok(())
    }

    /// In a replay, log time is the largest event time read so far, and a row's ticks come before it.
    fn follow_data(&mut self, event_time_ms: i64, rows: &Observations) -> Result<(), LogError> {
        self.known.newest_event_ms = self.known.newest_event_ms.max(Some(event_time_ms));
        if self.known.partitions.rows() >= REPLAY_CUT_ROWS {
            self.known.partitions.settle(rows);
            self.cut()?;
        }
        if event_time_ms <= self.known.log_time_ms {
            return Ok(());
        }
        let tick_ms = self.settings.tick_at(event_time_ms);
        if tick_ms > self.known.last_tick_ms {
            self.known.partitions.settle(rows);
            self.cut()?;
            (self.known.log_time_ms, self.known.last_tick_ms) = (event_time_ms, tick_ms);
            self.append(vec![Payload::Tick { tick_ms }])?;
        }
        self.known.log_time_ms = event_time_ms;
        Ok(())
    }

    /// Moves log time to the clock, if it runs; never backwards.
    fn advance_clock(&mut self) -> bool {
        let Some(now_ms) = self.clock.now_ms() else { return false };
        self.known.log_time_ms = self.known.log_time_ms.max(now_ms);
        true
    }

    /// Writes the waiting rows as records.
    fn cut(&mut self) -> Result<(), LogError> {
        if self.known.partitions.rows() == 0 {
            return Ok(());
        }
        let payloads = self.known.partitions.cut().collect();
        self.append(payloads)
    }

    fn append(&mut self, payloads: Vec<Payload>) -> Result<(), LogError> {
        let records = payloads
            .into_iter()
            .map(|payload| {
                let sequence = self.known.next_sequence;
                self.known.next_sequence += 1;
                Record { sequence, log_time_ms: self.known.log_time_ms, payload }
            })
            .collect();
        self.store.append(records)
    }
}

#[cfg(test)]
mod tests;
