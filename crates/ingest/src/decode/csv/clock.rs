//! Times of CSV files: text to instants, and a way through the two days a year on which clocks are set.

use crate::decode::csv::event_spec::Resolution;
use crate::decode::csv::spec::TimeSpec;
use crate::decode::report::Report;
use crate::limits::REPEATED_TIMES_MAX;
use hashbrown::HashSet;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use vigie_model::names::NameIx;
use vigie_model::time::{TimeError, checked_ms, parse_rfc3339_ms};

/// A date and time that every format must be able to write and read back.
const SAMPLE: &str = "2017-03-12T21:00:00Z";

/// How a file writes its times.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// RFC 3339 with an offset.
    Rfc3339,
    /// A whole number of this many milliseconds since the epoch.
    Epoch { unit_ms: i64 },
    /// A strptime format that reads an offset.
    WithOffset { format: String },
    /// A strptime format of local time.
    Local { format: String, zone: TimeZone },
    /// A strptime format of a month, whose first instant in the zone is meant.
    Month { format: String, zone: TimeZone },
}

/// An instant, as far as one text tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instant {
    /// No doubt.
    At(i64),
    /// A local time that occurs twice.
    Twice { local: DateTime, first_ms: i64, second_ms: i64 },
    /// A local time that does not occur, moved forward by the gap.
    Shifted(i64),
}

impl Clock {
    /// The clock of a `time`; the error is in words for the user.
    pub(super) fn of(time: &TimeSpec) -> Result<Self, String> {
        let TimeSpec { format, zone, resolution, .. } = time;
        match resolution {
            None => Self::new(format, zone.as_deref()),
            Some(Resolution::Month) => Self::month(format, zone.as_deref()),
        }
    }

    fn month(format: &str, zone: Option<&str>) -> Result<Self, String> {
        let zone = zone.ok_or("time.zone is missing: a month begins somewhere")?;
        let clock = Self::Month { format: format.to_owned(), zone: zone_named(zone)? };
        if tells_day(format) {
            return Err(format!("time.format '{format}' tells a day; leave out time.resolution = \"month\""));
        }
        clock.tried(format)
    }

    fn new(format: &str, zone: Option<&str>) -> Result<Self, String> {
        let carries_offset = ["%z", "%:z"].iter().any(|directive| format.contains(directive));
        match (format, zone) {
            ("rfc3339" | "epoch_ms" | "epoch_s", Some(_)) => {
                Err(format!("time.zone must be left out: {format} needs none"))
            }
            ("rfc3339", None) => Ok(Self::Rfc3339),
            ("epoch_ms", None) => Ok(Self::Epoch { unit_ms: 1 }),
            ("epoch_s", None) => Ok(Self::Epoch { unit_ms: 1000 }),
            (_, Some(_)) if carries_offset => {
                Err("time.zone must be left out: %z reads the offset from the text".to_owned())
            }
            (_, None) if !carries_offset => Err("time.zone is missing: the format reads no offset (%z)".to_owned()),
            (_, None) => Self::WithOffset { format: format.to_owned() }.tried(format),
            (_, Some(zone)) => {
                let zone = zone_named(zone)?;
                Self::Local { format: format.to_owned(), zone }.tried(format)
            }
        }
    }

    /// Reads a text.
    pub(super) fn read(&self, text: &str) -> Result<Instant, TimeError> {
        match self {
            Self::Rfc3339 => parse_rfc3339_ms(text).map(Instant::At),
            Self::Epoch { unit_ms } => {
                let count: i64 = text.parse().map_err(|_| TimeError::Malformed)?;
                checked_ms(count.checked_mul(*unit_ms).ok_or(TimeError::OutOfRange)?).map(Instant::At)
            }
            Self::WithOffset { format } => {
                let time = BrokenDownTime::parse(format, text).map_err(|_| TimeError::Malformed)?;
                let (local, offset) = (time.to_datetime(), time.offset());
                let (Ok(local), Some(offset)) = (local, offset) else { return Err(TimeError::Malformed) };
                instant_ms(local, offset).map(Instant::At)
            }
            Self::Local { format, zone } => {
                let time = BrokenDownTime::parse(format, text).map_err(|_| TimeError::Malformed)?;
                local_instant(time.to_datetime().map_err(|_| TimeError::Malformed)?, zone)
            }
            Self::Month { format, zone } => {
                let mut time = BrokenDownTime::parse(format, text).map_err(|_| TimeError::Malformed)?;
                time.set_day(Some(1)).map_err(|_| TimeError::Malformed)?;
                local_instant(time.to_datetime().map_err(|_| TimeError::Malformed)?, zone)
            }
        }
    }

