//! `window`: an aggregate over the panes of a sliding window.
//!
//! Sum and count of the window run along, exactly, because sums of millionths in 128 bits can be taken back without error.
//!
//! **Invariant**: `sum_micros` and `count` are those of `panes`.

use crate::expr::fold::Quantity;
use crate::kind::Aggregate;
use crate::kinds::calm::Calm;
use crate::kinds::panes::{Content, Panes, Span};
use crate::saved::saved;

/// What one pane of a window amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Inputs in it, at least one.
    pub(crate) count: i64,
    /// Sum of their values in millionths.
    pub(crate) sum_micros: i128,
    /// The smallest.
    pub(crate) min_micros: i64,
    /// The largest.
    pub(crate) max_micros: i64,
}

saved!(Tally { count, sum_micros, min_micros, max_micros });

impl Content for Tally {
    fn of(micros: i64, _event_time_ms: i64) -> Self {
        Self { count: 1, sum_micros: micros.into(), min_micros: micros, max_micros: micros }
    }

    fn add(&mut self, micros: i64, _event_time_ms: i64) {
        self.count += 1;
        self.sum_micros += i128::from(micros);
        self.min_micros = self.min_micros.min(micros);
        self.max_micros = self.max_micros.max(micros);
    }
}

/// The sliding window of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The panes.
    pub(crate) panes: Panes<Tally>,
    /// Length of window and panes.
    pub(crate) span: Span,
    /// How its inputs become one value.
    pub(crate) agg: Aggregate,
    /// Fewer inputs make no mean, minimum or maximum.
    pub(crate) min_count: i64,
    sum_micros: i128,
    count: i64,
}

impl Window {
    /// An empty window.
    pub(crate) fn new(span: Span, agg: Aggregate, min_count: i64) -> Self {
        Self { panes: Panes::default(), span, agg, min_count, sum_micros: 0, count: 0 }
    }

    /// Goes on from panes of a window of the same lengths.
    pub(crate) fn restore(&mut self, panes: Panes<Tally>) {
        let tallies = || panes.iter().map(|pane| &pane.content);
        self.sum_micros = tallies().fold(0, |sum, tally| tally.sum_micros.wrapping_add(sum));
        self.count = tallies().fold(0, |count, tally| tally.count.wrapping_add(count));
        self.panes = panes;
    }

    /// Moves the window to `at_ms`.
    pub(crate) fn slide(&mut self, at_ms: i64) {
        let (sum_micros, count) = (&mut self.sum_micros, &mut self.count);
        self.panes.slide(at_ms, self.span, |tally| {
            *sum_micros -= tally.sum_micros;
            *count -= tally.count;
        });
    }

    /// Takes in a value whose event time lies in the window.
    pub(crate) fn add(&mut self, micros: i64, event_time_ms: i64) {
        self.panes.add(micros, event_time_ms, self.span);
        self.count += 1;
        self.sum_micros += i128::from(micros);
    }

    /// The values that may enter without moving a rule. Cost: the number of panes.
    pub(crate) fn calm(&self, quiet_around: impl Fn(i64) -> Option<(i64, i64)>) -> Option<Calm> {
        if matches!(self.agg, Aggregate::Count | Aggregate::Sum) {
            return None;
        }
        let smallest = self.panes.iter().map(|pane| pane.content.min_micros).min()?;
        let largest = self.panes.iter().map(|pane| pane.content.max_micros).max()?;
        let (low, high) = quiet_around(smallest)?;
        (largest <= high).then_some(Calm { low, high, apart: i64::MAX }.near(smallest))
    }

    /// The aggregate; `None` when it is missing. Cost: the number of panes for `min` and `max`, else constant.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        let single = |micros| Quantity { micros, count: 1 };
        match self.agg {
            Aggregate::Count => {
                return Some(single(i128::from(self.count) * i128::from(vigie_model::decimal::MICROS_PER_UNIT)));
            }
            Aggregate::Sum => return Some(single(self.sum_micros)),
            _ if self.count < self.min_count => return None,
            _ => {}
        }
        let tallies = || self.panes.iter().map(|pane| &pane.content);
        match self.agg {
            Aggregate::Min => tallies().map(|tally| tally.min_micros).min().map(|micros| single(micros.into())),
            Aggregate::Max => tallies().map(|tally| tally.max_micros).max().map(|micros| single(micros.into())),
            _ => (self.count > 0).then_some(Quantity { micros: self.sum_micros, count: self.count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_inputs_enter_their_pane_and_old_panes_leave_exactly() {
        let mut window = Window::new(Span { window_ms: 30, pane_ms: 10 }, Aggregate::Mean, 3);
        let quantity = |window: &Window, agg, min_count| Window { agg, min_count, ..window.clone() }.quantity();
        window.slide(25);
        for (micros, event_time_ms) in [(5_000_000, 25), (1_000_000, 3), (-2_000_000, 4)] {
            window.add(micros, event_time_ms);
        }
        assert_eq!(window.quantity(), Some(Quantity { micros: 4_000_000, count: 3 }));
        assert_eq!(quantity(&window, Aggregate::Min, 1), Some(Quantity { micros: -2_000_000, count: 1 }));
        window.slide(30);
        assert_eq!((window.panes.boundary_ms(), window.panes.iter().count()), (40, 1));
        assert_eq!(quantity(&window, Aggregate::Mean, 2), None);
        assert_eq!(quantity(&window, Aggregate::Sum, 1), Some(Quantity { micros: 5_000_000, count: 1 }));
        window.slide(1000);
        assert!(window.panes.is_empty());
        assert_eq!(quantity(&window, Aggregate::Count, 1), Some(Quantity { micros: 0, count: 1 }));
        assert_eq!(quantity(&window, Aggregate::Max, 1), None);
    }
}
