//! Where values wait before a window that they do not disturb.
//!
//! While every value keeps to a calm range ([`Calm`]), nobody asks for the aggregate of a window. So values are only noted here,
//! in a few lines of memory that lie together, and enter their panes many at a time: when a value is out of the range, when
//! there is no more room, or when somebody asks. Those that have left the window by then never enter.
//!
//! **Invariant**: what waits here lay in the window when it came, and moved nobody; no pane boundary that moves somebody lies
//! between the window as it was and the time of the key.

use crate::kinds::calm::Calm;
use crate::kinds::panes::Span;
use crate::line::SharedIx;
use crate::saved::{Loader, Saved, Saver, Wrong};

/// How many values may wait.
const WAITING_MAX: usize = 28;

/// The values that wait before a window.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Porch {
    /// Which values may wait; none while the smallest is larger than the largest.
    calm: Calm,
    /// The time of the key when the last of them came.
    time_ms: i64,
    /// When the newest pane leaves the window, if nothing comes.
    empty_ms: i64,
    span: Span,
    /// Behind the porch.
    shared: SharedIx,
    count: u32,
    /// Value in millionths and event time, as they came.
    waiting: [(i64, i64); WAITING_MAX],
}

const CLOSED: Calm = Calm { low: 1, high: 0, apart: 0 };

impl Porch {
    /// A porch on which nothing may wait yet.
    pub(crate) const fn new(shared: SharedIx, span: Span) -> Self {
        let waiting = [(0, 0); WAITING_MAX];
        Self { calm: CLOSED, time_ms: i64::MIN, empty_ms: i64::MIN, span, shared, count: 0, waiting }
    }

    /// Writes what its cohort and its place do not say.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        let Self { calm, time_ms, empty_ms, span: _, shared: _, count, waiting } = self;
        calm.save(to);
        time_ms.save(to);
        empty_ms.save(to);
        to.all(waiting[..*count as usize].iter());
    }

    /// Reads a porch of this window, before what its cohort shares.
    pub(crate) fn load(shared: SharedIx, span: Span, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut porch = Self::new(shared, span);
        porch.calm = Calm::load(from)?;
        porch.time_ms = i64::load(from)?;
        porch.empty_ms = i64::load(from)?;
        let waiting = Vec::load(from)?;
        let place = porch.waiting.get_mut(..waiting.len()).ok_or(Wrong("more values wait than there is room for"))?;
        place.copy_from_slice(&waiting);
        porch.count = waiting.len() as u32;
        Ok(porch)
    }

    /// What stands behind it.
    pub(crate) const fn shared(&self) -> SharedIx {
        self.shared
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.time_ms ^ self.waiting[self.count as usize % WAITING_MAX].0
    }

    /// Lets a value wait, if it may; `tick_ms` is the partition's largest tick. Whether it does.
    #[inline]
    pub(crate) fn take(&mut self, micros: i64, event_time_ms: i64, tick_ms: i64) -> bool {
        let place = self.count as usize;
        if place == WAITING_MAX || !self.calm.allows(micros) {
            return false;
        }
        let at_ms = event_time_ms.max(self.time_ms(tick_ms));
        let (start_ms, end_ms) = self.span.bounds_ms(at_ms);
        if event_time_ms < start_ms || end_ms <= tick_ms {
            return false;
        }
        self.calm = self.calm.after(micros);
        self.time_ms = at_ms;
        self.empty_ms = self.empty_ms.max(self.span.leaves_ms(event_time_ms));
        self.waiting[place] = (micros, event_time_ms);
        self.count += 1;
        true
    }

    /// Nothing may wait any more: what waited, and the time of the key; `None` when nothing could.
    pub(crate) fn close(&mut self, tick_ms: i64) -> Option<(i64, &[(i64, i64)])> {
        if self.calm == CLOSED {
            return None;
        }
        let time_ms = self.time_ms(tick_ms);
        let count = std::mem::take(&mut self.count) as usize;
        self.calm = CLOSED;
        Some((time_ms, &self.waiting[..count]))
    }

    /// From now on such values may wait.
    pub(crate) const fn open(&mut self, calm: Calm, time_ms: i64, empty_ms: i64) {
        (self.calm, self.time_ms, self.empty_ms) = (calm, time_ms, empty_ms);
    }

    /// The time of the key: each boundary that a tick reached has moved it, until the window was empty.
    fn time_ms(&self, tick_ms: i64) -> i64 {
        let reached_ms = tick_ms.div_euclid(self.span.pane_ms).saturating_mul(self.span.pane_ms);
        reached_ms.min(self.empty_ms).max(self.time_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn porch() -> Porch {
        let mut porch = Porch::new(7, Span { window_ms: 30, pane_ms: 10 });
        porch.open(Calm { low: 0, high: 100, apart: i64::MAX }, 5, 30);
        porch
    }

    #[test]
    fn calm_values_wait_until_there_is_no_more_room() {
        let mut porch = porch();
        for value in 0..28 {
            assert!(porch.take(value, 10 + value, 0));
        }
        assert!(!porch.take(1, 40, 0));
        let (time_ms, waiting) = porch.close(0).unwrap();
        assert_eq!((time_ms, waiting.len(), waiting[27]), (37, 28, (27, 37)));
        assert!(porch.close(0).is_none() && !porch.take(1, 40, 0));
    }

    #[test]
    fn a_value_out_of_range_out_of_the_window_or_behind_the_ticks_does_not_wait() {
        let mut porch = porch();
        assert!(!porch.take(101, 10, 0) && !porch.take(-1, 10, 0));
        assert!(!porch.take(1, 10, 40), "a boundary that a tick has reached is still to come");
        assert!(porch.take(1, 40, 0) && !porch.take(1, 19, 0) && porch.take(1, 20, 0));
    }

    #[test]
    fn boundaries_that_ticks_reach_move_the_time_until_the_window_is_empty() {
        for (tick_ms, time_ms) in [(9, 5), (10, 10), (29, 20), (1_000, 30)] {
            assert_eq!(porch().close(tick_ms).unwrap().0, time_ms);
        }
    }
}
