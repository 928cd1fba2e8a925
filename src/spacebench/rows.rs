//! The events as decoded batches: what an engine takes, with ticks in between.
//!
//! The clock is that of `vigie replay --keep-order`: log time is the newest event time so far, and before a row that reaches a
//! whole second not ticked yet there is a tick. So `replay` of the file and an engine fed with these rows give the same
//! digest.

use super::names;
use super::options::Options;
use super::stream::{Event, Events};
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::names::NO_NAME;
use vigie_model::position::{PartitionIx, PartitionTable};

/// The most rows of one batch.
pub const BATCH_ROWS: usize = 1_024;
/// Millionths in a tenth.
const MICROS_PER_TENTH: i64 = 100_000;
/// Time between two ticks.
pub const TICK_MS: i64 = 1_000;

/// A tick and the rows that follow it before the next, or one batch of them.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The tick before the rows, if there is one, with its log time.
    pub tick: Option<(i64, i64)>,
    /// Offset of the first row.
    pub first_offset: u64,
    /// The rows.
    pub rows: Observations,
}

/// Cuts a run into steps of each partition.
#[derive(Debug)]
pub struct Steps {
    events: Events,
    table: PartitionTable,
    /// Next offset of each partition.
    offsets: Vec<u64>,
    log_time_ms: i64,
    tick_ms: i64,
}

impl Steps {
    /// The run from its beginning, for so many partitions.
    #[must_use]
    pub fn new(options: &Options, partitions: PartitionIx) -> Self {
        let mut table = PartitionTable::new(partitions);
        (0..options.spaces).for_each(|space| table.push(&names::space(space)));
        Self {
            events: Events::new(options),
            table,
            offsets: vec![0; usize::from(partitions)],
            log_time_ms: i64::MIN,
            tick_ms: i64::MIN,
        }
    }

    /// The largest event time so far.
    #[must_use]
    pub const fn log_time_ms(&self) -> i64 {
        self.log_time_ms
    }

    /// The next `rows` rows, as steps of each partition; every partition gets every tick.
    pub fn take(&mut self, rows: usize) -> Vec<Vec<Step>> {
        let mut taken = vec![Vec::new(); self.offsets.len()];
        for _ in 0..rows {
            let event = self.events.endless();
            self.log_time_ms = self.log_time_ms.max(event.ts_ms);
            let tick_ms = event.ts_ms.div_euclid(TICK_MS) * TICK_MS;
            if tick_ms > self.tick_ms {
                self.tick_ms = tick_ms;
                for (steps, offset) in taken.iter_mut().zip(&self.offsets) {
                    steps.push(Step::new(Some((tick_ms, self.log_time_ms)), *offset));
                }
            }
            let partition = usize::from(self.table.get(event.space));
            let (steps, offset) = (&mut taken[partition], &mut self.offsets[partition]);
            if steps.last().is_none_or(|step| step.rows.len() == BATCH_ROWS) {
                steps.push(Step::new(None, *offset));
            }
            steps.last_mut().expect("one was just pushed").rows.push(row(&event, self.log_time_ms));
            *offset += 1;
        }
        taken
    }
}

impl Step {
    fn new(tick: Option<(i64, i64)>, first_offset: u64) -> Self {
        Self { tick, first_offset, rows: Observations::default() }
    }
}

/// An event as the log has it.
#[must_use]
pub fn row(event: &Event, log_time_ms: i64) -> ObservationRow<'static> {
    ObservationRow {
        feed: 0,
        space: event.space,
        metric: event.metric,
        sensor: event.sensor,
        node: NO_NAME,
        seq: None,
        id: None,
        value: Decimal::from_micros(event.tenths * MICROS_PER_TENTH),
        event_time_ms: event.ts_ms,
        sent_time_ms: None,
        log_time_ms,
        quality: Quality::Good,
        flags: 0,
    }
}
