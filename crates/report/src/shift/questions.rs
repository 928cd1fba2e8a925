//! What a shift's report asks history.

use crate::asking::{AskError, Asker, epoch_ms, instant};
use crate::facts::{Episode, INCIDENTS, Space, Span, dispositions, episodes, spaces};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

const DAY_MS: i64 = 86_400_000;
/// A sensor is known by what it sent in so many days before the end.
const KNOWN_DAYS: i64 = 7;
/// And silent after so many of its usual intervals.
const SILENT_AFTER: f64 = 3.0;

/// What history holds of a shift.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) episodes: Vec<Episode>,
    pub(super) spaces: HashMap<String, Space>,
    /// First acknowledgement by the end of the shift: when, and by whom.
    pub(super) acknowledged: HashMap<String, (i64, String)>,
    /// Disposition of each alert closed by the end of the shift.
    pub(super) dispositions: HashMap<String, String>,
    pub(super) operators: usize,
    pub(super) incidents: Vec<Incidents>,
    pub(super) sensors: Vec<Silence>,
    to_ms: i64,
}

impl Facts {
    /// Episodes that opened in the shift.
    pub(super) fn opened(&self, span: Span) -> impl Iterator<Item = &Episode> {
        self.episodes.iter().filter(move |episode| span.holds(episode.opened_ms))
    }

    /// When each alert was first acknowledged.
    pub(super) fn acknowledged_at(&self) -> HashMap<&str, i64> {
        self.acknowledged.iter().map(|(id, (at_ms, _))| (id.as_str(), *at_ms)).collect()
    }

    /// Sensors that have sent nothing for more than three of their usual intervals.
    pub(super) fn silent(&self) -> impl Iterator<Item = &Silence> {
        self.sensors.iter().filter(|sensor| (self.to_ms - sensor.last_ms) as f64 > SILENT_AFTER * sensor.usual_ms())
    }
}

/// Incidents of a category and severity.
#[derive(Debug, Deserialize)]
pub(super) struct Incidents {
    pub(super) category: String,
    pub(super) severity: String,
    pub(super) incidents: u64,
}

/// What a sensor sent in the week before the end.
#[derive(Debug, Deserialize)]
pub(super) struct Silence {
    pub(super) space: String,
    pub(super) sensor: String,
    pub(super) metric: String,
    values: u64,
    first_ms: i64,
    pub(super) last_ms: i64,
}

impl Silence {
    /// Mean time between two values, milliseconds.
    pub(super) fn usual_ms(&self) -> f64 {
        (self.last_ms - self.first_ms) as f64 / (self.values - 1) as f64
    }
}

#[derive(Deserialize)]
struct Act {
    alert_id: Option<String>,
    operator: String,
    action: String,
    at_ms: i64,
}

/// Asks for everything.
pub(super) fn ask<E>(asker: &mut Asker<'_, E>, span: Span) -> Result<Facts, AskError<E>> {
    let (from, to) = (instant(span.from_ms), instant(span.to_ms));
    let episodes = episodes(asker, span)?;
    let spaces = spaces(asker)?;
    let at = epoch_ms("event_time");
    // Acts before the shift count too: they tell what was acknowledged already.
    let acts: Vec<Act> = asker.rows(
        "acts",
        &format!(
            "SELECT alert_id, operator, action, {at} AS at_ms
FROM {{actions}}
WHERE event_time < {to} AND outcome = 'done' AND operator <> 'vigie' AND (event_time >= {from} OR action = 'acknowledge')
ORDER BY event_time, \"offset\""
        ),
    )?;
    let incidents = asker.rows(
        "incidents",
        &format!(
            "SELECT category, severity, count(*) AS incidents
FROM {INCIDENTS}
WHERE event_time >= {from} AND event_time < {to}
GROUP BY category, severity
ORDER BY incidents DESC, category, severity"
        ),
    )?;
    let (known, first, last) =
        (instant(span.to_ms - KNOWN_DAYS * DAY_MS), epoch_ms("min(event_time)"), epoch_ms("max(event_time)"));
    let sensors = asker.rows(
        "sensors",
        &format!(
            "SELECT space, sensor, metric, count(*) AS values, {first} AS first_ms, {last} AS last_ms
FROM {{observations}}
WHERE event_time >= {known} AND event_time < {to} AND sensor IS NOT NULL
GROUP BY space, sensor, metric
HAVING count(DISTINCT event_time) > 1
ORDER BY space, sensor, metric"
        ),
    )?;
    let mut facts = Facts {
        episodes,
        spaces,
        acknowledged: HashMap::new(),
        dispositions: dispositions(asker, Some(span.to_ms))?,
        operators: 1,
        incidents,
        sensors,
        to_ms: span.to_ms,
    };
    take_acts(&mut facts, acts, span);
    Ok(facts)
}

fn take_acts(facts: &mut Facts, acts: Vec<Act>, span: Span) {
    let mut operators = HashSet::new();
    for Act { alert_id, operator, action, at_ms } in acts {
        if let Some(alert_id) = alert_id.filter(|_| action == "acknowledge") {
            facts.acknowledged.entry(alert_id).or_insert_with(|| (at_ms, operator.clone()));
        }
        if span.holds(at_ms) {
            operators.insert(operator);
        }
    }
    facts.operators = operators.len().max(1);
}
