//! `[calendars.NAME]`: hours in which rules may be judged, in the centre's local time.

use super::toml_reader::Section;
use vigie_model::calendar::{Calendar, PERIODS_OWN};
use vigie_model::id::check_id;
use vigie_model::spans::{day, single, weekly};

/// Reads all `[calendars.NAME]`, in the order of their names.
pub(super) fn read(section: Section<'_>) -> Vec<Calendar> {
    let mut calendars = Vec::new();
    for (name, mut section) in section.named_sections() {
        let report = section.report();
        if let Err(reason) = check_id(name.value) {
            report.add(report.error(name.at, format!("the name of calendar '{}' {reason}", name.value)));
        }
        if PERIODS_OWN.contains(&name.value) {
            let message = format!("'{}' is a period of its own, so no calendar can have this name", name.value);
            report.add(report.error(name.at, message));
        }
        if !section.has("weekly") && !section.has("also") {
            let message = format!("calendar '{}' never holds", name.value);
            let expected = "weekly = [\"Mon-Fri 08:00-16:00\"] or also = [\"2017-03-12\"]";
            report.add(report.warning(name.at, message).expected(expected));
        }
        calendars.push(Calendar {
            name: name.value.into(),
            weekly: section.each_parsed("weekly", weekly),
            except: section.each_parsed("except", day),
            also: section.each_parsed("also", single),
        });
        section.finish();
    }
    calendars
}
