//! What a shift asked of its operators: the figures of `docs/desk.md`, from episodes and acts alone.

use crate::facts::{Episode, Span};
use crate::median::median;
use std::collections::HashMap;

const MINUTE_MS: i64 = 60_000;
/// New alerts count for a flood for so long.
const FLOOD_WITHIN_MS: i64 = 10 * MINUTE_MS;
/// New alerts within that time, for each operator, above which a flood begins.
const FLOOD_ENTER: usize = 10;
/// And below which it ends.
const FLOOD_LEAVE: usize = 5;
/// Openings of one key within an hour above which it chatters.
const CHATTER_ABOVE: usize = 6;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Rules whose share of the load is looked at.
const TOP_RULES: usize = 10;

/// What a shift asked of its operators.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    /// Alerts that opened.
    pub(crate) opened: usize,
    /// New alerts a day for each operator.
    pub(crate) per_day: Option<f64>,
    /// Share of the span in flood.
    pub(crate) in_flood: Option<f64>,
    /// Share of the ten busiest rules; `None` while there are not more than ten.
    pub(crate) of_top_rules: Option<f64>,
    /// Keys that opened more than six times within an hour.
    pub(crate) chattering: Vec<String>,
    /// Alerts active for more than a day at the end.
    pub(crate) stale: usize,
    /// Median time to acknowledge, seconds.
    pub(crate) acknowledge_s: Option<f64>,
    /// Alerts acknowledged.
    pub(crate) acknowledged: usize,
}

impl Load {
    /// The figures of `span`; `acknowledged` holds the first acknowledgement of each alert.
    pub(crate) fn of(episodes: &[Episode], acknowledged: &HashMap<&str, i64>, operators: usize, span: Span) -> Self {
        let new: Vec<&Episode> = episodes.iter().filter(|episode| span.holds(episode.opened_ms)).collect();
        let instants: Vec<i64> = new.iter().map(|episode| episode.opened_ms).collect();
        let waits = new.iter().filter_map(|episode| {
            Some((acknowledged.get(episode.alert_id.as_str())? - episode.opened_ms).max(0) as f64 / 1000.0)
        });
        let waits: Vec<f64> = waits.collect();
        let days = span.days();
        Self {
            opened: new.len(),
            per_day: (days > 0.0).then(|| new.len() as f64 / days / operators as f64),
            in_flood: (days > 0.0)
                .then(|| flood_ms(&instants, operators, span) as f64 / (span.to_ms - span.from_ms) as f64),
            of_top_rules: of_top_rules(&new),
            chattering: chattering(&new),
            stale: episodes.iter().filter(|episode| stale(episode, span.to_ms)).count(),
            acknowledged: waits.len(),
            acknowledge_s: median(waits),
        }
    }
}

/// Whether an episode is open at the end and has been for more than a day.
pub(crate) fn stale(episode: &Episode, at_ms: i64) -> bool {
    open_at(episode, at_ms) && at_ms - episode.opened_ms > DAY_MS
}

/// Whether an episode is open at an instant.
pub(crate) fn open_at(episode: &Episode, at_ms: i64) -> bool {
    episode.opened_ms < at_ms && episode.ended_ms.is_none_or(|ended_ms| ended_ms >= at_ms)
}

/// Time in flood: from the alert that makes more than ten in ten minutes until fewer than five are left, for each operator.
fn flood_ms(opened: &[i64], operators: usize, span: Span) -> i64 {
    // An alert counts from its opening until ten minutes later; where both fall together, the opening is first.
    let mut steps: Vec<(i64, bool)> =
        opened.iter().flat_map(|at| [(*at, true), (at + FLOOD_WITHIN_MS, false)]).collect();
    steps.sort_by_key(|(at, begins)| (*at, !begins));
    let (mut counted, mut since, mut total) = (0_usize, None, 0);
    for (at, begins) in steps {
        counted = if begins { counted + 1 } else { counted - 1 };
        match since {
            None if counted > FLOOD_ENTER * operators => since = Some(at),
            Some(began) if counted < FLOOD_LEAVE * operators => {
                total += at.min(span.to_ms) - began;
                since = None;
            }
            _ => {}
        }
    }
    total
}

