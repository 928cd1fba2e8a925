//! What a `[[csv]]` section means: checked, with everything wrong told at once.

use crate::decode::csv::clock::Clock;
use crate::decode::csv::event_mapping::{EventMapping, is_of_events};
use crate::decode::csv::event_spec::EventKind;
use crate::decode::csv::spec::{ColumnSpec, ConstantSpec, Label, Layout, MappingSpec, Role, TargetIds, TargetSpec};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use vigie_model::batch::Quality;
use vigie_model::decimal::{Decimal, MICROS_PER_UNIT};
use vigie_model::duration::parse_ms;
use vigie_model::id::check_id;
use vigie_model::names::NameKind;

/// The roles an id can have, in the order of [`Ids`].
pub(super) const ROLES: [(Role, &str, NameKind); 4] = [
    (Role::Space, "space", NameKind::Space),
    (Role::Sensor, "sensor", NameKind::Sensor),
    (Role::Node, "node", NameKind::Node),
    (Role::Metric, "metric", NameKind::Metric),
];

/// Ids by role.
pub(super) type Ids = [Option<Arc<str>>; ROLES.len()];

/// A checked mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: Arc<str>,
    feed: Arc<str>,
    files: GlobSet,
    pub(super) delimiter: u8,
    pub(super) layout: Layout,
    pub(super) time_columns: Vec<String>,
    /// `None` where waves stand for times.
    pub(super) clock: Option<Clock>,
    /// From the time as written to the end of the interval.
    pub(super) to_end_ms: i64,
    pub(super) missing: Vec<String>,
    pub(super) factor: Decimal,
    pub(super) only: Vec<String>,
    pub(super) ignore: Vec<String>,
    pub(super) columns: ColumnSpec,
    pub(super) constants: Ids,
    pub(super) quality: Quality,
    names_are: Vec<Role>,
    pub(super) names: BTreeMap<String, Ids>,
    /// Column to the texts of rows that are read.
    pub(super) only_rows: BTreeMap<String, Vec<String>>,
    /// What makes native events of rows; `None` for observations that name their space.
    pub(super) events: Option<EventMapping>,
}

/// One thing wrong with a `[[csv]]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// The mapping's name.
    pub mapping: String,
    /// The key concerned, as `time.zone`; the caller finds its line.
    pub key: &'static str,
    /// What is wrong and what was expected.
    pub text: String,
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "csv mapping '{}': {}", self.mapping, self.text)
    }
}

