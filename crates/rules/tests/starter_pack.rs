//! The starter pack in `configs/rules`: every file loads by itself without a warning, with guidance for every rule; its tests
//! pass; and they make every rule speak and keep silent.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a test reads the pack from its files")]

mod common;

use common::{Cut, Event, transitions};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_model::control::{Control, SourceFile};
use vigie_rules::load::{LoadOptions, Loaded, load_with};
use vigie_rules::spec::RuleSet;
use vigie_rules::testing::case::{TestFile, TestInput, What};
use vigie_rules::testing::read::{check_names, read_tests};
use vigie_rules::testing::verdict::judge;

/// Where a test file lists rules that must keep silent.
const SILENT: &str = "expect_none: [";

/// A rule file of the pack and the tests beside it.
struct Themed {
    name: String,
    rules: Arc<str>,
    /// The test file as written.
    text: String,
    tests: TestFile,
}

impl Themed {
    fn read(folder: &Path, name: &str) -> Self {
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tests_name = name.replace(".yaml", ".test.yaml");
        let text = read(&tests_name);
        let tests = read_tests(&tests_name, &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(tests.rules.iter().all(|rules| rules.name == name), "{tests_name} is about {name} alone");
        Self { name: name.to_owned(), rules: read(name).into(), text, tests }
    }

    fn load(&self) -> (Arc<Control>, Loaded) {
        let source = SourceFile { path: self.name.as_str().into(), text: Arc::clone(&self.rules) };
        let control = Arc::new(Control { rules: vec![source], ..self.tests.control.clone() });
        let loaded = load_with(&control, LoadOptions { require_guidance: true });
        (control, loaded.unwrap_or_else(|problems| panic!("{problems:#?}")))
    }

    /// The rules that a test expects to keep silent.
    fn silent(&self) -> BTreeSet<String> {
        let lists = self.text.lines().filter_map(|line| line.trim().strip_prefix(SILENT)?.strip_suffix(']'));
        lists.flat_map(|list| list.split(", ")).map(str::to_owned).collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/rules")
}

fn pack() -> Vec<Themed> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".yaml") && !name.ends_with(".test.yaml"));
    names.sort();
    assert!(names.len() >= 6, "the pack is where the test looks");
    names.iter().map(|name| Themed::read(&folder(), name)).collect()
}

#[test]
fn every_file_loads_by_itself_with_guidance_and_without_a_warning() {
    for theme in pack() {
        let (_, loaded) = theme.load();
        assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings);
        assert!(!loaded.rules.is_empty(), "{}", theme.name);
    }
}

#[test]
fn every_rule_speaks_in_a_test_and_keeps_silent_in_another() {
    let mut failures = Vec::new();
    for theme in pack() {
        let (control, Loaded { rules, .. }) = theme.load();
        let names: BTreeSet<_> = rules.identities().map(|rule| rule.name.to_string()).collect();
        check_names(&theme.tests, &names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let mut spoken = BTreeSet::new();
        for test in &theme.tests.tests {
            let transitions = judged(&rules, &control, &test.inputs);
            for failure in judge(test, &rules, &transitions) {
                let lines = failure.lines.join("\n    ");
                failures.push(format!("{}, {}: line {}: {lines}", theme.name, test.name, failure.line));
            }
            let active = transitions.iter().filter(|transition| transition.state == AlertState::Active);
            spoken.extend(active.map(|transition| transition.rule.name.to_string()));
        }
        failures.extend(names.difference(&spoken).map(|rule| format!("{}: {rule} speaks in no test", theme.name)));
        let silent = theme.silent();
        failures.extend(names.difference(&silent).map(|rule| format!("{}: {rule} is silent in no test", theme.name)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn nodes_are_told_what_to_send() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for theme in pack() {
        for metric in theme.tests.control.metrics.keys() {
            assert!(readme.contains(&format!("| `{metric}` |")), "{}: the table lacks {metric}", theme.name);
            assert!(
                readme.contains(&format!("[metrics.{metric}]")),
                "{}: the configuration lacks {metric}",
                theme.name
            );
        }
    }
}

/// What rules make of inputs in the order of their arrival, each in a batch of its own.
fn judged(rules: &Arc<RuleSet>, control: &Control, inputs: &[TestInput]) -> Vec<Transition> {
    let events: Vec<_> = inputs.iter().map(event).collect();
    transitions(rules, &events, Cut { partitions: 4, batch_rows: 1, tick_ms: control.tick_ms })
}

fn event(input: &TestInput) -> Event {
    let what = match &input.what {
        What::Observation { metric, value, quality } => {
            common::What::Observation { metric: metric.to_string(), value: *value, quality: *quality }
        }
        What::Incident { category, severity, channel } => {
            common::What::Incident { category: category.to_string(), severity: *severity, channel: channel.to_string() }
        }
    };
    Event {
        id: String::new(),
        space: input.space.to_string(),
        time_ms: input.event_time_ms,
        sensor: input.sensor.as_deref().map(str::to_owned),
        node: input.node.as_deref().map(str::to_owned),
        what,
    }
}
