//! Baseline rules through the engine: the vectors of `baseline/vectors.py` as episodes with their evidence, and a rule that
//! starts with history behind it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, What, control, observation, seeded_transitions, transitions};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_model::batch::Quality;
use vigie_model::control::Control;
use vigie_model::seeds::RuleStart;
use vigie_rules::load::load;
use vigie_rules::seeding::{Seeding, StoredRow};
use vigie_rules::spec::RuleSet;

const VECTORS: &str = include_str!("baseline/vectors.tsv");
const CUT: Cut = Cut { partitions: 1, batch_rows: 64, tick_ms: 60_000 };

/// A case of the vectors: its rule and its rows.
struct Case<'a> {
    rules: Arc<RuleSet>,
    rows: Vec<Vec<&'a str>>,
}

fn rules(zone: &str, figures: &str) -> Arc<RuleSet> {
    let text = format!(
        "groups:\n- name: a\n  rules:\n  - {{alert: Unusual, kind: baseline, metric: m, {figures}, stale_after: 1000d}}\n"
    );
    let control = Control { time_zone: zone.into(), ..control(&text) };
    load(&control).unwrap_or_else(|problems| panic!("{problems:#?}")).rules
}

fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case<'static>> = Vec::new();
    for line in VECTORS.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        if let ["case", _, zone, half_life_weeks, z, min_weeks, sigma_floor, direction] = fields[..] {
            let figures = format!(
                "z: {z}, half_life_weeks: {half_life_weeks}, min_weeks: {min_weeks}, sigma_floor: {sigma_floor}, direction: {direction}"
            );
            cases.push(Case { rules: rules(zone, &figures), rows: Vec::new() });
        } else {
            cases.last_mut().unwrap().rows.push(fields);
        }
    }
    cases
}

/// Millionths as decimal text.
fn decimal(micros: &str) -> String {
    let micros: i64 = micros.parse().unwrap();
    let (sign, magnitude) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    format!("{sign}{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000)
}

fn events(rows: &[Vec<&str>]) -> Vec<Event> {
    let event = |row: &Vec<&str>| observation("a", Some("s1"), "m", &decimal(row[1]), row[0].parse().unwrap());
    rows.iter().map(event).collect()
}

fn evidence(transition: &Transition) -> Value {
    serde_json::from_str(transition.evidence.as_ref().unwrap()).unwrap()
}

fn is_near(one: &Value, other: &str) -> bool {
    let (one, other): (f64, f64) = (one.as_f64().unwrap(), other.parse().unwrap());
    (one - other).abs() <= 1e-12 * other.abs().max(1.0)
}

#[test]
fn the_engine_raises_and_clears_as_the_vectors_say() {
    let mut episodes = 0;
    for case in cases() {
        let found = transitions(&case.rules, &events(&case.rows), CUT);
        let mut found = found.iter().filter(|one| matches!(one.state, AlertState::Active | AlertState::Cleared));
        let mut open = false;
        for row in &case.rows {
            let expected = match (row[10], open) {
                ("raise", false) => AlertState::Active,
                ("clear", true) => AlertState::Cleared,
                _ => continue,
            };
            let transition = found.next().unwrap_or_else(|| panic!("no transition for {row:?}"));
            assert_eq!((transition.state, transition.event_time_ms), (expected, row[0].parse().unwrap()), "{row:?}");
            open = expected == AlertState::Active;
            if open {
                let evidence = evidence(transition);
                assert_eq!(evidence["weeks"].to_string(), row[7], "{evidence}");
                assert_eq!(evidence["hour_of_week"].to_string(), row[3], "{evidence}");
                assert!(
                    is_near(&evidence["mean"], row[8]) && is_near(&evidence["sigma"], row[9]),
                    "{row:?} {evidence}"
                );
                episodes += 1;
            }
        }
        assert_eq!(found.next(), None);
    }
    assert!(episodes > 100, "{episodes}");
}

/// New York's taxis, from `nab/ORIGIN.txt`.
fn taxis() -> Vec<Event> {
    let zone = TimeZone::get("America/New_York").unwrap();
    let row = |line: &str| {
        let (local, value) = line.split_once(',').unwrap();
        let local: DateTime = local.parse().unwrap();
        let time_ms = local.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
        observation("new-york", Some("taxis"), "m", value, time_ms)
    };
    include_str!("nab/nyc_taxi.csv").lines().skip(1).map(row).collect()
}

/// What a transition says, without where in the log it stands.
fn story(transition: &Transition) -> String {
    let mut evidence = transition.evidence.as_ref().map(|_| evidence(transition));
    if let Some(evidence) = &mut evidence {
        evidence.as_object_mut().unwrap().remove("position").unwrap();
    }
    let (state, id, at_ms) = (transition.state.as_str(), &transition.alert_id, transition.event_time_ms);
    format!("{at_ms} {state} {id:?} {} {}", transition.summary, evidence.unwrap_or_default())
}

#[test]
fn a_rule_with_history_behind_it_judges_as_one_that_saw_it() {
    let rules = rules("America/New_York", "z: 4, sigma_floor: 1000");
    let events = taxis();
    for start in ["2014-10-06T00:00:00-04:00", "2014-11-10T05:00:00-05:00"] {
        let start_ms = vigie_model::time::parse_rfc3339_ms(start).unwrap();
        let (before, after) = events.split_at(events.partition_point(|event| event.time_ms < start_ms));
        let mut seeding = Seeding::new(
            Arc::clone(&rules),
            |rule| &*rule.name == "Unusual",
            RuleStart { sequence: 0, log_time_ms: start_ms },
        );
        for event in before {
            let What::Observation { metric, value, .. } = &event.what else { unreachable!("taxis are counted") };
            seeding.row(&StoredRow {
                space: &event.space,
                sensor: event.sensor.as_deref(),
                node: None,
                metric,
                micros: value.micros(),
                event_time_ms: event.time_ms,
                quality: Quality::Good,
            });
        }
        let seeds = seeding.finish();
        assert_eq!((seeds.len(), seeds[0].keys[0].hours.len()), (1, 168));
        let whole = transitions(&rules, &events, CUT);
        let whole = whole.iter().filter(|one| one.event_time_ms >= start_ms);
        let seeded = seeded_transitions(&rules, seeds, after, CUT);
        assert!(whole.clone().filter(|one| one.state == AlertState::Active).count() > 30);
        assert_eq!(seeded.iter().map(story).collect::<Vec<_>>(), whole.map(story).collect::<Vec<_>>());
        let unseeded = transitions(&rules, after, CUT);
        let first = |all: &[Transition]| all.iter().map(|one| one.event_time_ms).min().unwrap();
        let four_weeks_on = start_ms + 4 * 7 * 86_400_000;
        assert!(first(&seeded) < four_weeks_on && first(&unseeded) >= four_weeks_on, "{}", first(&unseeded));
    }
}
