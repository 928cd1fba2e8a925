//! The starter pack in `configs/rules`: every file loads by itself without a warning, with guidance for every rule; its tests
//! pass; and they make every rule speak and keep silent.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a test reads the pack from its files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_model::batch::{ObservationRow, Observations};
use vigie_model::control::{Control, SourceFile};
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::position::{PartitionIx, partition_of};
use vigie_model::record::{Batch, Payload, Record};
use vigie_rules::core::RuleCore;
use vigie_rules::load::{LoadOptions, Loaded, load_with};
use vigie_rules::testing::case::{TestFile, TestInput, What};
use vigie_rules::testing::read::{check_names, read_tests};
use vigie_rules::testing::verdict::judge;

const PARTITIONS: PartitionIx = 4;
/// After the last input, timers due within this time still fire.
const END_MS: i64 = 86_400_000;
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
            let transitions = Log::judging(&control, &test.inputs);
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

/// A small sequencer: one row in each batch, a tick before each row.
struct Log {
    core: RuleCore,
    names: BTreeMap<(u8, String), NameIx>,
    offsets: [u64; PARTITIONS as usize],
    sequence: u64,
    log_time_ms: i64,
    transitions: Vec<Transition>,
}

impl Log {
    /// What rules make of inputs in the order of their arrival.
    fn judging(control: &Arc<Control>, inputs: &[TestInput]) -> Vec<Transition> {
        let mut log = Self {
            core: RuleCore::new(PARTITIONS),
            names: BTreeMap::new(),
            offsets: [0; PARTITIONS as usize],
            sequence: 0,
            log_time_ms: inputs[0].event_time_ms,
            transitions: Vec::new(),
        };
        log.record(Payload::Control(Arc::clone(control)));
        log.record(Payload::IntakeUp);
        for input in inputs {
            log.log_time_ms = log.log_time_ms.max(input.event_time_ms);
            log.record(Payload::Tick { tick_ms: log.log_time_ms.div_euclid(control.tick_ms) * control.tick_ms });
            log.take(input);
        }
        let tick_ms = log.log_time_ms + END_MS;
        log.log_time_ms = tick_ms + 1;
        log.record(Payload::Tick { tick_ms });
        log.transitions
    }

    fn record(&mut self, payload: Payload) {
        let record = Record { sequence: self.sequence, log_time_ms: self.log_time_ms, payload };
        self.sequence += 1;
        self.core.step(&record, &mut self.transitions).unwrap();
    }

    fn name(&mut self, kind: NameKind, name: &str) -> NameIx {
        if let Some(known) = self.names.get(&(kind as u8, name.to_owned())) {
            return *known;
        }
        let index = self.names.keys().filter(|(known, _)| *known == kind as u8).count() as NameIx;
        self.names.insert((kind as u8, name.to_owned()), index);
        self.record(Payload::Dictionary(vec![NameEntry { kind, index, name: name.into() }]));
        index
    }

    fn take(&mut self, input: &TestInput) {
        let partition = partition_of(&input.space, PARTITIONS);
        let first_offset = self.offsets[usize::from(partition)];
        self.offsets[usize::from(partition)] += 1;
        let feed = self.name(NameKind::Feed, "test");
        let space = self.name(NameKind::Space, &input.space);
        let sensor = input.sensor.as_deref().map_or(NO_NAME, |sensor| self.name(NameKind::Sensor, sensor));
        let node = input.node.as_deref().map_or(NO_NAME, |node| self.name(NameKind::Node, node));
        let (event_time_ms, log_time_ms) = (input.event_time_ms, self.log_time_ms);
        match &input.what {
            What::Observation { metric, value, quality } => {
                let row = ObservationRow {
                    feed,
                    space,
                    metric: self.name(NameKind::Metric, metric),
                    sensor,
                    node,
                    seq: None,
                    id: None,
                    value: *value,
                    event_time_ms,
                    sent_time_ms: None,
                    log_time_ms,
                    quality: *quality,
                    flags: 0,
                };
                let mut rows = Observations::default();
                rows.push(row);
                self.record(Payload::Observations(Batch { partition, first_offset, rows }));
            }
            What::Incident { category, severity, channel } => {
                let incident = Incident {
                    feed,
                    id: None,
                    space,
                    node,
                    sensor,
                    category: category.to_string(),
                    severity: *severity,
                    channel: channel.to_string(),
                    source_reliability: None,
                    status: String::new(),
                    version: 1,
                    text: None,
                    event_time_ms,
                    reported_time_ms: None,
                    sent_time_ms: None,
                    log_time_ms,
                    flags: 0,
                };
                self.record(Payload::Incidents(Batch { partition, first_offset, rows: vec![incident] }));
            }
        }
    }
}
