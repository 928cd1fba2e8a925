//! The steps of a series around a measure: full weeks counted from its first day, or calendar months where a feed knows no more.
//!
//! Only time in which every feed reported counts: a feed that begins or ends within it would look like an effect. Since a feed
//! begins with a report, its first and its last day are left out. And what a series leaves out of the span at its ends is
//! nothing or at least 5 incidents, in all and by light: the counts of a series held against those of the whole span must
//! not tell of a few days.

use super::around::{Part, Reported};
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, BTreeSet};
use vigie_analysis::cells::Disclosure;

/// Steps needed before the measure, and from it on.
pub(super) const STEPS_MIN: usize = 12;
const EPOCH: Date = date(1970, 1, 1);
const MONTHS: i64 = 12;

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
}

/// How far steps are counted from: week or month 0 begins with the measure, or holds its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ruler {
    pub(super) unit: Unit,
    from: Date,
}

impl Ruler {
    /// The step in which a day lies.
    fn step_of(self, day: i64) -> i64 {
        match self.unit {
            Unit::Week => (day - day_of(self.from)).div_euclid(7),
            Unit::Month => month_of(date_of(day)) - month_of(self.from),
        }
    }

    /// First day of a step.
    pub(super) fn begins(self, step: i64) -> i64 {
        match self.unit {
            Unit::Week => day_of(self.from) + 7 * step,
            Unit::Month => {
                let month = month_of(self.from) + step;
                let year = i16::try_from(month.div_euclid(MONTHS)).unwrap_or(i16::MAX);
                let month = i8::try_from(month.rem_euclid(MONTHS)).unwrap_or(0) + 1;
                Date::new(year, month, 1).map_or(i64::MAX, day_of)
            }
        }
    }

    /// The first step that the measure holds throughout, and the step it begins within.
    fn start(self) -> (i64, Option<i64>) {
        if self.unit == Unit::Month && self.from.day() != 1 { (1, Some(0)) } else { (0, None) }
    }

    /// Steps in a year.
    pub(super) const fn year(self) -> f64 {
        match self.unit {
            Unit::Week => 365.25 / 7.0,
            Unit::Month => 12.0,
        }
    }
}

/// The steps that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) ruler: Ruler,
    first: i64,
    last: i64,
    /// Feeds whose incidents count.
    pub(super) feeds: Vec<String>,
    /// Feeds that did not report long enough on both sides.
    pub(super) left_out: Vec<String>,
}

/// Why there is no series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TooShort {
    /// Nothing was reported in the spaces of the measure.
    Nothing,
    /// No feed, or all of them together, reported long enough: steps before and from the measure on, of the longest.
    Steps(Unit, usize, usize),
}

impl Steps {
    /// The steps of a measure from a day on.
    pub(super) fn of(reported: &[Reported], from: Date) -> Result<Self, TooShort> {
        let in_area: BTreeSet<&str> =
            reported.iter().filter(|one| one.part == Part::Area).map(|one| one.feed.as_str()).collect();
        if in_area.is_empty() {
            return Err(TooShort::Nothing);
        }
        let feeds: Vec<Feed<'_>> = feeds(reported).into_iter().filter(|feed| in_area.contains(feed.name)).collect();
        let alone = |feed: &Feed<'_>| Self::over(Ruler { unit: feed.unit, from }, &[feed]);
        let (kept, left_out): (Vec<&Feed<'_>>, Vec<&Feed<'_>>) = feeds.iter().partition(|feed| alone(feed).is_long());
        if kept.is_empty() {
            let longest = feeds.iter().map(alone).max_by_key(|steps| steps.before().min(steps.after()));
            return Err(longest.map_or(TooShort::Nothing, |steps| steps.too_short()));
        }
        let monthly = kept.iter().any(|feed| feed.unit == Unit::Month);
        let unit = if monthly { Unit::Month } else { Unit::Week };
        let mut steps = Self::over(Ruler { unit, from }, &kept);
        steps.left_out = left_out.iter().map(|feed| feed.name.to_owned()).collect();
        while steps.is_long() && steps.ends_tell(reported) {
            steps.first += 1;
        }
        if steps.is_long() { Ok(steps) } else { Err(steps.too_short()) }
    }

