//! Which cells of a table are hidden along with the small ones.
//!
//! Rows and columns are the nodes of a graph, cells the edges; the totals are one more row and one more column, whose sign is
//! the other one, so that every line sums to 0. A count may be another one when adding 1 to it can be made good along a
//! path of hidden cells from its column back to its row: 1 less in the first, 1 more in the next, and so on; or the same with
//! both signs turned. A hidden count never falls below 1, as a reader knows that zeros are shown.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Hides cells until each hidden one may be another count. It ends: every count that is not 0 lies on a cycle with its two
/// totals and the total of all, along which 1 can always be added.
pub(super) fn closed(entries: &[Vec<u64>], mut hidden: Vec<Vec<bool>>) -> Vec<Vec<bool>> {
    let (rows, columns) = (entries.len(), entries[0].len());
    let mut waiting: Vec<(usize, usize)> = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .filter(|at| hidden[at.0][at.1])
        .collect();
    // A cell that is protected stays so when more are hidden.
    while let Some(cell) = waiting.pop() {
        let graph = Graph { entries, hidden: &hidden };
        let ways = [true, false].into_iter().filter_map(|adds| graph.cheapest(cell, adds));
        let Some((_, path)) = ways.min_by_key(|(cost, _)| *cost) else { continue };
        for (row, column) in path {
            if !hidden[row][column] {
                hidden[row][column] = true;
                waiting.push((row, column));
            }
        }
    }
    hidden
}

struct Graph<'a> {
    entries: &'a [Vec<u64>],
    hidden: &'a [Vec<bool>],
}

impl Graph<'_> {
    fn rows(&self) -> usize {
        self.entries.len()
    }

    fn columns(&self) -> usize {
        self.entries[0].len()
    }

    fn is_total(&self, (row, column): (usize, usize)) -> bool {
        (row == self.rows() - 1) != (column == self.columns() - 1)
    }

    /// Whether the count of a cell may change so that its line's sum grows (or falls).
    fn moves(&self, cell: (usize, usize), grows: bool) -> bool {
        let count = self.entries[cell.0][cell.1];
        // A total stands in its line with the other sign.
        let adds = grows != self.is_total(cell);
        if adds { count >= 1 } else { count >= 2 }
    }

    /// What hiding a cell costs: what the reader loses. Totals are worth more than any cell.
    fn cost(&self, (row, column): (usize, usize)) -> u64 {
        if self.hidden[row][column] {
            return 0;
        }
        let all = self.entries[self.rows() - 1][self.columns() - 1];
        let margins = u64::from(row == self.rows() - 1) + u64::from(column == self.columns() - 1);
        self.entries[row][column].saturating_add(all.saturating_mul(margins))
    }

    /// The cheapest cells along which a change of `start` (its line growing or falling) is made good, with their cost.
    /// Dijkstra's algorithm over rows (first) and columns (after them).
    fn cheapest(&self, start: (usize, usize), grows: bool) -> Option<(u64, Vec<(usize, usize)>)> {
        if !self.moves(start, grows) {
            return None;
        }
        let (rows, nodes) = (self.rows(), self.rows() + self.columns());
        let (from, to) = (rows + start.1, start.0);
        let mut least = vec![u64::MAX; nodes];
        let mut came: Vec<Option<usize>> = vec![None; nodes];
        let mut next = BinaryHeap::from([Reverse((0, from))]);
        least[from] = 0;
        while let Some(Reverse((cost, node))) = next.pop() {
            if node == to {
                return Some((cost, self.path(&came, from, to)));
            }
            if cost > least[node] {
                continue;
            }
            let is_column = node >= rows;
            let others = if is_column { 0..rows } else { rows..nodes };
            for other in others {
                let cell = if is_column { (other, node - rows) } else { (node, other - rows) };
                // From a column on, the first cell makes good what the start changed; then they alternate.
                if cell == start || !self.moves(cell, grows != is_column) {
                    continue;
                }
                let sum = cost.saturating_add(self.cost(cell));
                if sum < least[other] {
                    least[other] = sum;
                    came[other] = Some(node);
                    next.push(Reverse((sum, other)));
                }
            }
        }
        None
    }

    fn path(&self, came: &[Option<usize>], from: usize, to: usize) -> Vec<(usize, usize)> {
        let (mut cells, mut node) = (Vec::new(), to);
        while let Some(before) = came[node].filter(|_| node != from) {
            let (row, column) = if node < self.rows() { (node, before) } else { (before, node) };
            cells.push((row, column - self.rows()));
            node = before;
        }
        cells
    }
}
