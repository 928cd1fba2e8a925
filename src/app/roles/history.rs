//! The history role: hands records to history, and waits while history is full.
//!
//! When the role is behind, it finds many records at once; then rows of one partition that follow each other are handed
//! over as one batch, because history's cost is more by the batch than by the row.
//!
//! Waiting here fills the ring, which slows the sequencer, which answers senders with "busy": overload travels back to
//! where it comes from, and memory stays bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use vigie_model::batch::Observations;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::stream::{AlertRecord, AppliedCommand};
use vigie_store::history::options::Full;
use vigie_store::history::writer::History;

/// Rows handed over as one batch, at most: beyond it nothing is gained.
const MERGED_ROWS_MAX: usize = 4_096;

/// A record of observations, and those.
type Observed<'a> = (&'a Arc<Record>, &'a Batch<Observations>);

/// Feeds history from threads that are not part of the async runtime.
#[derive(Clone)]
pub struct HistoryFeed {
    history: Arc<History>,
    runtime: Handle,
}

impl HistoryFeed {
    /// Feeds `history`, which somebody flushes on `runtime`.
    #[must_use]
    pub const fn new(history: Arc<History>, runtime: Handle) -> Self {
        Self { history, runtime }
    }

    /// Hands over records of the log, which come in order.
    pub fn records(&self, records: &[Arc<Record>]) {
        let may_wait = |record: &Arc<Record>| matches!(record.payload, Payload::Observations(_) | Payload::Tick { .. });
        for records in records.chunk_by(|one, next| may_wait(one) && may_wait(next)) {
            for merged in merged(records) {
                self.take(|history| history.take_record(&merged));
            }
        }
    }

    /// Hands over a record of the alert stream.
    pub fn alert(&self, record: &AlertRecord) {
        self.take(|history| history.take_alert(record));
    }

    /// Hands over a command with its outcome.
    pub fn applied(&self, applied: &AppliedCommand) {
        self.take(|history| history.take_applied(applied));
    }

    fn take(&self, take: impl Fn(&History) -> Result<(), Full>) {
        while take(&self.history).is_err() {
            self.runtime.block_on(self.history.room());
        }
    }
}

/// The same rows in fewer records. Partitions do not depend on each other, so only the order within each is kept; of
/// several records only observations say anything to history.
fn merged(records: &[Arc<Record>]) -> Vec<Arc<Record>> {
    let [_, _, ..] = records else { return records.to_vec() };
    let mut by_partition: BTreeMap<PartitionIx, Vec<Observed<'_>>> = BTreeMap::new();
    for record in records {
        if let Payload::Observations(batch) = &record.payload {
            by_partition.entry(batch.partition).or_default().push((record, batch));
        }
    }
    by_partition.values().flat_map(|records| merged_of_partition(records)).collect()
}

fn merged_of_partition(records: &[Observed<'_>]) -> Vec<Arc<Record>> {
    let mut merged = Vec::new();
    let mut rest = records;
    while let Some(((first, batch), others)) = rest.split_first() {
        let mut rows = batch.rows.len();
        let fitting = others.iter().take_while(|(_, next)| {
            let follows = next.first_offset == batch.first_offset + rows as u64;
            rows += next.rows.len();
            follows && rows <= MERGED_ROWS_MAX
        });
        let count = 1 + fitting.count();
        merged.push(if count == 1 { Arc::clone(first) } else { Arc::new(as_one(&rest[..count])) });
        rest = &rest[count..];
    }
    merged
}

/// Records of one partition, at least one, as if they had been written as one.
fn as_one(records: &[Observed<'_>]) -> Record {
    let mut rows = Observations::with_capacity(records.iter().map(|(_, batch)| batch.rows.len()).sum());
    records.iter().for_each(|(_, batch)| rows.append(&batch.rows));
    let (last, Batch { partition, .. }) = records[records.len() - 1];
    let payload = Payload::Observations(Batch { partition: *partition, first_offset: records[0].1.first_offset, rows });
    Record { sequence: last.sequence, log_time_ms: last.log_time_ms, payload }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::batch::{ObservationRow, Quality};
    use vigie_model::decimal::Decimal;
    use vigie_model::names::NO_NAME;

    fn record(partition: PartitionIx, first_offset: u64, count: usize) -> Arc<Record> {
        let mut rows = Observations::default();
        for index in 0..count as i64 {
            rows.push(ObservationRow {
                feed: 0,
                space: 0,
                metric: 0,
                sensor: NO_NAME,
                node: NO_NAME,
                seq: Some(first_offset as i64 + index),
                id: None,
                value: Decimal::default(),
                event_time_ms: 0,
                sent_time_ms: None,
                log_time_ms: 0,
                quality: Quality::Good,
                flags: 0,
            });
        }
        let payload = Payload::Observations(Batch { partition, first_offset, rows });
        Arc::new(Record { sequence: first_offset, log_time_ms: 0, payload })
    }

    /// Partition, first offset and rows of each record; the rows carry their offsets as sequence numbers.
    fn shape(records: &[Arc<Record>]) -> Vec<(PartitionIx, u64, usize)> {
        let of = |record: &Arc<Record>| {
            let Payload::Observations(batch) = &record.payload else { panic!("expected observations") };
            let offsets = (batch.first_offset as i64..).map(Some).take(batch.rows.len());
            assert!(batch.rows.seq.iter().copied().eq(offsets));
            (batch.partition, batch.first_offset, batch.rows.len())
        };
        records.iter().map(of).collect()
    }

    #[test]
    fn neighbours_of_one_partition_become_one_record() {
        let tick = Arc::new(Record { sequence: 0, log_time_ms: 0, payload: Payload::Tick { tick_ms: 0 } });
        let records =
            [record(1, 4, 2), record(0, 0, 3), tick.clone(), record(1, 6, 1), record(0, 3, 4_093), record(0, 4_096, 1)];
        assert_eq!(shape(&merged(&records)), [(0, 0, 4_096), (0, 4_096, 1), (1, 4, 3)]);
        assert_eq!(shape(&merged(&[record(0, 0, 1), record(0, 7, 1)])), [(0, 0, 1), (0, 7, 1)], "a gap stays");
        assert_eq!(merged(std::slice::from_ref(&tick)).len(), 1);
        assert!(merged(&[]).is_empty());
    }
}
