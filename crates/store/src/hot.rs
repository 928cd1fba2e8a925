//! The hot buffer of one table: rows taken, but not yet in a Delta commit.
//!
//! **Invariants**
//! - The chunks of a partition are in the order of their offsets and do not overlap.
//! - Every row taken is in a chunk until [`HotTable::trim`] is told that a published version holds it.
//! - A row below `taken` was taken before and is dropped: taking twice is taking once.
//!
//! Small batches are merged like the digits of a binary counter (equal neighbours become one), so a partition holds few
//! chunks and a row is copied at most log2([`MERGED_ROWS_MAX`]) times.

use crate::positions::Positions;
use crate::schema::table::OFFSET;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Field, Int64Type, SchemaRef};
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Chunks are merged up to this many rows; beyond it copying costs more than another chunk.
const MERGED_ROWS_MAX: usize = 4_096;

/// Rows of one partition: offsets in `[.., next)`, none below `next` is missing from what was taken.
#[derive(Clone, Debug)]
struct Chunk {
    next: i64,
    rows: RecordBatch,
}

/// The rows of one table that are not committed yet.
#[derive(Debug)]
pub(crate) struct HotTable {
    schema: SchemaRef,
    chunks: BTreeMap<i32, Vec<Chunk>>,
    taken: Positions,
    rows: usize,
}

/// Rows to commit next.
#[derive(Clone, Debug)]
pub(crate) struct HotCut {
    /// Rows by partition, in the order of their offsets.
    pub(crate) rows: Vec<(i32, RecordBatch)>,
    /// The positions once those rows are stored.
    pub(crate) next: Positions,
}

impl HotTable {
    /// An empty buffer of rows with `schema`; everything below `stored` is known to be stored.
    pub(crate) fn new(schema: SchemaRef, stored: Positions) -> Self {
        Self { schema, chunks: BTreeMap::new(), taken: stored, rows: 0 }
    }

    /// Number of rows held.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The next offset of a partition that would be new.
    pub(crate) fn taken(&self, partition: i32) -> i64 {
        self.taken.get(partition)
    }

    /// The next offset of each partition that would be new.
    pub(crate) const fn all_taken(&self) -> &Positions {
        &self.taken
    }

    /// Takes rows of one partition, ascending by offset, after which the partition stands at `next`; returns how many
    /// were new.
    pub(crate) fn take(&mut self, partition: i32, rows: &RecordBatch, next: i64) -> usize {
        let fresh = from_offset(rows, self.taken.get(partition));
        let count = fresh.num_rows();
        if count == 0 {
            // What is taken has to be committed one day, and a commit needs rows.
            return 0;
        }
        self.taken.advance(partition, next);
        self.rows += count;
        let chunks = self.chunks.entry(partition).or_default();
        chunks.push(Chunk { next, rows: fresh });
        merge_equal_neighbours(&self.schema, chunks);
        count
    }

    /// The rows at or above `stored`, all partitions at one instant.
    pub(crate) fn cut(&self, stored: &Positions) -> HotCut {
        let mut cut = HotCut { rows: Vec::new(), next: Positions::default() };
        for (partition, chunk) in self.chunks_above(stored) {
            cut.rows.push((partition, from_offset(&chunk.rows, stored.get(partition))));
            cut.next.advance(partition, chunk.next);
        }
        cut
    }

    /// Every chunk, as cheap clones, for a reader that learns the stored positions only afterwards.
    pub(crate) fn snapshot(&self) -> Vec<(i32, RecordBatch)> {
        self.chunks.iter().flat_map(|(p, chunks)| chunks.iter().map(|chunk| (*p, chunk.rows.clone()))).collect()
    }

    /// Forgets rows below `stored`. Call only after a version with these positions was published.
    pub(crate) fn trim(&mut self, stored: &Positions) {
        for (partition, chunks) in &mut self.chunks {
            let position = stored.get(*partition);
            chunks.retain(|chunk| chunk.next > position);
            if let Some(first) = chunks.first_mut() {
                first.rows = from_offset(&first.rows, position);
            }
        }
        self.chunks.retain(|_, chunks| !chunks.is_empty());
        self.rows = self.chunks.values().flatten().map(|chunk| chunk.rows.num_rows()).sum();
        self.taken.advance_all(stored);
    }

