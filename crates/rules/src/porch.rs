//! Where values wait before a window that they do not disturb.
//!
//! While every value keeps to a calm range ([`Calm`]), nobody asks for the aggregate of a window. So values are only noted here,
//! in a few lines of memory that lie together, and enter their panes many at a time: when a value is out of the range, when too many
//! are in the window, or when somebody asks. Those that have left the window by then never enter, and make room for others.
//!
//! A city's porches are far more than a processor's caches hold. So values and instants are kept in half the space, as
//! distances from a base: whatever is too far from it does not wait.
//!
//! **Invariant**: what waits here lay in the window when it came, and moved nobody; no pane boundary that moves somebody lies
//! between the window as it was and the time of the key.

use crate::input::SlotInput;
use crate::kinds::calm::Calm;
use crate::kinds::panes::Span;
use crate::line::SharedIx;
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use crate::timers::LineIx;
use vigie_model::names::{NO_NAME, NameIx};

/// How many values may wait.
const WAITING_MAX: usize = 24;
/// Room is made only if no more stay: so it is made seldom.
const STAYING_MAX: usize = 18;
/// The longest window before which values wait, and the latest instant after the base at which they do: some twelve days.
const FARTHEST_MS: u32 = 1 << 30;

/// The values that wait before a window.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Porch {
    /// A pane boundary. The instants below are milliseconds after it.
    base_ms: i64,
    /// The values below are millionths above it.
    base_micros: i64,
    /// Which values may wait; none while the smallest is larger than the largest.
    low: u32,
    high: u32,
    /// How far any two may lie apart.
    apart: u32,
    /// Length of the window, none if it is too long, and of its panes.
    window_ms: u32,
    pane_ms: u32,
    /// The time of the key when the last of them came.
    time: u32,
    /// When the newest pane leaves the window, if nothing comes.
    empty: u32,
    /// When the newest pane leaves of those behind the porch.
    empty_behind: u32,
    /// Feed of the newest value.
    feed: NameIx,
    line: LineIx,
    /// Behind the porch.
    shared: SharedIx,
    count: u32,
    /// As they came.
    waiting: [Waiting; WAITING_MAX],
}

/// A value, and its event time.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    micros: u32,
    at: u32,
}

saved!(Waiting { micros, at });

impl Porch {
    /// A porch on which nothing may wait yet.
    pub(crate) fn new(line: LineIx, shared: SharedIx, span: Span) -> Self {
        let length = |ms: i64| u32::try_from(ms).ok().filter(|ms| *ms <= FARTHEST_MS).unwrap_or(0);
        Self {
            base_ms: 0,
            base_micros: 0,
            low: 1,
            high: 0,
            apart: 0,
            window_ms: length(span.window_ms),
            pane_ms: length(span.pane_ms),
            time: 0,
            empty: 0,
            empty_behind: 0,
            feed: NO_NAME,
            line,
            shared,
            count: 0,
            waiting: [Waiting::default(); WAITING_MAX],
        }
    }