fn of_top_rules(new: &[&Episode]) -> Option<f64> {
    let mut rules: HashMap<&str, usize> = HashMap::new();
    for episode in new {
        *rules.entry(&episode.rule).or_default() += 1;
    }
    let mut counts: Vec<usize> = rules.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    (counts.len() > TOP_RULES).then(|| counts[..TOP_RULES].iter().sum::<usize>() as f64 / new.len() as f64)
}

fn chattering(new: &[&Episode]) -> Vec<String> {
    let mut openings: HashMap<(&str, &str), Vec<i64>> = HashMap::new();
    for episode in new {
        openings.entry((&episode.rule, &episode.key)).or_default().push(episode.opened_ms);
    }
    let often =
        |instants: &Vec<i64>| instants.windows(CHATTER_ABOVE + 1).any(|few| few[CHATTER_ABOVE] - few[0] < HOUR_MS);
    let mut keys: Vec<String> = openings
        .into_iter()
        .filter(|(_, instants)| often(instants))
        .map(|((rule, key), _)| format!("{rule} · {key}"))
        .collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(rule: &str, opened_ms: i64, ended_ms: Option<i64>) -> Episode {
        Episode {
            alert_id: format!("{rule}-{opened_ms}"),
            rule: rule.to_owned(),
            key: "a".to_owned(),
            space: "a".to_owned(),
            worst: 2,
            opened_ms,
            ended_ms,
        }
    }

    const SPAN: Span = Span { from_ms: 0, to_ms: 8 * HOUR_MS };

    #[test]
    fn a_flood_lasts_from_the_eleventh_alert_until_fewer_than_five_count() {
        // One a minute from 0 to 14: the eleventh at minute 10, where the first no longer counts but for that instant.
        let opened: Vec<i64> = (0..15).map(|minute| minute * MINUTE_MS).collect();
        // At minute 10 eleven count for an instant; from minute 21 on four (11 to 14) are left.
        assert_eq!(flood_ms(&opened, 1, SPAN), 10 * MINUTE_MS);
        assert_eq!(flood_ms(&opened, 2, SPAN), 0);
        let burst: Vec<i64> = (0..12).map(|second| second * 1000).collect();
        assert_eq!(flood_ms(&burst, 1, SPAN), (10 * MINUTE_MS + 7_000) - 10_000);
    }

    #[test]
    fn a_flood_at_the_end_stops_with_the_span() {
        let opened: Vec<i64> = (0..12).map(|second| SPAN.to_ms - 60_000 + second * 1000).collect();
        assert_eq!(flood_ms(&opened, 1, SPAN), 50_000);
    }

    #[test]
    fn chatter_needs_seven_openings_within_an_hour() {
        let at = |step: i64| (0..7).map(move |n| episode("r", n * step, None)).collect::<Vec<_>>();
        let (fast, slow) = (at(9 * MINUTE_MS), at(10 * MINUTE_MS));
        assert_eq!(chattering(&fast.iter().collect::<Vec<_>>()), ["r · a"]);
        assert!(chattering(&slow.iter().collect::<Vec<_>>()).is_empty());
    }

    #[test]
    fn figures_that_mean_nothing_yet_have_no_value() {
        let load = Load::of(&[], &HashMap::new(), 1, SPAN);
        assert_eq!((load.opened, load.acknowledge_s, load.of_top_rules), (0, None, None));
        let episodes = [episode("r", 1_000, None), episode("r", 2_000, Some(3_000))];
        let acknowledged = HashMap::from([("r-1000", 31_000), ("r-2000", 4_000)]);
        let load = Load::of(&episodes, &acknowledged, 2, SPAN);
        assert_eq!((load.acknowledge_s, load.per_day, load.acknowledged), (Some(16.0), Some(3.0), 2));
    }

    #[test]
    fn only_what_is_open_for_more_than_a_day_is_stale() {
        let old = episode("r", 0, None);
        assert!(!stale(&old, DAY_MS) && stale(&old, DAY_MS + 1));
        assert!(!stale(&episode("r", 0, Some(DAY_MS)), DAY_MS + 1));
    }
}
