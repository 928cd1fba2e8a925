//! `vigie rules check` and `vigie rules test`, as a user runs them.

mod common;

use common::{project, run, text, vigie};
use std::path::Path;
use std::process::Output;

fn rules(folder: &Path, arguments: &[&str], code: i32) -> Output {
    run(vigie().arg("rules").args(arguments).current_dir(folder), code)
}

/// The example of the documentation, as two files in a folder.
fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let page = std::fs::read_to_string(project().join("docs/rules-tests.md")).expect("the page can be read");
    let mut blocks =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().expect("a block has a beginning"));
    let mut block = || blocks.next().expect("the page has two files");
    std::fs::write(folder.path().join("squares.yaml"), block()).expect("the folder can be written");
    std::fs::write(folder.path().join("squares.test.yaml"), block()).expect("the folder can be written");
    folder
}

#[test]
fn the_example_of_the_documentation_does_what_it_says() {
    let page = std::fs::read_to_string(project().join("docs/rules-tests.md")).unwrap();
    let folder = example();
    let passed = text(&rules(folder.path(), &["test", "squares.test.yaml"], 0).stdout);
    assert!(page.contains(&format!("```\n{passed}```")), "the page shows otherwise than:\n{passed}");

    let file = folder.path().join("squares.test.yaml");
    let tests = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, tests.replace("state: active, at: 60s", "state: active, at: 30s")).unwrap();
    let output = rules(folder.path(), &["test", "squares.test.yaml"], 1);
    let said = text(&output.stdout);
    let failure = page.split("```\nFAILED").nth(1).unwrap().split("```").next().unwrap();
    assert!(said.contains(&format!("FAILED{failure}")), "the page shows otherwise than:\n{said}");
    assert!(said.contains("nothing else was expected"), "{said}");
    assert!(said.ends_with("3 tests: 2 ok, 1 failed\n"), "{said}");
    assert_eq!(text(&output.stderr), "error: 1 test failed\n");
}

#[test]
fn every_mistake_of_a_test_file_is_told_with_its_place() {
    let folder = example();
    let wrong = "rules: [nowhere.yaml]\nstart: noon\ntests:\n- name: a\n  inputs:\n  - {at: 1s, space: a/b, metric: m, value: many}\n  \
                 - {space: a, metric: m, every: 1s, values: '1 4x'}\n";
    std::fs::write(folder.path().join("wrong.yaml"), wrong).unwrap();
    let said = text(&rules(folder.path(), &["test", "wrong.yaml", "squares.test.yaml"], 2).stderr);
    let expected = "\
wrong.yaml:2:8: error: 'start: noon' is no instant; expected a time since the test's start, as in +90s, or RFC 3339 with an offset
wrong.yaml:4:3: error: the test expects nothing, so it cannot fail; add expect, expect_none or exactly: true
wrong.yaml:6:21: error: 'space' contains '/', which separates the parts of a key
wrong.yaml:6:44: error: 'value: many': not a number
wrong.yaml:7:49: error: 'values': '' in '4x' is not how often: a whole number from 1
5 errors
";
    assert_eq!(said, expected);

    let unknown = "rules: [nowhere.yaml]\ntests:\n- {name: a, inputs: [], expect_none: [Overcroweded]}\n";
    std::fs::write(folder.path().join("unknown.yaml"), unknown).unwrap();
    let said = text(&rules(folder.path(), &["test", "unknown.yaml"], 2).stderr);
    assert!(said.starts_with("unknown.yaml:1:9: error: rule file 'nowhere.yaml': cannot be read"), "{said}");
    std::fs::write(folder.path().join("unknown.yaml"), unknown.replace("nowhere", "squares")).unwrap();
    let said = text(&rules(folder.path(), &["test", "unknown.yaml"], 2).stderr);
    let hint = "unknown.yaml:3:39: error: no rule is named 'Overcroweded'; did you mean 'Overcrowded'?\n1 error\n";
    assert_eq!(said, hint);
}

/// A vague expectation must not take the transition that a sharper one needs.
#[test]
fn each_expectation_needs_a_transition_of_its_own() {
    let folder = example();
    let tests = "
rules: [squares.yaml]
spaces: [{id: a, kind: square}]
tests:
- name: twice
  inputs: [{space: a, metric: people_density, every: 5m, values: '5x2 1 5x2 1'}]
  expect:
  - {rule: Overcrowded}
  - {rule: Overcrowded, state: active, at: 60s}
  - {rule: Overcrowded, state: active, at: 16m}
  until: 1h
";
    std::fs::write(folder.path().join("twice.yaml"), tests).unwrap();
    rules(folder.path(), &["test", "twice.yaml"], 0);
    let thrice = tests.replace("  until", "  - {rule: Overcrowded, state: active}\n  until");
    std::fs::write(folder.path().join("twice.yaml"), thrice).unwrap();
    let said = text(&rules(folder.path(), &["test", "twice.yaml"], 1).stdout);
    assert!(said.contains("it came fewer times than expected"), "{said}");
}

