//! How old rows of each feed may become, and when that is looked at.
//!
//! A day of retention is a day on the centre's clocks: the rows of a local date go together, in the first run on the local date that
//! is so many days later. A run at midnight, the default, therefore leaves no row that is older than its retention.
//!
//! ```
//! use vigie_store::upkeep::retention::limits::Limits;
//!
//! let limits = Limits::new([("cameras".to_owned(), 30)], jiff::tz::TimeZone::UTC);
//! // 2026-11-22T10:00:00Z
//! let in_force = limits.in_force(1_795_341_600_000);
//! assert_eq!((in_force[0].feed.as_str(), in_force[0].before_ms), ("cameras", 1_792_800_000_000)); // 2026-10-24T00:00:00Z
//! ```

use super::instant;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What feeds declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    days: BTreeMap<String, u32>,
    zone: TimeZone,
}

/// The retention of a feed at some instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLimit {
    /// The feed.
    pub feed: String,
    /// Its retention in days.
    pub retention_days: u32,
    /// Rows whose event time lies before this are too old.
    #[serde(rename = "deleted_before", with = "instant")]
    pub before_ms: i64,
}

/// The time of day at which rows are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeOfDay {
    /// Minutes after local midnight, below 1,440.
    pub minute: u16,
}

impl Limits {
    /// Retentions in days, at least one, by feed; rows of other feeds stay.
    #[must_use]
    pub fn new(days: impl IntoIterator<Item = (String, u32)>, zone: TimeZone) -> Self {
        Self { days: days.into_iter().collect(), zone }
    }

    /// The centre's time zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The limits at an instant, in the order of the feeds' names.
    #[must_use]
    pub fn in_force(&self, now_ms: i64) -> Vec<FeedLimit> {
        let today = local_date(now_ms, &self.zone);
        let limit = |(feed, days): (&String, &u32)| {
            let first_kept = today.saturating_sub(Span::new().days(i64::from(*days) - 1));
            FeedLimit { feed: feed.clone(), retention_days: *days, before_ms: at(first_kept, 0, &self.zone) }
        };
        self.days.iter().map(limit).collect()
    }

    /// The newest instant, up to `now_ms`, at which the clocks showed this time of day.
    #[must_use]
    pub fn last_due_ms(&self, time: TimeOfDay, now_ms: i64) -> i64 {
        let today = local_date(now_ms, &self.zone);
        let due_ms = at(today, time.minute, &self.zone);
        if due_ms <= now_ms {
            return due_ms;
        }
        at(today.saturating_sub(Span::new().days(1)), time.minute, &self.zone)
    }
}

/// The date on the clocks of a zone.
pub(super) fn local_date(at_ms: i64, zone: &TimeZone) -> Date {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
    instant.to_zoned(zone.clone()).date()
}

/// The instant of a local time; where the clocks skip it, the one after.
fn at(date: Date, minute: u16, zone: &TimeZone) -> i64 {
    let (hour, minute) = ((minute / 60) as i8, (minute % 60) as i8);
    let zoned = zone.to_ambiguous_zoned(date.at(hour, minute, 0, 0)).compatible();
    zoned.map_or(i64::MIN, |zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::time::{format_utc, parse_rfc3339_ms};

    fn limits(days: u32, zone: &str) -> Limits {
        Limits::new([("a".to_owned(), days)], TimeZone::get(zone).unwrap())
    }

    fn before(days: u32, zone: &str, now: &str) -> String {
        format_utc(limits(days, zone).in_force(parse_rfc3339_ms(now).unwrap())[0].before_ms)
    }

    #[test]
    fn days_are_days_on_the_centres_clocks() {
        assert_eq!(before(1, "UTC", "2026-11-22T00:00:00Z"), "2026-11-22T00:00:00Z", "yesterday goes");
        assert_eq!(before(1, "UTC", "2026-11-22T23:59:59Z"), "2026-11-22T00:00:00Z");
        assert_eq!(before(30, "Australia/Melbourne", "2026-11-22T00:00:00+11:00"), "2026-10-23T13:00:00Z");
        // The clocks went back on the 25th: the days before begin an hour earlier in UTC.
        assert_eq!(before(30, "Europe/Paris", "2026-11-22T00:00:00+01:00"), "2026-10-23T22:00:00Z");
    }

    #[test]
    fn a_run_at_midnight_leaves_no_row_that_is_older_than_its_retention() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let midnight = parse_rfc3339_ms("2026-06-22T00:00:00+02:00").unwrap();
        let limits = Limits::new([("a".to_owned(), 30)], zone);
        assert_eq!(midnight - limits.in_force(midnight)[0].before_ms, 29 * 86_400_000, "all that are 29 days old stay");
    }

    #[test]
    fn the_last_time_of_day_is_today_or_yesterday() {
        let limits = limits(1, "Europe/Paris");
        let due = |minute, now| format_utc(limits.last_due_ms(TimeOfDay { minute }, parse_rfc3339_ms(now).unwrap()));
        assert_eq!(due(0, "2026-11-22T00:00:00+01:00"), "2026-11-21T23:00:00Z");
        assert_eq!(due(90, "2026-11-22T01:29:00+01:00"), "2026-11-21T00:30:00Z");
        assert_eq!(due(150, "2026-03-29T12:00:00+02:00"), "2026-03-29T01:30:00Z", "skipped by the clocks");
    }
}
