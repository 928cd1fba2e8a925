//! The matrix of RULES.md, "Reload", field by field: what ends episodes and starts afresh, what keeps state and episode, and
//! what a change never touches.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, change, control, incident, observation, ordered, rules, stories, transitions};
use std::sync::Arc;
use vigie_model::alert::{AlertState, Transition};
use vigie_model::calendar::{Calendar, WeeklySpan};
use vigie_model::control::Control;
use vigie_model::space::Space;

const CUT: Cut = Cut { partitions: 3, batch_rows: 4, tick_ms: 1000 };
/// A whole hour, so that panes and hours begin here.
const START_MS: i64 = 1_700_002_800_000;
const SECOND_MS: i64 = 1000;
/// When rules change: after the inputs that open an episode, at no tick.
const CHANGE_MS: i64 = START_MS + 100 * SECOND_MS + 500;

/// A rule file of one group; `scope` may be empty.
fn file(scope: &str, rule: &str) -> String {
    let scope = if scope.is_empty() { String::new() } else { format!("  scope: '{scope}'\n") };
    format!(
        "groups:\n- name: g\n{scope}  rules:\n  - {{alert: R, {rule}}}\n- name: others\n  rules:\n  \
         - {{alert: X, kind: threshold, metric: x, per: sensor, raise: 'value > 0', stale_after: 1h}}\n  \
         - {{alert: Y, kind: threshold, metric: y, per: sensor, raise: 'value > 0', stale_after: 1h}}\n"
    )
}

/// Rules over two neighbouring squares of one district, and calendars to name.
fn centre(scope: &str, rule: &str) -> Control {
    let space = |id: &str, other: &str| Space {
        kind: "square".to_owned(),
        district: "old town".to_owned(),
        adjacent: vec![other.into()],
        ..Space::registered(id)
    };
    let always = WeeklySpan { days: 127, from_minute: 0, until_minute: 0 };
    let calendar = |name: &str, weekly| Calendar { name: name.into(), weekly, ..Calendar::default() };
    Control {
        spaces: Arc::new(vec![space("a", "b"), space("b", "a")]),
        calendars: Arc::new(vec![calendar("whole-week", vec![always]), calendar("nothing", Vec::new())]),
        ..control(&file(scope, rule))
    }
}

fn seconds(count: i64) -> i64 {
    START_MS + count * SECOND_MS
}

/// Inputs that open an episode of each base rule below before [`CHANGE_MS`], and nothing that ends one before 200 s.
fn opening() -> Vec<Event> {
    let mut events = vec![incident("a", "theft", seconds(61)), incident("a", "fight", seconds(62))];
    for at in [60, 70, 80, 90] {
        for space in ["a", "b"] {
            for sensor in ["s1", "s2"] {
                events.push(observation(space, Some(sensor), "m", &at.to_string(), seconds(at)));
                events.push(observation(space, Some(sensor), "x", "1", seconds(at)));
                events.push(observation(space, Some(sensor), "y", "1", seconds(at)));
            }
        }
    }
    // Time goes on to the change, so that a silence is told before it.
    events.push(observation("c", None, "time", "1", seconds(99)));
    events
}

/// What happens to R at the change and at every instant after it.
fn after(base: (&str, &str), changed: (&str, &str), later: Vec<Event>) -> Vec<Transition> {
    let (before, now) = (centre(base.0, base.1), centre(changed.0, changed.1));
    let mut events = vec![change(&before, seconds(0))];
    events.extend(opening());
    events.push(change(&now, CHANGE_MS));
    events.extend(later);
    let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
    let told: Vec<_> = told.into_iter().filter(|transition| &*transition.rule.name == "R").collect();
    let before = |state| told.iter().filter(|t| t.log_time_ms < CHANGE_MS && t.state == state).count();
    let (began, ended) = (before(AlertState::Active), before(AlertState::Cleared));
    assert!(began > ended, "an episode of {base:?} is open at the change: {told:?}");
    told.into_iter().filter(|transition| transition.log_time_ms >= CHANGE_MS).collect()
}

