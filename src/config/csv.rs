//! `[[csv]]`: mappings of foreign CSV files onto events.
//!
//! The words and defaults of a mapping are those of [`vigie_ingest::decode::csv::spec`]; here they get their places in
//! the file, so that a mistake is reported where it stands and before any input is opened.

use super::centre::zone;
use super::csv_events::{answers, event, event_fields, named_words, only_rows, value_is, words};
use super::feeds::{Feed, check_declared};
use super::report::Located;
use super::toml_reader::{Entry, Section};
use globset::Glob;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_ingest::decode::csv::event_spec::{EventField, EventKind, Resolution};
use vigie_ingest::decode::csv::mapping::Mapping;
use vigie_ingest::decode::csv::spec::{
    ColumnSpec, ConstantSpec, Label, Layout, MappingSpec, Role, TargetIds, TargetSpec, TimeSpec,
};
use vigie_model::batch::Quality;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::id::{IdError, check_id};
use vigie_model::metric::Metrics;

/// What a name of the name map may stand for.
const ROLES: [(&str, Role); 4] =
    [("space", Role::Space), ("sensor", Role::Sensor), ("node", Role::Node), ("metric", Role::Metric)];
/// An example of a time, for messages.
const TIME_EXAMPLE: &str = "time = { columns = [\"Date\"], format = \"%d/%m/%Y %H:%M\", zone = \"Europe/Dublin\" }";

/// Reads all `[[csv]]`; those with mistakes are left out.
pub(super) fn read(sections: Vec<Section<'_>>, feeds: &[Feed], metrics: &Metrics) -> Vec<Arc<Mapping>> {
    let mut names = BTreeMap::new();
    let mut mappings = Vec::new();
    for mut section in sections {
        if let Some(name) = section.text("name")
            && let Some(first_line) = names.insert(name.value, section.report().line(name.at))
        {
            let error = section.report().error(name.at, format!("a second mapping is named '{}'", name.value));
            section.report().add(error.hint(format!("the first is on line {first_line}")));
        }
        mappings.extend(read_one(section, feeds, metrics).map(Arc::new));
    }
    mappings
}

fn read_one(mut section: Section<'_>, feeds: &[Feed], metrics: &Metrics) -> Option<Mapping> {
    let report = section.report();
    let mark = report.mark();
    let spec = spec(&mut section, feeds, metrics);
    let mapping = spec.and_then(|spec| match Mapping::new(&spec) {
        Ok(mapping) => Some(mapping),
        Err(problems) => {
            // What is wrong with a key may follow from a mistake reported inside it: that one is the one to mend.
            for problem in problems {
                match section.extent(problem.key) {
                    Some(extent) if report.has_since(mark, &extent) => {}
                    Some(extent) => report.add(report.error(extent.start, problem.text)),
                    None => report.add(section.error(problem.text)),
                }
            }
            None
        }
    });
    section.finish();
    mapping
}

/// The section as written; `None` when what every mapping needs is missing.
fn spec(section: &mut Section<'_>, feeds: &[Feed], metrics: &Metrics) -> Option<MappingSpec> {
    let name = section.required_text("name", "a short name for messages");
    let files = patterns(section);
    let feed = section.parsed("feed", id);
    // Without a feed of its own, a mapping's name is its feed.
    match (&feed, &name) {
        (Some(feed), _) => check_declared(section, feed.at, &feed.value, feeds),
        (None, Some(name)) if !section.has("feed") => check_declared(section, name.at, name.value, feeds),
        _ => {}
    }
    let delimiter = section.parsed("delimiter", one_ascii);
    section.required_text("layout", "\"wide\" (a column per series) or \"long\" (a row per value)");
    let layout = section.choice("layout", &[("wide", Layout::Wide), ("long", Layout::Long)]);
    section.duration_ms("interval", 1);
    let interval = owned(section.text("interval"));
    let label = section.choice("label", &[("start", Label::Start), ("end", Label::End)]);
    let missing = section.has("missing").then(|| all_owned(section.texts("missing")));
    let factor = section.decimal("factor").map(|factor| factor.value.to_string());
    let (only, ignore) = (all_owned(section.texts("only")), all_owned(section.texts("ignore")));
    let names_are = roles(section);
    let event = event(section);
    let time = match event {
        EventKind::Perception if !section.has("time") => Some(None),
        _ => time(section.required_section("time", TIME_EXAMPLE)).map(Some),
    };
    let constants = constants(section.section("constants"), metrics);
    let columns = columns(section, layout, event);
    let names = names(section.section("names"), metrics);
    let thousands = owned(section.text("thousands"));
    let (value_is, answers) = (value_is(section), answers(section.section("answers")));
    let (only_rows, words) = (only_rows(section.section("only_rows")), words(section.section("words")));
    Some(MappingSpec {
        name: name?.value.to_owned(),
        files,
        feed: feed.map(|feed| feed.value),
        delimiter: delimiter.map(|delimiter| delimiter.value),
        layout: layout?,
        interval,
        label,
        missing,
        factor,
        only,
        ignore,
        names_are,
        time: time?,
        event,
        value_is,
        answers,
        thousands,
        only_rows,
        words,
        constants,
        columns,
        names,
    })
}