    /// The full steps in which all feeds reported.
    fn over(ruler: Ruler, feeds: &[&Feed<'_>]) -> Self {
        let from = feeds.iter().map(|feed| feed.from_day).max().unwrap_or_default();
        let until = feeds.iter().map(|feed| feed.until_day).min().unwrap_or_default();
        let first = ruler.step_of(from);
        let first = if ruler.begins(first) < from { first + 1 } else { first };
        let names = feeds.iter().map(|feed| feed.name.to_owned()).collect();
        Self { ruler, first, last: ruler.step_of(until) - 1, feeds: names, left_out: Vec::new() }
    }

    /// The steps, in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = i64> + '_ {
        let (_, within) = self.ruler.start();
        (self.first..=self.last).filter(move |step| Some(*step) != within)
    }

    /// The first step that the measure holds throughout.
    pub(super) fn start(&self) -> i64 {
        self.ruler.start().0
    }

    /// Steps before the measure.
    pub(super) fn before(&self) -> usize {
        self.steps().filter(|step| *step < self.start()).count()
    }

    /// Steps from the measure on.
    pub(super) fn after(&self) -> usize {
        self.steps().filter(|step| *step >= self.start()).count()
    }

    /// First day, and the day after the last.
    pub(super) fn days(&self) -> (i64, i64) {
        (self.ruler.begins(self.first), self.ruler.begins(self.last + 1))
    }

    /// Days of each step.
    pub(super) fn exposures(&self) -> Vec<f64> {
        self.steps().map(|step| (self.ruler.begins(step + 1) - self.ruler.begins(step)) as f64).collect()
    }

    /// Incidents of each step.
    pub(super) fn counts(&self, reported: &[Reported], counts: impl Fn(&Reported) -> bool) -> Vec<f64> {
        let mut found: BTreeMap<i64, u64> = self.steps().map(|step| (step, 0)).collect();
        for one in reported.iter().filter(|one| self.feeds.contains(&one.feed) && counts(one)) {
            if let Some(count) = found.get_mut(&self.ruler.step_of(one.day)) {
                *count += one.incidents;
            }
        }
        found.into_values().map(|count| count as f64).collect()
    }

    /// Steps in which nothing at all was reported.
    pub(super) fn silent(&self, reported: &[Reported]) -> usize {
        self.counts(reported, |_| true).iter().filter(|count| **count == 0.0).count()
    }

    /// Whether the incidents of the area that the series leaves out are few, in all or by light.
    fn ends_tell(&self, reported: &[Reported]) -> bool {
        ["", "day", "night"].iter().any(|light| {
            let such = |one: &Reported| one.part == Part::Area && (light.is_empty() || one.light == *light);
            let all: u64 = reported.iter().filter(|one| such(one)).map(|one| one.incidents).sum();
            let within = self.counts(reported, such).iter().sum::<f64>() as u64;
            !Disclosure::default().shows(all - within)
        })
    }

    fn is_long(&self) -> bool {
        self.before() >= STEPS_MIN && self.after() >= STEPS_MIN
    }

    fn too_short(&self) -> TooShort {
        TooShort::Steps(self.ruler.unit, self.before(), self.after())
    }
}

/// A feed, and the days it surely reported on.
struct Feed<'a> {
    name: &'a str,
    unit: Unit,
    from_day: i64,
    until_day: i64,
}

fn feeds(reported: &[Reported]) -> Vec<Feed<'_>> {
    let mut found: BTreeMap<&str, Feed<'_>> = BTreeMap::new();
    for one in reported {
        let unit = if one.by_month { Unit::Month } else { Unit::Week };
        let new = Feed { name: &one.feed, unit, from_day: one.day, until_day: one.day };
        let feed = found.entry(&one.feed).or_insert(new);
        (feed.from_day, feed.until_day) = (feed.from_day.min(one.day), feed.until_day.max(one.day));
    }
    let mut feeds: Vec<Feed<'_>> = found.into_values().collect();
    for feed in &mut feeds {
        match feed.unit {
            Unit::Week => feed.from_day += 1,
            // The first of the month stands for all of it.
            Unit::Month => feed.until_day = Ruler { unit: Unit::Month, from: date_of(feed.until_day) }.begins(1),
        }
    }
    feeds
}

