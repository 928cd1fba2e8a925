//! Looks at files one by one, without the thread and without waiting: whatever is on disk at a look is what it finds.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vigie_log::clock::{Limit, LogClock};
use vigie_log::intake::spawn;
use vigie_log::interner::Interner;
use vigie_log::ring::Reader;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::MemoryLog;
use vigie_model::record::{Payload, Record};

const CONFIG: &str = "\
[centre]
id = \"c\"
time_zone = \"UTC\"
[spaces]
file = \"spaces.geojson\"
[rules]
files = [\"rules/*.yaml\"]
";
const LOUD: &str = "groups: [{name: g, rules: [{alert: Loud, kind: threshold, metric: noise, raise: 'value > 80'}]}]\n";
const SILENT: &str = "groups: [{name: s, rules: [{alert: Silent, kind: absence, metric: noise, for: 5m}]}]\n";

/// A server without listener and roles, whose files a test writes.
struct Centre {
    folder: TempDir,
    watcher: Watcher,
    log: Reader<Arc<Record>>,
    standing: Arc<Standing>,
    registry: Arc<Registry>,
    _runtime: Runtime,
}

impl Centre {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        write(folder.path(), "vigie.toml", CONFIG);
        write(folder.path(), "spaces.geojson", &spaces(&["plaza"]));
        write(folder.path(), "rules/loud.yaml", LOUD);
        let Prepared { config, control, rules, .. } = prepare(&folder.path().join("vigie.toml")).unwrap();
        let control = Arc::new(following(None, Control::clone(&control), &rules));
        let (store, mut readers) = MemoryLog::new(1 << 20, 1);
        let clock = LogClock::anchored(0, 1.0, Limit::at(0));
        let interner = Arc::new(Interner::new(100));
        let settings = Settings::new("log".into());
        let sequencer = Sequencer::start(settings, clock, store, interner, Arc::clone(&control)).unwrap();
        let (intake, _) = spawn(sequencer, ()).unwrap();
        let (standing, runtime) = (Arc::<Standing>::default(), Runtime::new().unwrap());
        let registry = Registry::new("c", Arc::clone(&control.spaces), config.spaces.unknown, 0, 0.0);
        let registry = Arc::new(registry);
        let options = ReloadOptions {
            config,
            control,
            rules,
            intake,
            registry: Arc::clone(&registry),
            standing: Arc::clone(&standing),
            look_every: LOOK_EVERY,
        };
        let watcher = Watcher::new(options, runtime.handle().clone());
        Self { folder, watcher, log: readers.remove(0), standing, registry, _runtime: runtime }
    }

    fn write(&self, file: &str, text: &str) {
        write(self.folder.path(), file, text);
    }

    /// Looks twice: what was written before counts then.
    fn settle(&mut self) {
        assert_eq!([self.watcher.look(), self.watcher.look()], [Next::Look; 2]);
    }

    /// The rule names and creations of every control record so far, the first by the start.
    fn controls(mut self) -> Vec<String> {
        self.watcher.options.intake.stop();
        drop(self.watcher);
        let mut records = Vec::new();
        while self.log.take(&mut records) {}
        let words = |control: &Control| {
            let rules = vigie_rules::load::load(control).unwrap().rules;
            let name = |name: &Arc<str>| format!("{name}{}", control.creations[name]);
            let mut names: Vec<_> = rules.identities().map(|rule| name(&rule.name)).collect();
            names.sort();
            names.join(" ")
        };
        let controls = records.iter().filter_map(|record| match &record.payload {
            Payload::Control(control) => Some(words(control)),
            _ => None,
        });
        controls.collect()
    }
}

fn write(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).unwrap();
}

fn spaces(ids: &[&str]) -> String {
    let feature = |id: &&str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"id\":\"{id}\"}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[0,0]}}}}"
        )
    };
    let features: Vec<_> = ids.iter().map(feature).collect();
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
}