    /// The clock, if it reads what its format writes.
    fn tried(self, format: &str) -> Result<Self, String> {
        let sample: jiff::Timestamp = SAMPLE.parse().expect("the sample is RFC 3339");
        let written = jiff::fmt::strtime::format(format, &sample.to_zoned(TimeZone::UTC));
        let written = written.map_err(|error| format!("time.format '{format}': {error}"))?;
        match self.read(&written) {
            Ok(_) => Ok(self),
            Err(_) if !tells_day(format) && matches!(self, Self::Local { .. }) => Err(format!(
                "time.format '{format}' does not tell a date; expected one as %d/%m/%Y %H:%M, or, if the file knows the \
                 month alone, time.resolution = \"month\""
            )),
            Err(_) => Err(format!("time.format '{format}' does not tell a date; expected one as %d/%m/%Y %H:%M")),
        }
    }
}

fn zone_named(zone: &str) -> Result<TimeZone, String> {
    TimeZone::get(zone).map_err(|_| format!("time.zone '{zone}' is not the IANA name of a time zone"))
}

/// Whether a format reads the day of a date, in one of the ways strptime knows.
fn tells_day(format: &str) -> bool {
    ["%d", "%e", "%j", "%D", "%F", "%x", "%c", "%s"].iter().any(|directive| format.contains(directive))
}

fn local_instant(local: DateTime, zone: &TimeZone) -> Result<Instant, TimeError> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => instant_ms(local, offset).map(Instant::At),
        // The offset from before the gap puts the time as far after the gap as it was into it.
        AmbiguousOffset::Gap { before, .. } => instant_ms(local, before).map(Instant::Shifted),
        AmbiguousOffset::Fold { before, after } => {
            Ok(Instant::Twice { local, first_ms: instant_ms(local, before)?, second_ms: instant_ms(local, after)? })
        }
    }
}

fn instant_ms(local: DateTime, offset: Offset) -> Result<i64, TimeError> {
    let timestamp = offset.to_timestamp(local).map_err(|_| TimeError::OutOfRange)?;
    checked_ms(timestamp.as_millisecond())
}

impl Instant {
    /// The instant of something that happens once: of a repeated local time the first.
    pub(super) fn first_ms(self, report: &mut Report) -> i64 {
        match self {
            Self::At(time_ms) | Self::Twice { first_ms: time_ms, .. } => time_ms,
            Self::Shifted(time_ms) => {
                report.times_shifted += 1;
                time_ms
            }
        }
    }
}

/// What tells the values of one series from others at the same time: space, sensor, node and metric.
pub(super) type Series = [NameIx; 4];

/// Repeated local times seen so far, by series: a second sight is the second occurrence.
///
/// Rows may come in any order, so nothing else tells the two apart; in a file whose newest row comes first, the two
/// values of a repeated hour change places.
#[derive(Debug, Default)]
pub(super) struct RepeatedTimes {
    seen: HashSet<(DateTime, Series)>,
}

