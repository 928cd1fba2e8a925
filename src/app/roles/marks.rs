//! What the log did by itself, noted with its place, so that stored rows can be judged again as they were.
//!
//! History has every row with its log time, from which the ticks between rows follow. It lacks what verdicts depend on
//! besides: when the intake came up and how far the clock had ticked by then, when rules changed, and how a replay ended.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::{LogDeed, LogMark, LogPlace, RuleVersions};

/// Follows the log to its present place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Marks {
    place: LogPlace,
    /// Interval of ticks, from the newest control record.
    interval_ms: i64,
}

impl Marks {
    /// At the beginning of a log with `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx) -> Self {
        let place = LogPlace { next_offsets: vec![0; usize::from(partitions)], ..LogPlace::default() };
        Self { place, interval_ms: 1 }
    }

    /// Takes in the next record of the log; the mark it leaves, if it does, but for the rules.
    pub fn follow(&mut self, record: &Record) -> Option<LogMark> {
        let mut alerts = None;
        let what = match &record.payload {
            Payload::Control(control) => {
                alerts = Some(Arc::clone(&control.alerts));
                self.interval_ms = control.tick_ms.max(1);
                LogDeed::RulesChanged
            }
            Payload::IntakeUp => LogDeed::IntakeUp,
            Payload::Tick { tick_ms } => {
                self.place.tick_ms = Some(*tick_ms);
                self.place.tick_log_time_ms = Some(record.log_time_ms);
                if tick_ms % self.interval_ms == 0 {
                    return None;
                }
                LogDeed::ReplayEnded { tick_ms: *tick_ms }
            }
            Payload::Observations(batch) => return self.move_to(batch.partition, batch.first_offset, batch.rows.len()),
            Payload::Incidents(batch) => return self.move_to(batch.partition, batch.first_offset, batch.rows.len()),
            Payload::Perceptions(batch) => return self.move_to(batch.partition, batch.first_offset, batch.rows.len()),
            Payload::Gap(gap) => {
                for (next, behind) in self.place.next_offsets.iter_mut().zip(&gap.next_offsets) {
                    *next = (*next).max(*behind);
                }
                return None;
            }
            Payload::Dictionary(_) | Payload::Command(_) | Payload::Seeds(_) => return None,
        };
        Some(LogMark { what, place: self.place.clone(), rules: RuleVersions::new(), alerts })
    }

    fn move_to(&mut self, partition: PartitionIx, first_offset: u64, rows: usize) -> Option<LogMark> {
        if let Some(next) = self.place.next_offsets.get_mut(usize::from(partition)) {
            *next = first_offset + rows as u64;
        }
        None
    }
}
