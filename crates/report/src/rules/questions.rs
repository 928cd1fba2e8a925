//! What a report on rules asks history.

use crate::asking::{AskError, Asker, epoch_ms, instant};
use crate::facts::{Episode, INCIDENTS, Span, dispositions, episodes};
use serde::Deserialize;
use std::collections::HashMap;

/// What history holds of rules and of what was reported.
#[derive(Debug)]
pub(super) struct Facts {
    /// Episodes that opened in the span.
    pub(super) episodes: Vec<Episode>,
    /// Last disposition of each alert.
    pub(super) dispositions: HashMap<String, String>,
    /// Incidents of the span.
    pub(super) incidents: Vec<Incident>,
}

/// An incident as it was reported.
#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    pub(super) space: String,
    pub(super) category: String,
    pub(super) at_ms: i64,
}

/// Asks for everything.
pub(super) fn ask<E>(asker: &mut Asker<'_, E>, span: Span) -> Result<Facts, AskError<E>> {
    let (from, to, at) = (instant(span.from_ms), instant(span.to_ms), epoch_ms("event_time"));
    let mut opened = episodes(asker, span)?;
    opened.retain(|episode| span.holds(episode.opened_ms));
    let incidents = asker.rows(
        "incidents",
        &format!(
            "SELECT space, category, {at} AS at_ms
FROM (
  SELECT *, bool_and(local_time = date_trunc('month', local_time)) OVER (PARTITION BY feed) AS by_month FROM {INCIDENTS}
)
WHERE NOT by_month AND event_time >= {from} AND event_time < {to}
ORDER BY space, category, event_time, \"offset\""
        ),
    )?;
    Ok(Facts { episodes: opened, dispositions: dispositions(asker, None)?, incidents })
}
