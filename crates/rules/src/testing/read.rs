//! A test file, from text to [`TestFile`], with every mistake reported where it stands.

use super::case::{NamedFile, TestCase, TestFile};
use super::read_expected::expected;
use super::read_inputs::inputs;
use super::read_periods::{calendars, events};
use super::read_places::{metrics, spaces};
use super::when::{START_DEFAULT_MS, instant};
use crate::fields::{Fields, scalar_text};
use crate::yaml::{self, Node, Problems};
use jiff::tz::TimeZone;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};

const OF_FILE: [&str; 9] = ["rules", "time_zone", "start", "tick", "spaces", "metrics", "calendars", "events", "tests"];
const OF_TEST: [&str; 7] = ["name", "start", "until", "inputs", "expect", "expect_none", "exactly"];
/// The centre of every test.
const CENTRE: &str = "test";
const TICK_DEFAULT_MS: i64 = 1000;

/// Reads the text of a test file; `path` is how messages name it.
///
/// # Errors
/// Every mistake of the file.
pub fn read_tests(path: &str, text: &str) -> Result<TestFile, Vec<Diagnostic>> {
    let mut problems = Problems::of(path.into());
    let file = yaml::read(text, &mut problems).and_then(|root| read_file(&root, &mut problems));
    let mut found = problems.into_found();
    found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    match file {
        Some(file) if found.is_empty() => Ok(file),
        None if found.is_empty() => {
            Err(vec![Diagnostic::error(path, 0, 0, "the file is empty").hint("add rules and tests")])
        }
        _ => Err(found),
    }
}

/// Finds the descriptions that name none of the rules of `names`, in which case a test would mean nothing.
///
/// # Errors
/// All of them.
pub fn check_names(file: &TestFile, names: &[&str]) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Problems::of(Arc::clone(&file.path));
    let named = file.tests.iter().flat_map(|test| test.expected.iter().chain(&test.unwanted));
    for description in named.filter(|description| !names.contains(&description.rule.as_str())) {
        let message = problems.error(description.spot, format!("no rule is named '{}'", description.rule));
        message.hint = did_you_mean(&description.rule, names.iter().copied());
    }
    let found = problems.into_found();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn read_file(root: &Node, problems: &mut Problems) -> Option<TestFile> {
    let fields = Fields::of(root, "a test file", problems)?;
    fields.only(&OF_FILE, "a test file", problems);
    fields.missing("rules", "the file", problems);
    fields.missing("tests", "the file", problems);
    let start_ms = instant(&fields, "start", START_DEFAULT_MS, problems).unwrap_or(START_DEFAULT_MS);
    let tests = fields.list("tests", problems).iter().filter_map(|node| test(node, start_ms, problems)).collect();
    let control = Control {
        centre: CENTRE.into(),
        time_zone: time_zone(&fields, problems).into(),
        tick_ms: fields.positive_duration("tick", problems).unwrap_or(TICK_DEFAULT_MS),
        spaces: Arc::new(spaces(&fields, problems)),
        metrics: Arc::new(metrics(&fields, problems)),
        calendars: Arc::new(calendars(&fields, problems)),
        events: Arc::new(events(&fields, start_ms, problems)),
        ..Control::default()
    };
    Some(TestFile { path: Arc::clone(problems.file()), rules: rule_files(&fields, problems), control, tests })
}

fn rule_files(fields: &Fields<'_>, problems: &mut Problems) -> Vec<NamedFile> {
    let mut files = Vec::new();
    for node in fields.list("rules", problems) {
        if let Some(name) = scalar_text(node, "rules", problems) {
            files.push(NamedFile { name: name.to_owned(), line: node.spot.line, column: node.spot.column });
        }
    }
    files
}

fn time_zone(fields: &Fields<'_>, problems: &mut Problems) -> String {
    let Some((name, node)) = fields.text("time_zone", problems) else { return "UTC".to_owned() };
    if TimeZone::get(name).is_err() {
        problems.error(node.spot, format!("unknown time zone '{name}'")).expected =
            Some("an IANA name, as in Europe/Paris".to_owned());
    }
    name.to_owned()
}

fn test(node: &Node, start_of_file_ms: i64, problems: &mut Problems) -> Option<TestCase> {
    let fields = Fields::of(node, "a test", problems)?;
    fields.only(&OF_TEST, "a test", problems);
    fields.missing("name", "the test", problems);
    fields.missing("inputs", "the test", problems);
    let start_ms = instant(&fields, "start", start_of_file_ms, problems).unwrap_or(start_of_file_ms);
    let exactly = fields.truth("exactly", problems);
    if !fields.has("expect") && !fields.has("expect_none") && exactly != Some(true) {
        problems.error(node.spot, "the test expects nothing, so it cannot fail").hint =
            Some("add expect, expect_none or exactly: true".to_owned());
    }
    Some(TestCase {
        name: fields.text("name", problems).map_or_else(String::new, |(name, _)| name.to_owned()),
        line: node.spot.line,
        inputs: inputs(&fields, start_ms, problems),
        start_ms,
        until_ms: instant(&fields, "until", start_ms, problems),
        exactly: exactly.unwrap_or(false),
        expected: expected(&fields, "expect", false, start_ms, problems),
        unwanted: expected(&fields, "expect_none", true, start_ms, problems),
    })
}
