//! The engine step by step: expected sensors, pauses, positions, ids, scopes, parameters, words.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, control, incident, lines, observation, rules, transitions};
use expect_test::{Expect, expect};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition, rule_uid};
use vigie_model::batch::{ObservationRow, Observations, Quality, flags};
use vigie_model::control::Control;
use vigie_model::event::Incident;
use vigie_model::metric::MetricSpec;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::position::partition_of;
use vigie_model::severity::Severity;
use vigie_model::space::{Sensor, Space};
use vigie_rules::engine::{Engine, Input};
use vigie_rules::load::load;

/// Sunday 12 March 2017 21:00 in Melbourne.
const SUNDAY_21_MS: i64 = 1_489_312_800_000;
const ONE: Cut = Cut { partitions: 1, batch_rows: 1, tick_ms: 1000 };

fn rule(fields: &str) -> String {
    format!("groups:\n- name: g\n  rules:\n  - {{{fields}}}\n")
}

/// A control record with one declared square and words for its metrics.
fn melbourne(fields: &str) -> Control {
    let mut space =
        Space { name: "Birrarung Marr".into(), kind: "park".to_owned(), ..Space::registered("birrarung-marr") };
    space.sensors = vec![Sensor { id: "s1".into(), metric: "people_count".into(), expected: true }];
    space.params.insert("Crowded".to_owned(), [("max".to_owned(), "7000".parse().unwrap())].into());
    let spec = |label: &str, unit: &str, period_ms| MetricSpec {
        label: Some(label.to_owned()),
        unit: unit.to_owned(),
        period_ms,
    };
    let metrics = [
        ("people_count".into(), spec("people", "1", Some(3_600_000))),
        ("people_quarter".into(), spec("people", "1", Some(900_000))),
        ("noise".into(), spec("noise", "dB(A)", None)),
    ];
    Control { spaces: Arc::new(vec![space]), metrics: Arc::new(metrics.into()), ..control(&rule(fields)) }
}

fn run(control: &Control, events: &[Event]) -> Vec<Transition> {
    let rules = load(control).unwrap_or_else(|problems| panic!("{problems:#?}")).rules;
    transitions(&rules, events, ONE)
}

fn check_words(fields: &str, events: &[Event], expected: &Expect) {
    let found = run(&melbourne(fields), events);
    let told = found.iter().filter(|t| t.state.is_of_episode());
    let words: String = told.map(|t| format!("{}: {}\n", t.state.as_str(), t.summary)).collect();
    expected.assert_eq(&words);
}

fn at(metric: &str, value: &str, minutes: i64) -> Event {
    observation("birrarung-marr", Some("s1"), metric, value, SUNDAY_21_MS + minutes * 60_000)
}