    /// Writes what its cohort and its place do not say.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self {
            base_ms,
            base_micros,
            low,
            high,
            apart,
            window_ms: _,
            pane_ms: _,
            time,
            empty,
            empty_behind,
            feed,
            line: _,
            shared: _,
            count,
            waiting,
        } = self;
        (*base_ms, *base_micros).save(to);
        [low, high, apart, time, empty, empty_behind, feed].into_iter().for_each(|number| number.save(to));
        to.all(waiting[..*count as usize].iter());
    }

    /// Reads a porch of this window and line, before what its cohort shares.
    pub(crate) fn load(line: LineIx, shared: SharedIx, span: Span, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut porch = Self::new(line, shared, span);
        (porch.base_ms, porch.base_micros) = Saved::load(from)?;
        for number in [&mut porch.low, &mut porch.high, &mut porch.apart, &mut porch.time] {
            *number = u32::load(from)?;
        }
        for number in [&mut porch.empty, &mut porch.empty_behind, &mut porch.feed] {
            *number = u32::load(from)?;
        }
        let waiting: Vec<Waiting> = Vec::load(from)?;
        let place = porch.waiting.get_mut(..waiting.len()).ok_or(Wrong("more values wait than there is room for"))?;
        place.copy_from_slice(&waiting);
        porch.count = waiting.len() as u32;
        let is_near = porch.time.max(porch.empty) <= 2 * FARTHEST_MS && (porch.is_closed() || porch.window_ms > 0);
        require(is_near, "values wait before a window that they cannot wait for")?;
        Ok(porch)
    }

    /// What stands behind it.
    pub(crate) const fn shared(&self) -> SharedIx {
        self.shared
    }

    /// Its line.
    pub(crate) const fn line(&self) -> LineIx {
        self.line
    }

    /// Feed of the newest value.
    pub(crate) const fn feed(&self) -> NameIx {
        self.feed
    }

    /// Keeps the feed of the newest value.
    pub(crate) const fn hear(&mut self, feed: NameIx) {
        self.feed = feed;
    }

    /// Reads its first line of memory; the number means nothing.
    #[inline]
    pub(crate) const fn touch(&self) -> i64 {
        self.base_ms
    }

    /// Reads the line of memory that the next value is written to; the number means nothing.
    #[inline]
    pub(crate) fn touch_behind(&self) -> i64 {
        i64::from(self.waiting[self.count as usize % WAITING_MAX].at)
    }

    /// Lets a value wait, if it may; `tick_ms` is the partition's largest tick. Whether it does.
    #[inline]
    pub(crate) fn take(&mut self, input: &SlotInput<'_>, tick_ms: i64) -> bool {
        let distances = above(input.micros, self.base_micros).zip(above(input.event_time_ms, self.base_ms));
        let Some((micros, at)) = distances else { return false };
        if micros < self.low || micros > self.high || at > FARTHEST_MS {
            return false;
        }
        let tick = tick_ms.saturating_sub(self.base_ms);
        let time = at.max(self.time(tick));
        let end = (time / self.pane_ms + 1) * self.pane_ms;
        let start = end.saturating_sub(self.window_ms);
        if at < start || i64::from(end) <= tick || !self.has_room(time, start) {
            return false;
        }
        self.low = self.low.max(micros.saturating_sub(self.apart));
        self.high = self.high.min(micros.saturating_add(self.apart));
        self.time = time;
        self.empty = self.empty.max(at / self.pane_ms * self.pane_ms + self.window_ms);
        self.feed = input.feed;
        self.waiting[self.count as usize] = Waiting { micros, at };
        self.count += 1;
        true
    }

    /// Nothing may wait any more: the time of the key, and what waited, with its event times; `None` when nothing could.
    pub(crate) fn close(&mut self, tick_ms: i64) -> Option<(i64, impl Iterator<Item = (i64, i64)> + '_)> {
        if self.is_closed() {
            return None;
        }
        let time_ms = self.base_ms.saturating_add(self.time(tick_ms.saturating_sub(self.base_ms)).into());
        let count = std::mem::take(&mut self.count) as usize;
        (self.low, self.high) = (1, 0);
        let Self { base_ms, base_micros, waiting, .. } = self;
        let of = |Waiting { micros, at }: &Waiting| {
            (base_micros.saturating_add((*micros).into()), base_ms.saturating_add((*at).into()))
        };
        Some((time_ms, waiting[..count].iter().map(of)))
    }

    /// From now on such values may wait, if the window is not too long.
    pub(crate) fn open(&mut self, calm: Calm, time_ms: i64, empty_ms: i64) {
        if self.window_ms == 0 {
            return;
        }
        let span = Span { window_ms: self.window_ms.into(), pane_ms: self.pane_ms.into() };
        let (base_ms, base_micros) = (span.bounds_ms(time_ms).0, calm.base_micros());
        let instants = above(time_ms, base_ms).zip(above(empty_ms, base_ms));
        let range = above(calm.low, base_micros).zip(above(calm.high, base_micros));
        if let Some(((time, empty), (low, high))) = instants.zip(range) {
            (self.base_ms, self.base_micros, self.low, self.high) = (base_ms, base_micros, low, high);
            self.apart = u32::try_from(calm.apart).unwrap_or(u32::MAX);
            (self.time, self.empty, self.empty_behind) = (time, empty, empty);
        }
    }

    const fn is_closed(&self) -> bool {
        self.low > self.high
    }

    /// Whether there is room for one more when the key's time is `time` and its window begins at `start`: if not, those that have
    /// left it may make some.
    #[inline]
    fn has_room(&mut self, time: u32, start: u32) -> bool {
        (self.count as usize) < WAITING_MAX || self.make_room(time, start)
    }

    #[cold]
    fn make_room(&mut self, time: u32, start: u32) -> bool {
        let staying = self.waiting.iter().filter(|waiting| waiting.at >= start).count();
        if staying > STAYING_MAX {
            return false;
        }
        let mut place = 0;
        for index in 0..WAITING_MAX {
            self.waiting[place] = self.waiting[index];
            place += usize::from(self.waiting[place].at >= start);
        }
        self.count = staying as u32;
        // Without what has left, values may move away from it; the range of those that may lie apart as they like stays.
        if self.apart < u32::MAX && time >= self.empty_behind {
            let values = || self.waiting[..staying].iter().map(|waiting| waiting.micros);
            self.low = values().max().unwrap_or(0).saturating_sub(self.apart);
            self.high = values().min().unwrap_or(u32::MAX).saturating_add(self.apart);
        }
        true
    }

    /// The time of the key: each boundary that a tick reached has moved it, until the window was empty.
    #[inline]
    fn time(&self, tick: i64) -> u32 {
        if tick >= i64::from(self.empty) {
            return self.empty.max(self.time);
        }
        let tick = u32::try_from(tick).unwrap_or(0);
        (tick - tick % self.pane_ms).max(self.time)
    }
}

