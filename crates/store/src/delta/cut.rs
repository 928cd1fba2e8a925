//! What to commit next: rows of a table, and the positions once they are stored.

use crate::hot::{HotCut, from_offset};
use crate::observed::buffer::ObservedCut;
use crate::positions::Positions;
use arrow::array::RecordBatch;
use std::sync::Arc;
use vigie_model::names::Names;

/// Rows as they were hot.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// Columns of history.
    Rows(HotCut),
    /// Columns of the log.
    Observed(ObservedRows),
}

/// Observations with what makes rows of them.
#[derive(Clone, Debug)]
pub(crate) struct ObservedRows {
    pub(crate) cut: ObservedCut,
    pub(crate) names: Arc<Names>,
    pub(crate) centre: Arc<str>,
}

impl Cut {
    /// The positions once the rows are stored.
    pub(crate) const fn next(&self) -> &Positions {
        match self {
            Self::Rows(cut) => &cut.next,
            Self::Observed(rows) => &rows.cut.next,
        }
    }

    /// How many rows there are at or above `stored`.
    pub(crate) fn rows_above(&self, stored: &Positions) -> usize {
        match self {
            Self::Rows(cut) => cut.above(stored).iter().map(RecordBatch::num_rows).sum(),
            Self::Observed(rows) => rows.cut.chunks.iter().map(|chunk| chunk.rows_above(stored).count()).sum(),
        }
    }
}

impl HotCut {
    /// The rows at or above `stored`.
    pub(crate) fn above(&self, stored: &Positions) -> Vec<RecordBatch> {
        let above = self.rows.iter().map(|(partition, rows)| from_offset(rows, stored.get(*partition)));
        above.filter(|rows| rows.num_rows() > 0).collect()
    }
}
