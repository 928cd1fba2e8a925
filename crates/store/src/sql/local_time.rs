//! The column `local_time`: what the centre's clocks showed at an instant.

use crate::schema::column::ColumnType;
use arrow::array::{AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Instants to local times of one zone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LocalTime {
    zone: TimeZone,
    signature: Signature,
}

impl LocalTime {
    pub(super) fn new(zone: TimeZone) -> Self {
        let instant = TypeSignature::Exact(vec![ColumnType::Timestamp.arrow()]);
        Self { zone, signature: Signature::new(instant, Volatility::Immutable) }
    }
}

impl Hash for LocalTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.zone.iana_name().hash(state);
    }
}

impl ScalarUDFImpl for LocalTime {
    fn name(&self) -> &'static str {
        "local_time"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, None))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let mut clock = Clock::new(&self.zone);
        let local: TimestampMicrosecondArray =
            instants.iter().map(|instant| instant.and_then(|micros| clock.shown_at(micros))).collect();
        Ok(ColumnarValue::Array(Arc::new(local)))
    }
}

/// The clocks of a zone. Rows come sorted by time, or nearly: between two changes of the clocks the offset found last is
/// that of the next row.
struct Clock<'a> {
    zone: &'a TimeZone,
    /// Seconds since the epoch, in which `offset_s` holds.
    stretch: Range<i64>,
    offset_s: i64,
}

impl<'a> Clock<'a> {
    const fn new(zone: &'a TimeZone) -> Self {
        Self { zone, stretch: 0..0, offset_s: 0 }
    }

    /// What the clocks showed, as if it were an instant; `None` outside the years that jiff knows.
    fn shown_at(&mut self, micros: i64) -> Option<i64> {
        let at_s = micros.div_euclid(MICROS_PER_SECOND);
        if !self.stretch.contains(&at_s) {
            let at = Timestamp::from_second(at_s).ok()?;
            self.offset_s = i64::from(self.zone.to_offset(at).seconds());
            // `preceding` leaves out a change at the instant itself, where the offset of the row begins.
            let since = self.zone.preceding(Timestamp::from_second(at_s + 1).ok()?).next();
            let until = self.zone.following(at).next();
            self.stretch = since.map_or(i64::MIN, |change| change.timestamp().as_second())
                ..until.map_or(i64::MAX, |change| change.timestamp().as_second());
        }
        micros.checked_add(self.offset_s * MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::time::{format_utc, parse_rfc3339_ms};

    /// What clocks in a zone show at instants, asked in this order of one clock.
    fn shown(zone: &str, instants: &[&str]) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let mut clock = Clock::new(&zone);
        let show = |instant: &&str| {
            let local = clock.shown_at(parse_rfc3339_ms(instant).unwrap() * 1_000).unwrap();
            format_utc(local / 1_000).trim_end_matches('Z').to_owned()
        };
        instants.iter().map(show).collect()
    }

    #[test]
    fn clocks_go_forward_and_back() {
        // https://www.timeanddate.com/time/change/australia/melbourne?year=2017: back on 2 April at 3:00, forward on 1
        // October at 2:00.
        assert_eq!(
            shown(
                "Australia/Melbourne",
                &["2017-04-01T15:59:59Z", "2017-04-01T16:00:00Z", "2017-09-30T15:59:59Z", "2017-09-30T16:00:00Z"]
            ),
            ["2017-04-02T02:59:59", "2017-04-02T02:00:00", "2017-10-01T01:59:59", "2017-10-01T03:00:00"]
        );
        assert_eq!(
            shown("Europe/Dublin", &["2026-10-25T01:00:00Z", "2026-10-25T00:59:59Z", "1970-01-01T00:00:00Z"]),
            ["2026-10-25T01:00:00", "2026-10-25T01:59:59", "1970-01-01T01:00:00"],
            "whatever the order of the rows"
        );
        assert_eq!(shown("UTC", &["2026-10-25T01:00:00Z"]), ["2026-10-25T01:00:00"]);
    }

    #[test]
    fn a_clock_kept_shows_what_a_new_one_does() {
        for name in ["Australia/Lord_Howe", "Africa/Casablanca", "America/New_York", "Asia/Kolkata"] {
            let zone = TimeZone::get(name).unwrap();
            let mut clock = Clock::new(&zone);
            // Fourteen years of steps that are no multiple of an hour or a day, every third of them back.
            let mut at_s = 1_262_304_000;
            for step in 0..30_000 {
                at_s += if step % 3 == 2 { -9_007 } else { 27_011 };
                let micros = at_s * MICROS_PER_SECOND;
                assert_eq!(clock.shown_at(micros), Clock::new(&zone).shown_at(micros), "{name} at {at_s}");
            }
        }
    }
}
