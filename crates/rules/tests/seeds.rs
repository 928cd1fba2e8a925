//! Which rules wait for seeds, and which seeds they take: only those for the very start they wait since.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::control;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::{AlertState, rule_uid};
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::seeds::{HourSeed, KeySeeds, RuleStart, Seeds};
use vigie_model::space::Space;
use vigie_rules::core::RuleCore;

const HOUR_MS: i64 = 3_600_000;
/// A Monday at 9 o'clock in Melbourne.
const START_MS: i64 = 1_772_402_400_000;
const RULE: &str =
    "alert: Unusual, kind: baseline, metric: m, per: space, z: 3, sigma_floor: 1, min_weeks: 4, stale_after: 1h";

/// A log of one partition and the rules that judge it.
struct Log {
    core: RuleCore,
    sequence: u64,
    rows: u64,
}

impl Log {
    fn new() -> Self {
        let mut log = Self { core: RuleCore::new(1), sequence: 0, rows: 0 };
        let entry = |kind, index, name: &str| NameEntry { kind, index, name: name.into() };
        log.record(0, Payload::Control(Arc::new(centre(""))));
        log.record(0, Payload::IntakeUp);
        log.record(
            0,
            Payload::Dictionary(vec![
                entry(NameKind::Space, 0, "square"),
                entry(NameKind::Metric, 0, "m"),
                entry(NameKind::Feed, 0, "f"),
            ]),
        );
        log
    }

    /// Judges a record; how many episodes began.
    fn record(&mut self, log_time_ms: i64, payload: Payload) -> usize {
        let mut transitions = Vec::new();
        self.core.step(&Record { sequence: self.sequence, log_time_ms, payload }, &mut transitions).unwrap();
        self.sequence += 1;
        transitions.iter().filter(|transition| transition.state == AlertState::Active).count()
    }

    /// Rules from `time_ms` on, and where they begin if they do.
    fn rules(&mut self, time_ms: i64, rules: &str) -> RuleStart {
        let start = RuleStart { sequence: self.sequence, log_time_ms: time_ms };
        self.record(time_ms, Payload::Control(Arc::new(centre(rules))));
        start
    }

    /// A value of the square; how many episodes it begins.
    fn value(&mut self, time_ms: i64, units: i64) -> usize {
        let mut rows = Observations::default();
        rows.push(ObservationRow {
            feed: 0,
            space: 0,
            metric: 0,
            sensor: NO_NAME,
            node: NO_NAME,
            seq: None,
            id: None,
            value: Decimal::from_micros(units * 1_000_000),
            event_time_ms: time_ms,
            sent_time_ms: None,
            log_time_ms: time_ms,
            quality: Quality::Good,
            flags: 0,
        });
        self.rows += 1;
        self.record(time_ms, Payload::Observations(Batch { partition: 0, first_offset: self.rows - 1, rows }))
    }

    fn seeds(&mut self, time_ms: i64, start: RuleStart, more: bool) {
        let seeds = Seeds { start, more, ..usual() };
        assert_eq!(self.record(time_ms, Payload::Seeds(Arc::new(seeds))), 0, "seeds judge nothing");
    }

    fn unseeded(&self) -> BTreeMap<Arc<str>, RuleStart> {
        self.core.unseeded().unwrap().clone()
    }
}

fn centre(rules: &str) -> Control {
    let rules: String = rules.lines().map(|fields| format!("  - {{{fields}}}\n")).collect();
    let rules = if rules.is_empty() { " []\n".to_owned() } else { format!("\n{rules}") };
    Control {
        spaces: Arc::new(vec![Space { kind: "square".to_owned(), ..Space::registered("square") }]),
        ..control(&format!("groups:\n- name: g\n  scope: 'space.kind == \"square\"'\n  rules:{rules}"))
    }
}

fn uid() -> Arc<str> {
    rule_uid("test", "Unusual", 0).into()
}

/// Four weeks in which the square had 100 in every hour.
fn usual() -> Seeds {
    let hour = |hour| HourSeed { hour, weeks: 4, newest_week: 2930, weight: 4.0, mean: 100.0, squares: 0.0 };
    let newest_hour = START_MS / HOUR_MS;
    let key = KeySeeds {
        key: "square".into(),
        space: "square".into(),
        part: "".into(),
        newest_hour,
        hours: (0..168).map(hour).collect(),
    };
    Seeds { rule_uid: uid(), keys: vec![key], ..Seeds::default() }
}

