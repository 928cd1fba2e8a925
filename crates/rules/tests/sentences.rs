//! What people read, from events to sentences, for every kind of rule that speaks of several things.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, control, incident, observation, transitions};
use expect_test::expect;
use std::sync::Arc;
use vigie_model::calendar::{Calendar, WeeklySpan};
use vigie_model::metric::MetricSpec;
use vigie_model::space::Space;
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

/// Sunday 12 March 2017, 20:00 in Melbourne.
const START_MS: i64 = 1_489_309_200_000;
const SUNDAY: u8 = 1 << 6;

const RULES: &str = r#"
groups:
- name: city
  rules:
  - {alert: Busy, kind: threshold, metric: people, per: space, raise: 'value > 100', stale_after: 10m, severity: high, escalate: {after: 5m, severity: critical}}
  - {alert: Loud, kind: threshold, metric: noise, per: space, raise: 'value > 80', stale_after: 4m}
  - {alert: Both, kind: all_of, of: [Busy, Loud]}
  - {alert: Either, kind: any_of, of: [Busy, Loud]}
  - {alert: Spreading, kind: spread, of: Busy, k: 2, within: 5m, among: district}
  - {alert: Around, kind: spread, of: Busy, k: 2, within: 5m, among: adjacent}
  - {alert: Surge, kind: change, metric: people, over: 2m, raise: 'value > 40'}
  - {alert: Brawl, kind: sequence, within: 3m, keep_firing_for: 1m, steps: [{metric: noise, match: 'value > 80'}, {incident: 'incident.category == "fight"'}]}
  - {alert: Confirmed, kind: k_of_n, metric: fall, k: 2, within: 30s, match: 'value > 0'}
  - {alert: Market, kind: threshold, metric: people, raise: 'value > 100', active: {period: market}}
"#;

fn rules() -> Arc<RuleSet> {
    let mut control = control(RULES);
    let space = |id: &str, name: &str, adjacent: &[&str]| Space {
        name: name.into(),
        district: "the centre".to_owned(),
        adjacent: adjacent.iter().map(|id| Arc::from(*id)).collect(),
        ..Space::registered(id)
    };
    control.spaces = Arc::new(vec![space("hall", "Town Hall", &["library"]), space("library", "State Library", &[])]);
    let metric =
        |label: &str, unit: &str| MetricSpec { label: Some(label.to_owned()), unit: unit.to_owned(), period_ms: None };
    let metrics = [("people", "people", "1"), ("noise", "noise", "dB(A)"), ("fall", "falls", "1")];
    control.metrics = Arc::new(metrics.map(|(name, label, unit)| (name.into(), metric(label, unit))).into());
    let evening = WeeklySpan { days: SUNDAY, from_minute: 20 * 60, until_minute: 20 * 60 + 3 };
    control.calendars =
        Arc::new(vec![Calendar { name: "market".into(), weekly: vec![evening], ..Calendar::default() }]);
    load(&control).unwrap_or_else(|found| panic!("{found:#?}")).rules
}

fn events() -> Vec<Event> {
    let at = |seconds: i64| START_MS + seconds * 1000;
    vec![
        observation("hall", Some("s1"), "people", "90", at(0)),
        observation("hall", Some("s1"), "people", "150", at(60)),
        observation("hall", Some("s2"), "noise", "85.5", at(70)),
        incident("hall", "fight", at(90)),
        observation("library", Some("s1"), "people", "120", at(120)),
        observation("library", Some("s2"), "fall", "1", at(130)),
        observation("library", Some("s3"), "fall", "1", at(140)),
        observation("hall", Some("s2"), "noise", "70", at(400)),
        observation("hall", Some("s1"), "people", "50", at(500)),
        observation("library", Some("s1"), "people", "60", at(520)),
    ]
}

#[test]
fn sentences_speak_of_what_was_seen() {
    let rules = rules();
    let told = tale(&rules, 1);
    assert_eq!(told, tale(&rules, 3), "partitions do not show");
    expect![[r#"
        Busy active: Town Hall: people 150 at 20:01
        Either active: Town Hall: Busy or Loud at 20:01
        Market active: Town Hall: people 150 at 20:01
        Surge active: Town Hall: people up 60 in the 2m to 20:01
        Both active: Town Hall: Busy and Loud together at 20:01
        Loud active: Town Hall: noise 85.5 dB(A) at 20:01
        Brawl active: Town Hall: noise, then fight incident within 3m, at 20:01
        Around active: State Library: Busy began in 2 neighbouring spaces within 5m, at 20:02
        Busy active: State Library: people 120 at 20:02
        Either active: State Library: Busy or Loud at 20:02
        Market active: State Library: people 120 at 20:02
        Spreading active: State Library: Busy began in 2 spaces of the centre within 5m, at 20:02
        Surge cleared: Town Hall: Surge is over at 20:02, now unchanged
        Confirmed active: State Library: falls from 2 sensors within 30s, at 20:02
        Brawl cleared: Town Hall: Brawl is over at 20:02
        Confirmed cleared: State Library: Confirmed is over at 20:02, now 1 sensor
        Market cleared: Town Hall: Market ended at 20:03, as its period ended
        Market cleared: State Library: Market ended at 20:03, as its period ended
        Both stale: Town Hall: Both rests on stale data since 20:05
        Loud stale: Town Hall: no recent noise to judge Loud by since 20:05
        Busy escalated: Town Hall: Busy still going on after 5m, now critical
        Both resumed: Town Hall: Both rests on recent data again at 20:06
        Both cleared: Town Hall: Both is over at 20:06
        Loud resumed: Town Hall: noise is back for Loud at 20:06, now 70 dB(A)
        Loud cleared: Town Hall: Loud is over at 20:06, now 70 dB(A)
        Busy escalated: State Library: Busy still going on after 5m, now critical
        Around cleared: State Library: Around is over at 20:08
        Busy cleared: Town Hall: Busy is over at 20:08, now 50
        Either cleared: Town Hall: Either is over at 20:08
        Spreading cleared: State Library: Spreading is over at 20:08
        Busy cleared: State Library: Busy is over at 20:08, now 60
        Either cleared: State Library: Either is over at 20:08
    "#]]
    .assert_eq(&told);
}

fn tale(rules: &Arc<RuleSet>, partitions: u16) -> String {
    let mut told = transitions(rules, &events(), Cut { partitions, batch_rows: 1, tick_ms: 1000 });
    told.sort_by(|a, b| (a.event_time_ms, &a.rule.name, &a.key).cmp(&(b.event_time_ms, &b.rule.name, &b.key)));
    told.iter().map(|t| format!("{} {}: {}\n", t.rule.name, t.state.as_str(), t.summary)).collect()
}
