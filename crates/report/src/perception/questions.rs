//! What a report on perception asks history.

use crate::asking::{AskError, Asker, epoch_ms, instant};
use crate::facts::{INCIDENTS, Space, Span, spaces};
use serde::Deserialize;
use std::collections::HashMap;

/// The metric that counts visitors.
pub(super) const VISITORS: &str = "people_count";

/// What history holds of perception and of what was reported.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) spaces: HashMap<String, Space>,
    pub(super) asked: Vec<Asked>,
    pub(super) incidents: Vec<Incidents>,
    pub(super) visitors: Vec<Visitors>,
}

/// What the people of one space, wave and group said to one question.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) space: String,
    pub(super) wave: String,
    pub(super) question: String,
    pub(super) scale: String,
    /// What the question was about: day, night or nothing of the kind.
    pub(super) period: String,
    /// Keys and words of the population group, each list separated by `; `; empty for everybody.
    pub(super) group_keys: String,
    pub(super) group_words: String,
    pub(super) n: f64,
    pub(super) felt_unsafe: f64,
    /// The share as it was published, if it was.
    pub(super) published: Option<f64>,
    /// Of answers with a weight: the sum of weights, in all and of those who felt unsafe, and of their squares.
    pub(super) weights: Option<f64>,
    pub(super) weighted_unsafe: Option<f64>,
    pub(super) squares: Option<f64>,
    pub(super) asked_ms: i64,
}

/// Incidents of a space and category of time.
#[derive(Debug, Deserialize)]
pub(super) struct Incidents {
    pub(super) space: String,
    /// `day`, `night`, or empty where the time of day is not known.
    pub(super) light: String,
    pub(super) incidents: u64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
}

/// What counters saw of a space.
#[derive(Debug, Deserialize)]
pub(super) struct Visitors {
    pub(super) space: String,
    /// `day`, `night`, or empty where no outline tells where the space lies.
    pub(super) light: String,
    pub(super) visitors: f64,
    /// Hours with at least one count.
    pub(super) hours: u64,
}

/// Asks for everything.
pub(super) fn ask<E>(asker: &mut Asker<'_, E>, span: Span) -> Result<Facts, AskError<E>> {
    let (from, to) = (instant(span.from_ms), instant(span.to_ms));
    let during = format!("event_time >= {from} AND event_time < {to}");
    let at = epoch_ms("min(event_time)");
    let asked = asker.rows(
        "answers",
        &format!(
            "SELECT space, wave, question, scale, period, group_keys, group_words, sum(n) AS n, sum(unsafe) AS felt_unsafe,
  max(share) AS published, sum(n * weight) AS weights, sum(unsafe * weight) AS weighted_unsafe,
  sum(n * weight * weight) AS squares, {at} AS asked_ms
FROM (
  SELECT *, coalesce(array_to_string(map_keys(\"group\"), '; '), '') AS group_keys,
    coalesce(array_to_string(map_values(\"group\"), '; '), '') AS group_words
  FROM (SELECT space, wave, question, coalesce(scale, '') AS scale, period, \"group\", n, unsafe, share, weight, event_time
    FROM {{perceptions}} WHERE {during} AND NOT (n = 0 AND share IS NULL))
)
GROUP BY space, wave, question, scale, period, group_keys, group_words
ORDER BY question, scale, period, space, group_keys, group_words, wave"
        ),
    )?;
    // The first instant of a month, in all rows of a feed, stands for the month: such a feed knows no time of day.
    let (first, last) = (epoch_ms("min(event_time)"), epoch_ms("max(event_time)"));
    let incidents = asker.rows(
        "incidents",
        &format!(
            "SELECT space, CASE WHEN by_month THEN '' ELSE coalesce(light, '') END AS light, count(*) AS incidents,
  {first} AS first_ms, {last} AS last_ms
FROM (
  SELECT space, light, event_time, bool_and(local_time = date_trunc('month', local_time)) OVER (PARTITION BY feed) AS by_month
  FROM {INCIDENTS}
  WHERE {during}
)
GROUP BY 1, 2
ORDER BY 1, 2"
        ),
    )?;
    let visitors = asker.rows(
        "visitors",
        &format!(
            "SELECT space, coalesce(light, '') AS light, sum(value) AS visitors, count(DISTINCT date_trunc('hour', event_time)) AS hours
FROM {{observations}}
WHERE {during} AND metric = '{VISITORS}' AND quality = 'good'
GROUP BY 1, 2
ORDER BY 1, 2"
        ),
    )?;
    Ok(Facts { spaces: spaces(asker)?, asked, incidents, visitors })
}