impl Mapping {
    /// Checks a section.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(spec: &MappingSpec) -> Result<Self, Vec<MappingProblem>> {
        let mut problems = Problems { mapping: &spec.name, found: Vec::new() };
        let feed = spec.feed.as_ref().unwrap_or(&spec.name);
        problems.check("feed", check_id(feed).map_err(|error| format!("feed {error}")));
        let is_of_events = is_of_events(spec);
        check_layout(spec, is_of_events, &mut problems);
        let interval_ms = interval_of(spec, &mut problems);
        let constants = ids_of(&spec.constants_as_ids(), "constants", &mut problems);
        let names = names_of(spec, &mut problems);
        let events = if is_of_events {
            problems.check_all(EventMapping::new(spec, feed))
        } else {
            check_of_observations(spec, &mut problems);
            check_complete(spec, &constants, &names, &mut problems);
            None
        };
        let quality = spec.constants.quality.as_deref().map_or(Some(Quality::Good), Quality::from_word);
        let quality = quality.ok_or("constants.quality is none of good, uncertain, bad".to_owned());
        let clock = problems.check("time", spec.time.as_ref().map(Clock::of).transpose());
        let factor = spec.factor.as_deref().unwrap_or("1").parse().map_err(|error| format!("factor: {error}"));
        let (delimiter, files) = (delimiter_of(spec), globs_of(&spec.files));
        let (delimiter, files) = (problems.check("delimiter", delimiter), problems.check("files", files));
        let (quality, factor) = (problems.check("constants", quality), problems.check("factor", factor));
        match (problems.found, clock, delimiter, files, quality, factor) {
            (found, Some(clock), Some(delimiter), Some(files), Some(quality), Some(factor)) if found.is_empty() => {
                Ok(Self {
                    name: spec.name.as_str().into(),
                    feed: feed.as_str().into(),
                    files,
                    delimiter,
                    layout: spec.layout,
                    time_columns: spec.time.as_ref().map(|time| time.columns.clone()).unwrap_or_default(),
                    clock,
                    to_end_ms: if spec.label == Some(Label::Start) { interval_ms } else { 0 },
                    missing: spec.missing.clone().unwrap_or_else(|| vec![String::new()]),
                    factor,
                    only: spec.only.clone(),
                    ignore: spec.ignore.clone(),
                    columns: spec.columns.clone(),
                    constants,
                    quality,
                    names_are: spec.names_are.clone(),
                    names,
                    only_rows: spec.only_rows.clone(),
                    events,
                })
            }
            (found, ..) => Err(found),
        }
    }

    /// The mapping's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The feed of its rows.
    #[must_use]
    pub fn feed(&self) -> &Arc<str> {
        &self.feed
    }

    /// Whether it is for that file: a glob matches the path as given, or the file name.
    #[must_use]
    pub fn applies_to(&self, path: &Path) -> bool {
        self.files.is_match(path) || path.file_name().is_some_and(|name| self.files.is_match(name))
    }

    /// The ids of a name on top of the constants; `None` when the name map does not list it.
    pub(super) fn ids_of_name(&self, name: &str) -> Option<Ids> {
        let named = if self.names.is_empty() { same_id(name, &self.names_are) } else { self.names.get(name)?.clone() };
        let mut ids = self.constants.clone();
        for (id, named) in ids.iter_mut().zip(named) {
            *id = named.or(id.take());
        }
        Some(ids)
    }

    /// A value in the metric's unit: times the factor, rounded half to even; `None` when it does not fit.
    pub(super) fn converted(&self, value: Decimal) -> Option<Decimal> {
        if self.factor.micros() == MICROS_PER_UNIT {
            return Some(value);
        }
        let product = i128::from(value.micros()) * i128::from(self.factor.micros());
        let unit = i128::from(MICROS_PER_UNIT);
        let (quotient, rest) = (product.div_euclid(unit), product.rem_euclid(unit) * 2);
        let up = rest > unit || (rest == unit && quotient % 2 != 0);
        i64::try_from(quotient + i128::from(up)).ok().map(Decimal::from_micros)
    }
}

impl MappingSpec {
    fn constants_as_ids(&self) -> TargetIds {
        let ConstantSpec { space, sensor, node, metric, .. } = self.constants.clone();
        TargetIds { space, sensor, node, metric, ..TargetIds::default() }
    }
}

struct Problems<'a> {
    mapping: &'a str,
    found: Vec<MappingProblem>,
}

impl Problems<'_> {
    fn add(&mut self, key: &'static str, text: impl Into<String>) {
        self.found.push(MappingProblem { mapping: self.mapping.to_owned(), key, text: text.into() });
    }

    fn check<T>(&mut self, key: &'static str, result: Result<T, String>) -> Option<T> {
        result.map_err(|text| self.add(key, text)).ok()
    }

    fn check_all<T>(&mut self, result: Result<T, Vec<(&'static str, String)>>) -> Option<T> {
        result.map_err(|wrong| wrong.into_iter().for_each(|(key, text)| self.add(key, text))).ok()
    }
}

/// What only other events have.
fn check_of_observations(spec: &MappingSpec, problems: &mut Problems<'_>) {
    if spec.value_is.is_some() || spec.thousands.is_some() || !spec.answers.is_empty() || !spec.words.is_empty() {
        problems.add("event", "value_is, thousands, answers and words belong to other events; say which with event");
    }
}

