//! Every mistake of the language, where it stands.

use super::{check, check_rule, control};
use expect_test::expect;
use std::sync::Arc;
use vigie_model::calendar::Calendar;
use vigie_model::control::Control;
use vigie_model::space::Space;

#[test]
fn thirty_five_mistakes_in_one_file_are_reported_at_once() {
    let text = r#"
groups:
- name: city
  rules:
  - {alert: Surge, kind: change, metric: people, over: 2m, every: 7s, raise: 'value > 100', guidance: {action: look}}
  - {alert: Jump, kind: change, metric: people, over: 2m, agg: max, raise: 'value > 100', guidance: {action: look}}
  - alert: Escalates
    kind: sequence
    per: sensor
    within: 0s
    steps: [{metric: noise, match: 'valeu > 90'}]
    without: {metric: calm, mach: 'value > 0'}
    guidance: {action: look, respond_within: soon}
  - alert: Fight
    kind: sequence
    within: 1m
    steps: [{metric: noise}, {incident: 'incident.kind == "fight"'}, {match: 'value > 1'}, {incident: 'true', match: 'value > 1'}]
    for: 10s
    guidance: {action: look}
  - alert: Fallen
    kind: k_of_n
    metric: fall
    k: 0
    distinct: channel
    summary: '{value} sensors within {window}'
    guidance: {action: look}
  - {alert: Reports, kind: k_of_n, incident: 'true', match: 'value > 0', k: 2, within: 5m, guidance: {action: look}}
  - alert: Unusual
    kind: baseline
    metric: people
    z: zero
    min_weeks: 1.5
    direction: upward
    active: {period: nihgt}
    guidance: {action: look}
  - {alert: Alone, kind: all_of, of: Surge, guidance: {action: look}}
  - {alert: Pair, kind: any_of, of: [Surge, Falen], guidance: {action: look}}
  - {alert: Round, kind: all_of, of: [Square, Surge], guidance: {action: look}}
  - {alert: Square, kind: any_of, of: [Round, Surge], guidance: {action: look}}
  - {alert: Spreading, kind: spread, of: [Surge, Fallen], k: 1, among: city, within: 5m, guidance: {action: look}}
  - {alert: Wave, kind: spread, of: Spreading, k: 3, within: 5m, among: district, per: space, guidance: {action: look}}
  - alert: Quiet
    kind: absence
    metric: people
    for: 5m
    inhibited_by: [Quiet, Quiet]
    escalate: {after: 10m, severity: low}
    shadow: yes
    active: night
    guidance: {action: look}
"#;
    check(
        &control(&[text]),
        &expect![[r#"
            rules/a.yaml:5:67: error: 'every' (7s) does not divide 'over' (2m); make 'over' a multiple of it
            rules/a.yaml:6:59: error: 'agg' is not a field of kind change; expected metric, per, over, every, raise, clear, for, keep_firing_for
            rules/a.yaml:9:10: error: rules of kind sequence are judged per space; leave out 'per'
            rules/a.yaml:10:13: error: 'within' is zero; expected a duration longer than zero
            rules/a.yaml:11:12: error: 'steps' has a length of 1; expected 2 to 31 steps
            rules/a.yaml:11:37: error: 'match': unknown name 'valeu'; did you mean 'value'?
            rules/a.yaml:12:29: error: unknown field 'mach' in 'without'; expected metric, match or incident; did you mean 'match'?
            rules/a.yaml:13:46: error: 'respond_within: soon' is not a duration; expected whole numbers with units ms, s, m, h, d from the largest to the smallest, as in 90s or 1h30m
            rules/a.yaml:17:42: error: 'incident': unknown name 'incident.kind'; did you mean 'incident.channel'?
            rules/a.yaml:17:70: error: a step has no 'metric' or 'incident'
            rules/a.yaml:17:118: error: 'match' is about values of a metric; incidents have none; say which incidents count in 'incident'
            rules/a.yaml:18:5: error: 'for' is not a field of kind sequence; expected steps, per, within, without, keep_firing_for
            rules/a.yaml:20:5: error: the rule has no 'within'
            rules/a.yaml:23:8: error: 'k' is '0'; expected a whole number from 1 to 4294967295
            rules/a.yaml:24:15: error: 'distinct' is 'channel'; expected sensor or node
            rules/a.yaml:25:38: error: 'summary': {window} has no meaning for kind k_of_n
            rules/a.yaml:27:61: error: 'match' is about values of a metric; incidents have none; say which incidents count in 'incident'
            rules/a.yaml:28:5: error: the rule has no 'sigma_floor'
            rules/a.yaml:31:8: error: 'z' is 'zero'; expected a number above zero, with at most six decimals and below 9223372036854.775808
            rules/a.yaml:32:16: error: 'min_weeks' is '1.5'; expected a whole number from 1 to 4294967295
            rules/a.yaml:33:16: error: 'direction' is 'upward'; expected up, down or both; did you mean 'up'?
            rules/a.yaml:34:22: error: 'active': there is no period 'nihgt'; expected night, day, event or the name of a calendar; did you mean 'night'?
            rules/a.yaml:36:38: error: 'of' of kind all_of has a length of 1; expected a list of two or more rules
            rules/a.yaml:37:45: error: 'of': there is no rule 'Falen'; did you mean 'Fallen'?
            rules/a.yaml:39:40: error: 'of' goes round in a circle: Round, Square, Round; leave one of them out
            rules/a.yaml:40:42: error: 'of' of kind spread has a length of 2; expected one rule
            rules/a.yaml:40:62: error: 'k' is '1'; expected a whole number from 2 to 4294967295
            rules/a.yaml:40:72: error: 'among' is 'city'; expected district or adjacent
            rules/a.yaml:41:37: error: 'of': rule 'Spreading' is a spread, which is no part of another rule; name the rule that spreads
            rules/a.yaml:41:83: error: 'per' is not a field of kind spread; expected of, k, within, among
            rules/a.yaml:46:20: error: 'inhibited_by': rule 'Quiet' names itself
            rules/a.yaml:46:27: error: 'Quiet' is named twice in 'inhibited_by'
            rules/a.yaml:47:38: error: 'escalate' leads to severity low, but the rule's own is medium; expected a higher severity
            rules/a.yaml:48:13: error: 'shadow' is 'yes'; expected true or false
            rules/a.yaml:49:13: error: 'active' is 'night'; expected always or {period: ...}; write {period: night}
        "#]],
    );
}

#[test]
fn a_circle_over_files_is_reported_once() {
    let rule = |name: &str, fields: &str| {
        format!(
            "groups:\n- name: g\n  rules:\n  - {{alert: {name}, kind: absence, metric: m, for: 5m, guidance: {{action: look}}, {fields}}}\n"
        )
    };
    check(
        &control(&[&rule("A", "inhibited_by: B"), &rule("B", "inhibited_by: [A]")]),
        &expect![[r#"
        rules/b.yaml:4:92: error: 'inhibited_by' goes round in a circle: A, B, A; leave one of them out
    "#]],
    );
    check(&control(&[&rule("A", "inhibited_by: B"), &rule("B", "labels: {a: b}")]), &expect![[""]]);
}

#[test]
fn periods_must_exist_and_be_told() {
    let rule = |period: &str| {
        format!(
            "groups:\n- name: g\n  rules:\n  - {{alert: A, kind: absence, metric: m, for: 5m, guidance: {{action: look}}, active: {period}}}\n"
        )
    };
    let with = |period: &str| {
        let mut control = control(&[&rule(period)]);
        control.calendars = Arc::new(vec![Calendar { name: "market".into(), ..Calendar::default() }]);
        control
    };
    check(
        &with("{period: night}"),
        &expect![[r#"
        rules/a.yaml:4:94: warning: 'active': without the place of any space nobody can tell when it is night; give the spaces file outlines
    "#]],
    );
    let placeless = Control { spaces: Arc::new(vec![Space::registered("a")]), ..with("{period: night}") };
    check(
        &placeless,
        &expect![[r#"
        rules/a.yaml:4:94: error: 'active': without the place of any space nobody can tell when it is night; give the spaces file outlines
    "#]],
    );
    check(
        &with("{period: event}"),
        &expect![[r#"
        rules/a.yaml:4:94: warning: 'active': no event is configured, so the rule is never judged; describe events under [events.NAME]
    "#]],
    );
    check(
        &with("{period: markt}"),
        &expect![[r#"
        rules/a.yaml:4:94: error: 'active': there is no period 'markt'; expected night, day, event or the name of a calendar; did you mean 'market'?
    "#]],
    );
    check(
        &with("[market]"),
        &expect![[r#"
        rules/a.yaml:4:85: error: 'active' is a list; expected a mapping
    "#]],
    );
    check(&with("{period: market}"), &expect![[""]]);
    check(&with("always"), &expect![[""]]);
    let mut placed = with("{period: day}");
    let geometry = r#"{"type": "Point", "coordinates": [144.96, -37.81]}"#.into();
    placed.spaces = Arc::new(vec![Space { geometry, ..Space::registered("mall") }]);
    check(&placed, &expect![[""]]);
}

#[test]
fn a_kind_has_no_fields_of_others() {
    check_rule(
        "alert: A, kind: sequence, steps: [{metric: m}, {metric: n}], within: 1m, raise: 'value > 1', agg: max",
        &expect![[r#"
            rules/a.yaml:4:79: error: 'raise' is not a field of kind sequence; expected steps, per, within, without, keep_firing_for
            rules/a.yaml:4:99: error: 'agg' is not a field of kind sequence; expected steps, per, within, without, keep_firing_for
        "#]],
    );
    check_rule(
        "alert: A, kind: threshhold, of: B, per: node, windw: 5m, severity: bad",
        &expect![[r#"
        rules/a.yaml:4:22: error: unknown kind 'threshhold'; expected threshold, window, change, absence, sequence, k_of_n, baseline, all_of, any_of or spread; did you mean 'threshold'?
        rules/a.yaml:4:52: error: unknown field 'windw'; did you mean 'window'?
        rules/a.yaml:4:73: error: 'severity' is 'bad'; expected informational, low, medium, high or critical
    "#]],
    );
}