/// The file patterns. They may match nothing: a mapping is kept for input that is named when it is read.
fn patterns(section: &mut Section<'_>) -> Vec<String> {
    let patterns = section.texts("files");
    if patterns.is_empty() && !section.has("files") {
        section.missing("files", "patterns of file names, as in files = [\"*.csv\"]");
    }
    for pattern in &patterns {
        section.meaning("files", *pattern, |text| Glob::new(text).map_err(|error| error.kind().clone()));
    }
    all_owned(patterns)
}

fn roles(section: &mut Section<'_>) -> Vec<Role> {
    let mut roles = Vec::new();
    for text in section.texts("names_are") {
        match ROLES.iter().find(|(word, _)| *word == text.value) {
            Some((_, role)) => roles.push(*role),
            None => {
                let words = ROLES.map(|(word, _)| word);
                let error = section.report().error(text.at, format!("a name cannot stand for '{}'", text.value));
                section.report().add(error.expected(words.join(", ")).hint_opt(did_you_mean(text.value, words)));
            }
        }
    }
    roles
}

fn time(mut section: Section<'_>) -> Option<TimeSpec> {
    let columns = all_owned(section.texts("columns"));
    if !section.has("columns") {
        section.missing("columns", "the columns that hold the time, as in columns = [\"Date\", \"Hour\"]");
    }
    let format = section.required_text("format", "rfc3339, epoch_ms, epoch_s or a pattern as in \"%d/%m/%Y %H\"");
    let zone = zone(&mut section, "zone").map(|(name, _)| name);
    let resolution = section.choice("resolution", &[("month", Resolution::Month)]);
    section.finish();
    Some(TimeSpec { columns, format: format?.value.to_owned(), zone, resolution })
}

fn constants(mut section: Section<'_>, metrics: &Metrics) -> ConstantSpec {
    let mut id = |key| section.parsed(key, id).map(|id| id.value);
    let (space, sensor, node) = (id("space"), id("sensor"), id("node"));
    let metric = metric(&mut section, metrics);
    let quality =
        section.choice("quality", &[Quality::Good, Quality::Uncertain, Quality::Bad].map(|q| (q.as_str(), q)));
    let quality = quality.map(|quality| quality.as_str().to_owned());
    let (fields, group) = (event_fields(&mut section, &[]), named_words(section.section("group")));
    section.finish();
    ConstantSpec { space, sensor, node, metric, quality, group, fields }
}

fn columns(section: &mut Section<'_>, layout: Option<Layout>, event: EventKind) -> ColumnSpec {
    let mut section = section.section("columns");
    let by_position = section.has("lat");
    if layout == Some(Layout::Long) && event == EventKind::Observation && !by_position {
        section.required_text("value", "the column of values");
    }
    let mut column = |key| owned(section.text(key));
    let columns = ColumnSpec {
        name: column("name"),
        value: column("value"),
        space: column("space"),
        sensor: column("sensor"),
        node: column("node"),
        metric: column("metric"),
        id: column("id"),
        seq: column("seq"),
        quality: column("quality"),
        fields: event_fields(&mut section, &[EventField::Value]),
        group: named_words(section.section("group")),
    };
    section.finish();
    columns
}

fn names(section: Section<'_>, metrics: &Metrics) -> BTreeMap<String, TargetSpec> {
    let mut targets = BTreeMap::new();
    let report = section.report();
    for (name, entry) in section.named_entries() {
        let target = match entry {
            Entry::Text(text) => {
                if let Err(reason) = check_id(text.value) {
                    report.add(report.error(text.at, format!("the id of '{}' {reason}", name.value)));
                }
                TargetSpec::Id(text.value.to_owned())
            }
            Entry::Table(mut section) => {
                let mut id = |key| section.parsed(key, id).map(|id| id.value);
                let (space, sensor, node) = (id("space"), id("sensor"), id("node"));
                let metric = metric(&mut section, metrics);
                let (fields, group) = (event_fields(&mut section, &[]), named_words(section.section("group")));
                section.finish();
                TargetSpec::Ids(TargetIds { space, sensor, node, metric, group, fields })
            }
        };
        targets.insert(name.value.to_owned(), target);
    }
    targets
}

/// The metric of a mapping; warns when nothing says what it means.
fn metric(section: &mut Section<'_>, metrics: &Metrics) -> Option<String> {
    let metric = section.parsed("metric", id)?;
    if !metrics.contains_key(metric.value.as_str()) {
        let hint = did_you_mean(&metric.value, metrics.keys().map(AsRef::as_ref));
        let warning = section.report().warning(metric.at, format!("metric '{}' is not declared", metric.value));
        section.report().add(warning.expected(format!("a table [metrics.{}]", metric.value)).hint_opt(hint));
    }
    Some(metric.value)
}

fn id(text: &str) -> Result<String, IdError> {
    check_id(text).map(|()| text.to_owned())
}

fn one_ascii(text: &str) -> Result<String, &'static str> {
    if text.len() == 1 && text.is_ascii() {
        Ok(text.to_owned())
    } else {
        Err("expected one ASCII character, as in \",\" or \"\\t\"")
    }
}

fn owned(text: Option<Located<&str>>) -> Option<String> {
    text.map(|text| text.value.to_owned())
}

fn all_owned(texts: Vec<Located<&str>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value.to_owned()).collect()
}
