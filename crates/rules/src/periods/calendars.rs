//! Calendars: spans of local time, as instants of the centre's time zone.
//!
//! A span begins and ends when the local clock first reaches those times: a time that clocks skip is reached at the
//! instant they jump, one that they repeat is reached the first time. So a span that lies in a skipped hour altogether
//! does not take place, one that covers a repeated hour is an hour longer, and no span holds twice.

use super::phase::{Phase, union};
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use std::sync::Arc;
use vigie_model::calendar::{Calendar, DAY_MINUTES, DaySpan, WeeklySpan};

/// How many days before the local date a span that still holds may have begun: it lasts a day at most, and clocks may be
/// moved by another.
const DAYS_BACK: i32 = 2;
/// How many days after the local date one question looks at: every weekly span comes once.
const DAYS_AHEAD: i32 = 8;

/// A calendar that can be asked.
#[derive(Debug, PartialEq)]
pub(crate) struct CompiledCalendar {
    name: Arc<str>,
    weekly: Vec<WeeklySpan>,
    /// Sorted.
    except: Vec<i32>,
    /// Sorted by day.
    also: Vec<DaySpan>,
}

impl CompiledCalendar {
    pub(crate) fn new(calendar: &Calendar) -> Self {
        let (mut except, mut also) = (calendar.except.clone(), calendar.also.clone());
        except.sort_unstable();
        also.sort_unstable_by_key(|span| span.day);
        Self { name: Arc::clone(&calendar.name), weekly: calendar.weekly.clone(), except, also }
    }

    /// The name by which rules refer to it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it holds at an instant in the years that instants may have, and until when that stays so. Cost: the
    /// weekly spans of ten days and their single spans.
    pub(crate) fn at(&self, zone: &TimeZone, at_ms: i64) -> Phase {
        let now = Timestamp::from_millisecond(at_ms).expect("an instant of the accepted years");
        let today = day_number(zone.to_datetime(now).date());
        let days = today - DAYS_BACK..today + DAYS_AHEAD;
        let spans = days.clone().flat_map(|day| {
            self.spans_beginning(day).map(move |(from, until)| {
                let end_day = if until <= from { day + 1 } else { day };
                (reached_ms(zone, day, from), reached_ms(zone, end_day, until))
            })
        });
        union(spans.collect(), at_ms, reached_ms(zone, days.end, 0))
    }

    /// The spans that begin on a local day, as minutes of the day.
    fn spans_beginning(&self, day: i32) -> impl Iterator<Item = (u16, u16)> {
        let weekday = weekday_of(day);
        let is_excepted = self.except.binary_search(&day).is_ok();
        let weekly = self.weekly.iter().filter(move |span| !is_excepted && span.days >> weekday & 1 == 1);
        let first = self.also.partition_point(|span| span.day < day);
        let also = self.also[first..].iter().take_while(move |span| span.day == day);
        weekly
            .map(|span| (span.from_minute, span.until_minute))
            .chain(also.map(|span| (span.from_minute, span.until_minute)))
    }
}

/// The first instant at which the clock of the zone has reached a minute of a local day; minutes beyond a day are taken
/// as its end.
fn reached_ms(zone: &TimeZone, day: i32, minute: u16) -> i64 {
    let midnight = date_of(day).at(0, 0, 0, 0);
    let local = midnight
        .checked_add(Span::new().minutes(minute.min(DAY_MINUTES)))
        .expect("a day after the accepted years is in jiff's range");
    let instant = |offset: jiff::tz::Offset| offset.to_timestamp(local).expect("an instant near the accepted years");
    let reached = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => instant(offset),
        AmbiguousOffset::Fold { before, .. } => instant(before),
        // Read by the clock after the jump, a skipped time lies before the jump, with no other change in between.
        AmbiguousOffset::Gap { after, .. } => {
            let jump = zone.following(instant(after)).next();
            jump.expect("a skipped time is followed by the jump that skips it").timestamp()
        }
    };
    reached.as_millisecond()
}

/// Days from 1970-01-01 to a date.
fn day_number(date: Date) -> i32 {
    date.since(jiff::civil::date(1970, 1, 1)).expect("dates of jiff's range differ by days").get_days()
}

/// The date that many days after 1970-01-01.
fn date_of(day: i32) -> Date {
    jiff::civil::date(1970, 1, 1).checked_add(Span::new().days(day)).expect("a day near the accepted years")
}

/// Day of the week, Monday = 0. 1970-01-01 was a Thursday.
const fn weekday_of(day: i32) -> u32 {
    (day + 3).rem_euclid(7).unsigned_abs()
}

#[cfg(test)]
mod tests;
