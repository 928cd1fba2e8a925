//! The hot buffer of observations: rows taken, but not yet in a Delta commit.
//!
//! **Invariants**
//! - Rows of a partition are in the order of their offsets, none twice.
//! - Every row taken is in a chunk until [`ObservedBuffer::trim`] is told that a published version holds it.
//! - A chunk that somebody else holds does not change: the next rows begin another.
//!
//! Rows are appended to the last chunk, so a million batches of one row are few chunks, and a row is copied once. Rows below
//! a position may stay in a chunk of which others lie above it; whoever reads a chunk leaves them out.

use crate::positions::Positions;
use crate::rows::observed::Observed;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::metric::Metrics;
use vigie_model::record::Batch;

/// Rows after which a chunk is full. A query makes columns of a chunk at a time, and may have little memory to sort them.
const CHUNK_ROWS_MAX: usize = 4_096;

/// Rows, and for each partition among them the offset after its last.
#[derive(Clone, Debug)]
struct Chunk {
    rows: Arc<Observed>,
    next: Positions,
}

/// The observations that are not committed yet.
#[derive(Debug)]
pub(crate) struct ObservedBuffer {
    chunks: Vec<Chunk>,
    taken: Positions,
    rows: usize,
}

/// Observations to commit next.
#[derive(Clone, Debug)]
pub(crate) struct ObservedCut {
    /// Rows in the order in which they came.
    pub(crate) chunks: Vec<Arc<Observed>>,
    /// The positions once those rows are stored.
    pub(crate) next: Positions,
}

impl ObservedBuffer {
    /// An empty buffer; everything below `stored` is known to be stored.
    pub(crate) const fn new(stored: Positions) -> Self {
        Self { chunks: Vec::new(), taken: stored, rows: 0 }
    }

