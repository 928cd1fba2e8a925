//! `[centre]`: whose supervision centre this is, and where its data lie.

use super::toml_reader::Section;
use jiff::tz::{self, TimeZone};
use std::path::{Path, PathBuf};
use vigie_model::diagnostic::did_you_mean;
use vigie_model::id::check_id;

/// Where data go when the configuration does not say, beside the configuration file.
const DATA_DIR_DEFAULT: &str = "vigie-data";

/// The centre (tenant).
#[derive(Clone, Debug, PartialEq)]
pub struct Centre {
    /// In every row, key and alert id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// The time zone of that name.
    pub zone: TimeZone,
    /// Folder of the log and of history.
    pub data_dir: PathBuf,
}

/// Reads `[centre]`; `None` when `id` or `time_zone` is missing or wrong.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Option<Centre> {
    section.required_text("id", "a short name of the centre, as in id = \"melbourne\"");
    let id = section.parsed("id", |text| check_id(text).map(|()| text.to_owned()));
    let name = section.text("name").map(|name| name.value.to_owned());
    section.required_text("time_zone", "an IANA name, as in \"Australia/Melbourne\"");
    let zone = zone(&mut section, "time_zone");
    let data_dir = folder.join(section.text("data_dir").map_or(DATA_DIR_DEFAULT, |dir| dir.value));
    section.finish();
    let (id, (time_zone, zone)) = (id?.value, zone?);
    Some(Centre { name: name.unwrap_or_else(|| id.clone()), id, time_zone, zone, data_dir })
}

/// A time zone by its IANA name.
pub(super) fn zone(section: &mut Section<'_>, key: &'static str) -> Option<(String, TimeZone)> {
    let name = section.text(key)?;
    if let Ok(zone) = TimeZone::get(name.value) {
        return Some((name.value.to_owned(), zone));
    }
    let known: Vec<_> = tz::db().available().map(|name| name.to_string()).collect();
    let error = section.report().error(name.at, format!("'{key}' = \"{}\" is no time zone", name.value));
    let hint = did_you_mean(name.value, known.iter().map(String::as_str));
    section.report().add(error.expected("an IANA name, as in \"Australia/Melbourne\"").hint_opt(hint));
    None
}
