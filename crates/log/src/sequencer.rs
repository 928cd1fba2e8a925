//! The sequencer: turns what intake takes into the log.
//!
//! It alone drops duplicates, stamps log time, moves event times that lie in the future, writes ticks, dictionary,
//! control and `intake-up` records, and gives rows their offsets (`placing`). It is a plain state machine over a
//! [`LogClock`] and a [`LogStore`]; [`crate::intake`] gives it a thread. The store gets the records of a request at once.
//!
//! A log that exists is read first, from its beginning or from a snapshot on: the sequencer then knows what it knew when the log
//! ended, and the roles judge that part once more. While it runs, it decides at which ticks snapshots are taken ([`crate::cuts`]), and
//! lets the store forget what they make superfluous.

use crate::clock::LogClock;
use crate::cuts::Cuts;
use crate::error::LogError;
use crate::interner::Interner;
use crate::known::Known;
use crate::placing::place;
use crate::recall::recall;
use crate::receipt::{ControlChange, Receipt};
pub use crate::settings::Settings;
use crate::snapshots::stamp::Stamp;
use crate::state::Resumed;
use crate::store::{CARRY_ALL_FILL, LogStore, Room};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vigie_model::batch::Events;
use vigie_model::command::Command;
use vigie_model::control::{Control, ENGINE_SEMANTICS};
use vigie_model::record::{Gap, Payload};
use vigie_model::seeds::Seeds;

/// At the end of a replay every timer due not later than the newest event time plus this fires (RULES.md, "Replay").
pub const REPLAY_TAIL_MS: i64 = 86_400_000;
/// What a row takes in a commit, roughly.
const ROW_BYTES: usize = 64;
/// A running clock that did not tick for three intervals, but at least this long, has paused: silence then proves
/// nothing about sensors. Unit tests compare logs, of which a busy machine must not hold up one only.
const PAUSE_REAL_MIN: Duration = Duration::from_secs(if cfg!(test) { 3_600 } else { 3 });