/// A base rule and single changes of it, each with whether it keeps state and episode.
struct Row {
    rule: &'static str,
    kept: &'static [(&'static str, &'static str)],
    afresh: &'static [(&'static str, &'static str)],
}

/// Changes of fields that every rule may have, by what is added.
const KEPT_BY_ALL: [&str; 7] = [
    "severity: critical",
    "summary: 'look at {space}'",
    "labels: {team: north}",
    "guidance: {action: look}",
    "shadow: true",
    "inhibited_by: X",
    "escalate: {after: 1h, severity: critical}",
];

const MATRIX: [Row; 10] = [
    Row {
        rule: "kind: threshold, metric: m, per: sensor, raise: 'value > 50', stale_after: 1h",
        kept: &[
            ("> 50", "> 55"),
            ("'value > 50'", "'value > 50', clear: 'value < 10'"),
            ("kind: threshold", "kind: threshold, for: 10s"),
            ("kind: threshold", "kind: threshold, keep_firing_for: 10s"),
            ("stale_after: 1h", "stale_after: 30m"),
            ("'value > 50'", "'value > params.max', params: {max: 50}"),
            ("kind: threshold", "kind: threshold, active: {period: whole-week}"),
        ],
        afresh: &[
            ("kind: threshold", "kind: threshold, agg: min"),
            ("per: sensor", "per: space"),
            ("metric: m", "metric: x"),
            (
                "kind: threshold, metric: m, per: sensor, raise: 'value > 50', stale_after: 1h",
                "kind: absence, metric: m, for: 1h",
            ),
        ],
    },
    Row {
        rule: "kind: window, metric: m, per: space, window: 10m, every: 1m, agg: mean, min_count: 2, raise: 'value > 50'",
        kept: &[
            ("min_count: 2", "min_count: 3"),
            ("> 50", "> 40"),
            ("every: 1m", "every: 1m, for: 1m, keep_firing_for: 2m"),
        ],
        afresh: &[
            ("window: 10m", "window: 20m"),
            ("every: 1m", "every: 30s"),
            ("agg: mean", "agg: max"),
            ("per: space", "per: sensor"),
            ("metric: m", "metric: y"),
        ],
    },
    Row {
        rule: "kind: window, incident: 'incident.category == \"theft\"', window: 10m, every: 1m, agg: count, raise: 'value >= 1'",
        kept: &[(">= 1", ">= 2")],
        afresh: &[("theft", "fight")],
    },
    Row {
        rule: "kind: change, metric: m, over: 10m, every: 1m, raise: 'value > 5'",
        kept: &[("> 5", "> 6"), ("every: 1m", "every: 1m, keep_firing_for: 1m")],
        afresh: &[
            ("over: 10m", "over: 5m"),
            ("every: 1m", "every: 2m"),
            ("metric: m", "metric: x"),
            ("kind: change", "kind: change, per: space"),
        ],
    },
    Row {
        rule: "kind: absence, metric: m, for: 5s",
        kept: &[("for: 5s", "for: 9s")],
        afresh: &[("metric: m", "metric: x"), ("kind: absence", "kind: absence, per: space")],
    },
    Row {
        rule: "kind: sequence, within: 60s, steps: [{metric: m, match: 'value >= 60'}, {metric: x, match: 'value > 0'}], without: {metric: z}, keep_firing_for: 10m",
        kept: &[("keep_firing_for: 10m", "keep_firing_for: 20m")],
        afresh: &[
            ("within: 60s", "within: 50s"),
            ("value >= 60", "value >= 61"),
            ("metric: x", "metric: y"),
            (", without: {metric: z}", ""),
            ("without: {metric: z}", "without: {metric: zz}"),
            ("}], without", "}, {incident: 'incident.category == \"theft\"'}], without"),
        ],
    },
    Row {
        rule: "kind: k_of_n, metric: m, k: 2, within: 10m, distinct: sensor, match: 'value > 50'",
        kept: &[("k: 2", "k: 2, keep_firing_for: 1m")],
        afresh: &[
            ("k: 2", "k: 1"),
            ("within: 10m", "within: 20m"),
            ("distinct: sensor", "distinct: node"),
            ("> 50", "> 55"),
            ("metric: m", "metric: x"),
        ],
    },
    Row { rule: "kind: all_of, of: [X, Y]", kept: &[], afresh: &[("all_of", "any_of")] },
    Row { rule: "kind: any_of, of: [X, Y]", kept: &[], afresh: &[("any_of", "all_of")] },
    Row {
        rule: "kind: spread, of: X, k: 2, within: 10m, among: district",
        kept: &[],
        afresh: &[("of: X", "of: Y"), ("k: 2, within: 10m", "k: 2, within: 20m"), ("district", "adjacent")],
    },
];

