//! Which rows of a piece are refused, and why: the first reason of each.

use crate::decode::reason::Reason;

/// Refused rows of one piece of a batch.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    is_refused: Vec<bool>,
    refused: Vec<(usize, Reason)>,
}

impl Refusals {
    /// Begins with `rows` rows, none of which is refused.
    pub(super) fn begin(&mut self, rows: usize) {
        self.is_refused.clear();
        self.is_refused.resize(rows, false);
        self.refused.clear();
    }

    /// Refuses a row, unless it is refused already.
    pub(super) fn refuse(&mut self, row: usize, reason: Reason) {
        if !self.is_refused[row] {
            self.is_refused[row] = true;
            self.refused.push((row, reason));
        }
    }

    /// Whether a row is refused.
    pub(super) fn has(&self, row: usize) -> bool {
        self.is_refused[row]
    }

    /// Whether none is.
    pub(super) fn is_empty(&self) -> bool {
        self.refused.is_empty()
    }

    /// How many are not.
    pub(super) fn kept(&self) -> usize {
        self.is_refused.len() - self.refused.len()
    }

    /// Takes all refusals, in the order of rows.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (usize, Reason)> {
        self.refused.sort_by_key(|(row, _)| *row);
        self.refused.drain(..)
    }

    /// Takes the values of refused rows out of a column.
    pub(super) fn sift<T>(&self, column: &mut Vec<T>) {
        let mut row = 0;
        column.retain(|_| {
            row += 1;
            !self.is_refused[row - 1]
        });
    }
}