/// The one writer of a log.
#[derive(Debug)]
pub struct Sequencer<S> {
    settings: Settings,
    clock: LogClock,
    store: S,
    interner: Arc<Interner>,
    known: Known,
    ticked: Option<Instant>,
    cuts: Option<Arc<Cuts>>,
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
        let mut sequencer = Self::recalled(settings, clock, store, interner, None)?;
        sequencer.begin(control, None)?;
        Ok(sequencer)
    }

    /// A sequencer that has taken in what the store holds and handed it to the roles, from its beginning or from where a snapshot was
    /// taken, and has written nothing yet.
    ///
    /// # Errors
    /// [`LogError`] when the store fails, or its records do not fit together.
    pub fn recalled(
        settings: Settings,
        clock: LogClock,
        mut store: S,
        interner: Arc<Interner>,
        resumed: Option<Resumed>,
    ) -> Result<Self, LogError> {
        let mut known = match resumed {
            Some(resumed) => Known::resumed(resumed, &settings, &interner)?,
            None => Known::new(settings.partitions, settings.ids_remembered),
        };
        recall(&mut store, &mut known, &interner)?;
        let (ticked, cuts, control) = (None, None, None);
        Ok(Self { settings, clock, store, interner, known, ticked, cuts, control })
    }

    /// Takes snapshots from now on.
    pub fn take_snapshots(&mut self, cuts: Arc<Cuts>) {
        self.cuts = Some(cuts);
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
            self.known.add(Payload::Gap(gap));
        }
        self.open();
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
            self.open();
        }
        let names = self.known.names.take_new(events, &self.interner);
        if !names.is_empty() {
            self.known.add(Payload::Dictionary(names));
        }
        let receipt = place(&mut self.known, &self.clock, &self.settings, events);
        receipt.add_to_metrics();
        self.hand_over()?;
        Ok(receipt)
    }

    /// Writes an operator's command at its place in the log.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn command(&mut self, mut command: Command) -> Result<(), LogError> {
        self.tick()?;
        self.known.cut();
        command.log_time_ms = self.known.log_time_ms;
        self.known.add(Payload::Command(Arc::new(command)));
        self.hand_over()
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
        self.known.cut();
        self.known.control = Some(Arc::clone(control));
        self.known.add(Payload::Control(Arc::clone(control)));
        self.hand_over()?;
        Ok(ControlChange::Written)
    }

    /// Writes what a baseline rule starts with, some of it.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn seeds(&mut self, seeds: &Arc<Seeds>) -> Result<(), LogError> {
        self.tick()?;
        self.known.cut();
        self.known.add(Payload::Seeds(Arc::clone(seeds)));
        self.hand_over()
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
        self.known.cut();
        let now = Instant::now();
        let pause = (3 * self.clock.tick_real(self.settings.tick_ms)).max(PAUSE_REAL_MIN);
        let paused = self.ticked.replace(now).is_some_and(|ticked| now.saturating_duration_since(ticked) > pause);
        if paused {
            tracing::warn!(log_time_ms = self.known.log_time_ms, "intake goes on after a pause");
            self.known.add(Payload::IntakeUp);
        }
        self.known.last_tick_ms = tick_ms;
        self.known.add(Payload::Tick { tick_ms });
        self.cut(tick_ms)?;
        self.hand_over()
    }

    /// Takes down what is known if a set of snapshots is due, and lets the store forget what sets make superfluous.
    fn cut(&mut self, tick_ms: i64) -> Result<(), LogError> {
        let Some(cuts) = self.cuts.clone() else { return Ok(()) };
        let (settings, log_time_ms) = (&self.settings, self.known.log_time_ms);
        let aged = settings.age_max_ms.map_or(0, |age_ms| self.known.places.older_than(log_time_ms - age_ms));
        if let Some(begins_at) = self.store.forget(cuts.forget_below(), aged)? {
            self.known.places.begin_at(begins_at);
        }
        if !cuts.is_due(log_time_ms) {
            return Ok(());
        }
        let Some(control) = self.known.control.clone() else { return Ok(()) };
        let Some(name) = self.store.name_control(&control)? else { return Ok(()) };
        let is_pressed = self.store.room().fill > CARRY_ALL_FILL;
        let carried_max = if is_pressed { u64::MAX } else { settings.ids_carried_max };
        let stamp = Stamp {
            log_id: Arc::clone(&settings.log_id),
            semantics: ENGINE_SEMANTICS,
            control: name,
            partitions: settings.partitions,
            next_sequence: self.known.next_sequence,
        };
        let taken_down = self.known.take_down(&self.interner, carried_max);
        cuts.begin(stamp, tick_ms, log_time_ms, taken_down);
        Ok(())
    }

    /// Ends a replay: one last tick fires every timer due up to a day after the newest event time.
    ///
    /// # Errors
    /// [`LogError`] when the store fails.
    pub fn finish_replay(&mut self) -> Result<(), LogError> {
        let Some(newest_ms) = self.known.newest_event_ms else { return Ok(()) };
        self.known.cut();
        let tick_ms = newest_ms + REPLAY_TAIL_MS;
        self.known.last_tick_ms = tick_ms;
        // An absence fires only once log time is later than its due time, so log time ends a moment after the tick.
        self.known.log_time_ms = tick_ms + 1;
        self.known.add(Payload::Tick { tick_ms });
        self.hand_over()
    }

    /// Makes everything taken so far as safe as the store makes it, and hands it to the roles.
    ///
    /// # Errors
    /// [`LogError`] when the store fails: it is unknown what it holds, nobody may be told that anything was taken, and the
    /// sequencer must not be used any more.
    pub fn commit(&mut self) -> Result<(), LogError> {
        // A replay cuts at ticks and after so many rows: its log is then the same for any size of batch.
        if !matches!(self.clock, LogClock::Data) {
            self.known.cut();
        }
        self.hand_over()?;
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
    fn open(&mut self) {
        let control = self.control.take().filter(|control| self.known.control.as_ref() != Some(control));
        self.known.control = control.clone().or_else(|| self.known.control.take());
        control
            .into_iter()
            .map(Payload::Control)
            .chain([Payload::IntakeUp])
            .for_each(|payload| self.known.add(payload));
    }

    /// Moves log time to the clock, if it runs; never backwards.
    fn advance_clock(&mut self) -> bool {
        let Some(now_ms) = self.clock.now_ms() else { return false };
        self.known.log_time_ms = self.known.log_time_ms.max(now_ms);
        true
    }

    /// Hands the store what was added.
    fn hand_over(&mut self) -> Result<(), LogError> {
        let records = std::mem::take(&mut self.known.records);
        if records.is_empty() { Ok(()) } else { self.store.append(records) }
    }
}

#[cfg(test)]
mod tests;