/// Days since 1970.
pub(super) fn day_of(date: Date) -> i64 {
    date.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
}

/// The date of a day since 1970.
pub(super) fn date_of(day: i64) -> Date {
    EPOCH.saturating_add(jiff::SignedDuration::from_hours(24 * day))
}

fn month_of(date: Date) -> i64 {
    i64::from(date.year()) * MONTHS + i64::from(date.month()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str, by_month: bool, days: impl Iterator<Item = i64>) -> Vec<Reported> {
        let one = |day| Reported {
            feed: name.to_owned(),
            part: Part::Area,
            light: "night".to_owned(),
            by_month,
            day,
            incidents: 6,
        };
        days.map(one).collect()
    }

    fn at(text: &str) -> i64 {
        day_of(text.parse().unwrap())
    }

    const FROM: Date = date(2025, 7, 1);

    #[test]
    fn weeks_are_full_and_counted_from_the_measure() {
        let reported = feed("police", false, at("2025-01-01")..at("2026-01-01"));
        let steps = Steps::of(&reported, FROM).unwrap();
        // 2 January to 30 June are 180 days: 25 weeks. 1 July to 30 December are 183: 26 weeks.
        assert_eq!((steps.before(), steps.after(), steps.silent(&reported)), (25, 26, 0));
        assert_eq!(steps.days(), (at("2025-07-01") - 175, at("2025-07-01") + 182));
        assert!(steps.counts(&reported, |_| true).iter().all(|count| *count == 42.0));
        assert_eq!(steps.exposures(), vec![7.0; 51]);
    }

    #[test]
    fn months_leave_out_the_one_in_which_the_measure_began() {
        let firsts = (0..36).map(|month| day_of(date(2024 + month / 12, 1 + (month % 12) as i8, 1)));
        let reported = feed("police", true, firsts);
        let steps = Steps::of(&reported, date(2025, 7, 14)).unwrap();
        assert_eq!((steps.before(), steps.after(), steps.start()), (18, 17, 1));
        assert_eq!(steps.days(), (at("2024-01-01"), at("2027-01-01")));
        assert_eq!(steps.counts(&reported, |_| true).iter().sum::<f64>(), 35.0 * 6.0);
        assert_eq!(Steps::of(&reported, FROM).unwrap().before(), 18);
    }

    #[test]
    fn a_feed_that_began_with_the_measure_is_left_out() {
        let mut reported = feed("police", false, at("2025-01-01")..at("2026-01-01"));
        reported.extend(feed("cameras", false, at("2025-07-01")..at("2026-01-01")));
        let steps = Steps::of(&reported, FROM).unwrap();
        assert_eq!(
            (steps.feeds.as_slice(), steps.left_out.as_slice()),
            (&["police".to_owned()][..], &["cameras".to_owned()][..])
        );
        assert!(steps.counts(&reported, |_| true).iter().all(|count| *count == 42.0));
    }

    #[test]
    fn what_is_too_short_is_said_with_its_length() {
        let reported = feed("police", false, at("2025-05-01")..at("2026-01-01"));
        assert_eq!(Steps::of(&reported, FROM), Err(TooShort::Steps(Unit::Week, 8, 26)));
        assert_eq!(Steps::of(&[], FROM), Err(TooShort::Nothing));
    }

    /// One incident outside of the series would be its total less that of the span: another week goes.
    #[test]
    fn the_ends_of_a_series_tell_of_nobody() {
        let mut reported = feed("police", false, at("2025-01-01")..at("2026-01-01"));
        let (from, until) = Steps::of(&reported, FROM).unwrap().days();
        for one in reported.iter_mut().filter(|one| !(from..until).contains(&one.day)) {
            one.incidents = 0;
        }
        assert_eq!(Steps::of(&reported, FROM).unwrap().before(), 25);
        reported.last_mut().unwrap().incidents = 1;
        assert_eq!(Steps::of(&reported, FROM).unwrap().before(), 24);
    }
}
