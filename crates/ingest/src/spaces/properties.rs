//! The properties of one feature: an id, words for people, parameters of rules and declared sensors.

use crate::json::object::{Member, is_null, members, offset_in, string_of};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::decimal::Decimal;
use vigie_model::diagnostic::{Diagnostic, did_you_mean, line_column};
use vigie_model::id::check_id;
use vigie_model::space::{Sensor, Space};
use vigie_model::time::parse_rfc3339_ms;

/// Properties a space may have.
const KNOWN: [&str; 10] =
    ["id", "name", "kind", "district", "capacity", "params", "adjacent", "sensors", "valid_from", "valid_to"];
/// Properties a declared sensor may have.
const KNOWN_OF_SENSOR: [&str; 3] = ["id", "metric", "expected"];

/// A file being read, and what was found wrong with it so far.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    file: Arc<str>,
    text: &'a str,
    found: Vec<Diagnostic>,
    /// Ids named as adjacent, and where.
    adjacent: Vec<(Arc<str>, &'a str)>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(file: &str, text: &'a str) -> Self {
        Self { file: file.into(), text, found: Vec::new(), adjacent: Vec::new() }
    }

    /// Line and column of `part`, a slice of the file.
    pub(super) fn place(&self, part: &str) -> (u32, u32) {
        line_column(self.text, offset_in(self.text, part))
    }

    /// Adds an error at `part`, to be completed by the caller.
    pub(super) fn error(&mut self, part: &str, text: impl Into<String>) -> &mut Diagnostic {
        let (line, column) = self.place(part);
        self.error_at(line, column, text)
    }

    /// Adds an error at a line and column.
    pub(super) fn error_at(&mut self, line: u32, column: u32, text: impl Into<String>) -> &mut Diagnostic {
        self.found.push(Diagnostic::error(Arc::clone(&self.file), line, column, text));
        self.found.last_mut().expect("one was just pushed")
    }

    /// Adds a warning at `part`.
    fn warning(&mut self, part: &str, text: String, hint: Option<String>) {
        let (line, column) = self.place(part);
        self.found.push(Diagnostic::warning(Arc::clone(&self.file), line, column, text).hint_opt(hint));
    }

    /// Adds a warning about an unknown property at `part`.
    fn unknown(&mut self, part: &str, what: &str, known: &[&'static str]) {
        let hint = did_you_mean(what, known.iter().copied());
        self.warning(part, format!("unknown property '{what}' is ignored"), hint);
    }

    /// Warns about adjacent spaces that are not among those of the file. A file with errors may lack spaces it declares,
    /// so nothing is said about it.
    pub(super) fn check_adjacent<V>(&mut self, declared: &BTreeMap<Arc<str>, V>) {
        if self.found.iter().any(Diagnostic::is_error) {
            return;
        }
        for (id, part) in std::mem::take(&mut self.adjacent) {
            if !declared.contains_key(&id) {
                let hint = did_you_mean(&id, declared.keys().map(AsRef::as_ref));
                self.warning(part, format!("adjacent space '{id}' is not declared"), hint);
            }
        }
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.line, d.column));
        self.found
    }
}

/// Reads the properties of a feature; `None` when it has no usable id. Other mistakes leave the default.
pub(super) fn read_properties<'a>(properties: &'a RawValue, findings: &mut Findings<'a>) -> Option<Space> {
    let Ok(found) = members(properties.get()) else {
        findings.error(properties.get(), "properties is not an object").expected =
            Some("an object with an id".to_owned());
        return None;
    };
    let mut space = Space::default();
    let (mut seen, mut adjacent) = (BTreeSet::new(), None);
    for Member { key, value } in &found {
        if !seen.insert(key.as_ref()) {
            findings.error(value.get(), format!("property '{key}' appears twice"));
        }
        if is_null(value) {
            continue;
        }
        match key.as_ref() {
            "id" => space.id = read_id(value, "id", findings).unwrap_or_default(),
            "name" => space.name = read_text(value, "name", findings).into(),
            "kind" => space.kind = read_text(value, "kind", findings),
            "district" => space.district = read_text(value, "district", findings),
            "capacity" => space.capacity = read_capacity(value, findings),
            "params" => space.params = read_params(value, findings),
            "adjacent" => adjacent = Some(*value),
            "sensors" => space.sensors = read_sensors(value, findings),
            "valid_from" => space.valid_from_ms = read_time(value, "valid_from", findings),
            "valid_to" => space.valid_to_ms = read_time(value, "valid_to", findings),
            unknown => findings.unknown(value.get(), unknown, &KNOWN),
        }
    }
    if !found.iter().any(|member| member.key == "id" && !is_null(member.value)) {
        findings.error(properties.get(), "the feature has no id").hint = Some("add a property 'id'".to_owned());
    }
    if let Some(adjacent) = adjacent {
        space.adjacent = read_adjacent(adjacent, &space.id, findings);
    }
    if let (Some(from), Some(to)) = (space.valid_from_ms, space.valid_to_ms)
        && to <= from
    {
        findings.error(properties.get(), "valid_to is not later than valid_from");
    }
    if space.name.is_empty() {
        space.name = Arc::clone(&space.id);
    }
    (!space.id.is_empty()).then_some(space)
}