#[test]
fn rules_are_checked_alone_and_with_a_configuration() {
    let folder = example();
    let fine = rules(folder.path(), &["check", "squares.yaml"], 0);
    assert_eq!(text(&fine.stdout), "fine (2 rules, 0 warnings)\n");

    let broken = "groups:\n- name: a\n  rules:\n  - {alert: A, kind: treshold, metric: m, raise: 'value > 1'}\n";
    std::fs::write(folder.path().join("broken.yaml"), broken).unwrap();
    let said = text(&rules(folder.path(), &["check", "broken.yaml", "nowhere.yaml"], 2).stderr);
    assert!(said.contains("broken.yaml:4:22: error: "), "{said}");
    assert!(said.contains("nowhere.yaml: error: cannot be read"), "{said}");
    let json = rules(folder.path(), &["check", "--json", "broken.yaml"], 2);
    let problems: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let error = problems.as_array().unwrap().iter().find(|problem| problem["level"] == "error").unwrap();
    assert_eq!((&error["line"], &error["column"]), (&4.into(), &22.into()), "{error}");

    let melbourne = project().join("configs/melbourne/vigie.toml");
    let said = rules(folder.path(), &["check", "--config", melbourne.to_str().unwrap()], 0);
    assert!(text(&said.stdout).starts_with("fine ("));
    rules(folder.path(), &["check", "--config", melbourne.to_str().unwrap(), "broken.yaml"], 2);
    rules(folder.path(), &["check"], 2);
}

#[test]
fn calendars_and_events_of_a_test_file_decide_when_rules_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "
groups:
- name: a
  rules:
  - {alert: School, kind: threshold, metric: m, per: space, raise: 'value > 1', active: {period: school}}
  - {alert: Match, kind: threshold, metric: m, per: space, raise: 'value > 1', active: {period: event}}
";
    let tests = "
rules: [periods.yaml]
time_zone: Europe/Paris
start: 2026-03-11T07:00:00+01:00
calendars: {school: {weekly: ['Mon-Fri 08:00-16:00'], except: ['2026-03-12']}}
events: {match: {from: 3h, until: 5h, spaces: [a]}}
tests:
- name: each in its time
  inputs:
  - {space: a, metric: m, every: 1m, values: '2x600'}
  - {space: b, metric: m, every: 1m, values: '2x600'}
  - {from: 24h, space: a, metric: m, every: 1m, values: '2x600'}
  expect:
  - {rule: School, key: a, state: active, at: 2026-03-11T08:00:00+01:00}
  - {rule: School, key: a, state: cleared, at: 2026-03-11T16:00:00+01:00, reason: inactive_period}
  - {rule: School, key: b, state: active, at: 1h}
  - {rule: School, key: b, state: cleared, at: 9h}
  - {rule: Match, key: a, state: active, at: 3h}
  - {rule: Match, key: a, state: cleared, at: 5h}
  exactly: true
";
    std::fs::write(folder.path().join("periods.yaml"), rules).unwrap();
    std::fs::write(folder.path().join("periods.test.yaml"), tests).unwrap();
    self::rules(folder.path(), &["test", "periods.test.yaml"], 0);
    let wrong = tests.replace("08:00-16:00", "8-16").replace("until: 5h", "until: 2h");
    std::fs::write(folder.path().join("periods.test.yaml"), wrong).unwrap();
    let said = text(&self::rules(folder.path(), &["test", "periods.test.yaml"], 2).stderr);
    assert!(said.contains("periods.test.yaml:5:31: error: 'weekly': '8-16' are no hours"), "{said}");
    assert!(said.contains("periods.test.yaml:6:35: error: 'until' is not later than 'from'"), "{said}");
}

#[test]
fn the_starter_pack_passes_its_tests() {
    let themes = ["crowd", "detections", "night", "nodes", "noise", "reports"];
    let files = themes.map(|theme| format!("{theme}.test.yaml"));
    let arguments: Vec<_> = ["test"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let said = text(&rules(&project().join("configs/rules"), &arguments, 0).stdout);
    assert!(said.ends_with(" 0 failed\n"), "{said}");
}
