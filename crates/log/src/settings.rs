//! What is fixed for the life of a log.

use crate::dedup::IDS_REMEMBERED;
use vigie_model::position::{LogId, PARTITIONS_DEFAULT, PartitionIx};

/// Ids that a set of snapshots carries by default: 16 MB.
const IDS_CARRIED_MAX: u64 = 1 << 20;

/// Settings fixed for the life of a log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The log's identity.
    pub log_id: LogId,
    /// Number of partitions.
    pub partitions: PartitionIx,
    /// Interval of ticks.
    pub tick_ms: i64,
    /// How far an event time may lie ahead of log time.
    pub max_skew_ms: i64,
    /// Ids remembered per partition to find duplicates.
    pub ids_remembered: usize,
    /// Ids that a set of snapshots carries, over all partitions; a start reads the others again from the log.
    pub ids_carried_max: u64,
    /// Records older than this, in milliseconds of log time, need not be kept once nobody needs them any more; `None` keeps them
    /// until there is no room.
    pub age_max_ms: Option<i64>,
}

impl Settings {
    /// Defaults for a log with this identity: 16 partitions, a tick a second, five seconds of skew.
    #[must_use]
    pub fn new(log_id: LogId) -> Self {
        Self {
            log_id,
            partitions: PARTITIONS_DEFAULT,
            tick_ms: 1000,
            max_skew_ms: 5000,
            ids_remembered: IDS_REMEMBERED,
            ids_carried_max: IDS_CARRIED_MAX,
            age_max_ms: None,
        }
    }

    /// The last tick not later than an instant.
    pub(crate) const fn tick_at(&self, time_ms: i64) -> i64 {
        time_ms.div_euclid(self.tick_ms) * self.tick_ms
    }
}
