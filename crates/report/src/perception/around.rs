//! What was reported around a measure, day by day: in its spaces, next door, and in all others.

use crate::asking::{AskError, Asker, instant, text};
use crate::facts::{INCIDENTS, Space, Span};
use crate::geometry::Shape;
use crate::measure::Measure;
use serde::Deserialize;
use std::collections::HashMap;

/// Spaces whose outlines lie at most so far from those of a measure are next door. Said before looking at any city's numbers.
pub(super) const NEAR_M: f64 = 150.0;

/// Where something was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    /// In the spaces of the measure.
    Area,
    /// Next door.
    Near,
    /// In any other space.
    Elsewhere,
}

/// Incidents of a day.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reported {
    pub(super) feed: String,
    pub(super) part: Part,
    /// `day`, `night`, or empty where the time of day is not known.
    pub(super) light: String,
    /// Whether the feed knows the month alone.
    pub(super) by_month: bool,
    /// Day since 1970, in the centre's zone.
    pub(super) day: i64,
    pub(super) incidents: u64,
}

/// A measure with what history holds of it.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) measure: Measure,
    /// Ids of the measure that no space has; nothing was asked then.
    pub(super) unknown: Vec<String>,
    /// Ids of the spaces next door.
    pub(super) near: Vec<String>,
    pub(super) reported: Vec<Reported>,
}

/// Asks for a measure.
pub(super) fn around<E>(
    asker: &mut Asker<'_, E>,
    measure: &Measure,
    spaces: &HashMap<String, Space>,
    span: Span,
) -> Result<Around, AskError<E>> {
    let unknown: Vec<String> = measure.spaces.iter().filter(|id| !spaces.contains_key(*id)).cloned().collect();
    let near = if unknown.is_empty() { near(measure, spaces) } else { Vec::new() };
    let reported = if unknown.is_empty() { asked(asker, measure, &near, span)? } else { Vec::new() };
    Ok(Around { measure: measure.clone(), unknown, near, reported })
}

/// The spaces next door to those of a measure, by id.
fn near(measure: &Measure, spaces: &HashMap<String, Space>) -> Vec<String> {
    let shape = |id: &String| Shape::of(&spaces.get(id)?.geometry);
    let own: Vec<Shape> = measure.spaces.iter().filter_map(shape).collect();
    let is_near = |id: &&String| {
        !measure.spaces.contains(id)
            && shape(id).is_some_and(|other| own.iter().any(|own| own.distance_m(&other) <= NEAR_M))
    };
    let mut near: Vec<String> = spaces.keys().filter(is_near).cloned().collect();
    near.sort_unstable();
    near
}

fn asked<E>(
    asker: &mut Asker<'_, E>,
    measure: &Measure,
    near: &[String],
    span: Span,
) -> Result<Vec<Reported>, AskError<E>> {
    let (from, to) = (instant(span.from_ms), instant(span.to_ms));
    let list = |ids: &[String]| ids.iter().map(|id| text(id)).collect::<Vec<_>>().join(", ");
    let next_door = match near {
        [] => String::new(),
        near => format!(" WHEN space IN ({}) THEN 'near'", list(near)),
    };
    let own = list(&measure.spaces);
    asker.rows(
        "incidents around a measure",
        &format!(
            "SELECT feed, part, CASE WHEN by_month THEN '' ELSE light END AS light, by_month, day, count(*) AS incidents
FROM (
  SELECT feed, coalesce(light, '') AS light,
    CASE WHEN space IN ({own}) THEN 'area'{next_door} ELSE 'elsewhere' END AS part,
    CAST(date_part('epoch', date_trunc('day', local_time)) / 86400 AS BIGINT) AS day,
    bool_and(local_time = date_trunc('month', local_time)) OVER (PARTITION BY feed) AS by_month
  FROM {INCIDENTS}
  WHERE event_time >= {from} AND event_time < {to}
)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5"
        ),
    )
}
