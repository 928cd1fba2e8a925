//! What must not show in the transitions: partitions, batches and, for input in order, the spacing of ticks.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Cut, Event, What, incident, lines, observation, ordered, rules, stories, transitions};
use proptest::prelude::*;
use vigie_model::batch::Quality;

const START_MS: i64 = 1_700_000_000_000;

fn rule() -> impl Strategy<Value = String> {
    let duration = || prop::sample::select(vec!["0s", "500ms", "5s", "20s"]);
    let per = || prop::sample::select(vec!["space", "sensor", "node"]);
    let threshold = (per(), prop::sample::select(vec!["max", "min", "mean", "sum"]), -10..15_i32, duration(), duration()).prop_map(
        |(per, agg, limit, hold, off)| {
            let conditions = format!("raise: 'value > {limit}', clear: 'value * 2 < {} - 1'", 2 * limit);
            format!("kind: threshold, metric: m, per: {per}, agg: {agg}, {conditions}, for: {hold}, keep_firing_for: {off}, stale_after: 30s")
        },
    );
    let window = (per(), prop::sample::select(vec!["count", "sum", "mean", "min", "max"]), -10..15_i32, duration(), duration(), any::<bool>())
        .prop_map(|(per, agg, limit, hold, off, below)| {
            let raise = if below { format!("value < {limit}") } else { format!("value > {limit}") };
            format!("kind: window, metric: m, per: {per}, agg: {agg}, window: 30s, every: 5s, raise: '{raise}', for: {hold}, keep_firing_for: {off}")
        });
    let thefts = (1..4_i32)
        .prop_map(|limit| format!("kind: window, incident: 'incident.category == \"theft\"', window: 1m, agg: count, raise: 'value >= {limit}'"));
    let absence =
        (per(), 1..40_i32).prop_map(|(per, seconds)| format!("kind: absence, metric: m, per: {per}, for: {seconds}s"));
    prop_oneof![3 => threshold, 3 => window, 1 => thefts, 2 => absence]
}

fn rule_file() -> impl Strategy<Value = String> {
    prop::collection::vec(rule(), 1..5).prop_map(|rules| {
        let rules = rules.iter().enumerate().map(|(index, rule)| format!("  - {{alert: R{index}, {rule}}}\n"));
        format!("groups:\n- name: a\n  rules:\n{}", rules.collect::<String>())
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..4_usize, 0..3_usize, 0..3_usize, -20..20_i32, 0..120_000_i64, 0..8_u8).prop_map(
        |(space, sensor, node, value, time, kind)| {
            let space = ["p", "q", "r", "s"][space];
            // Whole seconds are common, so that instants coincide.
            let time_ms = START_MS + if kind % 2 == 0 { time / 5000 * 5000 } else { time };
            if kind == 7 {
                return incident(space, ["theft", "fight"][node % 2], time_ms);
            }
            let mut event =
                observation(space, [None, Some("s1"), Some("s2")][sensor], "m", &value.to_string(), time_ms);
            event.node = [None, Some("n1"), Some("n2")][node].map(str::to_owned);
            if let What::Observation { quality, .. } = &mut event.what {
                *quality = if kind == 6 { Quality::Bad } else { Quality::Good };
            }
            event
        },
    );
    prop::collection::vec(event, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn cuts_into_partitions_and_batches_do_not_show(text in rule_file(), events in events(), keep: bool) {
        let (rules, events) = (rules(&text), ordered(events, keep));
        let expected = stories(&transitions(&rules, &events, Cut { partitions: 1, batch_rows: 1, tick_ms: 1000 }));
        for (partitions, batch_rows) in [(1, 1024), (3, 5), (16, 1)] {
            let found = stories(&transitions(&rules, &events, Cut { partitions, batch_rows, tick_ms: 1000 }));
            prop_assert_eq!(&found, &expected, "{}", text);
        }
    }

    #[test]
    fn the_spacing_of_ticks_does_not_show_for_input_in_order(text in rule_file(), events in events()) {
        let (rules, events) = (rules(&text), ordered(events, false));
        let expected = lines(&transitions(&rules, &events, Cut { partitions: 2, batch_rows: 4, tick_ms: 1000 }));
        for tick_ms in [100, 7_000, 3_600_000] {
            let found = lines(&transitions(&rules, &events, Cut { partitions: 2, batch_rows: 4, tick_ms }));
            prop_assert_eq!(&found, &expected, "ticks of {} ms, {}", tick_ms, text);
        }
    }
}
