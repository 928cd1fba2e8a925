//! `[events.NAME]`: large events, during which rules of the period `event` are judged in the spaces covered.

use super::report::Located;
use super::toml_reader::Section;
use vigie_ingest::spaces::registry::UnknownSpace;
use vigie_model::calendar::CityEvent;
use vigie_model::diagnostic::{Diagnostic, Level, did_you_mean};
use vigie_model::id::check_id;
use vigie_model::space::Space;
use vigie_model::time::parse_rfc3339_ms;

/// An event, and what its spaces and districts say should they not exist.
#[derive(Clone, Debug)]
pub struct Event {
    /// The event.
    pub event: CityEvent,
    /// For each of its spaces the message that it is not declared.
    unknown_spaces: Vec<Diagnostic>,
    /// For each of its districts the message that no space lies in it.
    unknown_districts: Vec<Diagnostic>,
}

impl Event {
    /// What it names that the spaces file does not: an error, but for a space that may still be registered.
    pub(super) fn undeclared(&self, spaces: &[Space], others: UnknownSpace) -> Vec<Diagnostic> {
        let ids: Vec<_> = spaces.iter().map(|space| space.id.as_ref()).collect();
        let mut found = missing(self.event.spaces.iter().map(AsRef::as_ref), &self.unknown_spaces, &ids);
        if others == UnknownSpace::Register {
            found.iter_mut().for_each(|message| message.level = Level::Warning);
        }
        let districts: Vec<_> = spaces.iter().map(|space| space.district.as_str()).collect();
        found.extend(missing(self.event.districts.iter().map(String::as_str), &self.unknown_districts, &districts));
        found
    }
}

/// The messages about those names that are not declared.
fn missing<'a>(names: impl Iterator<Item = &'a str>, messages: &[Diagnostic], declared: &[&str]) -> Vec<Diagnostic> {
    let missing = names.zip(messages).filter(|(name, _)| !declared.contains(name));
    missing.map(|(name, message)| message.clone().hint_opt(did_you_mean(name, declared.iter().copied()))).collect()
}

/// Reads all `[events.NAME]`, in the order of their names.
pub(super) fn read(section: Section<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for (name, mut section) in section.named_sections() {
        let report = section.report();
        if let Err(reason) = check_id(name.value) {
            report.add(report.error(name.at, format!("the name of event '{}' {reason}", name.value)));
        }
        let [from, until] = ["from", "until"].map(|key| {
            section.required_text(key, "an instant, as in \"2017-03-10T17:00:00+11:00\"")?;
            section.parsed(key, parse_rfc3339_ms)
        });
        if let (Some(from), Some(until)) = (&from, &until)
            && until.value <= from.value
        {
            report.add(report.error(until.at, "'until' is not later than 'from'"));
        }
        let spaces = section.texts("spaces");
        let districts = section.texts("districts");
        let not_declared = |what, named: &[Located<&str>]| {
            named.iter().map(|name| report.error(name.at, format!("no {what} '{}' is declared", name.value))).collect()
        };
        events.push(Event {
            unknown_spaces: not_declared("space", &spaces),
            unknown_districts: not_declared("district", &districts),
            event: CityEvent {
                name: name.value.into(),
                from_ms: from.map_or(0, |from| from.value),
                until_ms: until.map_or(0, |until| until.value),
                spaces: spaces.iter().map(|space| space.value.into()).collect(),
                districts: districts.iter().map(|district| district.value.to_owned()).collect(),
            },
        });
        section.finish();
    }
    events
}
