//! Spans of local time as people write them: `Mon-Fri 08:00-16:00`, `2017-03-11 10:00-23:00`.

use crate::calendar::{DAY_MINUTES, DaySpan, WeeklySpan};
use crate::diagnostic::did_you_mean;
use jiff::civil::{Date, date};

/// Days of the week, in the order of the bits of [`WeeklySpan::days`].
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// All days of the week as bits.
const EVERY_DAY: u8 = 0b111_1111;
/// Length of a date as written.
const DATE_BYTES: usize = "2017-03-11".len();

/// Why a text is no span of local time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not days and hours.
    #[error("expected days and hours, as in Mon-Fri 08:00-16:00, Sat,Sun 22:00-04:00 or daily 06:00-22:00")]
    NotWeekly,
    /// Not a day of the week.
    #[error("'{word}' is no day; expected Mon, Tue, Wed, Thu, Fri, Sat, Sun or daily{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    NotWeekday {
        /// What stands there.
        word: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// Not hours.
    #[error("'{0}' are no hours; expected two times of day, as in 08:00-16:00 or 18:00-24:00")]
    NotHours(String),
    /// Nothing, or a whole day.
    #[error("begins and ends at {0}; 00:00-24:00 is a whole day")]
    SameTime(String),
    /// Not a date.
    #[error("'{0}' is no date; expected a day of the years 1900 to 2199, as in 2017-03-11")]
    NotDate(String),
}

/// Reads a span that comes every week.
///
/// # Errors
/// [`SpanError`] says what was expected.
pub fn weekly(text: &str) -> Result<WeeklySpan, SpanError> {
    let (days, hours) = text.trim().split_once(' ').ok_or(SpanError::NotWeekly)?;
    let days = weekdays(days)?;
    let (from_minute, until_minute) = hours_of(hours.trim_start())?;
    Ok(WeeklySpan { days, from_minute, until_minute })
}

/// Reads a span of a single day: a date, or a date and hours.
///
/// # Errors
/// [`SpanError`] says what was expected.
pub fn single(text: &str) -> Result<DaySpan, SpanError> {
    let (date, hours) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00-24:00"));
    let day = day(date)?;
    let (from_minute, until_minute) = hours_of(hours.trim_start())?;
    Ok(DaySpan { day, from_minute, until_minute })
}

/// Reads a date as days since 1970-01-01.
///
/// # Errors
/// [`SpanError`] says what was expected.
pub fn day(text: &str) -> Result<i32, SpanError> {
    let not_date = || SpanError::NotDate(text.to_owned());
    let found = text.parse::<Date>().ok().filter(|_| text.len() == DATE_BYTES).ok_or_else(not_date)?;
    if !(1900..2200).contains(&found.year()) {
        return Err(not_date());
    }
    Ok(found.since(date(1970, 1, 1)).expect("dates of jiff's range differ by days").get_days())
}

/// `Mon`, `Mon-Fri`, `Sat-Mon`, several of these with commas, or `daily`, as bits.
fn weekdays(text: &str) -> Result<u8, SpanError> {
    if text.eq_ignore_ascii_case("daily") {
        return Ok(EVERY_DAY);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (weekday(first)?, weekday(last)?);
        let mut day = first;
        days |= 1 << day;
        while day != last {
            day = (day + 1) % WEEKDAYS.len();
            days |= 1 << day;
        }
    }
    Ok(days)
}

fn weekday(word: &str) -> Result<usize, SpanError> {
    let found = WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(word));
    found.ok_or_else(|| SpanError::NotWeekday { word: word.to_owned(), hint: did_you_mean(word, WEEKDAYS) })
}

/// `08:00-16:00` as minutes of the day; an end at or before the beginning is on the next day.
fn hours_of(text: &str) -> Result<(u16, u16), SpanError> {
    let not_hours = || SpanError::NotHours(text.to_owned());
    let (from, until) = text.split_once('-').ok_or_else(not_hours)?;
    let from_minute = minute(from).filter(|minute| *minute < DAY_MINUTES).ok_or_else(not_hours)?;
    let until_minute = minute(until).ok_or_else(not_hours)?;
    if from_minute == until_minute {
        return Err(SpanError::SameTime(from.to_owned()));
    }
    Ok((from_minute, until_minute))
}

/// `HH:MM` as a minute of the day, 24:00 included.
fn minute(text: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| {
        let digits = [tens, ones].map(|digit| digit.is_ascii_digit().then(|| u16::from(digit - b'0')));
        Some(digits[0]? * 10 + digits[1]?)
    };
    let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
    (minutes < 60).then_some(hours * 60 + minutes).filter(|minute| *minute <= DAY_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(text: &str) -> (u8, u16, u16) {
        let span = weekly(text).unwrap();
        (span.days, span.from_minute, span.until_minute)
    }

    #[test]
    fn weekly_spans_as_people_write_them() {
        assert_eq!(week("Mon-Fri 08:00-16:00"), (0b001_1111, 480, 960));
        assert_eq!(week("Mon,Wed 08:00-12:00"), (0b000_0101, 480, 720));
        assert_eq!(week("sat-mon,Thu  22:00-04:00"), (0b110_1001, 1320, 240));
        assert_eq!(week("daily 00:00-24:00"), (0b111_1111, 0, 1440));
        assert_eq!(week("Sun 18:30-00:00"), (0b100_0000, 1110, 0));
    }

    #[test]
    fn single_days_are_whole_or_in_part() {
        let whole = DaySpan { day: 17_236, from_minute: 0, until_minute: 1440 };
        assert_eq!(single("2017-03-11"), Ok(whole));
        assert_eq!(single("2017-03-11 10:00-23:00"), Ok(DaySpan { from_minute: 600, until_minute: 1380, ..whole }));
    }

    #[test]
    fn what_is_no_span_says_why() {
        let reason = |text| weekly(text).unwrap_err().to_string();
        assert!(reason("Mon-Fri").starts_with("expected days and hours"));
        assert!(reason("Mon-Fry 08:00-16:00").starts_with("'Fry' is no day;"));
        assert!(reason("Mon-Fry 08:00-16:00").ends_with("did you mean 'Fri'?"));
        assert!(reason(", 08:00-16:00").starts_with("'' is no day;"));
        for hours in
            ["8:00-16:00", "08:00", "24:00-08:00", "08:60-09:00", "08:00-24:01", "08:00-16:00h", "é8:00-16:00", ""]
        {
            let text = format!("Mon {hours}");
            assert!(weekly(&text).is_err(), "{text}");
        }
        assert_eq!(reason("Mon 08:00-08:00"), "begins and ends at 08:00; 00:00-24:00 is a whole day");
        for text in ["2017-02-29", "20170311", "2017-3-11", "1066-10-14", "2200-01-01", "Monday", ""] {
            assert!(single(text).is_err(), "{text}");
        }
    }
}
