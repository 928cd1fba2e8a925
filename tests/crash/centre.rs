//! A small centre whose rules keep timers running: holds, off-delays, windows, expiring values and silences.

use crate::common::found_centre;
use std::path::Path;

/// Every kind of rule, with delays short enough to end, and to be cut by a kill, within a test.
const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Loud, kind: threshold, metric: noise_dba, per: sensor, raise: 'value >= 80', clear: 'value < 60', for: 300ms, keep_firing_for: 200ms, stale_after: 1h}
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, agg: sum, raise: 'value >= 100', clear: 'value < 70', for: 1s, stale_after: 900ms}
  - {alert: Flowing, kind: window, metric: flow, per: space, window: 4s, every: 1s, agg: mean, raise: 'value > 50', clear: 'value < 45'}
  - {alert: Thefts, kind: window, incident: 'incident.category == \"theft\"', window: 3s, every: 1s, agg: count, raise: 'value >= 4'}
  - {alert: Silent, kind: absence, metric: heartbeat, per: node, for: 1200ms}
";

/// Writes configuration and rules; the data folder will be `folder/data`.
pub fn found(folder: &Path) {
    found_centre(folder, "[log]\nmax_mib = 256\n", RULES);
}