#[test]
fn files_that_come_change_and_go_become_control_records_and_creations_count_on() {
    let mut centre = Centre::start();
    centre.settle();
    centre.write("rules/silent.yaml", SILENT);
    centre.settle();
    centre.write("rules/loud.yaml", &LOUD.replace("80", "85"));
    centre.settle();
    fs::remove_file(centre.folder.path().join("rules/loud.yaml")).unwrap();
    centre.settle();
    centre.settle();
    centre.write("rules/loud.yaml", LOUD);
    centre.settle();
    assert_eq!(centre.standing.why_differs(), None);
    assert_eq!(centre.controls(), ["Loud0", "Loud0 Silent0", "Loud0 Silent0", "Silent0", "Loud1 Silent0"]);
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_until_it_is_mended() {
    let mut centre = Centre::start();
    centre.write("rules/loud.yaml", &LOUD.replace("threshold", "treshold"));
    centre.write("rules/silent.yaml", SILENT);
    centre.settle();
    let why = centre.standing.why_differs().unwrap();
    assert!(why.contains("1 mistake") && why.contains("loud.yaml:1:") && why.contains("treshold"), "{why}");
    centre.write("vigie.toml", "[centre\n");
    centre.settle();
    assert!(centre.standing.why_differs().unwrap().contains("vigie.toml:1"), "{:?}", centre.standing);
    centre.write("vigie.toml", CONFIG);
    centre.settle();
    assert!(centre.standing.why_differs().unwrap().contains("treshold"), "{:?}", centre.standing);
    centre.write("rules/loud.yaml", LOUD);
    centre.settle();
    assert_eq!(centre.standing.why_differs(), None);
    assert_eq!(centre.controls(), ["Loud0", "Loud0 Silent0"]);
}

#[test]
fn a_file_that_the_changed_configuration_names_is_watched_although_it_is_broken() {
    let mut centre = Centre::start();
    centre.write("more.yaml", &SILENT.replace("5m", "never"));
    centre.write("vigie.toml", &CONFIG.replace("\"rules/*.yaml\"", "\"rules/*.yaml\", \"more.yaml\""));
    centre.settle();
    assert!(centre.standing.why_differs().unwrap().contains("more.yaml:1:"));
    centre.write("more.yaml", SILENT);
    centre.settle();
    assert_eq!(centre.controls(), ["Loud0", "Loud0 Silent0"]);
}

#[test]
fn files_put_back_before_they_were_taken_are_no_change() {
    let mut centre = Centre::start();
    centre.settle();
    centre.write("rules/loud.yaml", "groups: [");
    assert_eq!(centre.watcher.look(), Next::Look);
    centre.write("rules/loud.yaml", LOUD);
    centre.settle();
    assert_eq!(centre.standing.why_differs(), None);
    centre.write("rules/loud.yaml", "groups: [");
    centre.settle();
    assert!(centre.standing.why_differs().is_some());
    centre.write("rules/loud.yaml", LOUD);
    centre.settle();
    assert_eq!(centre.standing.why_differs(), None, "what runs is what is on disk again");
    assert_eq!(centre.controls(), ["Loud0"]);
}

/// As Kubernetes mounts a config map: the folder is a link to a link, which is swapped as a whole.
#[test]
fn a_folder_that_is_swapped_by_a_link_is_a_change() {
    let mut centre = Centre::start();
    let folder = centre.folder.path().to_owned();
    fs::rename(folder.join("rules"), folder.join("first")).unwrap();
    symlink("first", folder.join("data")).unwrap();
    symlink("data", folder.join("rules")).unwrap();
    centre.settle();
    fs::create_dir(folder.join("second")).unwrap();
    centre.write("second/loud.yaml", LOUD);
    centre.write("second/silent.yaml", SILENT);
    symlink("second", folder.join("data.new")).unwrap();
    fs::rename(folder.join("data.new"), folder.join("data")).unwrap();
    centre.settle();
    assert_eq!(centre.controls(), ["Loud0", "Loud0 Silent0"]);
}

#[test]
fn new_spaces_are_admitted_and_those_gone_refused() {
    let mut centre = Centre::start();
    centre.settle();
    assert!(centre.registry.admit("quay").is_err());
    centre.write("spaces.geojson", &spaces(&["quay"]));
    centre.settle();
    assert_eq!(centre.registry.admit("quay"), Ok(()));
    assert!(centre.registry.admit("plaza").is_err());
    assert_eq!(centre.controls().len(), 2);
}

#[test]
fn settings_of_the_server_wait_for_a_restart() {
    let mut centre = Centre::start();
    let running = Arc::clone(&centre.watcher.options.control);
    let changed = CONFIG.replace("UTC", "Europe/Paris") + "[time]\ntick = \"5s\"\n[metrics.noise]\nunit = \"dB(A)\"\n";
    centre.write("vigie.toml", &changed);
    centre.settle();
    assert_eq!(centre.watcher.waiting, ["[centre]", "[time]"]);
    let now = &centre.watcher.options.control;
    assert_eq!((&now.time_zone, now.tick_ms), (&running.time_zone, running.tick_ms));
    assert_eq!(now.metrics["noise"].unit, "dB(A)", "metrics are taken at once");
    assert_eq!(centre.standing.why_differs(), None);
    assert_eq!(centre.controls().len(), 2);
}

#[test]
fn a_log_that_has_ended_ends_the_watching() {
    let mut centre = Centre::start();
    centre.settle();
    centre.watcher.options.intake.stop();
    centre.write("rules/silent.yaml", SILENT);
    assert_eq!(centre.watcher.look(), Next::Look);
    assert_eq!(centre.watcher.look(), Next::End);
}
