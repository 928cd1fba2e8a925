//! The spaces file: a GeoJSON FeatureCollection, read with every mistake at once.
//!
//! ```
//! use vigie_ingest::spaces::file::read_spaces;
//! let text = r#"{"type": "FeatureCollection", "features": [
//!   {"type": "Feature", "geometry": {"type": "Point", "coordinates": [144.97, -37.82]},
//!    "properties": {"id": "town-hall", "name": "Town Hall", "kind": "square", "district": "cbd",
//!                   "params": {"Overcrowded": {"max": 4.5}},
//!                   "sensors": [{"id": "s1", "metric": "people_count", "expected": true}]}}]}"#;
//! let (spaces, diagnostics) = read_spaces("spaces.geojson", text);
//! assert!(diagnostics.is_empty());
//! assert_eq!(spaces[0].id.as_ref(), "town-hall");
//! ```

use crate::json::object::{Member, is_null, members, string_of};
use crate::limits::SPACES_FILE_BYTES_MAX;
use crate::spaces::geometry::parse_geometry;
use crate::spaces::properties::{Findings, read_properties};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::diagnostic::Diagnostic;
use vigie_model::space::Space;

/// Reads the spaces of a file, in the order of their ids, and everything that is wrong with it. A feature with a
/// mistake may be missing from the spaces; they are only to be used when no diagnostic is an error.
#[must_use]
pub fn read_spaces(file: &str, text: &str) -> (Vec<Space>, Vec<Diagnostic>) {
    let mut findings = Findings::new(file, text);
    let mut spaces: BTreeMap<Arc<str>, (Space, u32)> = BTreeMap::new();
    for (index, feature) in features(text, &mut findings).into_iter().enumerate() {
        let (line, column) = findings.place(feature.get());
        let Some(space) = read_feature(feature, index, &mut findings) else { continue };
        if let Some((_, first_line)) = spaces.get(&space.id) {
            let text = format!("space '{}' is declared twice, first in line {first_line}", space.id);
            findings.error_at(line, column, text).hint = Some("give each space its own id".to_owned());
        } else {
            spaces.insert(Arc::clone(&space.id), (space, line));
        }
    }
    findings.check_adjacent(&spaces);
    (spaces.into_values().map(|(space, _)| space).collect(), findings.finish())
}

/// The features of the collection as written.
fn features<'a>(text: &'a str, findings: &mut Findings<'_>) -> Vec<&'a RawValue> {
    if text.len() as u64 > SPACES_FILE_BYTES_MAX {
        findings.error_at(0, 0, format!("the file is larger than {SPACES_FILE_BYTES_MAX} bytes"));
        return Vec::new();
    }
    let collection = match members(text) {
        Ok(collection) => collection,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let text = format!("not a JSON object: {}", without_place(&error));
            findings.error_at(place(line), place(column), text).expected =
                Some("a GeoJSON FeatureCollection".to_owned());
            return Vec::new();
        }
    };
    let is_collection =
        value_of(&collection, "type").and_then(string_of).is_some_and(|word| word == "FeatureCollection");
    if !is_collection {
        findings.error_at(1, 1, "not a GeoJSON FeatureCollection").expected =
            Some(r#""type": "FeatureCollection""#.to_owned());
        return Vec::new();
    }
    match value_of(&collection, "features").map(|value| serde_json::from_str(value.get())) {
        Some(Ok(features)) => features,
        _ => {
            findings.error_at(1, 1, "the collection has no array 'features'");
            Vec::new()
        }
    }
}

fn read_feature<'a>(feature: &'a RawValue, index: usize, findings: &mut Findings<'a>) -> Option<Space> {
    let Ok(found) = members(feature.get()) else {
        findings.error(feature.get(), format!("feature {} is not an object", index + 1));
        return None;
    };
    if value_of(&found, "type").and_then(string_of).is_none_or(|word| word != "Feature") {
        findings.error(feature.get(), format!("feature {} has no type 'Feature'", index + 1));
    }
    let Some(properties) = value_of(&found, "properties").filter(|value| !is_null(value)) else {
        let hint = "add a property 'id'".to_owned();
        findings.error(feature.get(), format!("feature {} has no properties", index + 1)).hint = Some(hint);
        return None;
    };
    let space = read_properties(properties, findings);
    let geometry = value_of(&found, "geometry").filter(|value| !is_null(value)).map(RawValue::get).unwrap_or_default();
    if !geometry.is_empty()
        && let Err(error) = parse_geometry(geometry)
    {
        findings.error(geometry, error.to_string());
    }
    Some(Space { geometry: geometry.into(), ..space? })
}

fn value_of<'a>(members: &[Member<'a>], key: &str) -> Option<&'a RawValue> {
    members.iter().find(|member| member.key == key).map(|member| member.value)
}

/// The words of a JSON error without its place, which the diagnostic has.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words.split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