fn check_layout(spec: &MappingSpec, is_of_events: bool, problems: &mut Problems<'_>) {
    match &spec.time {
        Some(time) if time.columns.is_empty() => problems.add("time", "time.columns names no column"),
        None if spec.event != EventKind::Perception => problems.add("time", "time is missing"),
        _ => {}
    }
    match spec.layout {
        _ if is_of_events && spec.layout == Layout::Wide => {}
        Layout::Long if is_of_events && spec.columns.value.is_none() => {}
        Layout::Wide if spec.columns != ColumnSpec::default() => {
            problems
                .add("columns", "columns belongs to the long layout; wide files have names and values in their header");
        }
        Layout::Long if spec.columns.value.is_none() => problems.add("columns", "columns.value names no column"),
        Layout::Long if !spec.only.is_empty() || !spec.ignore.is_empty() => {
            problems
                .add("only", "only and ignore belong to the wide layout; long columns that nothing names are ignored");
        }
        Layout::Long if spec.columns.name.is_none() && !(spec.names.is_empty() && spec.names_are.is_empty()) => {
            problems.add("columns", "columns.name is missing: names and names_are say what its texts stand for");
        }
        _ => {}
    }
    let shorthand = spec.names.values().any(|target| matches!(target, TargetSpec::Id(_)));
    if shorthand && spec.names_are.is_empty() {
        problems.add(
            "names_are",
            r#"names_are is missing: what does an id of names stand for, as in names_are = ["space"]?"#,
        );
    }
}

/// Space and metric must come from somewhere for every row.
fn check_complete(spec: &MappingSpec, constants: &Ids, names: &BTreeMap<String, Ids>, problems: &mut Problems<'_>) {
    let columns = [&spec.columns.space, &spec.columns.sensor, &spec.columns.node, &spec.columns.metric];
    for (index, (role, word, kind)) in ROLES.into_iter().enumerate() {
        if !matches!(kind, NameKind::Space | NameKind::Metric) || constants[index].is_some() || columns[index].is_some()
        {
            continue;
        }
        let unsaid: Vec<_> =
            names.iter().filter(|(_, ids)| ids[index].is_none()).map(|(name, _)| name.as_str()).collect();
        if names.is_empty() && !spec.names_are.contains(&role) {
            problems.add(
                "constants",
                format!("nothing says the {word} of a row; add it to constants, columns or names_are"),
            );
        } else if !unsaid.is_empty() {
            problems.add("names", format!("nothing says the {word} of these names: {}", unsaid.join(", ")));
        }
    }
}

fn interval_of(spec: &MappingSpec, problems: &mut Problems<'_>) -> i64 {
    match &spec.interval {
        Some(interval) => problems
            .check("interval", parse_ms(interval).map_err(|error| format!("interval: {error}")))
            .unwrap_or_default(),
        None => {
            if spec.label == Some(Label::Start) {
                problems.add("interval", "interval is missing: a label at the start needs it to find the end");
            }
            0
        }
    }
}

fn delimiter_of(spec: &MappingSpec) -> Result<u8, String> {
    match spec.delimiter.as_deref().unwrap_or(",").as_bytes() {
        [delimiter] if delimiter.is_ascii() && !matches!(delimiter, b'"' | b'\n' | b'\r') => Ok(*delimiter),
        _ => Err(r#"delimiter is not one ASCII character as "," or ";" or "\t""#.to_owned()),
    }
}

fn globs_of(patterns: &[String]) -> Result<GlobSet, String> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        globs.add(Glob::new(pattern).map_err(|error| format!("files: {error}"))?);
    }
    globs.build().map_err(|error| format!("files: {error}"))
}

fn names_of(spec: &MappingSpec, problems: &mut Problems<'_>) -> BTreeMap<String, Ids> {
    let ids_of_target = |(name, target): (&String, &TargetSpec)| {
        let ids = match target {
            TargetSpec::Id(id) => {
                problems.check("names", check_id(id).map_err(|error| format!("names: id '{id}' {error}")));
                same_id(id, &spec.names_are)
            }
            TargetSpec::Ids(ids) => ids_of(ids, "names", problems),
        };
        (name.clone(), ids)
    };
    spec.names.iter().map(ids_of_target).collect()
}

fn ids_of(ids: &TargetIds, key: &'static str, problems: &mut Problems<'_>) -> Ids {
    [&ids.space, &ids.sensor, &ids.node, &ids.metric].map(|id| {
        let id = id.as_deref()?;
        problems.check(key, check_id(id).map_err(|error| format!("{key}: id '{id}' {error}")))?;
        Some(id.into())
    })
}

fn same_id(id: &str, roles: &[Role]) -> Ids {
    ROLES.map(|(role, ..)| roles.contains(&role).then(|| id.into()))
}

#[cfg(test)]
mod tests;