#[test]
fn words_of_a_metric_with_a_period() {
    let fields = "alert: Crowded, kind: threshold, metric: people_count, per: space, raise: value > params.max, params: {max: 8000}, stale_after: 2h";
    check_words(
        fields,
        &[at("people_count", "7665", 0), at("people_count", "500", 60)],
        &expect![[r#"
        active: Birrarung Marr: 7,665 people in the hour to 21:00
        cleared: Birrarung Marr: Crowded is over at 22:00, now 500
    "#]],
    );
    let fields =
        "alert: Full, kind: threshold, metric: people_quarter, raise: value > 1000, for: 20m, stale_after: 30m";
    check_words(
        fields,
        &[at("people_quarter", "1234.5", 0), at("people_quarter", "1300", 15)],
        &expect![[r#"
        active: Birrarung Marr: 1,234.5 people in the 15m to 21:00
        stale: Birrarung Marr: no recent people to judge Full by since 21:45
    "#]],
    );
}

#[test]
fn words_of_a_metric_without_a_period() {
    let fields = "alert: Loud, kind: threshold, metric: noise, per: space, agg: mean, raise: value >= 80, clear: value < 70, keep_firing_for: 1m";
    let events = [at("noise", "84.25", 0), at("noise", "75", 8), at("noise", "60", 9)];
    check_words(
        fields,
        &events,
        &expect![[r#"
        active: Birrarung Marr: mean noise 84.25 dB(A) at 21:00
        stale: Birrarung Marr: no recent noise to judge Loud by since 21:05
        resumed: Birrarung Marr: noise is back for Loud at 21:08, now 75 dB(A)
        cleared: Birrarung Marr: Loud is over at 21:10, now 60 dB(A)
    "#]],
    );
    let fields = "alert: Loud, kind: threshold, metric: noise, raise: value >= 80, for: 10m, stale_after: 30m";
    check_words(
        fields,
        &[at("noise", "84.25", 0), at("noise", "85", 8), at("noise", "1", 15)],
        &expect![[r#"
        active: Birrarung Marr: noise 84.25 dB(A) at 21:00
        cleared: Birrarung Marr: Loud is over at 21:15, now 1 dB(A)
    "#]],
    );
}

#[test]
fn words_of_windows_and_silences() {
    let fields = "alert: Noisy, kind: window, metric: noise, per: space, window: 60s, agg: mean, raise: value > 80";
    check_words(
        fields,
        &[at("noise", "81", 0)],
        &expect![[r#"
        active: Birrarung Marr: mean of noise 81 dB(A) over the 1m to 21:00
        stale: Birrarung Marr: no recent noise to judge Noisy by since 21:01
    "#]],
    );
    let fields = "alert: Chatty, kind: window, metric: noise, window: 60s, agg: count, raise: value >= 2";
    let mut chatty = [at("noise", "81", 0), at("noise", "82", 0)];
    chatty[1].time_ms += 500;
    check_words(
        fields,
        &chatty,
        &expect![[r#"
        active: Birrarung Marr: 2 observations of noise in the 1m to 21:00
        cleared: Birrarung Marr: Chatty is over at 21:01, now 0
    "#]],
    );
    let fields = r#"alert: Thefts, kind: window, incident: 'incident.category == "theft"', window: 30m, agg: count, raise: value >= 2"#;
    let thefts =
        [incident("birrarung-marr", "theft", SUNDAY_21_MS), incident("birrarung-marr", "theft", SUNDAY_21_MS + 60_000)];
    check_words(
        fields,
        &thefts,
        &expect![[r#"
        active: Birrarung Marr: 2 theft incidents in the 30m to 21:01
        cleared: Birrarung Marr: Thefts is over at 21:30, now 0
    "#]],
    );
    let fields = "alert: Silent, kind: absence, metric: people_count, per: sensor, for: 45m";
    check_words(
        fields,
        &[at("people_count", "1", 0), at("people_count", "1", 60)],
        &expect![[r#"
        active: Birrarung Marr: no people from sensor s1 since 21:00
        cleared: Birrarung Marr: people from sensor s1 again at 22:00
        active: Birrarung Marr: no people from sensor s1 since 22:00
    "#]],
    );
}

#[test]
fn the_author_chooses_the_words() {
    let fields = "alert: Crowded, kind: threshold, metric: people_count, raise: value > params.max, params: {max: 8000}, stale_after: 2h, severity: high, \
                  summary: '{{{rule}}} {space} {key} {sensor} {severity}: {value} {label}{unit} at {time}, limit {params.max}, for {for}'";
    check_words(
        fields,
        &[at("people_count", "7665", 0)],
        &expect![[r#"
        active: {Crowded} Birrarung Marr birrarung-marr/s1 s1 high: 7,665 people at 21:00, limit 7,000, for 0s
        stale: Birrarung Marr: no recent people to judge Crowded by since 23:00
    "#]],
    );
}

#[test]
fn ids_positions_and_feeds() {
    let text = rule("alert: Any, kind: threshold, metric: m, per: space, agg: min, raise: value > 0");
    let time_ms = 1_700_000_000_000;
    let events = [("x", "1"), ("y", "0")].map(|(sensor, value)| observation("a", Some(sensor), "m", value, time_ms));
    let found = run(&control(&text), &events);
    let states: Vec<_> = found.iter().map(|t| (t.state.as_str(), t.position.offset, t.ordinal)).collect();
    assert_eq!(states, [("active", 0, 0), ("cleared", 1, 0)]);
    let id = AlertId::of_episode("test", &rule_uid("test", "Any", 0), "a", time_ms, 0);
    assert!(found.iter().all(|t| t.alert_id == id && &*t.feed == "test" && &*t.space == "a"));
}

#[test]
fn episodes_of_one_instant_have_different_ids() {
    let text = rule("alert: R, kind: threshold, metric: m, per: space, agg: mean, raise: value > 0");
    let time_ms = 1_700_000_000_000;
    let events = [("a", "20"), ("b", "-50"), ("c", "60")]
        .map(|(sensor, value)| observation("p", Some(sensor), "m", value, time_ms));
    let found = run(&control(&text), &events);
    let active: Vec<_> = found.iter().filter(|t| t.state == AlertState::Active).map(|t| t.alert_id.clone()).collect();
    let expected = [0, 1].map(|n| AlertId::of_episode("test", &rule_uid("test", "R", 0), "p", time_ms, n));
    assert_eq!(active, expected);
}

#[test]
fn scopes_and_parameters_of_spaces_are_respected() {
    let fields = "alert: Crowded, kind: threshold, metric: people_count, per: space, raise: value > params.max, params: {max: 8000}";
    let mut control = melbourne(fields);
    let both =
        [at("people_count", "7500", 0), observation("elsewhere", Some("s"), "people_count", "7500", SUNDAY_21_MS)];
    let active = |control: &Control| -> Vec<String> {
        let found = run(control, &both);
        found.iter().filter(|t| t.state == AlertState::Active).map(|t| t.key.to_string()).collect()
    };
    assert_eq!(active(&control), ["birrarung-marr"], "7,000 there, 8,000 elsewhere");
    let text =
        control.rules[0].text.replace("  rules:", "  scope: space.kind != \"park\"\n  rules:").replace("8000", "100");
    control.rules[0].text = text.into();
    assert_eq!(active(&control), ["elsewhere"]);
}

fn row(log_time_ms: i64, flags: u8) -> ObservationRow<'static> {
    ObservationRow {
        feed: 0,
        space: 0,
        metric: 0,
        sensor: 0,
        node: NO_NAME,
        seq: None,
        id: None,
        value: "1".parse().unwrap(),
        event_time_ms: log_time_ms,
        sent_time_ms: None,
        log_time_ms,
        quality: Quality::Good,
        flags,
    }
}

fn observe(engine: &mut Engine, log_time_ms: i64, flags: u8, out: &mut Vec<Transition>) {
    let mut rows = Observations::default();
    rows.push(row(log_time_ms, flags));
    engine.step(Input::Observations { first_offset: 7, rows: &rows }, out);
}

fn silent_engine(partition: u16, partitions: u16) -> Engine {
    let control = melbourne("alert: Silent, kind: absence, metric: people_count, per: sensor, for: 30s");
    let mut engine = Engine::new(load(&control).unwrap().rules, partition, partitions);
    let names = [
        (NameKind::Feed, "f"),
        (NameKind::Space, "birrarung-marr"),
        (NameKind::Metric, "people_count"),
        (NameKind::Sensor, "s1"),
    ];
    let names = names.map(|(kind, name)| NameEntry { kind, index: 0, name: name.into() });
    engine.step(Input::Names(&names), &mut Vec::new());
    engine
}

fn tick(engine: &mut Engine, log_time_ms: i64, out: &mut Vec<Transition>) {
    engine.step(Input::Tick { tick_ms: log_time_ms, log_time_ms }, out);
}

#[test]
fn expected_sensors_count_from_the_engines_start_in_their_partition() {
    let own = partition_of("birrarung-marr", 7);
    for partition in 0..7 {
        let (mut engine, mut out) = (silent_engine(partition, 7), Vec::new());
        engine.step(Input::IntakeUp { log_time_ms: 5_000 }, &mut out);
        tick(&mut engine, 35_000, &mut out);
        assert!(out.is_empty(), "at exactly last + F an arrival would be in time");
        tick(&mut engine, 36_000, &mut out);
        let expected = if partition == own { "Silent\tbirrarung-marr/s1\tactive\t35000\n" } else { "" };
        assert_eq!(lines(&out), expected);
    }
}

#[test]
fn a_pause_of_the_intake_is_no_silence() {
    let (mut engine, mut out) = (silent_engine(0, 1), Vec::new());
    engine.step(Input::IntakeUp { log_time_ms: 0 }, &mut out);
    observe(&mut engine, 10_000, 0, &mut out);
    engine.step(Input::IntakeUp { log_time_ms: 600_000 }, &mut out);
    tick(&mut engine, 600_000, &mut out);
    tick(&mut engine, 630_000, &mut out);
    assert!(out.is_empty());
    tick(&mut engine, 631_000, &mut out);
    observe(&mut engine, 640_000, 0, &mut out);
    let (key, place) = ("Silent\tbirrarung-marr/s1", (out[0].position.offset, out[0].ordinal, out[0].log_time_ms));
    assert_eq!(lines(&out), format!("{key}\tactive\t630000\n{key}\tcleared\t640000\n"));
    assert_eq!(place, (7, 0, 631_000));
}

#[test]
fn backfill_moves_the_position_and_nothing_else() {
    let (mut engine, mut out) = (silent_engine(0, 1), Vec::new());
    engine.step(Input::IntakeUp { log_time_ms: 0 }, &mut out);
    observe(&mut engine, 20_000, flags::BACKFILL, &mut out);
    tick(&mut engine, 31_000, &mut out);
    assert_eq!(lines(&out), "Silent\tbirrarung-marr/s1\tactive\t30000\n", "its arrival did not count");
    assert_eq!((out[0].position.offset, &*out[0].feed), (7, ""));
}

#[test]
fn a_revision_of_an_incident_is_not_another_one() {
    let text = rule("alert: R, kind: window, incident: 'true', window: 1h, agg: count, raise: 'value >= 2'");
    for (flags, raised) in [(flags::REVISION, 0), (0, 1)] {
        let mut engine = Engine::new(rules(&text), 0, 1);
        let names = [(NameKind::Feed, "f"), (NameKind::Space, "a")];
        let names = names.map(|(kind, name)| NameEntry { kind, index: 0, name: name.into() });
        engine.step(Input::Names(&names), &mut Vec::new());
        let incident = |version, flags| Incident {
            feed: 0,
            id: Some("c-1".to_owned()),
            space: 0,
            node: NO_NAME,
            sensor: NO_NAME,
            category: "theft".to_owned(),
            severity: Severity::Low,
            channel: String::new(),
            source_reliability: None,
            status: String::new(),
            version,
            text: None,
            event_time_ms: 10_000,
            reported_time_ms: None,
            sent_time_ms: None,
            log_time_ms: 10_000,
            flags,
        };
        let mut out = Vec::new();
        let rows = [incident(1, 0), incident(2, flags)];
        engine.step(Input::Incidents { first_offset: 0, rows: &rows }, &mut out);
        assert_eq!(out.len(), raised, "{out:?}");
    }
}

#[test]
fn arithmetic_faults_are_false_and_counted() {
    let text = rule("alert: R, kind: threshold, metric: people_count, raise: 'value / params.n > 1', params: {n: 0}");
    let mut engine = Engine::new(rules(&text), 0, 1);
    let names =
        [(NameKind::Feed, "f"), (NameKind::Space, "a"), (NameKind::Metric, "people_count"), (NameKind::Sensor, "s1")];
    engine.step(
        Input::Names(&names.map(|(kind, name)| NameEntry { kind, index: 0, name: name.into() })),
        &mut Vec::new(),
    );
    let mut out = Vec::new();
    observe(&mut engine, 10_000, 0, &mut out);
    observe(&mut engine, 9_000, 0, &mut out);
    let counters = engine.counters();
    assert!(out.is_empty());
    assert_eq!((counters.arithmetic_faults, counters.late_inputs, counters.keys, counters.series), (1, 1, 1, 1));
}

/// One input from 1970 must not cost a judgement for every pane since.
#[test]
fn an_empty_window_that_stays_open_is_skipped_over() {
    let text = rule(
        "alert: Few, kind: window, metric: people_count, window: 1m, every: 1s, agg: count, raise: value < 3, for: 1h",
    );
    let mut engine = Engine::new(rules(&text), 0, 1);
    let names =
        [(NameKind::Feed, "f"), (NameKind::Space, "a"), (NameKind::Metric, "people_count"), (NameKind::Sensor, "s1")];
    engine.step(
        Input::Names(&names.map(|(kind, name)| NameEntry { kind, index: 0, name: name.into() })),
        &mut Vec::new(),
    );
    let mut out = Vec::new();
    observe(&mut engine, 0, 0, &mut out);
    tick(&mut engine, SUNDAY_21_MS, &mut out);
    assert_eq!(lines(&out), "Few\ta/s1\tactive\t3600000\n");
    assert!(engine.counters().judgements < 100, "{:?}", engine.counters());
}

#[test]
fn a_late_value_does_not_lend_its_feed() {
    let text = rule("alert: R, kind: threshold, metric: people_count, raise: value < 1000000, for: 10s");
    let mut engine = Engine::new(rules(&text), 0, 1);
    let entry = |kind, index, name: &str| NameEntry { kind, index, name: name.into() };
    let names = [
        entry(NameKind::Feed, 0, "own"),
        entry(NameKind::Feed, 1, "other"),
        entry(NameKind::Space, 0, "a"),
        entry(NameKind::Metric, 0, "people_count"),
        entry(NameKind::Sensor, 0, "s1"),
    ];
    engine.step(Input::Names(&names), &mut Vec::new());
    let mut out = Vec::new();
    observe(&mut engine, 10_000, 0, &mut out);
    let mut late = Observations::default();
    late.push(ObservationRow { feed: 1, ..row(9_000, 0) });
    engine.step(Input::Observations { first_offset: 8, rows: &late }, &mut out);
    tick(&mut engine, 30_000, &mut out);
    assert_eq!(lines(&out), "R\ta/s1\tactive\t20000\n");
    assert!(out.iter().all(|transition| &*transition.feed == "own"), "{out:?}");
}
