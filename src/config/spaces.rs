//! `[spaces]`: the public spaces, and what to do with events about others.

use super::toml_reader::Section;
use std::path::{Path, PathBuf};
use vigie_ingest::spaces::registry::UnknownSpace;
use vigie_model::decimal::Decimal;

/// Where spaces come from.
#[derive(Clone, Debug)]
pub struct Spaces {
    /// The GeoJSON file that declares them.
    pub file: Option<PathBuf>,
    /// What happens to an event about a space nobody declared.
    pub unknown: UnknownSpace,
    /// How far outside every space a position may lie and still belong to the nearest, in metres; else only inside.
    pub nearest_m: Option<f64>,
}

/// Reads `[spaces]`.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Spaces {
    let report = section.report();
    let file = section.text("file").map(|file| (file.at, folder.join(file.value)));
    if let Some((at, file)) = file.as_ref().filter(|(_, file)| !file.is_file()) {
        let hint = "paths are relative to the configuration file";
        report.add(report.error(*at, format!("no file {}", file.display())).hint(hint));
    }
    let choices = [("reject", UnknownSpace::Reject), ("register", UnknownSpace::Register)];
    let unknown_asked = section.choice("unknown", &choices);
    let unknown = unknown_asked.unwrap_or(UnknownSpace::Reject);
    if !section.has("file") && unknown == UnknownSpace::Reject && (unknown_asked.is_some() || !section.has("unknown")) {
        let hint = "add file = \"spaces.geojson\" or unknown = \"register\" to [spaces]";
        report.add(section.warning("no spaces are declared, so every event would be rejected").hint(hint));
    }
    let nearest = section.decimal("nearest_m");
    if let Some(nearest) = nearest.as_ref().filter(|nearest| nearest.value <= Decimal::from_micros(0)) {
        report.add(report.error(nearest.at, "'nearest_m' is not positive").expected("a distance in metres, as in 50"));
    }
    section.finish();
    let nearest_m = nearest.map(|nearest| nearest.value.to_f64());
    Spaces { file: file.map(|(_, file)| file), unknown, nearest_m }
}
