//! Golden explanations of every kind, and that no missing field is missed.

use crate::explain::episode::{Episode, Explanation, Now};
use crate::explain::evidence::sentences;
use crate::explain::words::Words;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// Sunday 12 March 2017, 21:00 in Melbourne.
const T: i64 = 1_489_312_800_000;
const ZONE: &str = "Australia/Melbourne";

fn says(evidence: &Value, expected: &Expect) {
    expected.assert_eq(&(sentences(evidence, &Words::in_zone(ZONE)).join("\n") + "\n"));
}

fn threshold() -> Value {
    json!({
        "kind": "threshold", "rule_version": "0123456789abcdef", "params": {"max": "5000"}, "agg": "max",
        "raise": "value > params.max", "clear": "value < params.max - 500", "value": "7665", "stale_after_ms": 7_200_000,
        "members": [
            {"sensor": "s41", "value": "7665", "event_time_ms": T},
            {"sensor": "s42", "value": "-1234.5", "event_time_ms": T - 60_250},
        ],
        "since_ms": T, "for_ms": 60_000, "position": {"partition": 3, "offset": 70_214},
    })
}

fn window() -> Value {
    json!({
        "kind": "window", "params": {}, "agg": "mean", "raise": "value > 200", "value": "962/3", "min_count": 3,
        "window": {"start_ms": T - 60_000, "end_ms": T},
        "panes": [
            {"start_ms": T - 10_000, "count": 2, "sum": "600", "min": "250", "max": "350"},
            {"start_ms": T - 5_000, "count": 1, "sum": "362", "min": "362", "max": "362"},
        ],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 7}, "judged_ms": T,
    })
}

fn change() -> Value {
    json!({
        "kind": "change", "params": {}, "raise": "value > 100", "value": "120", "over": {"start_ms": T - 120_000, "end_ms": T},
        "first": {"value": "10", "event_time_ms": T - 110_000}, "last": {"value": "130", "event_time_ms": T - 1_000},
        "since_ms": T - 1_000, "for_ms": 0, "position": {"partition": 0, "offset": 7}, "judged_ms": T - 1_000,
    })
}

fn absence() -> Value {
    json!({
        "kind": "absence", "params": {}, "last_arrival_ms": T, "since_ms": T, "due_ms": T + 30_000,
        "log_time_ms": T + 31_000, "for_ms": 30_000, "position": {"partition": 0, "offset": 7},
    })
}

fn sequence() -> Value {
    json!({
        "kind": "sequence", "params": {}, "within_ms": 60_000,
        "steps": [
            {"step": 1, "metric": "noise_dba", "match": "value > 90", "value": "93.5", "event_time_ms": T - 20_000, "offset": 5},
            {"step": 2, "incident": "fight", "event_time_ms": T, "offset": 9},
        ],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 9}, "judged_ms": T,
    })
}

fn k_of_n() -> Value {
    json!({
        "kind": "k_of_n", "params": {}, "match": "value > 0", "k": 2, "within_ms": 10_000, "distinct": "sensor",
        "sources": [{"source": "s1", "event_time_ms": T - 4_000}, {"source": "s2", "event_time_ms": T}],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 9}, "judged_ms": T,
    })
}

fn baseline() -> Value {
    json!({
        "kind": "baseline", "params": {}, "value": "412", "mean": 120.5, "sigma": 3.25, "sigma_floor": "5",
        "z_limit": "4", "z": 58.3, "direction": "up", "hour_of_week": 164, "weeks": 9,
        "members": [{"sensor": "s1", "value": "412", "event_time_ms": T}],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 9}, "judged_ms": T,
    })
}

fn all_of() -> Value {
    json!({
        "kind": "all_of", "params": {}, "rules": ["Crowded", "Loud"],
        "of": [
            {"rule": "Loud", "key": "plaza/s1", "alert_id": "aa11", "active_ms": T - 60_000, "stale": true},
            {"rule": "Crowded", "key": "plaza", "alert_id": "bb22", "active_ms": T, "stale": false},
        ],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 9}, "judged_ms": T + 1_000,
    })
}

fn spread() -> Value {
    json!({
        "kind": "spread", "params": {}, "k": 2, "within_ms": 300_000, "among": "district",
        "begun": [
            {"space": "plaza", "key": "plaza", "alert_id": "aa11", "active_ms": T - 60_000},
            {"space": "town-hall", "key": "town-hall/s1", "alert_id": "bb22", "active_ms": T},
        ],
        "since_ms": T, "for_ms": 0, "position": {"partition": 0, "offset": 9},
    })
}