fn one(start: RuleStart) -> BTreeMap<Arc<str>, RuleStart> {
    [(uid(), start)].into()
}

#[test]
fn a_rule_waits_from_its_start_to_the_last_of_its_seeds() {
    let mut log = Log::new();
    assert_eq!(log.unseeded(), BTreeMap::new());
    let other = "alert: Busy, kind: threshold, metric: m, raise: 'value > 1000'";
    let start = log.rules(START_MS, &format!("{RULE}\n{other}"));
    assert_eq!(log.unseeded(), one(start), "a threshold has nothing to learn");
    assert_eq!(log.value(START_MS + 1, 500), 0, "nothing is usual yet");
    log.seeds(START_MS + 2, start, true);
    assert_eq!(log.unseeded(), one(start), "more seeds are to come");
    log.seeds(START_MS + 3, start, false);
    assert_eq!(log.unseeded(), BTreeMap::new());
    assert_eq!(log.value(START_MS + 4, 500), 1, "the first unusual value speaks");
    let _ = log.rules(START_MS + 5, &format!("{}\n{other}", RULE.replace("z: 3", "z: 4")));
    assert_eq!(log.unseeded(), BTreeMap::new(), "a rule that goes on keeps its seeds");
}

#[test]
fn a_rule_that_goes_on_waits_on() {
    let mut log = Log::new();
    let start = log.rules(START_MS, RULE);
    let _ = log.rules(START_MS + 1, &RULE.replace("z: 3", "z: 4"));
    assert_eq!(log.unseeded(), one(start));
    log.seeds(START_MS + 2, start, false);
    assert_eq!((log.unseeded(), log.value(START_MS + 3, 500)), (BTreeMap::new(), 1));
}

#[test]
fn seeds_of_an_earlier_start_are_not_taken() {
    for afresh in [RULE.replace("metric: m", "metric: other"), RULE.replace("per: space", "per: sensor")] {
        let mut log = Log::new();
        let first = log.rules(START_MS, RULE);
        let _ = log.rules(START_MS + 1, &afresh);
        // The same log time, as when a clock stands: the place in the log tells the starts apart.
        let third = log.rules(START_MS + 1, RULE);
        assert_eq!(log.unseeded(), one(third), "{afresh}: it keeps its uid, and waits anew");
        let knows = |log: &Log| format!("{:?}", log.core.why_not("Unusual", "square"));
        let before = knows(&log);
        log.seeds(START_MS + 2, first, false);
        log.seeds(START_MS + 2, RuleStart { sequence: first.sequence, ..third }, false);
        assert_eq!(knows(&log), before, "{afresh}");
        assert_eq!((log.unseeded(), log.value(START_MS + 3, 500)), (one(third), 0), "{afresh}");
        log.seeds(START_MS + 4, third, false);
        assert_eq!((log.unseeded(), log.value(START_MS + 5, 500)), (BTreeMap::new(), 1), "{afresh}");
        log.seeds(START_MS + 6, third, false);
        assert_eq!(log.unseeded(), BTreeMap::new(), "a rule takes its seeds once");
    }
}

#[test]
fn a_rule_that_is_gone_waits_no_more() {
    let mut log = Log::new();
    let start = log.rules(START_MS, RULE);
    let _ = log.rules(START_MS + 1, "");
    assert_eq!(log.unseeded(), BTreeMap::new());
    log.seeds(START_MS + 2, start, false);
    let again = log.rules(START_MS + 3, RULE);
    assert_eq!((log.unseeded(), log.value(START_MS + 4, 500)), (one(again), 0));
}

#[test]
fn a_space_that_left_the_scope_takes_no_seeds() {
    let mut log = Log::new();
    let start = log.rules(START_MS, RULE);
    let street = Space { kind: "street".to_owned(), ..Space::registered("square") };
    let control = Control { spaces: Arc::new(vec![street]), ..centre(RULE) };
    log.record(START_MS + 1, Payload::Control(Arc::new(control)));
    assert_eq!(log.unseeded(), one(start), "the rule itself goes on");
    let keys = log.core.counters().keys;
    log.seeds(START_MS + 2, start, false);
    assert_eq!((log.unseeded(), log.core.counters().keys), (BTreeMap::new(), keys));
}
