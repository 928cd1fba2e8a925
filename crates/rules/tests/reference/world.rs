//! The city around the rules: declared spaces, their parameters, sensors and neighbours, calendars and events.

use crate::condition::Params;
use crate::rule::Rule;
use crate::spans::Spans;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::calendar::{Calendar, CityEvent, DAY_MINUTES};
use vigie_model::control::{Control, SourceFile};
use vigie_model::decimal::Decimal;
use vigie_model::space::{Sensor, Space};

/// The centre's time zone.
pub(crate) const ZONE: &str = "Australia/Melbourne";
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A declared space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) district: String,
    pub(crate) adjacent: Vec<String>,
    /// Sensor, metric.
    pub(crate) expected: Vec<(String, String)>,
    /// Rule, parameter, value in millionths.
    pub(crate) params: Vec<(String, String, i64)>,
}

/// Everything but rules and events.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) places: Vec<Place>,
    pub(crate) calendars: Vec<Calendar>,
    pub(crate) events: Vec<CityEvent>,
}

impl World {
    fn place(&self, space: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.id == space)
    }

    /// The district of a space; empty for one nobody declared.
    pub(crate) fn district(&self, space: &str) -> &str {
        self.place(space).map_or("", |place| place.district.as_str())
    }

    pub(crate) fn are_adjacent(&self, one: &str, other: &str) -> bool {
        let names = |one, other: &str| self.place(one).is_some_and(|place| place.adjacent.iter().any(|id| id == other));
        names(one, other) || names(other, one)
    }

    pub(crate) fn is_in_scope(&self, rule: &Rule, space: &str) -> bool {
        rule.districts.is_empty() || rule.districts.iter().any(|district| district == self.district(space))
    }

    /// The rule's parameters in a space.
    pub(crate) fn params(&self, rule: &Rule, space: &str) -> Params {
        let mut params = rule.params.clone();
        for (name, param, value) in self.place(space).into_iter().flat_map(|place| &place.params) {
            if *name == rule.name {
                params.insert(param.clone(), *value);
            }
        }
        params
    }

    /// When the rule is judged in a space, between two instants.
    pub(crate) fn period(&self, rule: &Rule, space: &str, from: i64, until: i64) -> Spans {
        let Some(name) = rule.period.as_deref() else { return Spans::Always };
        if name == "event" {
            let covers = |event: &&CityEvent| {
                let everywhere = event.spaces.is_empty() && event.districts.is_empty();
                let district = self.district(space);
                everywhere
                    || event.spaces.iter().any(|id| **id == *space)
                    || event.districts.iter().any(|d| d == district)
            };
            return Spans::union(
                self.events.iter().filter(covers).map(|event| (event.from_ms, event.until_ms)).collect(),
            );
        }
        let calendar = self.calendars.iter().find(|calendar| *calendar.name == *name).expect("a declared calendar");
        let zone = TimeZone::get(ZONE).expect("a known zone");
        let date =
            |at: i64| Timestamp::from_millisecond(at).expect("an instant of this age").to_zoned(zone.clone()).date();
        let days = day_number(date(from)) - 1..=day_number(date(until));
        Spans::union(days.flat_map(|day| spans_of_day(calendar, &zone, day)).collect())
    }

    /// The control record of these rules in this city.
    pub(crate) fn control(&self, rules: &str) -> Control {
        Control {
            centre: "test".into(),
            time_zone: ZONE.into(),
            tick_ms: 1000,
            rules: vec![SourceFile { path: "rules.yaml".into(), text: rules.into() }],
            spaces: Arc::new(self.places.iter().map(Place::space).collect()),
            metrics: Arc::default(),
            calendars: Arc::new(self.calendars.clone()),
            events: Arc::new(self.events.clone()),
            ..Control::default()
        }
    }
}

impl Place {
    fn space(&self) -> Space {
        let mut params: BTreeMap<String, BTreeMap<String, Decimal>> = BTreeMap::new();
        for (rule, param, value) in &self.params {
            params.entry(rule.clone()).or_default().insert(param.clone(), Decimal::from_micros(*value));
        }
        let sensor = |(id, metric): &(String, String)| Sensor {
            id: id.as_str().into(),
            metric: metric.as_str().into(),
            expected: true,
        };
        Space {
            id: self.id.as_str().into(),
            name: self.id.as_str().into(),
            district: self.district.clone(),
            params,
            adjacent: self.adjacent.iter().map(|id| id.as_str().into()).collect(),
            sensors: self.expected.iter().map(sensor).collect(),
            ..Space::default()
        }
    }
}

fn day_number(date: Date) -> i32 {
    (date - EPOCH).get_days()
}

/// The spans of a calendar that begin on a local date.
fn spans_of_day(calendar: &Calendar, zone: &TimeZone, day: i32) -> Vec<(i64, i64)> {
    let instant = |minutes: u16| {
        let local = (EPOCH + Span::new().days(day)).at(0, 0, 0, 0) + Span::new().minutes(minutes);
        zone.to_timestamp(local).expect("a local time of this age").as_millisecond()
    };
    let span =
        |from: u16, until: u16| (instant(from), instant(if until <= from { until + DAY_MINUTES } else { until }));
    let weekday = (day - 4).rem_euclid(7);
    let weekly = calendar.weekly.iter().filter(|span| span.days >> weekday & 1 == 1 && !calendar.except.contains(&day));
    let also = calendar.also.iter().filter(|span| span.day == day);
    let weekly = weekly.map(|weekly| span(weekly.from_minute, weekly.until_minute));
    weekly.chain(also.map(|also| span(also.from_minute, also.until_minute))).collect()
}