#[test]
fn every_field_keeps_state_or_starts_afresh_as_written() {
    for Row { rule, kept, afresh } in MATRIX {
        let added = KEPT_BY_ALL.iter().map(|field| format!("{rule}, {field}"));
        for now in kept.iter().map(|(from, to)| rule.replace(from, to)).chain(added) {
            assert_ne!(now, rule);
            let told = after(("", rule), ("", &now), Vec::new());
            let at_change: Vec<_> = told.iter().filter(|t| t.log_time_ms == CHANGE_MS).collect();
            assert!(at_change.is_empty(), "{rule} -> {now}: {at_change:?}");
            assert!(told.iter().all(|t| t.state != AlertState::Active), "{rule} -> {now} fires again: {told:?}");
        }
        let scopes = [("", "space.kind == \"square\""), ("space.kind == \"square\"", "space.id != \"c\"")];
        let fields = afresh.iter().map(|(from, to)| ("", "", rule.replace(from, to)));
        for (was, is, now) in fields.chain(scopes.map(|(was, is)| (was, is, rule.to_owned()))) {
            assert!(now != rule || was != is);
            let told = after((was, rule), (is, &now), Vec::new());
            let ended = told.iter().filter(|t| t.log_time_ms == CHANGE_MS);
            let ended: Vec<_> = ended.map(|t| (t.state, t.reason, t.event_time_ms >= t.log_time_ms)).collect();
            let expected = (AlertState::Cleared, Some("rule_changed"), true);
            assert!(!ended.is_empty() && ended.iter().all(|t| *t == expected), "{rule} -> {now}: {told:?}");
        }
    }
}

#[test]
fn a_baseline_keeps_what_it_learnt() {
    let rule = "kind: baseline, metric: m, z: 3, min_weeks: 2, sigma_floor: 1, stale_after: 1h";
    let week_ms = 7 * 86_400_000;
    let events: Vec<_> =
        (0..4).map(|week| observation("a", Some("s1"), "m", "10", START_MS + week * week_ms)).collect();
    let at_ms = START_MS + 3 * week_ms + 1000;
    let loud = |value: &str, at_ms| observation("a", Some("s1"), "m", value, at_ms);
    for (now, expected) in [
        (rule.replace("z: 3", "z: 2, half_life_weeks: 4, direction: up"), true),
        (rule.replace("sigma_floor: 1", "sigma_floor: 3"), true),
        (rule.replace("min_weeks: 2", "min_weeks: 3"), true),
        (rule.replace("min_weeks: 2", "min_weeks: 4"), false),
        (rule.replace("metric: m", "metric: m, per: space"), false),
    ] {
        let mut events = events.clone();
        events.insert(0, change(&centre("", rule), START_MS));
        events.push(change(&centre("", &now), at_ms));
        events.push(loud("20", at_ms + 1000));
        let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
        let active = told.iter().any(|t| t.state == AlertState::Active && t.event_time_ms == at_ms + 1000);
        assert_eq!(active, expected, "{now}: {told:?}");
    }
}

/// The states of R from the change on, with their instants in seconds after the start.
fn story(before: &str, now: &str, later: Vec<Event>) -> Vec<(&'static str, i64)> {
    let mut events = vec![change(&centre("", before), seconds(0))];
    events.push(observation("a", Some("s1"), "m", "9", seconds(90)));
    events.push(change(&centre("", now), CHANGE_MS));
    events.extend(later);
    let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
    told.iter().map(|t| (t.state.as_str(), (t.event_time_ms - START_MS) / SECOND_MS)).collect()
}