fn read_id(value: &RawValue, what: &str, findings: &mut Findings<'_>) -> Option<Arc<str>> {
    let Some(id) = string_of(value) else {
        findings.error(value.get(), format!("{what} is not a text")).expected =
            Some("1 to 128 bytes of text".to_owned());
        return None;
    };
    if let Err(error) = check_id(&id) {
        findings.error(value.get(), format!("{what} {error}"));
        return None;
    }
    Some(id.into())
}

fn read_text(value: &RawValue, what: &str, findings: &mut Findings<'_>) -> String {
    let text = string_of(value);
    if text.is_none() {
        findings.error(value.get(), format!("{what} is not a text"));
    }
    text.unwrap_or_default().into_owned()
}

fn read_capacity(value: &RawValue, findings: &mut Findings<'_>) -> Option<i64> {
    let capacity = value.get().parse().ok().filter(|capacity| *capacity > 0);
    if capacity.is_none() {
        findings.error(value.get(), "capacity is not a whole number above 0");
    }
    capacity
}

fn read_time(value: &RawValue, what: &str, findings: &mut Findings<'_>) -> Option<i64> {
    let text = string_of(value).unwrap_or_default();
    parse_rfc3339_ms(&text).map_err(|error| findings.error(value.get(), format!("{what}: {error}"))).ok()
}

fn read_params(value: &RawValue, findings: &mut Findings<'_>) -> BTreeMap<String, BTreeMap<String, Decimal>> {
    let Ok(rules) = members(value.get()) else {
        let expected = r#"rule names with their parameters: {"Overcrowded": {"max": 4}}"#;
        findings.error(value.get(), "params is not an object").expected = Some(expected.to_owned());
        return BTreeMap::new();
    };
    rules.into_iter().map(|rule| (rule.key.clone().into_owned(), read_params_of(&rule, findings))).collect()
}

fn read_params_of(rule: &Member<'_>, findings: &mut Findings<'_>) -> BTreeMap<String, Decimal> {
    let Ok(params) = members(rule.value.get()) else {
        let expected = r#"parameters and numbers: {"max": 4}"#;
        findings.error(rule.value.get(), format!("params.{} is not an object", rule.key)).expected =
            Some(expected.to_owned());
        return BTreeMap::new();
    };
    let mut numbers = BTreeMap::new();
    for Member { key, value } in params {
        match value.get().parse::<Decimal>() {
            Ok(number) if numbers.insert(key.clone().into_owned(), number).is_none() => {}
            Ok(_) => drop(findings.error(value.get(), format!("params.{}.{key} appears twice", rule.key))),
            Err(error) => drop(findings.error(value.get(), format!("params.{}.{key}: {error}", rule.key))),
        }
    }
    numbers
}

fn read_adjacent<'a>(value: &'a RawValue, own: &str, findings: &mut Findings<'a>) -> Vec<Arc<str>> {
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        findings.error(value.get(), "adjacent is not an array").expected =
            Some(r#"ids of spaces: ["a", "b"]"#.to_owned());
        return Vec::new();
    };
    let mut adjacent = Vec::new();
    for entry in entries {
        let Some(id) = read_id(entry, "adjacent", findings) else { continue };
        if *id == *own {
            findings.error(entry.get(), format!("space '{own}' names itself as adjacent"));
        } else if adjacent.contains(&id) {
            findings.error(entry.get(), format!("adjacent space '{id}' is named twice"));
        } else {
            findings.adjacent.push((Arc::clone(&id), entry.get()));
            adjacent.push(id);
        }
    }
    adjacent
}

fn read_sensors(value: &RawValue, findings: &mut Findings<'_>) -> Vec<Sensor> {
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        findings.error(value.get(), "sensors is not an array").expected =
            Some(r#"[{"id": ..., "metric": ...}]"#.to_owned());
        return Vec::new();
    };
    let mut sensors: Vec<Sensor> = Vec::new();
    for entry in entries {
        let Some(sensor) = read_sensor(entry, findings) else { continue };
        if sensors.iter().any(|other| other.id == sensor.id) {
            findings.error(entry.get(), format!("sensor '{}' is declared twice", sensor.id));
        } else {
            sensors.push(sensor);
        }
    }
    sensors
}

fn read_sensor(entry: &RawValue, findings: &mut Findings<'_>) -> Option<Sensor> {
    let Ok(found) = members(entry.get()) else {
        findings.error(entry.get(), "sensor is not an object").expected =
            Some(r#"{"id": ..., "metric": ...}"#.to_owned());
        return None;
    };
    let (mut id, mut metric, mut expected) = (None, None, false);
    for Member { key, value } in &found {
        match key.as_ref() {
            "id" => id = read_id(value, "sensor id", findings),
            "metric" => metric = read_id(value, "sensor metric", findings),
            "expected" => match value.get() {
                "true" => expected = true,
                "false" => expected = false,
                _ => drop(findings.error(value.get(), "expected is neither true nor false")),
            },
            unknown => findings.unknown(value.get(), unknown, &KNOWN_OF_SENSOR),
        }
    }
    for (field, is_given) in ["id", "metric"].map(|field| (field, found.iter().any(|member| member.key == field))) {
        if !is_given {
            findings.error(entry.get(), format!("the sensor has no {field}"));
        }
    }
    Some(Sensor { id: id?, metric: metric?, expected })
}