#[test]
fn a_threshold_in_sentences() {
    says(
        &threshold(),
        &expect![[r#"
        The rule speaks up when value > params.max, and is over when value < params.max - 500.
        Parameters in force: max = 5,000.
        The max of 2 values was 7,665:
          sensor  value     measured
          s41     7,665     2017-03-12 21:00:00
          s42     -1,234.5  2017-03-12 20:58:59.75
        A value counts for 2h after it was measured.
        That was true from 2017-03-12 21:00:00 on, and for the 1m the rule asks for: until 2017-03-12 21:01:00.
        The newest row by then was offset 70214 of partition 3 of the log.
    "#]],
    );
    let one =
        json!({"kind": "threshold", "value": "88.5", "members": [{"node": "n1", "value": "88.5", "event_time_ms": T}]});
    says(
        &one,
        &expect![[r#"
        The value was 88.5:
          node  value  measured
          n1    88.5   2017-03-12 21:00:00
    "#]],
    );
}

#[test]
fn a_window_in_sentences() {
    says(
        &window(),
        &expect![[r#"
        The rule speaks up when value > 200.
        The mean over the window from 2017-03-12 20:59:00 to 2017-03-12 21:00:00 was 962/3 (about 320.67).
        With fewer than 3 inputs there would have been no value.
        Its steps that hold inputs:
          from                 inputs  sum  min  max
          2017-03-12 20:59:50  2       600  250  350
          2017-03-12 20:59:55  1       362  362  362
        That became true at 2017-03-12 21:00:00.
        The newest row by then was offset 7 of partition 0 of the log.
    "#]],
    );
}

#[test]
fn a_change_in_sentences() {
    says(
        &change(),
        &expect![[r#"
            The rule speaks up when value > 100.
            The newest value minus the oldest over the window from 2017-03-12 20:58:00 to 2017-03-12 21:00:00 was 120:
                      value  measured
              oldest  10     2017-03-12 20:58:10
              newest  130    2017-03-12 20:59:59
            That became true at 2017-03-12 20:59:59.
            The newest row by then was offset 7 of partition 0 of the log.
        "#]],
    );
}

#[test]
fn a_silence_in_sentences() {
    says(
        &absence(),
        &expect![[r#"
        Nothing arrived after 2017-03-12 21:00:00.
        The rule bears a silence of 30s: it was too long after 2017-03-12 21:00:30, which was noticed at log time 2017-03-12 21:00:31.
        The newest row by then was offset 7 of partition 0 of the log.
    "#]],
    );
    let mut from_start = absence();
    from_start["last_arrival_ms"] = Value::Null;
    says(
        &from_start,
        &expect![[r#"
        Nothing ever arrived; the silence counts from 2017-03-12 21:00:00.
        The rule bears a silence of 30s: it was too long after 2017-03-12 21:00:30, which was noticed at log time 2017-03-12 21:00:31.
        The newest row by then was offset 7 of partition 0 of the log.
    "#]],
    );
    let mut restarted = absence();
    restarted["last_arrival_ms"] = json!(T - 86_400_000);
    says(
        &restarted,
        &expect![[r#"
        The latest arrival was at 2017-03-11 21:00:00; the silence counts from 2017-03-12 21:00:00, when the intake was up.
        The rule bears a silence of 30s: it was too long after 2017-03-12 21:00:30, which was noticed at log time 2017-03-12 21:00:31.
        The newest row by then was offset 7 of partition 0 of the log.
    "#]],
    );
}

#[test]
fn a_sequence_in_sentences() {
    says(
        &sequence(),
        &expect![[r#"
            Its steps came one after the other within 1m:
              step  what       asked for   value  at                   row
              1     noise_dba  value > 90  93.5   2017-03-12 20:59:40  5
              2     fight                         2017-03-12 21:00:00  9
            That became true at 2017-03-12 21:00:00.
            The newest row by then was offset 9 of partition 0 of the log.
        "#]],
    );
}

#[test]
fn several_sources_in_sentences() {
    says(
        &k_of_n(),
        &expect![[r#"
            An input counts when value > 0.
            2 sensors said so within 10s; 2 are asked for:
              sensor  newest match
              s1      2017-03-12 20:59:56
              s2      2017-03-12 21:00:00
            That became true at 2017-03-12 21:00:00.
            The newest row by then was offset 9 of partition 0 of the log.
        "#]],
    );
}

#[test]
fn a_baseline_in_sentences() {
    let below = json!({"kind": "baseline", "z": -5.25, "z_limit": 4.0, "direction": "both", "sigma_floor": 0.5});
    says(
        &below,
        &expect![[r#"
        A deviation smaller than 0.5 counts as 0.5.
        That is 5.25 deviations below the mean; from 4 away on the rule speaks up.
    "#]],
    );
    says(
        &baseline(),
        &expect![[r#"
            The value was 412; on Sundays from 20:00 to 21:00 120.5 is usual, with a deviation of 3.25 (learnt over 9 weeks).
            A deviation smaller than 5 counts as 5.
            That is 58.3 deviations above the mean; from 4 above it on the rule speaks up.
              sensor  value  measured
              s1      412    2017-03-12 21:00:00
            That became true at 2017-03-12 21:00:00.
            The newest row by then was offset 9 of partition 0 of the log.
        "#]],
    );
}

#[test]
fn composites_in_sentences() {
    says(
        &all_of(),
        &expect![[r#"
            All of Crowded, Loud held:
              rule     key       since                data     alert
              Loud     plaza/s1  2017-03-12 20:59:00  missing  aa11
              Crowded  plaza     2017-03-12 21:00:00           bb22
            That became true at 2017-03-12 21:00:00.
            The rule changed meanwhile: the above was judged anew at 2017-03-12 21:00:01.
            The newest row by then was offset 9 of partition 0 of the log.
        "#]],
    );
    says(
        &spread(),
        &expect![[r#"
            Episodes began in 2 spaces of one district within 5m; 2 are asked for:
              space      key           began                alert
              plaza      plaza         2017-03-12 20:59:00  aa11
              town-hall  town-hall/s1  2017-03-12 21:00:00  bb22
            That became true at 2017-03-12 21:00:00.
            The newest row by then was offset 9 of partition 0 of the log.
        "#]],
    );
}

#[test]
fn a_kind_of_another_version_is_told_field_by_field() {
    says(
        &json!({"kind": "tide", "level": "1234.5", "params": {"max": "5"}, "since_ms": T}),
        &expect![[r#"
        Parameters in force: max = 5.
        What was written down:
          kind: tide
          level: 1,234.5
        That became true at 2017-03-12 21:00:00.
    "#]],
    );
}

#[test]
fn many_steps_are_cut_to_the_newest() {
    let pane = |index: i64| json!({"start_ms": T + index * 1_000, "count": 1, "sum": "1", "min": "1", "max": "1"});
    let lines =
        sentences(&json!({"kind": "window", "panes": (0..1_000).map(pane).collect::<Vec<_>>()}), &Words::in_zone(ZONE));
    assert!(lines.len() < 30, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("976 earlier ones")), "{lines:#?}");
}

#[test]
fn whatever_is_missing_or_strange_leaves_its_sentence_out() {
    let whole = [threshold(), window(), change(), absence(), sequence(), k_of_n(), baseline(), all_of(), spread()];
    let words = Words::in_zone("nowhere/at all");
    for evidence in whole {
        for name in evidence.as_object().unwrap().keys() {
            let mut without = evidence.clone();
            without.as_object_mut().unwrap().remove(name);
            assert!(!sentences(&without, &words).is_empty());
            for strange in
                [json!(null), json!(-1), json!(i64::MAX), json!("?"), json!([1, null]), json!([{}]), json!({})]
            {
                let mut changed = evidence.clone();
                changed[name] = strange;
                assert!(!sentences(&changed, &words).is_empty());
            }
        }
    }
    for strange in [json!(null), json!({}), json!([]), json!("text"), json!({"kind": 7})] {
        assert!(!sentences(&strange, &words).is_empty());
    }
}

fn row(state: &str, second: u32, more: &Value) -> Value {
    let mut row = json!({
        "alert_id": "0123456789abcdef0123456789abcdef", "rule": "Crowded", "rule_version": "0123456789abcdef",
        "key": "town-hall/s41", "space": "town-hall", "severity": "high", "state": state,
        "event_time": format!("2017-03-12T10:00:{second:02}Z"), "evidence": "{}",
        "summary": format!("Town Hall: {state}"), "offset": second,
    });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[test]
fn an_episode_from_its_beginning_to_its_end() {
    let transitions = vec![
        row("active", 0, &json!({"evidence": threshold().to_string()})),
        row("stale", 10, &json!({})),
        row("resumed", 20, &json!({})),
        row("escalated", 30, &json!({"severity": "critical"})),
        row("cleared", 40, &json!({"severity": "critical", "reason": "rule_deleted"})),
    ];
    let action = |second: u32, action: &str, outcome: &str, more: Value| {
        let mut row = json!({
            "event_time": format!("2017-03-12T10:00:{second:02}Z"), "operator": "eve", "action": action,
            "outcome": outcome, "note": null,
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let actions = vec![
        action(5, "close", "still_active", json!({"disposition": "true"})),
        action(6, "acknowledge", "done", json!({"note": "seen on camera 4"})),
        action(7, "assign", "done", json!({"target": r#"{"to":"bob"}"#})),
        action(8, "shelve", "done", json!({"until": "2017-03-12T10:30:00Z", "note": "works"})),
        action(9, "checklist", "done", json!({"target": r#"{"step":2,"state":"skipped"}"#})),
        action(9, "checklist", "unknown_step", json!({"target": r#"{"step":7,"state":"done"}"#})),
        action(10, "unshelve", "done", json!({})),
        action(50, "close", "done", json!({"disposition": "true", "cause": "fireworks", "note": "over"})),
    ];
    let explanation = Explanation::of(Episode { transitions, actions }, Now::default(), ZONE);
    expect![[r#"
        Town Hall: active

        Alert 0123456789abcdef0123456789abcdef: rule Crowded on town-hall/s41 (space town-hall).
        It is cleared, severity critical. Rule version 0123456789abcdef.

        Why it began
          The rule speaks up when value > params.max, and is over when value < params.max - 500.
          Parameters in force: max = 5,000.
          The max of 2 values was 7,665:
            sensor  value     measured
            s41     7,665     2017-03-12 21:00:00
            s42     -1,234.5  2017-03-12 20:58:59.75
          A value counts for 2h after it was measured.
          That was true from 2017-03-12 21:00:00 on, and for the 1m the rule asks for: until 2017-03-12 21:01:00.
          The newest row by then was offset 70214 of partition 3 of the log.

        What happened
          2017-03-12 21:00:00  active: Town Hall: active
          2017-03-12 21:00:10  stale: Town Hall: stale
          2017-03-12 21:00:20  resumed: Town Hall: resumed
          2017-03-12 21:00:30  escalated to critical: Town Hall: escalated
          2017-03-12 21:00:40  cleared, because its rule was deleted: Town Hall: cleared
          It lasted 40s.

        What people did
          2017-03-12 21:00:05  eve wanted to close it as true (refused: it was still open)
          2017-03-12 21:00:06  acknowledged by eve; seen on camera 4
          2017-03-12 21:00:07  assigned to bob by eve
          2017-03-12 21:00:08  put on the shelf by eve until 2017-03-12 21:30:00; works
          2017-03-12 21:00:09  step 2 skipped by eve
          2017-03-12 21:00:09  eve wanted to say step 7 done (refused: there is no such step)
          2017-03-12 21:00:10  taken from the shelf by eve
          2017-03-12 21:00:50  closed by eve as true, cause: fireworks; over

        Times are those of Australia/Melbourne.
    "#]]
    .assert_eq(&(explanation.text().join("\n") + "\n"));
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!((&json["state"], &json["severity"]), (&json!("cleared"), &json!("critical")));
    assert_eq!(json["evidence"]["value"], "7665");
}

#[test]
fn an_open_episode_in_shadow_that_began_before_history() {
    let transitions =
        vec![row("stale", 0, &json!({"reason": "shadow"})), row("escalated", 1, &json!({"reason": "shadow"}))];
    let explanation = Explanation::of(Episode { transitions, actions: Vec::new() }, Now::default(), "UTC");
    expect![[r#"
        Town Hall: stale

        Alert 0123456789abcdef0123456789abcdef: rule Crowded on town-hall/s41 (space town-hall).
        It is stale, severity high. Rule version 0123456789abcdef.
        The rule was in shadow: it was recorded, and nobody was shown it.

        Why it began
          Nothing was written down about why it began.

        What happened
          2017-03-12 10:00:00  stale: Town Hall: stale
          2017-03-12 10:00:01  escalated to high: Town Hall: escalated
          It is still open.

        Times are those of UTC.
    "#]]
    .assert_eq(&(explanation.text().join("\n") + "\n"));
}

#[test]
fn a_flapping_episode_keeps_its_beginning_and_its_end() {
    let transitions = (0..59).map(|second| row(if second % 2 == 0 { "active" } else { "stale" }, second, &json!({})));
    let episode = Episode { transitions: transitions.collect(), actions: Vec::new() };
    let text = Explanation::of(episode, Now::default(), "UTC").text().join("\n");
    assert!(
        text.contains("10:00:00  active") && text.contains("10:00:58  active") && text.contains("(35 more"),
        "{text}"
    );
}