impl RepeatedTimes {
    /// Decides an instant for a series, and counts what was special about it.
    pub(super) fn decide(&mut self, instant: Instant, series: Series, report: &mut Report) -> i64 {
        match instant {
            Instant::At(time_ms) => time_ms,
            Instant::Shifted(time_ms) => {
                report.times_shifted += 1;
                time_ms
            }
            Instant::Twice { local, first_ms, second_ms } => {
                if self.seen.len() >= REPEATED_TIMES_MAX {
                    self.seen.clear();
                }
                if self.seen.insert((local, series)) {
                    return first_ms;
                }
                report.times_repeated += 1;
                second_ms
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::time::format_utc;

    fn read(format: &str, zone: Option<&str>, text: &str) -> String {
        match Clock::new(format, zone).unwrap().read(text) {
            Ok(Instant::At(time_ms)) => format_utc(time_ms),
            Ok(Instant::Shifted(time_ms)) => format!("shifted {}", format_utc(time_ms)),
            Ok(Instant::Twice { first_ms, second_ms, .. }) => {
                format!("{} or {}", format_utc(first_ms), format_utc(second_ms))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_the_formats_of_the_cities() {
        let melbourne = Some("Australia/Melbourne");
        assert_eq!(read("%d/%m/%Y %H", melbourne, "12/03/2017 20"), "2017-03-12T09:00:00Z");
        assert_eq!(read("%d/%m/%Y %H", melbourne, "01/03/2017 0"), "2017-02-28T13:00:00Z");
        let seattle = Some("America/Los_Angeles");
        assert_eq!(read("%m/%d/%Y %I:%M:%S %p", seattle, "12/31/2018 11:00:00 PM"), "2019-01-01T07:00:00Z");
        assert_eq!(read("%m/%d/%Y %I:%M:%S %p", seattle, "01/01/2014 12:00:00 AM"), "2014-01-01T08:00:00Z");
        assert_eq!(read("%Y-%m-%d %H:%M:%S", Some("Europe/Dublin"), "2015-01-01 01:00:00"), "2015-01-01T01:00:00Z");
        assert_eq!(read("rfc3339", None, "2014-12-31T13:00:00Z"), "2014-12-31T13:00:00Z");
        assert_eq!(read("%Y-%m-%dT%H:%M:%SZ", Some("UTC"), "2014-12-31T13:00:00Z"), "2014-12-31T13:00:00Z");
        assert_eq!(read("%Y-%m-%d %H:%M %z", None, "2017-03-12 21:00 +1100"), "2017-03-12T10:00:00Z");
        assert_eq!(read("epoch_s", None, "1489312800"), "2017-03-12T10:00:00Z");
        assert!(read("%d/%m/%Y", melbourne, "2017-03-12").starts_with("not an instant"));
        assert!(read("epoch_s", None, "9223372036854775807").starts_with("instant outside"));
    }

    #[test]
    fn the_two_days_on_which_clocks_are_set() {
        let format = "%Y-%m-%d %H:%M";
        let zone = Some("Australia/Melbourne");
        assert_eq!(read(format, zone, "2017-04-02 02:30"), "2017-04-01T15:30:00Z or 2017-04-01T16:30:00Z");
        assert_eq!(read(format, zone, "2017-10-01 02:30"), "shifted 2017-09-30T16:30:00Z");
        let mut report = Report::default();
        let mut repeated = RepeatedTimes::default();
        let twice = Clock::new(format, zone).unwrap().read("2017-04-02 02:30").unwrap();
        let mut decide = |series| format_utc(repeated.decide(twice, series, &mut report));
        assert_eq!(decide([0; 4]), "2017-04-01T15:30:00Z");
        assert_eq!(decide([1; 4]), "2017-04-01T15:30:00Z");
        assert_eq!(decide([0; 4]), "2017-04-01T16:30:00Z");
        assert_eq!(report.times_repeated, 1);
    }

    #[test]
    fn says_what_is_wrong_with_a_format() {
        let wrong = |format, zone| Clock::new(format, zone).unwrap_err();
        assert_eq!(wrong("%d/%m/%Y", None), "time.zone is missing: the format reads no offset (%z)");
        assert_eq!(wrong("%d/%m/%Y", Some("Mars/Base")), "time.zone 'Mars/Base' is not the IANA name of a time zone");
        assert_eq!(wrong("rfc3339", Some("UTC")), "time.zone must be left out: rfc3339 needs none");
        assert_eq!(
            wrong("%d/%m %H", Some("UTC")),
            "time.format '%d/%m %H' does not tell a date; expected one as %d/%m/%Y %H:%M"
        );
        assert!(wrong("%!", Some("UTC")).starts_with("time.format '%!': "));
        assert!(wrong("%Y-%m", Some("UTC")).ends_with("time.resolution = \"month\""));
    }

    #[test]
    fn a_month_alone_is_its_first_instant_and_has_to_be_said() {
        let month = |format: &str, zone: Option<&str>| {
            let zone = zone.map(str::to_owned);
            let format = format.to_owned();
            Clock::of(&TimeSpec {
                columns: vec!["Month".to_owned()],
                format,
                zone,
                resolution: Some(Resolution::Month),
            })
        };
        let clock = month("%Y-%m", Some("Europe/London")).unwrap();
        let read = |text| match clock.read(text) {
            Ok(Instant::At(time_ms)) => format_utc(time_ms),
            other => format!("{other:?}"),
        };
        assert_eq!((read("2019-01"), read("2019-07")), ("2019-01-01T00:00:00Z".into(), "2019-06-30T23:00:00Z".into()));
        assert!(read("2019-13").starts_with("Err") && read("2019-01-05").starts_with("Err"));
        assert_eq!(month("%Y-%m", None).unwrap_err(), "time.zone is missing: a month begins somewhere");
        let told = month("%Y-%m-%d", Some("UTC")).unwrap_err();
        assert_eq!(told, "time.format '%Y-%m-%d' tells a day; leave out time.resolution = \"month\"");
    }
}
