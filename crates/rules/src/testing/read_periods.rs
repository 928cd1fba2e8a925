//! Calendars and events of tests, in the words of `[calendars.NAME]` and `[events.NAME]`.

use super::when::instant;
use crate::fields::{Fields, scalar_text};
use crate::yaml::Problems;
use vigie_model::calendar::{Calendar, CityEvent, PERIODS_OWN};
use vigie_model::spans::{SpanError, day, single, weekly};

/// `calendars`: a mapping of names.
pub(crate) fn calendars(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Calendar> {
    let mut calendars = Vec::new();
    for (name, fields) in named(fields, "calendars", "a calendar", problems) {
        fields.only(&["weekly", "except", "also"], "a calendar", problems);
        if PERIODS_OWN.contains(&name) {
            problems.error(fields.spot, format!("'{name}' is a period of its own, so no calendar can have this name"));
        }
        calendars.push(Calendar {
            name: name.into(),
            weekly: each(&fields, "weekly", weekly, problems),
            except: each(&fields, "except", day, problems),
            also: each(&fields, "also", single, problems),
        });
    }
    calendars
}

/// `events`: a mapping of names; its instants may be offsets from the start of the file.
pub(crate) fn events(fields: &Fields<'_>, start_ms: i64, problems: &mut Problems) -> Vec<CityEvent> {
    let mut events = Vec::new();
    for (name, fields) in named(fields, "events", "an event", problems) {
        fields.only(&["from", "until", "spaces", "districts"], "an event", problems);
        fields.missing("from", "the event", problems);
        fields.missing("until", "the event", problems);
        let from_ms = instant(&fields, "from", start_ms, problems);
        let until_ms = instant(&fields, "until", start_ms, problems);
        if from_ms.zip(until_ms).is_some_and(|(from_ms, until_ms)| until_ms <= from_ms) {
            problems.error(fields.spot_of("until"), "'until' is not later than 'from'");
        }
        events.push(CityEvent {
            name: name.into(),
            from_ms: from_ms.unwrap_or_default(),
            until_ms: until_ms.unwrap_or_default(),
            spaces: fields.texts("spaces", problems).into_iter().map(|(space, _)| space.into()).collect(),
            districts: fields
                .texts("districts", problems)
                .into_iter()
                .map(|(district, _)| district.to_owned())
                .collect(),
        });
    }
    events
}

fn named<'a>(fields: &Fields<'a>, list: &str, what: &str, problems: &mut Problems) -> Vec<(&'a str, Fields<'a>)> {
    let Some(by_name) = fields.node(list).and_then(|node| Fields::of(node, &format!("'{list}'"), problems)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, _) in by_name.names() {
        let entry = by_name.node(name).and_then(|node| Fields::of(node, what, problems));
        found.extend(entry.map(|entry| (name, entry)));
    }
    found
}

fn each<T>(fields: &Fields<'_>, name: &str, read: fn(&str) -> Result<T, SpanError>, problems: &mut Problems) -> Vec<T> {
    let mut found = Vec::new();
    for node in fields.list(name, problems) {
        let Some(text) = scalar_text(node, name, problems) else { continue };
        match read(text) {
            Ok(span) => found.push(span),
            Err(error) => {
                problems.error(node.spot, format!("'{name}': {error}"));
            }
        }
    }
    found
}
