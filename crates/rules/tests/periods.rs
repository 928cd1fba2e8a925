//! Rules that are judged in certain hours only, as one reads them off a clock: `open` is every day from 08:00 to 16:00 UTC,
//! and times below are of 1970-01-01 unless they say `+1d`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, control, incident, observation, transitions};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::calendar::{Calendar, CityEvent, WeeklySpan};
use vigie_model::control::Control;
use vigie_model::space::Space;
use vigie_rules::load::load;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1440 * MINUTE_MS;

/// `08:30`, or `+1d 08:30`, as epoch milliseconds.
fn at(clock: &str) -> i64 {
    let (days, clock) = clock.strip_prefix('+').map_or((0, clock), |rest| {
        let (days, clock) = rest.split_once("d ").unwrap();
        (days.parse().unwrap(), clock)
    });
    let (hours, minutes) = clock.split_once(':').unwrap();
    let minutes: i64 = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
    days * DAY_MS + minutes * MINUTE_MS
}

fn clock(at_ms: i64) -> String {
    let (day, minutes) = (at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS) / MINUTE_MS);
    let day = if day == 0 { String::new() } else { format!("+{day}d ") };
    let seconds = at_ms.rem_euclid(MINUTE_MS) / 1000;
    let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    format!("{day}{:02}:{:02}{seconds}", minutes / 60, minutes % 60)
}

fn calendar(name: &str, from_minute: u16, until_minute: u16) -> Calendar {
    let weekly = vec![WeeklySpan { days: 0b111_1111, from_minute, until_minute }];
    Calendar { name: name.into(), weekly, ..Calendar::default() }
}

fn centre(rule: &str) -> Control {
    // On the equator at Greenwich the sun sets at about 18:06 and rises at about 06:00.
    let point = r#"{"type":"Point","coordinates":[0,0]}"#;
    Control {
        time_zone: "UTC".into(),
        calendars: Arc::new(vec![calendar("open", 480, 960), calendar("ever", 0, 1440)]),
        events: Arc::new(vec![CityEvent {
            name: "fair".into(),
            from_ms: at("10:00"),
            until_ms: at("11:00"),
            spaces: vec!["a".into()],
            ..CityEvent::default()
        }]),
        spaces: Arc::new(vec![Space { geometry: point.into(), ..Space::registered("a") }, Space::registered("b")]),
        ..control(&format!("groups:\n- name: g\n  rules:\n  - {{alert: R, {rule}, guidance: {{action: look}}}}\n"))
    }
}

/// What a rule says about events up to an instant: state, instant, and the reason if there is one.
fn story(rule: &str, events: &[Event], until: &str) -> Vec<String> {
    story_with_ticks(1000, rule, events, until)
}

fn story_with_ticks(tick_ms: i64, rule: &str, events: &[Event], until: &str) -> Vec<String> {
    let rules = load(&centre(rule)).unwrap_or_else(|problems| panic!("{problems:#?}")).rules;
    let found = transitions(&rules, events, Cut { partitions: 3, batch_rows: 7, tick_ms });
    let told = |transition: &Transition| {
        let reason = transition.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("{} {} {}{reason}", transition.key, transition.state.as_str(), clock(transition.event_time_ms))
    };
    found.iter().filter(|transition| transition.event_time_ms <= at(until)).map(told).collect()
}

fn value(value: &str, time: &str) -> Event {
    observation("a", Some("s"), "m", value, at(time))
}

const LOUD: &str = "kind: threshold, metric: m, raise: 'value > 5', stale_after: 1h, active: {period: open}";

#[test]
fn a_value_that_is_still_valid_is_judged_as_the_period_begins_and_an_episode_ends_with_it() {
    let events = [value("9", "07:30"), value("9", "15:30")];
    let expected = ["a/s active 08:00", "a/s stale 08:30", "a/s resumed 15:30", "a/s cleared 16:00 inactive_period"];
    assert_eq!(story(LOUD, &events, "+1d 12:00"), expected);
}

#[test]
fn the_period_begins_before_a_later_value_also_when_no_tick_comes_between() {
    let rows = [value("9", "07:40"), value("9", "07:50"), value("1", "08:10")];
    let expected = ["a/s active 08:00", "a/s cleared 08:10"];
    assert_eq!(story_with_ticks(180 * MINUTE_MS, LOUD, &rows, "12:00"), expected);
}

#[test]
fn outside_its_period_nothing_is_raised_cleared_or_missing() {
    assert_eq!(story(LOUD, &[value("9", "05:00"), value("9", "06:30"), value("9", "18:00")], "+1d 12:00"), [""; 0]);
    let cleared_outside = [value("9", "15:30"), value("1", "16:30"), value("9", "17:00")];
    assert_eq!(story(LOUD, &cleared_outside, "+1d 12:00"), ["a/s active 15:30", "a/s cleared 16:00 inactive_period"]);
}