#[test]
fn a_running_hold_keeps_its_beginning_and_is_judged_by_the_new_rule() {
    let rule = |raise: &str, hold: &str| {
        format!("kind: threshold, metric: m, per: sensor, raise: 'value > {raise}', for: {hold}, stale_after: 1h")
    };
    let at = |value: &str, at: i64| vec![observation("a", Some("s1"), "m", value, seconds(at))];
    let ends = ("stale", 90 + 3600);
    assert_eq!(story(&rule("5", "60s"), &rule("5", "30s"), vec![]), [("pending", 90), ("active", 120), ends]);
    assert_eq!(story(&rule("5", "60s"), &rule("5", "90s"), vec![]), [("pending", 90), ("active", 180), ends]);
    assert_eq!(story(&rule("5", "60s"), &rule("5", "5s"), vec![]), [("pending", 90), ("active", 95), ends]);
    assert_eq!(story(&rule("5", "60s"), &rule("10", "60s"), vec![]), [("pending", 90), ("inactive", 150)]);
    let told = story(&rule("5", "60s"), &rule("10", "60s"), at("9", 110));
    assert_eq!(told, [("pending", 90), ("inactive", 110)], "judged from the next input");
    let told = story(&rule("10", "60s"), &rule("5", "60s"), vec![]);
    assert!(told.is_empty(), "nothing is judged at the change itself: {told:?}");
    let told = story(&rule("10", "0s"), &rule("5", "0s"), at("8", 130));
    assert_eq!(told, [("active", 130), ("stale", 130 + 3600)]);
}

#[test]
fn a_running_off_delay_keeps_its_beginning() {
    let rule = |keep: &str| {
        format!(
            "kind: threshold, metric: m, per: sensor, raise: 'value > 50', keep_firing_for: {keep}, stale_after: 1h"
        )
    };
    let story = |before: &str, now: &str| {
        let mut events = vec![change(&centre("", before), seconds(0))];
        events.push(observation("a", Some("s1"), "m", "90", seconds(80)));
        events.push(observation("a", Some("s1"), "m", "9", seconds(90)));
        events.push(change(&centre("", now), CHANGE_MS));
        let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
        told.iter().map(|t| (t.state.as_str(), (t.event_time_ms - START_MS) / SECOND_MS)).collect::<Vec<_>>()
    };
    assert_eq!(story(&rule("60s"), &rule("30s")), [("active", 80), ("cleared", 120)]);
    assert_eq!(story(&rule("60s"), &rule("100s")), [("active", 80), ("cleared", 190)]);
    assert_eq!(story(&rule("60s"), &rule("1s")), [("active", 80), ("cleared", 91)]);
}

#[test]
fn a_changed_period_ends_what_lies_outside() {
    let rule = "kind: threshold, metric: m, per: sensor, raise: 'value > 5', stale_after: 1h";
    let now = format!("{rule}, active: {{period: nothing}}");
    assert_eq!(story(rule, &now, vec![]), [("active", 90), ("cleared", 100)]);
    let told = story(&now, rule, vec![observation("a", Some("s1"), "m", "8", seconds(120))]);
    assert_eq!(told, [("active", 120), ("stale", 120 + 3600)]);
}

#[test]
fn parameters_of_a_space_take_effect_with_the_next_input() {
    let rule =
        "kind: threshold, metric: m, per: sensor, raise: 'value > params.max', params: {max: 5}, stale_after: 1h";
    let (before, mut now) = (centre("", rule), centre("", rule));
    let mut spaces = now.spaces.to_vec();
    spaces[0].params = [("R".to_owned(), [("max".to_owned(), "95".parse().unwrap())].into())].into();
    now.spaces = Arc::new(spaces);
    let mut events = vec![change(&before, seconds(0))];
    events.extend(["a", "b"].map(|space| observation(space, Some("s1"), "m", "90", seconds(90))));
    events.push(change(&now, CHANGE_MS));
    events.extend(["a", "b"].map(|space| observation(space, Some("s1"), "m", "91", seconds(130))));
    let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
    let cleared: Vec<_> = told.iter().filter(|t| t.state == AlertState::Cleared).map(|t| (&*t.key, t.reason)).collect();
    assert_eq!(cleared, [("a/s1", None)]);
}

