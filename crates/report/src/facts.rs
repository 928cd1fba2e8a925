//! Rows that several reports ask for: episodes of alerts, spaces, how far tables had grown.

use crate::asking::{AskError, Asker, epoch_ms, instant};
use crate::manifest::TableVersion;
use serde::Deserialize;
use std::collections::HashMap;
use vigie_model::severity::Severity;
use vigie_model::time::format_utc;

/// A span of event time, its end left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Beginning, epoch milliseconds.
    pub from_ms: i64,
    /// End, epoch milliseconds.
    pub to_ms: i64,
}

impl Span {
    /// Its length in days.
    #[must_use]
    pub fn days(self) -> f64 {
        (self.to_ms - self.from_ms) as f64 / 86_400_000.0
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(self, epoch_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&epoch_ms)
    }
}

/// An episode of an alert that was shown to operators.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Episode {
    pub(crate) alert_id: String,
    pub(crate) rule: String,
    pub(crate) key: String,
    pub(crate) space: String,
    /// The worst it had, 0 for informational to 4 for critical.
    pub(crate) worst: usize,
    pub(crate) opened_ms: i64,
    pub(crate) ended_ms: Option<i64>,
}

impl Episode {
    pub(crate) fn severity(&self) -> Severity {
        Severity::ALL[self.worst.min(Severity::ALL.len() - 1)]
    }
}

/// Episodes that were open at some time of the span, by their beginning. Those of rules in shadow are left out.
pub(crate) fn episodes<E>(asker: &mut Asker<'_, E>, span: Span) -> Result<Vec<Episode>, AskError<E>> {
    let ranks: String =
        Severity::ALL.iter().enumerate().map(|(rank, severity)| format!(" WHEN '{severity}' THEN {rank}")).collect();
    let (opened, ended) = (epoch_ms("opened"), epoch_ms("ended"));
    let (from, to) = (instant(span.from_ms), instant(span.to_ms));
    asker.rows(
        "episodes",
        &format!(
            "SELECT alert_id, rule, key, space, worst, {opened} AS opened_ms, {ended} AS ended_ms FROM (
  SELECT alert_id, min(rule) AS rule, min(key) AS key, min(space) AS space, max(CASE severity{ranks} END) AS worst,
    min(event_time) FILTER (WHERE state = 'active') AS opened, max(event_time) FILTER (WHERE state = 'cleared') AS ended
  FROM {{alerts}}
  WHERE reason IS NULL OR reason <> 'shadow'
  GROUP BY alert_id
)
WHERE opened < {to} AND (ended IS NULL OR ended >= {from})
ORDER BY opened, alert_id"
        ),
    )
}

/// Incidents in SQL: of the versions taken by then the newest of each, unless it was withdrawn. (The view `incidents_current`
/// knows versions that came later.)
pub(crate) const INCIDENTS: &str = "(
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY feed, id ORDER BY version DESC, log_time DESC, \"offset\" DESC) AS newest
    FROM {incidents}
  )
  WHERE newest = 1 AND lower(status) <> 'withdrawn'
)";

/// The disposition of every alert that was closed with one, before an instant if that is given, and not opened again.
pub(crate) fn dispositions<E>(
    asker: &mut Asker<'_, E>,
    before_ms: Option<i64>,
) -> Result<HashMap<String, String>, AskError<E>> {
    #[derive(Deserialize)]
    struct Closed {
        alert_id: String,
        disposition: String,
    }
    let before = before_ms.map(|before_ms| format!(" AND event_time < {}", instant(before_ms))).unwrap_or_default();
    let sql = format!(
        "SELECT alert_id, disposition FROM (
  SELECT alert_id, action, disposition, row_number() OVER (PARTITION BY alert_id ORDER BY \"offset\" DESC) AS newest
  FROM {{actions}}
  WHERE action IN ('close', 'reopen') AND outcome = 'done' AND alert_id IS NOT NULL{before}
)
WHERE newest = 1 AND action = 'close' AND disposition IS NOT NULL
ORDER BY alert_id"
    );
    let rows: Vec<Closed> = asker.rows("dispositions", &sql)?;
    Ok(rows.into_iter().map(|closed| (closed.alert_id, closed.disposition)).collect())
}

/// A public space as it stood at the end.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Space {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) geometry: String,
}

/// The newest version of every space, by id.
pub(crate) fn spaces<E>(asker: &mut Asker<'_, E>) -> Result<HashMap<String, Space>, AskError<E>> {
    let sql = "SELECT id, name, geometry FROM (
  SELECT id, name, geometry, row_number() OVER (PARTITION BY id ORDER BY \"offset\" DESC) AS newest FROM {spaces}
)
WHERE newest = 1
ORDER BY id";
    let rows: Vec<Space> = asker.rows("spaces", sql)?;
    Ok(rows.into_iter().map(|space| (space.id.clone(), space)).collect())
}

/// The name of a space, or its id.
pub(crate) fn name_of<'a>(spaces: &'a HashMap<String, Space>, id: &'a str) -> &'a str {
    spaces.get(id).map(|space| space.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(id)
}

/// How far the tables had grown.
pub(crate) fn versions<E>(asker: &mut Asker<'_, E>, tables: &[&str]) -> Result<Vec<TableVersion>, AskError<E>> {
    #[derive(Deserialize)]
    struct Grown {
        name: String,
        rows: u64,
        last_ms: Option<i64>,
    }
    let last = epoch_ms("max(log_time)");
    let each: Vec<_> = tables
        .iter()
        .map(|table| format!("SELECT '{table}' AS name, count(*) AS rows, {last} AS last_ms FROM {{{table}}}"))
        .collect();
    let grown: Vec<Grown> =
        asker.rows("how far the tables had grown", &format!("{} ORDER BY name", each.join("\nUNION ALL ")))?;
    Ok(grown
        .into_iter()
        .map(|Grown { name, rows, last_ms }| TableVersion {
            table: name,
            rows: Some(rows),
            last_log_time: last_ms.map(format_utc),
        })
        .collect())
}
