//! The rules R1 to R7 over the city; R8 is all of them.
//!
//! Rules are per space. One that reads a single metric is written once for each metric, so that every event meets it; its
//! name ends in the metric's. Limits are such that bursts ([`super::city`]) cross them and nothing else does.

use super::names::METRICS;
use std::fmt::Write;

/// A threshold.
pub const R1: &str = "
  - {alert: R1_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 85, clear: value < 80}";
/// Five thresholds with hysteresis and a hold of a minute.
pub const R2: &str = "
  - {alert: R2a_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 75, clear: value < 70, for: 60s}
  - {alert: R2b_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 80, clear: value < 75, for: 60s}
  - {alert: R2c_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 85, clear: value < 80, for: 60s}
  - {alert: R2d_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 90, clear: value < 85, for: 60s}
  - {alert: R2e_{m}, kind: threshold, metric: {m}, per: space, raise: value >= 95, clear: value < 90, for: 60s}";
/// The mean of a sliding minute.
pub const R3: &str = "
  - {alert: R3_{m}, kind: window, metric: {m}, per: space, window: 60s, every: 5s, agg: mean, raise: value > 75, clear: value < 70}";
/// Silence.
pub const R4: &str = "
  - {alert: R4_{m}, kind: absence, metric: {m}, per: space, for: 30s}";
/// A change within a minute.
pub const R5: &str = "
  - {alert: R5_{m}, kind: change, metric: {m}, per: space, over: 60s, every: 5s, raise: value > 20, clear: value < 5}";
/// Three metrics one after the other; the fourth ends a run, so that it is read too.
pub const R6: &str = "
  - alert: R6
    kind: sequence
    within: 60s
    keep_firing_for: 60s
    steps: [{metric: noise, match: value > 80}, {metric: crowd, match: value > 80}, {metric: vibration, match: value > 80}]
    without: {metric: dust, match: value > 90}";
/// Three of the sensors of a metric; with one sensor a metric it is judged and never raised.
pub const R7: &str = "
  - {alert: R7_{m}, kind: k_of_n, metric: {m}, k: 3, within: 10s, distinct: sensor, match: value > 75}";
/// All of them.
pub const ALL: [&str; 7] = [R1, R2, R3, R4, R5, R6, R7];

/// A rule file of one group for each of `rules`.
#[must_use]
pub fn file(rules: &[&str]) -> String {
    let mut text = String::from("groups:");
    for (rules, number) in rules.iter().zip(1..) {
        write!(text, "\n- name: group-{number}\n  rules:").expect("a text can always grow");
        if rules.contains("{m}") {
            METRICS.iter().for_each(|metric| text.push_str(&rules.replace("{m}", metric)));
        } else {
            text.push_str(rules);
        }
    }
    text.push('\n');
    text
}