    /// Number of rows held.
    pub(crate) const fn rows(&self) -> usize {
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

    /// Takes a batch of metrics that are configured like this; returns how many of its rows were new. Cost: a copy.
    pub(crate) fn take(&mut self, batch: &Batch<Observations>, metrics: &Arc<Metrics>) -> usize {
        let (partition, rows) = (i32::from(batch.partition), batch.rows.len());
        let first = i64::try_from(batch.first_offset).expect("a log has fewer than 2^63 rows");
        let next = first + rows as i64;
        let skip = usize::try_from(self.taken.get(partition) - first).unwrap_or(0);
        self.taken.advance(partition, next);
        if skip >= rows {
            return 0;
        }
        let chunk = self.open_chunk(rows - skip, metrics);
        let open = Arc::get_mut(&mut chunk.rows).expect("an open chunk is nobody else's");
        open.append(batch, skip);
        chunk.next.advance(partition, next);
        self.rows += rows - skip;
        rows - skip
    }

    /// The chunks with rows at or above `stored`, all partitions at one instant.
    pub(crate) fn cut(&self, stored: &Positions) -> ObservedCut {
        let mut cut = ObservedCut { chunks: Vec::new(), next: Positions::default() };
        for chunk in self.chunks.iter().filter(|chunk| chunk.is_ahead_of(stored)) {
            cut.chunks.push(Arc::clone(&chunk.rows));
            cut.next.advance_all(&chunk.next);
        }
        cut
    }

    /// Every chunk, for a reader that learns the stored positions only afterwards.
    pub(crate) fn snapshot(&self) -> Vec<Arc<Observed>> {
        self.chunks.iter().map(|chunk| Arc::clone(&chunk.rows)).collect()
    }

    /// Forgets chunks below `stored`. Call only after a version with these positions was published.
    pub(crate) fn trim(&mut self, stored: &Positions) {
        self.chunks.retain(|chunk| chunk.is_ahead_of(stored));
        self.rows = self.chunks.iter().map(|chunk| chunk.rows.rows_above(stored).count()).sum();
        self.taken.advance_all(stored);
    }

    /// The last chunk if `rows` more fit and nobody holds it, else a new one.
    fn open_chunk(&mut self, rows: usize, metrics: &Arc<Metrics>) -> &mut Chunk {
        let fits = |chunk: &mut Chunk| {
            let has_room = chunk.rows.len() + rows <= CHUNK_ROWS_MAX && Arc::ptr_eq(&chunk.rows.metrics, metrics);
            has_room && Arc::get_mut(&mut chunk.rows).is_some()
        };
        if !self.chunks.last_mut().is_some_and(fits) {
            // After a full chunk the next is likely to become full too, and need not grow step by step.
            let full = self.chunks.last().filter(|chunk| chunk.rows.len() > CHUNK_ROWS_MAX / 2);
            let (room, id_bytes) = full.map_or((rows, 0), |full| {
                let id_bytes = full.rows.columns.id_bytes();
                (rows.max(CHUNK_ROWS_MAX), id_bytes + id_bytes / 8)
            });
            let rows = Arc::new(Observed::with_capacity(room, id_bytes, metrics));
            self.chunks.push(Chunk { rows, next: Positions::default() });
        }
        self.chunks.last_mut().expect("there is a chunk")
    }
}

impl Chunk {
    fn is_ahead_of(&self, stored: &Positions) -> bool {
        self.next.iter().any(|(partition, next)| next > stored.get(partition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use vigie_model::record::Payload;

    fn batch(partition: u16, first: u64, count: u64) -> Batch<Observations> {
        let Payload::Observations(batch) = fixture::observations(partition, first, count).payload else {
            unreachable!()
        };
        batch
    }

    fn offsets(chunks: &[Arc<Observed>], stored: &Positions) -> Vec<(u16, i64)> {
        let of = |rows: &Arc<Observed>| {
            rows.rows_above(stored).map(|row| (rows.partitions[row], rows.offsets[row])).collect::<Vec<_>>()
        };
        chunks.iter().flat_map(of).collect()
    }

    #[test]
    fn taking_twice_is_taking_once() {
        let (metrics, stored) = (Arc::default(), Positions::from_iter([(0, 2)]));
        let mut hot = ObservedBuffer::new(stored);
        assert_eq!(hot.take(&batch(0, 0, 4), &metrics), 2);
        assert_eq!(hot.take(&batch(0, 0, 4), &metrics), 0);
        assert_eq!(hot.take(&batch(0, 3, 3), &metrics), 2);
        assert_eq!((hot.rows(), hot.taken(0)), (4, 6));
        let snapshot = hot.snapshot();
        assert_eq!(offsets(&snapshot, &Positions::default()), [(0, 2), (0, 3), (0, 4), (0, 5)]);
        let columns = &snapshot[0].columns;
        assert_eq!(columns.seq, [2, 3, 4, 5].map(Some), "each row has its own offset");
    }

    #[test]
    fn a_cut_is_what_is_not_stored_and_a_trim_forgets_what_is() {
        let metrics = Arc::default();
        let mut hot = ObservedBuffer::new(Positions::default());
        hot.take(&batch(0, 5, 3), &metrics);
        hot.take(&batch(3, 0, 1), &metrics);
        let stored = Positions::from_iter([(0, 6)]);
        let cut = hot.cut(&stored);
        assert_eq!(offsets(&cut.chunks, &stored), [(0, 6), (0, 7), (3, 0)]);
        assert_eq!(cut.next, Positions::from_iter([(0, 8), (3, 1)]));
        hot.take(&batch(0, 8, 2), &metrics);
        assert_eq!(offsets(&cut.chunks, &stored).len(), 3, "a cut does not grow");
        hot.trim(&stored);
        assert_eq!((hot.rows(), hot.snapshot().len()), (5, 2));
        hot.trim(&cut.next);
        assert_eq!(offsets(&hot.snapshot(), &cut.next), [(0, 8), (0, 9)]);
        hot.trim(&Positions::from_iter([(0, 10)]));
        assert_eq!((hot.rows(), hot.snapshot().len()), (0, 0));
        assert_eq!(hot.take(&batch(0, 7, 1), &metrics), 0, "trimmed rows stay known");
        assert!(hot.cut(&Positions::default()).next.is_empty());
    }

    #[test]
    fn a_thousand_single_rows_are_one_chunk_until_somebody_holds_it_or_metrics_change() {
        let (metrics, mut hot) = (Arc::default(), ObservedBuffer::new(Positions::default()));
        for offset in 0..1_000 {
            hot.take(&batch(0, offset, 1), &metrics);
        }
        assert_eq!(hot.snapshot().len(), 1);
        let held = hot.snapshot();
        hot.take(&batch(0, 1_000, 1), &metrics);
        hot.take(&batch(0, 1_001, 1), &Arc::default());
        assert_eq!((held[0].len(), hot.snapshot().len()), (1_000, 3));
    }
}
