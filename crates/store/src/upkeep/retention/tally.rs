//! Counts of rows by feed.

use super::maybe_instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts by feed.
pub type Tally = BTreeMap<String, FeedTally>;

/// Rows of a feed that go, or stay because of a hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedTally {
    /// Rows that go.
    pub deleted: u64,
    /// The oldest event time of these.
    #[serde(with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<i64>,
    /// The newest one.
    #[serde(with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub newest_ms: Option<i64>,
    /// Rows that are too old and stay.
    pub held: u64,
    /// The same by hold; a row that several holds cover counts for each.
    #[serde(default)]
    pub held_by: BTreeMap<String, u64>,
}

impl FeedTally {
    /// Counts a row that goes.
    pub(super) fn delete(&mut self, event_time_ms: i64) {
        self.deleted += 1;
        self.oldest_ms = Some(self.oldest_ms.map_or(event_time_ms, |oldest_ms| oldest_ms.min(event_time_ms)));
        self.newest_ms = Some(self.newest_ms.map_or(event_time_ms, |newest_ms| newest_ms.max(event_time_ms)));
    }

    /// Adds counts of other rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.deleted += other.deleted;
        self.oldest_ms = [self.oldest_ms, other.oldest_ms].into_iter().flatten().min();
        self.newest_ms = [self.newest_ms, other.newest_ms].into_iter().flatten().max();
        self.held += other.held;
        for (hold, rows) in &other.held_by {
            *self.held_by.entry(hold.clone()).or_default() += rows;
        }
    }
}

/// Adds counts of other rows.
pub(super) fn add(tally: &mut Tally, other: &Tally) {
    for (feed, counts) in other {
        tally.entry(feed.clone()).or_default().add(counts);
    }
}

/// Rows that go, of all feeds.
pub(super) fn deleted(tally: &Tally) -> u64 {
    tally.values().map(|counts| counts.deleted).sum()
}