/// How far a number lies above a base, if it does and not too far.
#[inline]
fn above(number: i64, base: i64) -> Option<u32> {
    u32::try_from(number.checked_sub(base)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::batch::Quality;

    const SPAN: Span = Span { window_ms: 30, pane_ms: 10 };

    fn porch(calm: Calm, empty_ms: i64) -> Porch {
        let mut porch = Porch::new(3, 7, SPAN);
        porch.open(calm, 5, empty_ms);
        porch
    }

    fn calm_porch() -> Porch {
        porch(Calm { low: 0, high: 100, apart: i64::MAX }, 30)
    }

    fn take(porch: &mut Porch, micros: i64, event_time_ms: i64, tick_ms: i64) -> bool {
        let quality = Quality::Good;
        let input = SlotInput {
            member: 0,
            reading: 1,
            sensor: 1,
            node: 2,
            micros,
            event_time_ms,
            quality,
            feed: 4,
            incident: None,
        };
        porch.take(&input, tick_ms)
    }

    fn close(porch: &mut Porch, tick_ms: i64) -> Option<(i64, Vec<(i64, i64)>)> {
        porch.close(tick_ms).map(|(time_ms, waiting)| (time_ms, waiting.collect()))
    }

    #[test]
    fn calm_values_wait_until_too_many_are_in_the_window() {
        let mut porch = calm_porch();
        for value in 0..24 {
            assert!(take(&mut porch, value, 6 + value, 0));
        }
        assert!(!take(&mut porch, 1, 30, 0), "nineteen would stay");
        let (time_ms, waiting) = close(&mut porch, 0).unwrap();
        assert_eq!((time_ms, waiting.len(), waiting[23], porch.feed()), (29, 24, (23, 29), 4));
        assert!(close(&mut porch, 0).is_none() && !take(&mut porch, 1, 40, 0));
    }

    #[test]
    fn what_has_left_the_window_makes_room() {
        let mut porch = calm_porch();
        for value in 0..200 {
            assert!(take(&mut porch, value % 100, 6 + 2 * value, 0));
        }
        let (time_ms, waiting) = close(&mut porch, 0).unwrap();
        assert_eq!((time_ms, waiting.last()), (404, Some(&(99, 404))));
        assert!((390..404).step_by(2).all(|at| waiting.iter().any(|(_, waited)| *waited == at)), "{waiting:?}");
    }

    #[test]
    fn values_drift_as_far_as_they_like_once_others_have_left() {
        let mut drifting = porch(Calm { low: -20, high: 20, apart: 20 }, 30);
        assert!((0..500).all(|step| take(&mut drifting, step / 2, 6 + 2 * step, 0)));
        let mut drifting = porch(Calm { low: -20, high: 20, apart: 20 }, 30);
        assert!((0..500).all(|step| take(&mut drifting, -step / 2, 6 + 2 * step, 0)));
        let mut held = porch(Calm { low: -20, high: 20, apart: 20 }, 300_000);
        let taken = (0..500).take_while(|step| take(&mut held, *step, 6 + 2 * *step, 0)).count();
        assert_eq!(taken, 21, "a value behind the porch may be zero");
    }

    #[test]
    fn a_value_out_of_range_out_of_the_window_or_behind_the_ticks_does_not_wait() {
        let mut porch = calm_porch();
        assert!(!take(&mut porch, 101, 10, 0) && !take(&mut porch, -1, 10, 0));
        assert!(!take(&mut porch, 1, 10, 40), "a boundary that a tick has reached is still to come");
        assert!(take(&mut porch, 1, 40, 0) && !take(&mut porch, 1, 19, 0) && take(&mut porch, 1, 20, 0));
        assert!(!take(&mut porch, 1, 2_000_000_000, 0), "weeks later");
        assert!(!take(&mut porch, 1, i64::MIN, i64::MIN) && !take(&mut porch, i64::MAX, i64::MAX, i64::MAX));
    }

    #[test]
    fn boundaries_that_ticks_reach_move_the_time_until_the_window_is_empty() {
        for (tick_ms, time_ms) in [(i64::MIN, 5), (9, 5), (10, 10), (29, 20), (1_000, 30), (i64::MAX, 30)] {
            assert_eq!(close(&mut calm_porch(), tick_ms).unwrap().0, time_ms);
        }
    }

    #[test]
    fn nothing_waits_for_weeks() {
        let calm = Calm { low: i64::MIN, high: i64::MAX, apart: i64::MAX }.near(0);
        let mut porch = Porch::new(3, 7, Span { window_ms: 2_000_000_000, pane_ms: 1_000_000_000 });
        porch.open(calm, 5, 30);
        assert!(close(&mut porch, 0).is_none() && !take(&mut porch, 1, 6, 0));
    }

    #[test]
    fn values_keep_their_size() {
        for near in [0, i64::MIN, i64::MAX, -7_000_000_000_000, 101_325_000_000] {
            let mut porch = porch(Calm { low: i64::MIN, high: i64::MAX, apart: i64::MAX }.near(near), 30);
            assert!(take(&mut porch, near, 25, 0));
            assert_eq!(close(&mut porch, 0).unwrap().1, [(near, 25)]);
        }
    }
}
