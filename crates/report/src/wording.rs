//! Numbers, shares, times and durations as people of a language write them.
//!
//! French separates thousands with a narrow no-break space and decimals with a comma; times are local to the centre, on a
//! clock of 24 hours.

use crate::language::Language;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const NARROW_SPACE: char = '\u{202f}';
const MONTHS: [(&str, &str); 12] = [
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
];
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// How a report writes values.
#[derive(Clone, Debug)]
pub struct Wording {
    /// The language.
    pub language: Language,
    /// The centre's time zone.
    pub zone: TimeZone,
}

impl Wording {
    /// A whole number, thousands separated.
    #[must_use]
    pub fn count(&self, count: u64) -> String {
        let digits = count.to_string();
        let separator = match self.language {
            Language::English => ',',
            Language::French => NARROW_SPACE,
        };
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A number with `decimals` decimals.
    #[must_use]
    pub fn number(&self, value: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let negative = value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        let sign = if negative { "\u{2212}" } else { "" };
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.count(whole));
        match (self.language, fraction) {
            (_, "") => format!("{sign}{whole}"),
            (Language::English, fraction) => format!("{sign}{whole}.{fraction}"),
            (Language::French, fraction) => format!("{sign}{whole},{fraction}"),
        }
    }

    /// A share, 0 to 1, in percent.
    #[must_use]
    pub fn percent(&self, share: f64, decimals: usize) -> String {
        let number = self.number(share * 100.0, decimals);
        match self.language {
            Language::English => format!("{number}%"),
            Language::French => format!("{number}{NARROW_SPACE}%"),
        }
    }

    /// A change of a share, in percent, with its sign.
    #[must_use]
    pub fn change(&self, share: f64, decimals: usize) -> String {
        let percent = self.percent(share, decimals);
        let is_something = percent.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        if share > 0.0 && is_something { format!("+{percent}") } else { percent }
    }

    /// An interval of numbers.
    #[must_use]
    pub fn interval(&self, low: f64, high: f64, decimals: usize) -> String {
        let to = match self.language {
            Language::English => "to",
            Language::French => "à",
        };
        format!("{} {to} {}", self.number(low, decimals), self.number(high, decimals))
    }

    /// An interval of shares, in percent.
    #[must_use]
    pub fn percent_interval(&self, low: f64, high: f64, decimals: usize) -> String {
        let to = match self.language {
            Language::English => "to",
            Language::French => "à",
        };
        format!("{} {to} {}", self.number(low * 100.0, decimals), self.percent(high, decimals))
    }

    /// A day: `11 March 2017`, `11 mars 2017`.
    #[must_use]
    pub fn day(&self, epoch_ms: i64) -> String {
        self.date(self.local(epoch_ms).date())
    }

    /// A date of the calendar: `11 March 2017`, `11 mars 2017`.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        let (english, french) = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
        match self.language {
            Language::English => format!("{} {english} {}", date.day(), date.year()),
            Language::French if date.day() == 1 => format!("1er {french} {}", date.year()),
            Language::French => format!("{} {french} {}", date.day(), date.year()),
        }
    }

    /// A day and the clock: `11 March 2017, 18:00`.
    #[must_use]
    pub fn instant(&self, epoch_ms: i64) -> String {
        let clock = self.clock(epoch_ms);
        match self.language {
            Language::English => format!("{}, {clock}", self.day(epoch_ms)),
            Language::French => format!("{} à {clock}", self.day(epoch_ms)),
        }
    }

    /// The clock: `18:00`.
    #[must_use]
    pub fn clock(&self, epoch_ms: i64) -> String {
        let local = self.local(epoch_ms);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// A duration in its two largest units: `2 h 5 min`, `3 d 1 h`, `40 s`.
    #[must_use]
    pub fn duration(&self, seconds: f64) -> String {
        let seconds = seconds.round().max(0.0) as i64;
        let day = match self.language {
            Language::English => "d",
            Language::French => "j",
        };
        let two = |large: i64, unit: &str, small: i64, smaller: &str| match small {
            0 => format!("{large} {unit}"),
            small => format!("{large} {unit} {small} {smaller}"),
        };
        match seconds {
            0..MINUTE_S => format!("{seconds} s"),
            MINUTE_S..HOUR_S => two(seconds / MINUTE_S, "min", seconds % MINUTE_S, "s"),
            HOUR_S..DAY_S => two(seconds / HOUR_S, "h", seconds % HOUR_S / MINUTE_S, "min"),
            _ => two(seconds / DAY_S, day, seconds % DAY_S / HOUR_S, "h"),
        }
    }

    fn local(&self, epoch_ms: i64) -> jiff::Zoned {
        Timestamp::from_millisecond(epoch_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(language: Language) -> Wording {
        Wording { language, zone: TimeZone::get("Australia/Melbourne").unwrap() }
    }

    #[test]
    fn numbers_are_written_as_in_the_language() {
        let (english, french) = (wording(Language::English), wording(Language::French));
        assert_eq!(english.number(-1_234_567.891, 1), "\u{2212}1,234,567.9");
        assert_eq!(french.number(1_234.5, 1), "1\u{202f}234,5");
        assert_eq!(english.number(-0.04, 1), "0.0");
        assert_eq!(english.count(999), "999");
        assert_eq!(english.count(1_000), "1,000");
        assert_eq!(english.percent_interval(0.3071, 0.6017, 1), "30.7 to 60.2%");
        assert_eq!(french.percent_interval(0.3071, 0.6017, 1), "30,7 à 60,2\u{202f}%");
        assert_eq!([0.204, 0.004, -0.2].map(|share| english.change(share, 0)), ["+20%", "0%", "\u{2212}20%"]);
    }

    #[test]
    fn times_are_those_of_the_centre() {
        let epoch_ms = 1_488_351_600_000; // 2017-03-01T07:00:00Z
        assert_eq!(wording(Language::English).instant(epoch_ms), "1 March 2017, 18:00");
        assert_eq!(wording(Language::French).instant(epoch_ms), "1er mars 2017 à 18:00");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let wording = wording(Language::French);
        let written: Vec<_> = [0.4, 59.6, 3_599.0, 7_500.0, 86_400.0, 270_000.0].map(|s| wording.duration(s)).into();
        assert_eq!(written, ["0 s", "1 min", "59 min 59 s", "2 h 5 min", "1 j", "3 j 3 h"]);
    }
}