#[test]
fn a_rule_created_anew_is_another_rule() {
    let rule = "kind: threshold, metric: m, per: sensor, raise: 'value > 5', stale_after: 1h";
    let (with, without) = (centre("", rule), Control { rules: control("groups: []").rules, ..centre("", rule) });
    let mut again = with.clone();
    again.creations = [("R".into(), 1)].into();
    let mut events = vec![change(&with, seconds(0)), observation("a", Some("s1"), "m", "9", seconds(90))];
    events.extend([change(&without, CHANGE_MS), change(&again, CHANGE_MS + 100)]);
    events.push(observation("a", Some("s1"), "m", "8", seconds(90)));
    events.push(observation("a", Some("s1"), "m", "8", seconds(91)));
    let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
    let states: Vec<_> = told.iter().map(|t| (t.state.as_str(), t.reason)).collect();
    let expected = [("active", None), ("cleared", Some("rule_deleted")), ("active", None), ("stale", None)];
    assert_eq!(states, expected);
    assert_ne!(told[0].rule.uid, told[2].rule.uid);
    assert_ne!(told[0].alert_id, told[2].alert_id, "the same key and instant, and yet another episode");
}

#[test]
fn ids_go_on_behind_an_episode_that_a_change_ended() {
    let rule = "kind: threshold, metric: m, per: sensor, raise: 'value > 5', stale_after: 1h";
    let now = rule.replace("per: sensor", "per: sensor, agg: min");
    let mut events = vec![change(&centre("", rule), seconds(0)), observation("a", Some("s1"), "m", "9", seconds(90))];
    events.push(change(&centre("", &now), CHANGE_MS));
    events.push(observation("a", Some("s1"), "m", "8", seconds(90)));
    let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
    let active: Vec<_> = told.iter().filter(|t| t.state == AlertState::Active).collect();
    assert_eq!(active.iter().map(|t| t.event_time_ms).collect::<Vec<_>>(), [seconds(90), seconds(90)]);
    assert_ne!(active[0].alert_id, active[1].alert_id);
}

/// Loading the same rules, or changing another one, leaves no trace in what a rule tells, wherever it happens.
#[test]
fn a_rule_that_did_not_change_tells_the_same_as_without_a_reload() {
    let at: Vec<_> = (0..40).map(|index| seconds(55 + index) + 250).collect();
    for Row { rule, .. } in MATRIX {
        let told = |changes: &[(i64, Control)]| {
            let mut events = opening();
            events.extend((0..30).map(|index| {
                let (space, sensor) = (["a", "b"][index % 2], ["s1", "s2"][index / 2 % 2]);
                observation(space, Some(sensor), "m", ["0", "80"][index / 4 % 2], seconds(91 + index as i64 * 7))
            }));
            events.extend(changes.iter().map(|(at_ms, control)| change(control, *at_ms)));
            events.sort_by_key(|event| event.time_ms);
            events.insert(0, change(&centre("", rule), seconds(0)));
            let told = transitions(&rules("groups: []"), &ordered(events, true), CUT);
            stories(&told.into_iter().filter(|t| &*t.rule.name != "Other").collect::<Vec<_>>())
        };
        let expected = told(&[]);
        assert!(!expected.is_empty());
        let other = |limit: i64| {
            let other = format!(
                "- name: more\n  rules:\n  - {{alert: Other, kind: threshold, metric: m, raise: 'value > {limit}'}}\n"
            );
            let text = file("", rule) + &other;
            Control { rules: control(&text).rules, ..centre("", rule) }
        };
        let changes: Vec<_> = at.iter().zip(0..).map(|(at_ms, limit)| (*at_ms, other(limit))).collect();
        assert_eq!(told(&changes), expected, "{rule}");
        let same: Vec<_> = at.iter().map(|at_ms| (*at_ms, centre("", rule))).collect();
        assert_eq!(told(&same), expected, "{rule}");
    }
}
