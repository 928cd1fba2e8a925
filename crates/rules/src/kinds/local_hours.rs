//! Time cut into local hours: at every full hour of a zone's clock, and wherever the zone's offset changes.
//!
//! A piece is named by its local date and hour, as hours since 1970-01-01T00 on that clock. When clocks are set back, a
//! piece can be named like an earlier one: it is a repetition. An hour that clocks skip is no piece.
//!
//! Offsets change twice a year at most, in most zones never. So whoever asks keeps the stretch between two changes, in
//! which an hour is two divisions, and asks the zone again only once time has left it.
//!
//! **Invariant**: the pieces of a zone follow each other without gap, and the names of those that are no repetitions ascend.

use crate::saved::saved;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use vigie_model::time::{TIME_MS_END, TIME_MS_MIN};

const HOUR_MS: i64 = 3_600_000;
/// Hours of a week.
pub(crate) const WEEK_HOURS: usize = 168;
/// Name of the first hour of 1970-01-05, a Monday, from which weeks are counted.
const FIRST_MONDAY: i64 = 96;
/// How long before a stretch a change of offset can still have shown its first hour: no two offsets differ by more than
/// 52 hours, and an hour is named by its beginning.
const SHIFT_MS_MAX: i64 = 53 * HOUR_MS;

/// A stretch of time in which a zone's offset does not change. The default is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocalHours {
    from_ms: i64,
    until_ms: i64,
    offset_ms: i64,
    /// The newest hour that clocks showed before the stretch; those up to it are repetitions.
    shown: i64,
}

saved!(LocalHours { from_ms, until_ms, offset_ms, shown });

/// A piece of time on one local clock: an hour, or what a change of offset leaves of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalHour {
    /// First instant.
    pub(crate) start_ms: i64,
    /// The first instant after it.
    pub(crate) end_ms: i64,
    /// Hours since 1970-01-01T00 on the local clock.
    pub(crate) name: i64,
    /// Whether clocks showed this hour, or a later one, before.
    pub(crate) is_repeated: bool,
}

impl LocalHours {
    /// The stretch of `zone` in which an instant lies.
    pub(crate) fn around(zone: &TimeZone, at_ms: i64) -> Self {
        let at = timestamp(at_ms);
        let offset = zone.to_offset(at);
        let until = zone.following(at).find(|change| change.offset() != offset);
        let mut hours = Self {
            from_ms: i64::MIN,
            until_ms: until.map_or(i64::MAX, |change| change.timestamp().as_millisecond()),
            offset_ms: millis(offset),
            shown: i64::MIN,
        };
        // A change lies on a whole second, and those before the next millisecond are those up to this instant.
        for change in zone.preceding(timestamp(at_ms.saturating_add(1))) {
            let change_ms = change.timestamp().as_millisecond();
            let before = zone.to_offset(timestamp(change_ms - 1));
            if before == change.offset() {
                continue;
            }
            if hours.from_ms == i64::MIN {
                hours.from_ms = change_ms;
            }
            if change_ms < hours.from_ms - SHIFT_MS_MAX {
                break;
            }
            hours.shown = hours.shown.max((change_ms - 1 + millis(before)).div_euclid(HOUR_MS));
        }
        hours
    }

    /// Whether an instant lies in the stretch.
    pub(crate) const fn contains(&self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && at_ms < self.until_ms
    }

    /// The piece in which an instant of the stretch lies.
    pub(crate) fn hour(&self, at_ms: i64) -> LocalHour {
        let name = at_ms.saturating_add(self.offset_ms).div_euclid(HOUR_MS);
        let start_ms = name.saturating_mul(HOUR_MS).saturating_sub(self.offset_ms);
        LocalHour {
            start_ms: start_ms.max(self.from_ms),
            end_ms: start_ms.saturating_add(HOUR_MS).min(self.until_ms),
            name,
            is_repeated: name <= self.shown,
        }
    }
}

impl LocalHour {
    /// h: the hour of the local week, 0 is Monday midnight.
    pub(crate) fn hour_of_week(&self) -> u8 {
        u8::try_from((self.name - FIRST_MONDAY).rem_euclid(WEEK_HOURS as i64)).expect("less than 168")
    }

    /// k: the local week, counted from 1970-01-05.
    pub(crate) fn week(&self) -> i32 {
        let week = (self.name - FIRST_MONDAY).div_euclid(WEEK_HOURS as i64);
        i32::try_from(week).unwrap_or(if week < 0 { i32::MIN } else { i32::MAX })
    }
}

fn millis(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1000
}

fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms.clamp(TIME_MS_MIN, TIME_MS_END)).expect("a clamped instant is in jiff's range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> i64 {
        vigie_model::time::parse_rfc3339_ms(text).unwrap()
    }

    fn hour_at(zone: &TimeZone, at_ms: i64) -> LocalHour {
        LocalHours::around(zone, at_ms).hour(at_ms)
    }

    /// Start, minutes, name and repetition of the pieces from one instant to another.
    fn pieces(name: &str, from: &str, until: &str) -> Vec<(String, i64, i64, bool)> {
        let (zone, mut at_ms, mut pieces) = (zone(name), at(from), Vec::new());
        while at_ms < at(until) {
            let piece = hour_at(&zone, at_ms);
            let start = vigie_model::time::format_utc(piece.start_ms);
            pieces.push((start, (piece.end_ms - piece.start_ms) / 60_000, piece.name, piece.is_repeated));
            at_ms = piece.end_ms;
        }
        pieces
    }

    #[test]
    fn hours_are_named_by_the_local_clock() {
        let kolkata = zone("Asia/Kolkata");
        let hour = hour_at(&kolkata, at("2026-03-02T00:29:59.999+05:30"));
        assert_eq!((hour.start_ms, hour.end_ms), (at("2026-03-02T00:00:00+05:30"), at("2026-03-02T01:00:00+05:30")));
        assert_eq!((hour.hour_of_week(), hour.week()), (0, 2930));
        let sunday = hour_at(&kolkata, at("2026-03-01T23:59:59+05:30"));
        assert_eq!((sunday.hour_of_week(), sunday.week()), (167, 2929));
    }

    #[test]
    fn before_the_epoch_hours_and_weeks_are_floored() {
        let hour = hour_at(&TimeZone::UTC, -1);
        assert_eq!((hour.start_ms, hour.end_ms, hour.name), (-HOUR_MS, 0, -1));
        // 1969-12-31 was a Wednesday.
        assert_eq!((hour.hour_of_week(), hour.week()), (2 * 24 + 23, -1));
    }

    #[test]
    fn the_repeated_hour_is_known_and_the_skipped_one_missing() {
        let shown = |pieces: Vec<(String, i64, i64, bool)>| {
            let first = pieces[0].2;
            pieces.into_iter().map(|piece| (piece.1, piece.2 - first, piece.3)).collect::<Vec<_>>()
        };
        let autumn = pieces("Australia/Melbourne", "2026-04-04T14:00:00Z", "2026-04-04T18:00:00Z");
        assert_eq!(shown(autumn), [(60, 0, false), (60, 1, false), (60, 1, true), (60, 2, false)]);
        let spring = pieces("Australia/Melbourne", "2026-10-03T15:00:00Z", "2026-10-03T17:00:00Z");
        assert_eq!(shown(spring), [(60, 0, false), (60, 2, false)]);
        let autumn = pieces("Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T16:30:00Z");
        assert_eq!(shown(autumn), [(60, 0, false), (30, 0, true), (60, 1, false)]);
        let spring = pieces("Australia/Lord_Howe", "2026-10-03T14:30:00Z", "2026-10-03T17:00:00Z");
        assert_eq!(shown(spring), [(60, 0, false), (30, 1, false), (60, 2, false)]);
    }

    /// A whole day was shown twice when Alaska changed sides of the date line; nearer, Kwajalein skipped one.
    #[test]
    fn every_piece_follows_the_last_and_new_names_ascend() {
        for (name, years) in [
            ("America/Juneau", 1900..1990),
            ("Pacific/Kwajalein", 1968..1995),
            ("Asia/Manila", 1900..1980),
            ("Europe/Dublin", 1915..1925),
            ("Europe/Dublin", 2024..2027),
            ("Africa/Monrovia", 1971..1973),
            ("Antarctica/Troll", 2024..2026),
            ("America/St_Johns", 1987..1990),
            ("Australia/Lord_Howe", 2024..2199),
        ] {
            let zone = zone(name);
            let mut at_ms = at(&format!("{}-01-01T00:00:00Z", years.start));
            let end_ms = at(&format!("{}-01-01T00:00:00Z", years.end));
            let (mut hours, mut newest) = (LocalHours::around(&zone, at_ms), i64::MIN);
            let mut piece = hours.hour(at_ms);
            while at_ms < end_ms {
                assert!(piece.end_ms - piece.start_ms <= HOUR_MS && piece.end_ms > piece.start_ms, "{name} {piece:?}");
                if newest > i64::MIN {
                    assert_eq!(piece.is_repeated, piece.name <= newest, "{name} {piece:?}");
                }
                newest = newest.max(piece.name);
                at_ms = piece.end_ms;
                if !hours.contains(at_ms) {
                    hours = LocalHours::around(&zone, at_ms);
                    assert!(hours.contains(at_ms));
                }
                piece = hours.hour(at_ms);
                assert_eq!(piece.start_ms, at_ms, "{name}");
            }
        }
    }

    #[test]
    fn no_instant_is_too_far_away() {
        for at_ms in [i64::MIN, i64::MIN + 1, TIME_MS_MIN - 1, TIME_MS_END, i64::MAX] {
            for zone in [zone("Australia/Lord_Howe"), TimeZone::UTC] {
                let hour = hour_at(&zone, at_ms);
                assert!((hour.hour_of_week() as usize) < WEEK_HOURS && hour.week() != 0, "{hour:?}");
            }
        }
    }
}
