//! The hot rows of all tables: observations as the log has them, all others as columns of history.

use super::fold::Rows;
use crate::hot::{HotTable, from_offset};
use crate::observed::buffer::ObservedBuffer;
use crate::positions::Positions;
use crate::rows::observations::rows_of;
use crate::rows::observed::Observed;
use crate::schema::table::Table;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use std::sync::Arc;
use vigie_model::names::Names;

/// Rows that are not committed yet.
#[derive(Debug)]
pub(crate) struct HotRows {
    pub(crate) observations: ObservedBuffer,
    /// In the order of [`Table::ALL`]; that of observations stays empty.
    tables: Vec<HotTable>,
}

/// The hot rows of one table at one instant, as cheap clones.
#[derive(Debug)]
pub(crate) enum HotSnapshot {
    Rows(Vec<(i32, RecordBatch)>),
    Observed(Vec<Arc<Observed>>),
}

impl HotRows {
    /// Empty buffers; everything below these positions, in the order of [`Table::ALL`], is known to be stored.
    pub(crate) fn new(stored: Vec<Positions>) -> Self {
        let observations = ObservedBuffer::new(stored[Table::Observations as usize].clone());
        let tables = Table::ALL.into_iter().zip(stored).map(|(table, stored)| HotTable::new(table.schema(), stored));
        Self { observations, tables: tables.collect() }
    }

    /// Number of rows held.
    pub(crate) fn rows(&self) -> usize {
        self.observations.rows() + self.tables.iter().map(HotTable::rows).sum::<usize>()
    }

    /// The buffer of a table other than that of observations.
    pub(crate) fn table(&self, table: Table) -> &HotTable {
        debug_assert_ne!(table, Table::Observations, "observations have a buffer of their own");
        &self.tables[table as usize]
    }

    /// The next offset of a partition that would be new.
    pub(crate) fn taken(&self, table: Table, partition: i32) -> i64 {
        match table {
            Table::Observations => self.observations.taken(partition),
            _ => self.table(table).taken(partition),
        }
    }

    /// The next offset of each partition of a table that would be new.
    pub(crate) fn all_taken(&self, table: Table) -> &Positions {
        match table {
            Table::Observations => self.observations.all_taken(),
            _ => self.table(table).all_taken(),
        }
    }

    /// Takes rows of a table other than that of observations.
    pub(crate) fn take(&mut self, rows: &Rows) {
        self.tables[rows.table as usize].take(rows.partition, &rows.batch, rows.next);
    }

    /// Every row of a table, for a reader that learns the stored positions only afterwards.
    pub(crate) fn snapshot(&self, table: Table) -> HotSnapshot {
        match table {
            Table::Observations => HotSnapshot::Observed(self.observations.snapshot()),
            _ => HotSnapshot::Rows(self.table(table).snapshot()),
        }
    }

    /// Forgets rows below `stored`. Call only after a version with these positions was published.
    pub(crate) fn trim(&mut self, table: Table, stored: &Positions) {
        match table {
            Table::Observations => self.observations.trim(stored),
            _ => self.tables[table as usize].trim(stored),
        }
    }
}

impl HotSnapshot {
    /// Columns of history of the rows at or above `stored`. Cost for observations: all columns are made.
    pub(crate) fn above(self, stored: &Positions, centre: &str, names: &Names) -> Vec<RecordBatch> {
        match self {
            Self::Rows(chunks) => {
                chunks.iter().map(|(partition, rows)| from_offset(rows, stored.get(*partition))).collect()
            }
            Self::Observed(chunks) => {
                chunks.iter().filter_map(|chunk| observed_above(chunk, stored, centre, names)).collect()
            }
        }
    }
}

fn observed_above(chunk: &Observed, stored: &Positions, centre: &str, names: &Names) -> Option<RecordBatch> {
    let mut above = vec![false; chunk.len()];
    let mut count = 0;
    for row in chunk.rows_above(stored) {
        (above[row], count) = (true, count + 1);
    }
    if count == 0 {
        return None;
    }
    let rows = rows_of(chunk, centre, names);
    if count == chunk.len() {
        return Some(rows);
    }
    Some(filter_record_batch(&rows, &BooleanArray::from(above)).expect("a flag a row"))
}
