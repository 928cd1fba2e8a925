//! `change`: the last value of a sliding window minus its first.
//!
//! By event time; of several values at one instant the first to arrive is the first, and the last to arrive the last.

use crate::expr::fold::Quantity;
use crate::kinds::calm::Calm;
use crate::kinds::panes::{Content, Panes, Span};
use crate::saved::saved;

/// A value and when it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// In millionths.
    pub(crate) micros: i64,
    /// When.
    pub(crate) event_time_ms: i64,
}

/// The first and the last value of one pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    first: Measured,
    last: Measured,
}

saved!(Measured { micros, event_time_ms });
saved!(Ends { first, last });

impl Content for Ends {
    fn of(micros: i64, event_time_ms: i64) -> Self {
        let only = Measured { micros, event_time_ms };
        Self { first: only, last: only }
    }

    fn add(&mut self, micros: i64, event_time_ms: i64) {
        if event_time_ms < self.first.event_time_ms {
            self.first = Measured { micros, event_time_ms };
        }
        if event_time_ms >= self.last.event_time_ms {
            self.last = Measured { micros, event_time_ms };
        }
    }
}

/// The sliding window of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The panes.
    pub(crate) panes: Panes<Ends>,
    /// Length of window and panes.
    pub(crate) span: Span,
}

impl Change {
    /// An empty window.
    pub(crate) fn new(span: Span) -> Self {
        Self { panes: Panes::default(), span }
    }

    /// Moves the window to `at_ms`.
    pub(crate) fn slide(&mut self, at_ms: i64) {
        self.panes.slide(at_ms, self.span, |_| ());
    }

    /// Takes in a value whose event time lies in the window.
    pub(crate) fn add(&mut self, micros: i64, event_time_ms: i64) {
        self.panes.add(micros, event_time_ms, self.span);
    }

    /// The values that may enter without moving a rule. Cost: the number of panes.
    pub(crate) fn calm(&self, quiet_around: impl Fn(i64) -> Option<(i64, i64)>) -> Option<Calm> {
        let ends = || self.panes.iter().flat_map(|pane| [pane.content.first.micros, pane.content.last.micros]);
        let (smallest, largest) = (ends().min()?, ends().max()?);
        let (fall, rise) = quiet_around(0)?;
        let apart = rise.min(fall.saturating_neg());
        let calm = Calm { low: largest.saturating_sub(apart), high: smallest.saturating_add(apart), apart };
        Some(calm).filter(|calm| calm.allows(smallest) && calm.allows(largest)).map(|calm| calm.near(smallest))
    }

    /// The first and the last value of the window; `None` when it is empty.
    pub(crate) fn ends(&self) -> Option<(Measured, Measured)> {
        let mut panes = self.panes.iter();
        let first = panes.next()?.content;
        Some((first.first, panes.next_back().map_or(first.last, |pane| pane.content.last)))
    }

    /// The last value minus the first; `None` when the window is empty.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        let (first, last) = self.ends()?;
        Some(Quantity { micros: i128::from(last.micros) - i128::from(first.micros), count: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_and_to_the_last_to_arrive() {
        let mut change = Change::new(Span { window_ms: 30, pane_ms: 10 });
        change.slide(25);
        for (micros, event_time_ms) in [(5, 12), (7, 12), (100, 21), (200, 21), (1, 20)] {
            change.add(micros, event_time_ms);
        }
        assert_eq!(change.quantity(), Some(Quantity { micros: 195, count: 1 }));
        change.slide(45);
        assert_eq!(change.quantity(), Some(Quantity { micros: 199, count: 1 }), "200 - 1 in the last pane");
        change.slide(60);
        assert_eq!(change.quantity(), None);
    }
}
