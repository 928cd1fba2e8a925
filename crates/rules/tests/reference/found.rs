//! What the comparison found, as small as it gets, with what the text says.

use crate::case::START_MS;
use crate::common::{Cut, Event, What, observation, transitions};
use crate::compare::records;
use crate::world::{Place, World};
use vigie_model::calendar::CityEvent;
use vigie_rules::load::load;

/// Runs events, with times after the start, in a city of two neighbouring spaces with events from 40 s to 80 s
/// and from 120 s to 160 s, and compares the records of one key.
fn check(rule: &str, events: &[Event], (name, key): (&str, &str), expected: &[&str]) {
    let place = |id: &str, adjacent: &[&str]| Place {
        id: id.to_owned(),
        district: "east".to_owned(),
        adjacent: adjacent.iter().map(|id| (*id).to_owned()).collect(),
        ..Place::default()
    };
    let event = |name: &str, from: i64, until: i64| CityEvent {
        name: name.into(),
        from_ms: START_MS + from,
        until_ms: START_MS + until,
        ..CityEvent::default()
    };
    let places = vec![place("p", &["q"]), place("q", &[])];
    let world = World {
        places,
        events: vec![event("one", 40_000, 80_000), event("two", 120_000, 160_000)],
        ..World::default()
    };
    let rules = load(&world.control(&format!("groups:\n- name: a\n  rules:\n{rule}"))).unwrap().rules;
    let found = records(&transitions(&rules, events, Cut { partitions: 2, batch_rows: 1, tick_ms: 1000 }));
    let found = found.get(&(name.to_owned(), key.to_owned())).into_iter().flatten();
    let found: Vec<_> = found.map(|record| format!("{} {}", record.state, record.time_ms - START_MS)).collect();
    assert_eq!(found, expected, "{rule}");
}

fn value(space: &str, metric: &str, value: &str, after_ms: i64) -> Event {
    observation(space, Some("s1"), metric, value, START_MS + after_ms)
}

fn intake_up(after_ms: i64) -> Event {
    Event { what: What::IntakeUp, ..value("p", "m", "0", after_ms) }
}

/// The silence was too long before the intake came up again; from then on it is counted anew.
#[test]
fn a_silence_that_a_pause_ended_is_not_too_long_when_the_period_begins() {
    let rule = "  - {alert: R, kind: absence, metric: m, for: 10s, active: {period: event}}\n";
    let events = [value("p", "m", "1", 0), value("p", "n", "1", 20_000), intake_up(35_000)];
    check(rule, &events, ("R", "p/s1"), &["active 45000", "cleared 80000", "active 120000", "cleared 160000"]);
}

/// The period begins while the intake is down; what was silent before is counted from its coming up.
#[test]
fn a_silence_is_not_too_long_when_the_period_begins_during_a_pause() {
    let rule = "  - {alert: R, kind: absence, metric: m, for: 10s, active: {period: event}}\n";
    let events = [value("p", "m", "1", 0), value("p", "n", "1", 20_000), intake_up(50_000)];
    check(rule, &events, ("R", "p/s1"), &["active 60000", "cleared 80000", "active 120000", "cleared 160000"]);
}

/// It was told in the period before; since then the intake came up again.
#[test]
fn a_silence_told_in_an_earlier_period_is_counted_anew_after_a_pause() {
    let rule = "  - {alert: R, kind: absence, metric: m, for: 30s, active: {period: event}}\n";
    let events = [value("p", "m", "1", 0), value("p", "n", "1", 90_000), intake_up(100_000)];
    let told = ["active 40000", "cleared 80000", "active 130000", "cleared 160000"];
    check(rule, &events, ("R", "p/s1"), &told);
}

/// The second period begins while the intake is down, at 120 s; the silence counts from 130 s.
#[test]
fn a_silence_told_in_an_earlier_period_is_counted_anew_when_the_next_begins_during_a_pause() {
    let rule = "  - {alert: R, kind: absence, metric: m, for: 10s, active: {period: event}}\n";
    let events = [value("p", "m", "1", 0), value("p", "n", "1", 90_000), intake_up(130_000)];
    let told = ["active 40000", "cleared 80000", "active 140000", "cleared 160000"];
    check(rule, &events, ("R", "p/s1"), &told);
}

/// A value is valid until its event time + `stale_after`: at the period's beginning it is not, as that is the same instant.
#[test]
fn a_value_that_leaves_when_the_period_begins_is_not_judged() {
    let rule =
        "  - {alert: R, kind: threshold, metric: m, raise: 'value > 0', stale_after: 20s, active: {period: event}}\n";
    check(rule, &[value("p", "m", "1", 20_000)], ("R", "p/s1"), &[]);
}

/// Judged at 40 s, the window covers 40 s to 50 s: it is empty.
#[test]
fn a_window_is_judged_at_the_beginning_of_a_period_with_the_panes_of_that_instant() {
    let rule = "  - {alert: R, kind: window, metric: m, agg: max, window: 10s, every: 10s, raise: 'value > 0', active: {period: event}}\n";
    check(rule, &[value("p", "m", "1", 35_000)], ("R", "p/s1"), &[]);
}

/// At t = 40 s a match counts if its time is later than t - 20 s.
#[test]
fn a_match_that_is_over_when_the_period_begins_does_not_count() {
    let rule = "  - {alert: R, kind: k_of_n, metric: m, k: 1, within: 20s, active: {period: event}}\n";
    check(rule, &[value("p", "m", "1", 20_000)], ("R", "p"), &[]);
}

/// At 20 s the beginning of p is over, and p begins again: transitions of one instant count together, with one judgement.
#[test]
fn a_spread_does_not_flicker_when_a_space_begins_again_as_its_beginning_is_over() {
    let rule = "  - {alert: R, kind: absence, metric: m, for: 5s}\n  - {alert: S, kind: spread, of: R, k: 2, within: 10s, among: district}\n";
    let events = [value("p", "m", "1", 5_000), value("q", "m", "1", 5_000), value("p", "m", "1", 15_000)];
    check(rule, &events, ("S", "east"), &["active 10000"]);
}

/// Nothing is due in a key without an episode, so its time stays: a transition that comes late counts at its own instant.
#[test]
fn a_spread_without_an_episode_has_no_timers() {
    let rule = "  - {alert: R, kind: threshold, metric: m, raise: 'value > 0'}\n  - {alert: S, kind: spread, of: R, k: 2, within: 30s, among: district}\n";
    let events = [value("p", "m", "1", 0), value("p", "n", "1", 50_000), value("q", "m", "1", 20_000)];
    check(rule, &events, ("S", "east"), &["active 20000"]);
}