    fn chunks_above<'a>(&'a self, stored: &'a Positions) -> impl Iterator<Item = (i32, &'a Chunk)> {
        let all = self.chunks.iter().flat_map(|(partition, chunks)| chunks.iter().map(|chunk| (*partition, chunk)));
        all.filter(|(partition, chunk)| chunk.next > stored.get(*partition))
    }
}

/// The rows with offsets at or above `first`, without copying; the rows ascend by offset.
pub(crate) fn from_offset(rows: &RecordBatch, first: i64) -> RecordBatch {
    let offsets = rows.column_by_name(OFFSET).expect("every history table has offsets").as_primitive::<Int64Type>();
    let skip = offsets.values().partition_point(|offset| *offset < first);
    rows.slice(skip, rows.num_rows() - skip)
}

/// The same rows with the column types of `schema`, and in its order: a column that came later stands behind all others in a
/// table of an earlier version.
pub(crate) fn cast_to(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let missing = |name: &str| ArrowError::SchemaError(format!("there is no column {name}"));
    let cast_column = |field: &Arc<Field>| {
        let column = rows.column_by_name(field.name()).ok_or_else(|| missing(field.name()))?;
        cast(column, field.data_type())
    };
    let cast = schema.fields().iter().map(cast_column).collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), cast)
}

fn merge_equal_neighbours(schema: &SchemaRef, chunks: &mut Vec<Chunk>) {
    while let [.., before, last] = chunks.as_slice() {
        let merged_rows = before.rows.num_rows() + last.rows.num_rows();
        if last.rows.num_rows() < before.rows.num_rows() || merged_rows > MERGED_ROWS_MAX {
            return;
        }
        let rows = concat_batches(schema, [&before.rows, &last.rows]).expect("chunks of one table share its schema");
        let merged = Chunk { next: last.next, rows };
        chunks.truncate(chunks.len() - 2);
        chunks.push(merged);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::{DataType, Schema};

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new(OFFSET, DataType::Int64, false)]))
    }

    fn rows(offsets: impl IntoIterator<Item = i64>) -> RecordBatch {
        RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(offsets))]).unwrap()
    }

    fn offsets(rows: &[(i32, RecordBatch)]) -> Vec<(i32, i64)> {
        let of = |(p, b): &(i32, RecordBatch)| {
            b.column(0).as_primitive::<Int64Type>().values().iter().map(|o| (*p, *o)).collect::<Vec<_>>()
        };
        rows.iter().flat_map(of).collect()
    }

    #[test]
    fn taking_twice_is_taking_once() {
        let mut hot = HotTable::new(schema(), Positions::from_iter([(0, 2)]));
        assert_eq!(hot.take(0, &rows(0..4), 4), 2);
        assert_eq!(hot.take(0, &rows(0..4), 4), 0);
        assert_eq!(hot.take(0, &rows(3..6), 6), 2);
        assert_eq!(hot.rows(), 4);
        assert_eq!(offsets(&hot.snapshot()), [(0, 2), (0, 3), (0, 4), (0, 5)]);
    }

    #[test]
    fn a_cut_is_what_is_not_stored_and_a_trim_forgets_what_is() {
        let mut hot = HotTable::new(schema(), Positions::default());
        hot.take(0, &rows([1, 5, 7]), 8);
        hot.take(3, &rows([0]), 1);
        let cut = hot.cut(&Positions::from_iter([(0, 6)]));
        assert_eq!(offsets(&cut.rows), [(0, 7), (3, 0)]);
        assert_eq!(cut.next, Positions::from_iter([(0, 8), (3, 1)]));
        hot.trim(&Positions::from_iter([(0, 6)]));
        assert_eq!(offsets(&hot.snapshot()), [(0, 7), (3, 0)]);
        hot.trim(&cut.next);
        assert_eq!((hot.rows(), hot.snapshot().len()), (0, 0));
        assert_eq!(hot.take(0, &rows([7]), 8), 0, "trimmed rows stay known");
    }

    #[test]
    fn a_thousand_single_rows_are_few_chunks() {
        let mut hot = HotTable::new(schema(), Positions::default());
        for offset in 0..1_000 {
            hot.take(0, &rows([offset]), offset + 1);
        }
        assert!(hot.snapshot().len() <= 10, "{}", hot.snapshot().len());
        assert_eq!(offsets(&hot.snapshot()), (0..1_000).map(|o| (0, o)).collect::<Vec<_>>());
    }
}
