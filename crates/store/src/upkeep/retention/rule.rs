//! Which rows go.
//!
//! ```
//! use vigie_store::upkeep::retention::limits::FeedLimit;
//! use vigie_store::upkeep::retention::rule::Rule;
//!
//! let limit = FeedLimit { feed: "cameras".to_owned(), retention_days: 30, before_ms: 1_000 };
//! let rule = Rule::new(&[limit], Vec::new());
//! assert!(rule.is_expired("cameras", 999) && !rule.is_expired("cameras", 1_000) && !rule.is_expired("counters", 0));
//! ```

use super::hold::Hold;
use super::limits::FeedLimit;
use std::collections::BTreeMap;

/// Limits and holds in force at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    before_ms: BTreeMap<String, i64>,
    holds: Vec<Hold>,
}

impl Rule {
    /// These limits, and these holds.
    #[must_use]
    pub fn new(limits: &[FeedLimit], holds: Vec<Hold>) -> Self {
        Self { before_ms: limits.iter().map(|limit| (limit.feed.clone(), limit.before_ms)).collect(), holds }
    }

    /// Whether a row of this feed and event time is too old.
    #[must_use]
    pub fn is_expired(&self, feed: &str, event_time_ms: i64) -> bool {
        self.before_ms.get(feed).is_some_and(|before_ms| event_time_ms < *before_ms)
    }

    /// The holds that keep a row all the same.
    pub fn holds_of(&self, feed: &str, space: &str, event_time_ms: i64) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |hold| hold.covers(feed, space, event_time_ms))
    }

    /// Rows from this instant on are too old in no feed; `None` without a limit.
    #[must_use]
    pub fn horizon_ms(&self) -> Option<i64> {
        self.before_ms.values().max().copied()
    }

    /// Feeds with a limit.
    pub(super) fn feeds(&self) -> impl Iterator<Item = &str> {
        self.before_ms.keys().map(String::as_str)
    }

    /// The holds.
    pub(super) fn holds(&self) -> &[Hold] {
        &self.holds
    }
}
