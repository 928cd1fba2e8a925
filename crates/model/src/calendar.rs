//! Calendars and events of a centre: when rules with an `active` period are judged.
//!
//! They hold local times as configured; what instants these are follows from the centre's time zone, whose data is part of
//! the binary. Both stand in the control record.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names of periods that are no calendar's.
pub const PERIODS_OWN: [&str; 4] = ["always", "night", "day", "event"];
/// Minutes of a day.
pub const DAY_MINUTES: u16 = 1440;

/// A named calendar, configured under `[calendars.NAME]`: it holds on its weekly spans, except on some days, and on single
/// spans besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its name, by which rules refer to it.
    pub name: Arc<str>,
    /// Spans that come every week.
    pub weekly: Vec<WeeklySpan>,
    /// Local dates on which no weekly span begins, as days since 1970-01-01.
    pub except: Vec<i32>,
    /// Spans of single days.
    pub also: Vec<DaySpan>,
}

/// A span of local time that comes on some days of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklySpan {
    /// Days on which it begins: bit 0 is Monday, bit 6 Sunday.
    pub days: u8,
    /// Minute of the day at which it begins.
    pub from_minute: u16,
    /// Minute at which it ends, not part of it; at or below `from_minute` it is on the next day.
    pub until_minute: u16,
}

/// A span of local time on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySpan {
    /// Local date, as days since 1970-01-01.
    pub day: i32,
    /// Minute of the day at which it begins.
    pub from_minute: u16,
    /// Minute at which it ends, not part of it; at or below `from_minute` it is on the next day.
    pub until_minute: u16,
}

/// A large event, configured under `[events.NAME]`: event mode for the spaces it covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CityEvent {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Its first instant.
    pub from_ms: i64,
    /// Its end, not part of it.
    pub until_ms: i64,
    /// Spaces it covers.
    pub spaces: Vec<Arc<str>>,
    /// Districts whose spaces it covers. With neither spaces nor districts it covers every space.
    pub districts: Vec<String>,
}
