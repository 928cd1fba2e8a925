//! A rule seeded from the rows before its start goes on as one that saw them all.

use super::*;
use proptest::prelude::*;
use vigie_model::control::{Control, SourceFile};

const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 168 * HOUR_MS;

fn rules() -> Arc<RuleSet> {
    let text = "groups:\n- name: a\n  rules:\n  \
        - {alert: EachSensor, kind: baseline, metric: m, z: 4, half_life_weeks: 3, sigma_floor: 1, stale_after: 20m}\n  \
        - {alert: Square, kind: baseline, metric: m, per: space, z: 4, sigma_floor: 1, stale_after: 20m}\n  \
        - {alert: Other, kind: threshold, metric: m, raise: 'value > 1'}\n";
    let rules = vec![SourceFile { path: "rules.yaml".into(), text: text.into() }];
    let control = Control { time_zone: "Australia/Melbourne".into(), rules, ..Control::default() };
    crate::load::load(&control).unwrap_or_else(|problems| panic!("{problems:#?}")).rules
}

/// A row of one of five sensors; of every third the sensor has no name.
fn row(sensor: usize, micros: i64, event_time_ms: i64) -> StoredRow<'static> {
    const SPACES: [&str; 2] = ["square", "station"];
    const SENSORS: [Option<&str>; 5] = [Some("s1"), Some("s2"), None, Some("s3"), None];
    StoredRow {
        space: SPACES[sensor % 2],
        sensor: SENSORS[sensor],
        node: (sensor == 4).then_some("n1"),
        metric: "m",
        micros,
        event_time_ms,
        quality: if micros % 11 == 0 { Quality::Uncertain } else { Quality::Good },
    }
}

fn at(log_time_ms: i64) -> RuleStart {
    RuleStart { sequence: 7, log_time_ms }
}

fn learnt(rules: &Arc<RuleSet>, rows: &[StoredRow<'_>], start_ms: i64) -> Vec<Seeds> {
    let mut seeding = Seeding::new(Arc::clone(rules), |_| true, at(start_ms));
    rows.iter().for_each(|row| seeding.row(row));
    seeding.finish()
}

/// What keys have learnt by `end_ms` that took seeds at `start_ms` and then the rows that came later.
fn learnt_on(rules: &Arc<RuleSet>, seeds: &[Seeds], rows: &[StoredRow<'_>], start_ms: i64, end_ms: i64) -> Vec<Seeds> {
    let mut seeding = Seeding::new(Arc::clone(rules), |_| true, at(end_ms));
    for row in rows {
        // Makes the keys, which take nothing of a row that is not good.
        let series = Series(row.space.into(), row.metric.into(), row.sensor.map(Box::from), row.node.map(Box::from));
        if !seeding.by_series.contains_key(&series) {
            let targets = seeding.targets(row);
            seeding.by_series.insert(series, targets);
        }
    }
    for record in seeds {
        let rule = rules.rules.iter().position(|rule| rule.identity.uid == record.rule_uid).unwrap();
        for key in &record.keys {
            let State::Baseline(unusual) = &mut seeding.keys[seeding.by_key[&(rule, Arc::clone(&key.key))]].state
            else {
                panic!("only baselines are seeded")
            };
            unusual.learnt.seed(key, unusual.usual.half_life_weeks);
        }
    }
    rows.iter().filter(|row| row.event_time_ms >= start_ms).for_each(|row| seeding.row(row));
    seeding.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_seeded_rule_learns_on_as_one_that_saw_everything(
        rows in prop::collection::vec((0..5_usize, 0..2000_i64, 0..10_i64, 0..6_i64, 0..HOUR_MS), 1..400),
        start_week in 1..9_i64,
    ) {
        // Around the night of 5 April 2026, in which clocks are set back: that Sunday from midnight to 6 o'clock.
        let first_ms = 1_772_888_400_000;
        let instant = |week: i64, hour: i64, ms: i64| first_ms + week * WEEK_MS + hour * HOUR_MS + ms;
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|(sensor, value, week, hour, ms)| row(sensor, value * 12_345, instant(week, hour, ms)))
            .collect();
        rows.sort_by_key(|row| row.event_time_ms);
        // A start in the morning, when no value of the night is valid any more.
        let (start_ms, end_ms) = (instant(start_week, 10, 0), instant(11, 0, 0));
        let rules = rules();
        let seeds = learnt(&rules, &rows, start_ms);
        let learnt_on = learnt_on(&rules, &seeds, &rows, start_ms, end_ms);
        prop_assert_eq!(learnt_on, learnt(&rules, &rows, end_ms));
    }
}

#[test]
fn records_hold_a_hundred_keys_of_one_rule() {
    let rules = rules();
    let sensors: Vec<String> = (0..250).map(|sensor| format!("s{sensor:03}")).collect();
    let row = |sensor: &'static str| StoredRow { sensor: Some(sensor), ..row(0, 1, 0) };
    let rows: Vec<_> = sensors.iter().map(|sensor| row(Box::leak(sensor.clone().into_boxed_str()))).collect();
    let records = learnt(&rules, &rows, HOUR_MS);
    let sizes: Vec<_> = records.iter().map(|record| (&*record.rule_uid, record.keys.len(), record.more)).collect();
    let uid = |index: usize| &*rules.rules[index].identity.uid;
    assert_eq!(sizes, [(uid(0), 100, true), (uid(0), 100, true), (uid(0), 50, false), (uid(1), 1, false)]);
    assert!(records.iter().all(|record| record.start == at(HOUR_MS)));
    assert_eq!((&*records[2].keys[0].key, &*records[2].keys[0].part), ("square/s200", "s200"));
    assert_eq!((&*records[3].keys[0].key, &*records[3].keys[0].part), ("square", ""));
}

#[test]
fn only_hours_that_ended_by_the_start_are_learnt() {
    let rules = rules();
    let rows = [row(0, 1_000_000, 0), row(0, 5_000_000, HOUR_MS), row(0, 7_000_000, HOUR_MS + 1)];
    let means = |start_ms| {
        let records = learnt(&rules, &rows, start_ms);
        records[0].keys.first().map(|key| key.hours.iter().map(|hour| hour.mean).collect::<Vec<_>>())
    };
    assert_eq!((means(HOUR_MS - 1), means(HOUR_MS)), (None, Some(vec![1.0])));
    assert_eq!((means(2 * HOUR_MS - 1), means(2 * HOUR_MS)), (Some(vec![1.0]), Some(vec![1.0, 6.0])));
}

#[test]
fn a_rule_that_history_knows_nothing_about_has_one_empty_record() {
    let rules = rules();
    let records = learnt(&rules, &[row(0, 1, 0)], 0);
    let told: Vec<_> = records.iter().map(|record| (record.rule_uid.clone(), record.keys.len(), record.more)).collect();
    let uid = |index: usize| rules.rules[index].identity.uid.clone();
    assert_eq!(told, [(uid(0), 0, false), (uid(1), 0, false)]);
}

#[test]
fn rules_that_are_not_wanted_ask_for_nothing() {
    let rules = rules();
    let seeding = Seeding::new(Arc::clone(&rules), |rule| &*rule.name == "Square", at(HOUR_MS));
    assert_eq!(seeding.metrics().map(|metric| &**metric).collect::<Vec<_>>(), ["m"]);
    let seeding = Seeding::new(rules, |rule| &*rule.name == "Other", at(HOUR_MS));
    assert_eq!(seeding.metrics().count(), 0);
}