#[test]
fn a_hold_starts_no_earlier_than_the_period_and_ends_with_it() {
    let rule = format!("{LOUD}, for: 20m");
    let over_the_beginning = [value("9", "07:30"), value("9", "08:10")];
    assert_eq!(story(&rule, &over_the_beginning, "08:30"), ["a/s pending 08:00", "a/s active 08:20"]);
    assert_eq!(
        story(&rule, &[value("9", "15:50")], "+1d 12:00"),
        ["a/s pending 15:50", "a/s inactive 16:00 inactive_period"]
    );
    // Twenty minutes to the end: the period's change comes first.
    assert_eq!(
        story(&rule, &[value("9", "15:40")], "+1d 12:00"),
        ["a/s pending 15:40", "a/s inactive 16:00 inactive_period"]
    );
}

#[test]
fn an_escalation_at_the_end_of_the_period_does_not_happen() {
    let rule = format!("{LOUD}, escalate: {{after: 30m, severity: high}}");
    let events = [value("9", "15:20"), value("9", "15:45")];
    let expected = ["a/s active 15:20", "a/s escalated 15:50", "a/s cleared 16:00 inactive_period"];
    assert_eq!(story(&rule, &events, "+1d 12:00"), expected);
    let expected = ["a/s active 15:30", "a/s cleared 16:00 inactive_period"];
    assert_eq!(story(&rule, &[value("9", "15:30")], "+1d 12:00"), expected);
}

#[test]
fn a_silence_that_became_too_long_outside_becomes_an_episode_as_the_period_begins() {
    let rule = "kind: absence, metric: m, for: 30m, active: {period: open}";
    let expected = ["a/s active 08:00", "a/s cleared 16:00 inactive_period", "a/s active +1d 08:00"];
    assert_eq!(story(rule, &[value("1", "06:00")], "+1d 10:00")[..2], expected[..2]);
    let comes_back = [value("1", "07:50"), value("1", "09:00")];
    assert_eq!(story(rule, &comes_back, "09:10"), ["a/s active 08:20", "a/s cleared 09:00"]);
    assert_eq!(story(rule, &[value("1", "17:00"), value("1", "23:00")], "+1d 07:59"), [""; 0]);
}

#[test]
fn windows_and_matches_from_before_the_period_still_count() {
    let thefts = "kind: window, incident: 'incident.category == \"theft\"', window: 1h, every: 10m, agg: count, \
                  raise: 'value >= 2', active: {period: open}";
    let events = [incident("a", "theft", at("07:20")), incident("a", "theft", at("07:40"))];
    assert_eq!(story(thefts, &events, "+1d 12:00"), ["a active 08:00", "a cleared 08:20"]);
    let agree = "kind: k_of_n, metric: m, k: 2, within: 1h, match: 'value > 0', active: {period: open}";
    let seen = |sensor, time| observation("a", Some(sensor), "m", "1", at(time));
    let events = [seen("s", "07:20"), seen("t", "07:40")];
    assert_eq!(story(agree, &events, "+1d 12:00"), ["a active 08:00", "a cleared 08:20"]);
}

#[test]
fn a_run_completed_outside_raises_nothing_then_or_later() {
    let steps = "kind: sequence, within: 2h, steps: [{metric: m, match: 'value > 1'}, {metric: m, match: 'value > 2'}], \
                 keep_firing_for: 10m, active: {period: open}";
    assert_eq!(story(steps, &[value("2", "07:00"), value("3", "07:30")], "+1d 12:00"), [""; 0]);
    let begun_outside = [value("2", "07:30"), value("3", "08:30")];
    assert_eq!(story(steps, &begun_outside, "+1d 12:00"), ["a active 08:30", "a cleared 08:40"]);
}

#[test]
fn night_and_events_hold_where_the_space_is() {
    let night = LOUD.replace("open", "night");
    let dark = story(&night, &[value("9", "17:50")], "18:20");
    assert!(dark.len() == 1 && dark[0].starts_with("a/s active 18:0"), "{dark:?}");
    let during = LOUD.replace("open", "event");
    let both = ["a", "b"].map(|space| observation(space, Some("s"), "m", "9", at("09:30")));
    assert_eq!(
        story(&during, &both, "+1d 12:00"),
        ["a/s active 10:00", "a/s stale 10:30", "a/s cleared 11:00 inactive_period"]
    );
}

/// A calendar says for a week ahead that it holds; when it is asked again nothing has happened, and no key's time moves.
#[test]
fn a_period_that_never_ends_is_as_good_as_none() {
    let always = "kind: threshold, metric: m, per: space, raise: 'value > 5', stale_after: 1h";
    let late_by_days = [
        value("9", "10:00"),
        // Something else makes the clock run on to the tenth day.
        observation("a", Some("t"), "other", "1", at("+10d 00:00")),
        observation("a", Some("u"), "m", "9", at("+1d 10:00")),
    ];
    let expected = ["a active 10:00", "a stale 11:00", "a resumed +1d 10:00", "a stale +1d 11:00"];
    assert_eq!(story(always, &late_by_days, "+10d 00:00"), expected);
    assert_eq!(story(&format!("{always}, active: {{period: ever}}"), &late_by_days, "+10d 00:00"), expected);
}
