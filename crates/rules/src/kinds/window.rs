//! `window`: an aggregate over the panes of a sliding window.
//!
//! A pane covers `[i * pane, (i + 1) * pane)` since the epoch. Judged at t, the window covers the panes up to the one t
//! lies in. Only panes that hold inputs are kept; sum and count of the window run along, exactly, because sums of
//! millionths in 128 bits can be taken back without error.
//!
//! **Invariant**: `panes` ascends by index without empty panes, and `sum_micros` and `count` are those of `panes`.

use crate::expr::fold::Quantity;
use crate::kind::Aggregate;
use std::collections::VecDeque;

/// The panes of one key. Their number is bounded when the rule is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Panes {
    panes: VecDeque<Pane>,
    sum_micros: i128,
    count: i64,
    /// The next pane boundary after the latest judgement.
    boundary_ms: i64,
}

/// What one pane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pane {
    /// Number of the pane since the epoch.
    pub(crate) index: i64,
    /// Inputs in it, at least one.
    pub(crate) count: i64,
    /// Sum of their values in millionths.
    pub(crate) sum_micros: i128,
    /// The smallest.
    pub(crate) min_micros: i64,
    /// The largest.
    pub(crate) max_micros: i64,
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
        (end_ms - self.window_ms, end_ms)
    }
}

impl Default for Panes {
    fn default() -> Self {
        Self { panes: VecDeque::new(), sum_micros: 0, count: 0, boundary_ms: i64::MAX }
    }
}

impl Panes {
    /// Reads the oldest and the newest pane; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        self.panes.front().map_or(0, |pane| pane.index) ^ self.panes.back().map_or(0, |pane| pane.index)
    }

    /// Moves the window to `at_ms`: panes before it leave, and the next boundary is set.
    pub(crate) fn slide(&mut self, at_ms: i64, span: Span) {
        let (start_ms, end_ms) = span.bounds_ms(at_ms);
        let first = start_ms.div_euclid(span.pane_ms);
        while let Some(pane) = self.panes.front().copied().filter(|pane| pane.index < first) {
            self.sum_micros -= pane.sum_micros;
            self.count -= pane.count;
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
        if self.panes.get(place).is_none_or(|pane| pane.index != index) {
            let empty = Pane { index, count: 0, sum_micros: 0, min_micros: i64::MAX, max_micros: i64::MIN };
            self.panes.insert(place, empty);
        }
        let pane = &mut self.panes[place];
        pane.count += 1;
        pane.sum_micros += i128::from(micros);
        pane.min_micros = pane.min_micros.min(micros);
        pane.max_micros = pane.max_micros.max(micros);
        self.count += 1;
        self.sum_micros += i128::from(micros);
    }

    /// The next pane boundary after the latest judgement; meaningless before the first.
    pub(crate) const fn boundary_ms(&self) -> i64 {
        self.boundary_ms
    }

    /// Whether no input is in the window.
    pub(crate) fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// The aggregate; `None` when it is missing. Cost: the number of panes for `min` and `max`, else constant.
    pub(crate) fn quantity(&self, agg: Aggregate, min_count: i64) -> Option<Quantity> {
        let single = |micros| Quantity { micros, count: 1 };
        match agg {
            Aggregate::Count => {
                return Some(single(i128::from(self.count) * i128::from(vigie_model::decimal::MICROS_PER_UNIT)));
            }
            Aggregate::Sum => return Some(single(self.sum_micros)),
            _ if self.count < min_count => return None,
            _ => {}
        }
        match agg {
            Aggregate::Min => self.panes.iter().map(|pane| pane.min_micros).min().map(|micros| single(micros.into())),
            Aggregate::Max => self.panes.iter().map(|pane| pane.max_micros).max().map(|micros| single(micros.into())),
            _ => (self.count > 0).then_some(Quantity { micros: self.sum_micros, count: self.count }),
        }
    }

    /// The panes, from the oldest.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pane> {
        self.panes.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span { window_ms: 30, pane_ms: 10 };

    #[test]
    fn slides_over_panes_also_before_the_epoch() {
        assert_eq!(SPAN.bounds_ms(29), (0, 30));
        assert_eq!(SPAN.bounds_ms(30), (10, 40));
        assert_eq!(SPAN.bounds_ms(-1), (-30, 0));
    }

    #[test]
    fn late_inputs_enter_their_pane_and_old_panes_leave_exactly() {
        let mut panes = Panes::default();
        panes.slide(25, SPAN);
        for (micros, event_time_ms) in [(5_000_000, 25), (1_000_000, 3), (-2_000_000, 4)] {
            panes.add(micros, event_time_ms, SPAN);
        }
        assert_eq!(panes.quantity(Aggregate::Mean, 3), Some(Quantity { micros: 4_000_000, count: 3 }));
        assert_eq!(panes.quantity(Aggregate::Min, 1), Some(Quantity { micros: -2_000_000, count: 1 }));
        panes.slide(30, SPAN);
        assert_eq!((panes.boundary_ms(), panes.iter().count()), (40, 1));
        assert_eq!(panes.quantity(Aggregate::Mean, 2), None);
        assert_eq!(panes.quantity(Aggregate::Sum, 1), Some(Quantity { micros: 5_000_000, count: 1 }));
        panes.slide(1000, SPAN);
        assert!(panes.is_empty());
        assert_eq!(panes.quantity(Aggregate::Count, 1), Some(Quantity { micros: 0, count: 1 }));
        assert_eq!(panes.quantity(Aggregate::Max, 1), None);
    }
}
