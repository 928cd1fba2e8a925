//! SpaceBench's events: the same on every machine, in every format, and what their description says.

#![cfg(all(feature = "history", feature = "console"))]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{last_json, python, run, text, vigie};
use expect_test::expect;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use vigie::digest::Digest;
use vigie::spacebench::names::{self, METRICS};
use vigie::spacebench::options::Options;
use vigie::spacebench::popularity::Distribution;
use vigie::spacebench::rows::Steps;
use vigie::spacebench::stream::{Event, Events, START_MS, VERY_LATE_MAX_MS};
use vigie::spacebench::text::{write_csv, write_ndjson};
use vigie::spacebench::{rules, text as lines};
use vigie_model::control::{Control, SourceFile};
use vigie_rules::engine::{Engine, Input};
use vigie_rules::load::load;

/// A small city for six minutes.
const SMALL: Options = Options {
    events: 60_000,
    spaces: 200,
    distribution: Distribution::Uniform,
    sensors: 1,
    interval_ms: 5_000,
    every_series_first: false,
    late: (99, 1),
    seed: 7,
};

fn hash(options: &Options, line: fn(&Event, &mut String)) -> String {
    let mut text = String::new();
    Events::new(options).for_each(|event| line(&event, &mut text));
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_events_never_change() {
    let mut first = String::new();
    Events::new(&SMALL).take(3).for_each(|event| write_csv(&event, &mut first));
    expect![[r#"
        1773507600000,sp-000077,s1,noise,55.9
        1773507600006,sp-000049,s2,crowd,44.2
        1773507600012,sp-000191,s4,dust,55.8
    "#]]
    .assert_eq(&first);
    expect!["4a180492ca9d177fe8ea834c835733061f43d51f517e7268d8108ca8a1658fca"].assert_eq(&hash(&SMALL, write_csv));
    expect!["89dc87aaeae4bf8212d7e35f1f7ec03340693f8da6d635e081be0c7fe3fbcbf7"].assert_eq(&hash(&SMALL, write_ndjson));
    let zipf = Options { distribution: Distribution::Zipf, sensors: 6, every_series_first: true, ..SMALL };
    expect!["218cfdba6ebcd3994379e24029fb95060d85298ff599ed0c71f399dbe0977f56"].assert_eq(&hash(&zipf, write_csv));
    assert_ne!(hash(&SMALL, write_csv), hash(&Options { seed: 8, ..SMALL }, write_csv));
}

#[test]
fn one_in_a_hundred_is_late_and_one_in_ten_thousand_very_late() {
    let events: Vec<Event> = Events::new(&Options { events: 1_000_000, ..SMALL }).collect();
    assert!(events.is_sorted_by_key(|event| event.sent_ms), "sent in the order of the log");
    let late_ms = |event: &&Event| event.sent_ms - event.ts_ms;
    let late = events.iter().filter(|event| late_ms(event) > 0).count();
    let very_late = events.iter().filter(|event| late_ms(event) > 30_000).count();
    assert!((9_500..10_500).contains(&late), "{late}");
    assert!((60..140).contains(&very_late), "{very_late}");
    let latest_ms = events.iter().map(|event| event.sent_ms - event.ts_ms).max().unwrap();
    assert!((30_000..=VERY_LATE_MAX_MS).contains(&latest_ms), "{latest_ms}");
}

#[test]
fn spaces_speak_as_often_as_they_should() {
    for (distribution, most, least) in [(Distribution::Uniform, 0.005, 0.005), (Distribution::Zipf, 0.1701, 0.00085)] {
        let options = Options { events: 1_000_000, distribution, ..SMALL };
        let mut counts = HashMap::new();
        // The silent node's spaces speak less, by as much as the silence is long.
        let silent = |space: u32| space / options.spaces_per_node() == options.silent_node();
        Events::new(&options)
            .filter(|event| !silent(event.space))
            .for_each(|event| *counts.entry(event.space).or_insert(0u32) += 1);
        let share = |count: &u32| f64::from(*count) / 1_000_000.0;
        let (found_most, found_least) = (share(counts.values().max().unwrap()), share(counts.values().min().unwrap()));
        assert!((found_most / most - 1.0).abs() < 0.06, "{distribution:?}: {found_most} instead of {most}");
        assert!((found_least / least - 1.0).abs() < 0.12, "{distribution:?}: {found_least} instead of {least}");
    }
}

#[test]
fn one_node_is_silent_for_a_while_and_no_other() {
    let silence_ms = SMALL.silence_ms();
    assert_eq!(silence_ms, 187_500..281_250);
    let nodes = |is_then: bool| -> HashSet<u32> {
        let then = Events::new(&SMALL).filter(|event| silence_ms.contains(&(event.sent_ms - START_MS)) == is_then);
        then.map(|event| event.space / SMALL.spaces_per_node()).collect()
    };
    let (all, then) = (nodes(false), nodes(true));
    assert_eq!(all.difference(&then).copied().collect::<Vec<_>>(), [SMALL.silent_node()]);
}

#[test]
fn the_first_round_visits_every_series_once() {
    let options = Options { every_series_first: true, sensors: 6, ..SMALL };
    let first = Events::new(&options).take(options.series() as usize);
    let series: HashSet<_> = first.map(|event| (event.space, event.metric, event.sensor)).collect();
    assert_eq!(series.len() as u64, options.series());
}

/// `vigie simulate` of the small city.
fn simulate(folder: &Path, format: &str) -> Command {
    let mut command = vigie();
    command.args([
        "simulate",
        "--spacebench",
        "--events",
        "60000",
        "--spaces",
        "200",
        "--seed",
        "7",
        "--format",
        format,
    ]);
    command.current_dir(folder).args(["--output", &format!("city.{format}")]);
    command
}

/// The summary of a replay of a file in its own order.
fn replay(folder: &Path, input: &str) -> serde_json::Value {
    let mut command = vigie();
    command.args(["replay", "--json", "--keep-order", "--config", "city.toml", "--input", input]).current_dir(folder);
    last_json(&run(&mut command, 0))
}

/// The digest of an engine fed with the decoded rows.
fn digest_of_rows(options: &Options) -> String {
    let control = Control {
        centre: "spacebench".into(),
        time_zone: "UTC".into(),
        tick_ms: 1_000,
        rules: vec![SourceFile { path: "rules.yaml".into(), text: rules::file(&rules::ALL).into() }],
        ..Control::default()
    };
    let (mut digest, mut out) = (Digest::default(), Vec::new());
    let mut engine = Engine::new(load(&control).unwrap().rules, 0, 1);
    engine.step(Input::Names(&names::dictionary(options.spaces, options.sensors)), &mut out);
    engine.step(Input::IntakeUp { log_time_ms: START_MS }, &mut out);
    let mut steps = Steps::new(options, 1);
    for step in steps.take(options.events as usize).remove(0) {
        if let Some((tick_ms, log_time_ms)) = step.tick {
            engine.step(Input::Tick { tick_ms, log_time_ms }, &mut out);
        }
        engine.step(Input::Observations { first_offset: step.first_offset, rows: &step.rows }, &mut out);
    }
    let end_ms = steps.log_time_ms() + 86_400_000;
    engine.step(Input::Tick { tick_ms: end_ms, log_time_ms: end_ms }, &mut out);
    out.iter().for_each(|transition| digest.add(transition));
    digest.finish()
}

#[test]
fn replay_takes_both_texts_and_judges_them_as_an_engine_judges_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    run(simulate(folder.path(), "ndjson").args(["--config", "city.toml"]), 0);
    run(&mut simulate(folder.path(), "csv"), 0);
    let csv = std::fs::read_to_string(folder.path().join("city.csv")).unwrap();
    assert!(csv.starts_with(lines::CSV_HEADER));
    let (from_json, from_csv) = (replay(folder.path(), "city.ndjson"), replay(folder.path(), "city.csv"));
    let counts = |summary: &serde_json::Value| {
        ["events", "accepted", "rejected", "duplicates", "raised"]
            .map(|name| format!("{name} {}", summary[name]))
            .join(", ")
    };
    expect!["events 60000, accepted 60000, rejected 0, duplicates 0, raised 982"].assert_eq(&counts(&from_json));
    assert_eq!(counts(&from_json), counts(&from_csv));
    assert_eq!(from_json["digest"], from_csv["digest"]);
    assert_eq!(from_json["digest"], digest_of_rows(&SMALL).as_str());
}

#[test]
fn all_formats_hold_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["ndjson", "csv", "parquet"] {
        run(&mut simulate(folder.path(), format), 0);
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (json, csv) = (read("city.ndjson"), read("city.csv"));
    let of_json = json.lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| event[name].as_str().unwrap().to_owned();
        format!("{},{},{},{},{}", event["time"], word("space"), word("sensor"), word("metric"), event["value"])
    });
    assert!(of_json.eq(csv.lines().skip(1).map(str::to_owned)));
    assert_eq!(csv.lines().count(), 60_001);
    assert!(METRICS.iter().all(|metric| csv.contains(metric)));
    let Some(python) = python("all_formats_hold_the_same_rows") else { return };
    let script = "import pandas, sys
csv, parquet = pandas.read_csv('city.csv'), pandas.read_parquet('city.parquet')
print(list(csv.columns) == list(parquet.columns), (csv == parquet).all().all(), len(parquet))";
    let said = text(&run(Command::new(python).args(["-c", script]).current_dir(folder.path()), 0).stdout);
    assert_eq!(said, "True True 60000\n");
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, expected) in [
        (["--format", "csv", "--output", "nowhere/city.csv"], 3, "cannot write nowhere/city.csv: "),
        (["--format", "parquet", "--output", "nowhere/city.parquet"], 3, "cannot write nowhere/city.parquet; "),
        (["--rules", "city.yaml", "--format=csv", "--output=city.csv"], 2, "--rules needs --config"),
    ] {
        let mut command = vigie();
        command.args(["simulate", "--spacebench", "--events", "10"]).args(arguments).current_dir(folder.path());
        let said = text(&run(&mut command, code).stderr);
        assert!(said.contains(expected), "{said}");
    }
}
