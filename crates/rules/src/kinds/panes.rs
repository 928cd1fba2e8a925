//! Panes of a sliding window, shared by the kinds that have one.
//!
//! A pane covers `[i * pane, (i + 1) * pane)` since the epoch. Judged at t, the window covers the panes up to the one t
//! lies in. Only panes that hold inputs are kept.
//!
//! **Invariant**: `panes` ascends by index, without empty panes.

use crate::saved::{Loader, Saved, Saver, Wrong};
use std::collections::VecDeque;

/// What one pane remembers of its inputs.
pub(crate) trait Content {
    /// A pane with its first input.
    fn of(micros: i64, event_time_ms: i64) -> Self;

    /// Takes in another input, in the order of arrival.
    fn add(&mut self, micros: i64, event_time_ms: i64);
}

/// The panes of one key. Their number is bounded when the rule is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panes<C> {
    panes: VecDeque<Pane<C>>,
    /// The next pane boundary after the latest judgement.
    boundary_ms: i64,
}

/// One pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pane<C> {
    /// Number of the pane since the epoch.
    pub(crate) index: i64,
    /// What it holds.
    pub(crate) content: C,
}

/// Length of a window and of its panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Length of the window, a multiple of the pane.
    pub(crate) window_ms: i64,
    /// Length of a pane.
    pub(crate) pane_ms: i64,
}

impl Span {
    /// First instant and end of the window judged at `at_ms`.
    pub(crate) const fn bounds_ms(self, at_ms: i64) -> (i64, i64) {
        let end_ms = (at_ms.div_euclid(self.pane_ms) + 1) * self.pane_ms;
        (end_ms.saturating_sub(self.window_ms), end_ms)
    }

    /// When the pane of an instant leaves the window.
    pub(crate) const fn leaves_ms(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.pane_ms) * self.pane_ms + self.window_ms
    }
}

impl<C: Saved> Saved for Panes<C> {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { panes, boundary_ms } = self;
        boundary_ms.save(to);
        to.all(panes.iter());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Self { boundary_ms: i64::load(from)?, panes: VecDeque::load(from)? })
    }
}

impl<C: Saved> Saved for Pane<C> {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { index, content } = self;
        index.save(to);
        content.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Self { index: i64::load(from)?, content: C::load(from)? })
    }
}

impl<C> Default for Panes<C> {
    fn default() -> Self {
        Self { panes: VecDeque::new(), boundary_ms: i64::MAX }
    }
}

impl<C: Content> Panes<C> {
    /// Reads the oldest and the newest pane; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.panes.front().map_or(0, |pane| pane.index) ^ self.panes.back().map_or(0, |pane| pane.index)
    }

    /// Moves the window to `at_ms`: `leave` is called for the panes before it, and the next boundary is set.
    pub(crate) fn slide(&mut self, at_ms: i64, span: Span, mut leave: impl FnMut(&C)) {
        let (start_ms, end_ms) = span.bounds_ms(at_ms);
        let first = start_ms.div_euclid(span.pane_ms);
        while let Some(pane) = self.panes.front().filter(|pane| pane.index < first) {
            leave(&pane.content);
            self.panes.pop_front();
        }
        self.boundary_ms = end_ms;
    }

    /// Takes in a value whose event time lies in the window.
    pub(crate) fn add(&mut self, micros: i64, event_time_ms: i64, span: Span) {
        let index = event_time_ms.div_euclid(span.pane_ms);
        // Inputs mostly come in order: into the newest pane, or into one behind it.
        let place = match self.panes.back() {
            Some(newest) if newest.index < index => self.panes.len(),
            Some(newest) if newest.index == index => self.panes.len() - 1,
            _ => self.panes.partition_point(|pane| pane.index < index),
        };
        match self.panes.get_mut(place) {
            Some(pane) if pane.index == index => pane.content.add(micros, event_time_ms),
            _ => self.panes.insert(place, Pane { index, content: C::of(micros, event_time_ms) }),
        }
    }

    /// The next pane boundary after the latest judgement; meaningless before the first.
    pub(crate) const fn boundary_ms(&self) -> i64 {
        self.boundary_ms
    }

    /// When the newest pane leaves the window; `None` when it is empty.
    pub(crate) fn empty_ms(&self, span: Span) -> Option<i64> {
        Some(span.leaves_ms(self.panes.back()?.index * span.pane_ms))
    }

    /// Whether no input is in the window.
    pub(crate) fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// The panes, from the oldest.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pane<C>> {
        self.panes.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides_over_panes_also_before_the_epoch() {
        let span = Span { window_ms: 30, pane_ms: 10 };
        assert_eq!(span.bounds_ms(29), (0, 30));
        assert_eq!(span.bounds_ms(30), (10, 40));
        assert_eq!(span.bounds_ms(-1), (-30, 0));
        assert_eq!(span.bounds_ms(i64::MIN).0, i64::MIN, "asked before any value");
    }
}
