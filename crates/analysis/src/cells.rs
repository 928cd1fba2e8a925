//! Small cells: counts that would tell of single people are not published, nor what they can be recomputed from.
//!
//! Counts of 1 to 4 are hidden ([`Disclosure`]), zeros are shown. Where totals are shown too, a hidden count would be a
//! total less its neighbours; so further counts are hidden with it (secondary suppression; Willenborg & de Waal 2001, Elements
//! of Statistical Disclosure Control, ch. 4) until **every hidden count could be another one**, also for a reader who knows
//! that hidden counts are at least 1. In a table with both margins that is so when the count lies on a cycle of hidden cells
//! along which one can be added and taken away in turn (Gusfield 1988, doi:10.1137/0217034). The cheapest such cycle is hidden,
//! totals last.
//!
//! Or round everything to 5 ([`rounded`]): nothing is missing, but nothing adds up. Surveys: cells with fewer than 10 answers are
//! hidden ([`Disclosure::shows_answers`]).
//!
//! **Caveats.** Hidden counts keep at least two possible values, not a wide range of them. Two tables that differ by a few
//! people tell what one table hides: compare each publication with those before it ([`Disclosure::differ_safely`]).
//!
//! ```
//! use vigie_analysis::cells::{Disclosure, Shown};
//! let shown = Disclosure::default().list(&[3, 40, 8, 0]).unwrap();
//! assert_eq!(shown.cells, [Shown::Hidden, Shown::Count(40), Shown::Hidden, Shown::Count(0)]);
//! ```

use crate::error::{AnalysisError, paired};

mod cycles;

/// Cells of a table, totals not counted.
pub const CELLS_MAX: usize = 10_000;

/// What is too small to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The smallest count, beside 0, that is shown.
    pub count_min: u64,
    /// The smallest number of answers of which a survey cell is shown.
    pub answers_min: u64,
}

impl Default for Disclosure {
    fn default() -> Self {
        Self { count_min: 5, answers_min: 10 }
    }
}

/// A count as published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It may be seen.
    Count(u64),
    /// It may not.
    Hidden,
}

/// A list of counts with its total, as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The counts, in their order.
    pub cells: Vec<Shown>,
    /// Their total.
    pub total: Shown,
}

/// A table of counts with its totals, as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The counts, row by row.
    pub cells: Vec<Vec<Shown>>,
    /// Totals of the rows.
    pub row_totals: Vec<Shown>,
    /// Totals of the columns.
    pub column_totals: Vec<Shown>,
    /// The total of all.
    pub total: Shown,
}

impl Disclosure {
    /// Whether a count may be shown by itself.
    #[must_use]
    pub const fn shows(&self, count: u64) -> bool {
        count == 0 || count >= self.count_min
    }

    /// Whether a survey cell of `answers` answers may be shown.
    #[must_use]
    pub const fn shows_answers(&self, answers: u64) -> bool {
        answers >= self.answers_min
    }

    /// Whether counts may be published although others of nearly the same people were: no pair differs by a count that
    /// would itself be hidden.
    ///
    /// # Errors
    /// When the two differ in length.
    pub fn differ_safely(&self, published: &[u64], proposed: &[u64]) -> Result<bool, AnalysisError> {
        paired(("the published counts", published.len()), ("the proposed ones", proposed.len()), 0, CELLS_MAX)?;
        Ok(published.iter().zip(proposed).all(|(one, other)| self.shows(one.abs_diff(*other))))
    }

    /// A list of counts as it may be published, with its total.
    ///
    /// # Errors
    /// When it is longer than [`CELLS_MAX`].
    pub fn list(&self, counts: &[u64]) -> Result<List, AnalysisError> {
        paired(("the counts", counts.len()), ("the counts", counts.len()), 0, CELLS_MAX)?;
        let total = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let mut hidden: Vec<bool> = counts.iter().map(|count| !self.shows(*count)).collect();
        let mut hides_total = !self.shows(total);
        let mut rest: Vec<usize> = (0..counts.len()).filter(|cell| !hidden[*cell] && counts[*cell] > 0).collect();
        rest.sort_by_key(|cell| std::cmp::Reverse(counts[*cell]));
        // Two hidden counts, not all of them 1, can be shifted against each other.
        while !hides_total && !shifts(counts, &hidden) {
            match rest.pop() {
                Some(next) => hidden[next] = true,
                None => hides_total = true,
            }
        }
        let cells = counts.iter().zip(hidden).map(|(count, hidden)| shown(*count, hidden)).collect();
        Ok(List { cells, total: shown(total, hides_total) })
    }

    /// A table of counts as it may be published, with all its totals.
    ///
    /// # Errors
    /// When it has no cell, rows differ in length, or it is larger than [`CELLS_MAX`].
    pub fn table(&self, counts: &[Vec<u64>]) -> Result<Table, AnalysisError> {
        let width = counts.first().map_or(0, Vec::len);
        for row in counts {
            paired(("a row", row.len()), ("the first row", width), 1, CELLS_MAX)?;
        }
        paired(("the cells", counts.len() * width), ("the cells", counts.len() * width), 1, CELLS_MAX)?;
        let sum = |cells: &mut dyn Iterator<Item = u64>| cells.fold(0_u64, u64::saturating_add);
        let mut entries: Vec<Vec<u64>> = counts.to_vec();
        for row in &mut entries {
            let total = sum(&mut row.iter().copied());
            row.push(total);
        }
        entries.push((0..=width).map(|column| sum(&mut entries.iter().map(|row| row[column]))).collect());
        let is_small = entries.iter().map(|row| row.iter().map(|count| !self.shows(*count)).collect()).collect();
        let hidden = cycles::closed(&entries, is_small);
        let mut cells: Vec<Vec<Shown>> = entries
            .iter()
            .zip(hidden)
            .map(|(row, hidden)| row.iter().zip(hidden).map(|(count, hidden)| shown(*count, hidden)).collect())
            .collect();
        let mut column_totals = cells.pop().unwrap_or_default();
        let total = column_totals.pop().unwrap_or(Shown::Hidden);
        let row_totals = cells.iter_mut().map(|row| row.pop().unwrap_or(Shown::Hidden)).collect();
        Ok(Table { cells, row_totals, column_totals, total })
    }
}

/// The nearest multiple of 5; halves do not occur.
#[must_use]
pub const fn rounded(count: u64) -> u64 {
    count.saturating_add(2) / 5 * 5
}

fn shifts(counts: &[u64], hidden: &[bool]) -> bool {
    let hidden_counts = || counts.iter().zip(hidden).filter(|(_, hidden)| **hidden).map(|(count, _)| *count);
    hidden_counts().count() == 0 || (hidden_counts().count() >= 2 && hidden_counts().any(|count| count >= 2))
}

const fn shown(count: u64, hidden: bool) -> Shown {
    if hidden { Shown::Hidden } else { Shown::Count(count) }
}

#[cfg(test)]
mod tests;
