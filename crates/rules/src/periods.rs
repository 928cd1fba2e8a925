//! When rules are judged: night and day, calendars, events.
//!
//! [`Periods::at`] says whether a period holds in a space at an instant, and until when that stays so. It is asked once
//! for each stretch of time, not for each input.
//!
//! **Invariants**
//! - The answer depends on the instant alone, not on what was asked before: so neither partitions nor batches show.
//! - Whether a period holds does not change from the instant asked to `until_ms`, which is later; the state after it may
//!   be the same again, when the next change lies beyond what one question looks at.
//! - The work of a question is bounded for every instant, place and configuration.

mod phase;

mod calendars;

pub(crate) use phase::Phase;

use calendars::CompiledCalendar;
use jiff::tz::TimeZone;
use phase::union;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::calendar::{Calendar, CityEvent};
use vigie_model::place::Places;
use vigie_model::space::Space;
use vigie_model::sun::light;
use vigie_model::time::{TIME_MS_END, TIME_MS_MIN};

/// When a rule is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Period {
    /// At any time.
    #[default]
    Always,
    /// From sunset to sunrise at the space.
    Night,
    /// From sunrise to sunset at the space.
    Day,
    /// While a calendar holds, by its index.
    Calendar(usize),
    /// While an event covers the space.
    Event,
}

/// What periods of a centre depend on.
#[derive(Debug, PartialEq)]
pub(crate) struct Periods {
    zone: TimeZone,
    calendars: Vec<CompiledCalendar>,
    events: Vec<CityEvent>,
    /// Of declared spaces.
    places: Places,
    /// Of declared spaces.
    districts: BTreeMap<Arc<str>, String>,
}

impl Periods {
    /// The periods of a centre. Of several versions of a space the last one counts.
    pub(crate) fn new<'a>(
        zone: TimeZone,
        calendars: &[Calendar],
        events: &[CityEvent],
        spaces: impl IntoIterator<Item = &'a Space> + Clone,
    ) -> Self {
        let places = Places::new(spaces.clone().into_iter().map(|space| (&*space.id, &*space.geometry)));
        let districts = spaces.into_iter().map(|space| (Arc::clone(&space.id), space.district.clone())).collect();
        let calendars = calendars.iter().map(CompiledCalendar::new).collect();
        Self { zone, calendars, events: events.to_vec(), places, districts }
    }

    /// The period of a name in a rule file.
    pub(crate) fn named(&self, name: &str) -> Option<Period> {
        match name {
            "always" => Some(Period::Always),
            "night" => Some(Period::Night),
            "day" => Some(Period::Day),
            "event" => Some(Period::Event),
            _ => self.calendars.iter().position(|calendar| calendar.name() == name).map(Period::Calendar),
        }
    }

    /// Names of the calendars, for hints.
    pub(crate) fn calendar_names(&self) -> impl Iterator<Item = &str> {
        self.calendars.iter().map(CompiledCalendar::name)
    }

    /// Whether night and day can be told: some space has an outline.
    pub(crate) fn knows_the_sun(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether the period holds in a space at an instant, and until when that stays so.
    ///
    /// Outside the years that instants may have nothing but [`Period::Always`] holds; nor do night and day while no
    /// space has an outline.
    pub(crate) fn at(&self, period: Period, space: &str, at_ms: i64) -> Phase {
        match period {
            Period::Always => Phase { inside: true, until_ms: i64::MAX },
            _ if at_ms < TIME_MS_MIN => Phase { inside: false, until_ms: TIME_MS_MIN },
            _ if at_ms >= TIME_MS_END => Phase { inside: false, until_ms: i64::MAX },
            Period::Night => within_years(self.night(space, at_ms)),
            Period::Day => within_years(self.night(space, at_ms).map(|night| Phase { inside: !night.inside, ..night })),
            Period::Calendar(index) => {
                within_years(self.calendars.get(index).map(|calendar| calendar.at(&self.zone, at_ms)))
            }
            Period::Event => self.event(space, at_ms),
        }
    }

    fn night(&self, space: &str, at_ms: i64) -> Option<Phase> {
        let light = light(self.places.of(space)?, at_ms);
        Some(Phase { inside: light.is_night, until_ms: light.until_ms })
    }

    fn event(&self, space: &str, at_ms: i64) -> Phase {
        let district = self.districts.get(space).map_or("", String::as_str);
        let covers = |event: &&CityEvent| {
            let everywhere = event.spaces.is_empty() && event.districts.is_empty();
            let declared = event.spaces.iter().any(|id| **id == *space);
            everywhere || declared || (!district.is_empty() && event.districts.iter().any(|name| name == district))
        };
        let spans = self.events.iter().filter(|event| event.until_ms > at_ms).filter(covers);
        union(spans.map(|event| (event.from_ms, event.until_ms)).collect(), at_ms, TIME_MS_END)
    }
}

/// A phase that ends with the years that instants may have, if not before; what cannot be told does not hold.
fn within_years(phase: Option<Phase>) -> Phase {
    let Phase { inside, until_ms } = phase.unwrap_or(Phase { inside: false, until_ms: TIME_MS_END });
    Phase { inside, until_ms: until_ms.min(TIME_MS_END) }
}

#[cfg(test)]
mod tests;
