//! Legal holds: a slice of time and spaces whose rows stay, however old they are.
//!
//! ```
//! use vigie_store::upkeep::retention::hold::Hold;
//!
//! let text = r#"{"id":"h1","made":"2026-11-22T10:00:00Z","from":"2026-10-01T00:00:00Z","spaces":["town-hall"],
//!     "requester":"Court of Appeal","reference":"26/1234","reason":"evidence"}"#;
//! let hold: Hold = serde_json::from_str(text).unwrap();
//! assert!(hold.covers("cameras", "town-hall", 1_790_812_800_000), "any feed, from the first day of October on");
//! assert!(!hold.covers("cameras", "city-square", 1_790_812_800_000));
//! assert!(!hold.covers("cameras", "town-hall", 1_790_812_799_999));
//! ```

use super::instant;
use super::maybe_instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A hold as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its name in lists and certificates, given when it is made.
    pub id: String,
    /// When it was made.
    #[serde(rename = "made", with = "instant")]
    pub made_ms: i64,
    /// Event times it covers begin here; without, at the beginning of time.
    #[serde(rename = "from", with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Event times it covers lie before this; without, none is too late.
    #[serde(rename = "to", with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub to_ms: Option<i64>,
    /// Spaces it covers; all when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spaces: BTreeSet<String>,
    /// Feeds it covers; all when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub feeds: BTreeSet<String>,
    /// Who asked for it.
    pub requester: String,
    /// The case or letter it belongs to.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// When it ends by itself; without, when it is released.
    #[serde(rename = "ends", with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<i64>,
}

/// The end of a hold, as somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The hold.
    pub hold: String,
    /// When.
    #[serde(rename = "released", with = "instant")]
    pub released_ms: i64,
    /// Who asked for it.
    pub requester: String,
    /// Why.
    pub reason: String,
}

impl Hold {
    /// Whether it covers a row of this feed, space and event time.
    #[must_use]
    pub fn covers(&self, feed: &str, space: &str, event_time_ms: i64) -> bool {
        self.from_ms.is_none_or(|from_ms| event_time_ms >= from_ms)
            && self.to_ms.is_none_or(|to_ms| event_time_ms < to_ms)
            && (self.spaces.is_empty() || self.spaces.contains(space))
            && (self.feeds.is_empty() || self.feeds.contains(feed))
    }
}
