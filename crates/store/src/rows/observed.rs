//! Observations of many batches of the log, in the order in which they came, each with its place in the log.

use super::columns::offset;
use crate::positions::Positions;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::metric::Metrics;
use vigie_model::position::PartitionIx;
use vigie_model::record::Batch;

/// Rows of any partitions of the log; all columns have the same length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// The rows as they are in the log.
    pub(crate) columns: Observations,
    /// Partition of each row.
    pub(crate) partitions: Vec<PartitionIx>,
    /// Offset of each row in its partition; within a partition they ascend.
    pub(crate) offsets: Vec<i64>,
    /// The metrics as they were configured when the rows came.
    pub(crate) metrics: Arc<Metrics>,
}

impl Observed {
    /// No rows, and room for `rows` with so many bytes of ids, of metrics configured like this.
    pub(crate) fn with_capacity(rows: usize, id_bytes: usize, metrics: &Arc<Metrics>) -> Self {
        Self {
            columns: Observations::with_capacity_and_ids(rows, id_bytes),
            partitions: Vec::with_capacity(rows),
            offsets: Vec::with_capacity(rows),
            metrics: Arc::clone(metrics),
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The rows at or above `stored`.
    pub(crate) fn rows_above(&self, stored: &Positions) -> impl Iterator<Item = usize> {
        let positions = stored.dense();
        let above = move |row: &usize| {
            let position = positions.get(usize::from(self.partitions[*row])).copied().unwrap_or(0);
            self.offsets[*row] >= position
        };
        (0..self.len()).filter(above)
    }

    /// Appends a batch without its first `skip` rows.
    pub(crate) fn append(&mut self, batch: &Batch<Observations>, skip: usize) {
        let rows = &batch.rows;
        if skip == 0 {
            self.columns.append(rows);
        } else {
            (skip..rows.len()).for_each(|index| self.columns.push_from(rows, index));
        }
        let first = offset(batch.first_offset) + skip as i64;
        self.offsets.extend((first..).take(rows.len() - skip));
        self.partitions.resize(self.offsets.len(), batch.partition);
    }
}
