//! What each rule was worth, from episodes, dispositions and incidents.

use super::questions::Facts;
use crate::facts::{Episode, Span};
use crate::median::median;
use std::collections::{BTreeMap, HashMap};
use vigie_analysis::estimate::Estimate;
use vigie_analysis::rule_value::{WINDOW_MS, false_alerts, leads_ms, median_lead_s, recall};
use vigie_analysis::share::share;

/// What a rule was worth.
#[derive(Debug)]
pub(super) struct RuleValue<'a> {
    pub(super) rule: &'a str,
    pub(super) alerts: usize,
    /// Median time open of those that ended, seconds.
    pub(super) open_s: Option<f64>,
    pub(super) right: usize,
    pub(super) wrong: usize,
    /// Alerts nobody judged.
    pub(super) unjudged: usize,
    /// Of those judged true, false or nuisance, the share of true ones.
    pub(super) precision: Option<Estimate>,
    /// False and nuisance alerts an hour.
    pub(super) wrong_an_hour: Option<Estimate>,
}

/// What rules together saw of one category of incidents.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) category: &'a str,
    pub(super) incidents: u64,
    /// Share with an alert in the same space within a quarter of an hour.
    pub(super) seen: Option<Estimate>,
    /// What that share would be if alerts and incidents had nothing to do with each other.
    pub(super) by_chance: f64,
    pub(super) lead_s: Option<f64>,
}

/// Every rule with an alert, by their number.
pub(super) fn rule_values(facts: &Facts, span: Span) -> Vec<RuleValue<'_>> {
    let mut by_rule: BTreeMap<&str, Vec<&Episode>> = BTreeMap::new();
    for episode in &facts.episodes {
        by_rule.entry(&episode.rule).or_default().push(episode);
    }
    let mut values: Vec<_> =
        by_rule.into_iter().map(|(rule, episodes)| rule_value(facts, span, rule, &episodes)).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.alerts));
    values
}

fn rule_value<'a>(facts: &Facts, span: Span, rule: &'a str, episodes: &[&Episode]) -> RuleValue<'a> {
    let judged = |such: &[&str]| {
        let is_such = |episode: &&&Episode| {
            facts.dispositions.get(&episode.alert_id).is_some_and(|what| such.contains(&what.as_str()))
        };
        episodes.iter().filter(is_such).count()
    };
    let (right, wrong, aside) = (judged(&["true"]), judged(&["false", "nuisance"]), judged(&["test", "duplicate"]));
    let open =
        episodes.iter().filter_map(|episode| Some((episode.ended_ms? - episode.opened_ms).max(0) as f64 / 1000.0));
    RuleValue {
        rule,
        alerts: episodes.len(),
        open_s: median(open.collect()),
        right,
        wrong,
        unjudged: episodes.len() - right - wrong - aside,
        precision: share(right as f64, (right + wrong) as f64).ok(),
        wrong_an_hour: (right + wrong > 0).then(|| false_alerts(wrong as f64, span.days() * 24.0).ok()).flatten(),
    }
}

/// Every category of incidents, by their number.
pub(super) fn seen(facts: &Facts, span: Span) -> Vec<Seen<'_>> {
    let mut alerts: HashMap<&str, Vec<i64>> = HashMap::new();
    for episode in &facts.episodes {
        alerts.entry(&episode.space).or_default().push(episode.opened_ms);
    }
    let mut by_category: BTreeMap<&str, BTreeMap<&str, Vec<i64>>> = BTreeMap::new();
    for incident in &facts.incidents {
        by_category.entry(&incident.category).or_default().entry(&incident.space).or_default().push(incident.at_ms);
    }
    let none = Vec::new();
    let mut all: Vec<Seen<'_>> = by_category
        .into_iter()
        .map(|(category, by_space)| {
            let (mut leads, mut by_chance) = (Vec::new(), 0.0);
            for (space, at_ms) in &by_space {
                let alerts = alerts.get(space).unwrap_or(&none);
                leads.extend(leads_ms(alerts, at_ms, WINDOW_MS));
                by_chance += near_share(alerts, span) * at_ms.len() as f64;
            }
            Seen {
                category,
                incidents: leads.len() as u64,
                seen: recall(&leads).ok(),
                by_chance: by_chance / leads.len() as f64,
                lead_s: median_lead_s(&leads).ok(),
            }
        })
        .collect();
    all.sort_by_key(|seen| std::cmp::Reverse(seen.incidents));
    all
}

/// The share of the span that lies within a quarter of an hour of an alert.
fn near_share(alerts_ms: &[i64], span: Span) -> f64 {
    let mut alerts = alerts_ms.to_vec();
    alerts.sort_unstable();
    let (mut near, mut until) = (0, span.from_ms);
    for alert in alerts {
        let (begins, ends) = ((alert - WINDOW_MS).max(until), (alert + WINDOW_MS).min(span.to_ms));
        near += (ends - begins).max(0);
        until = until.max(ends);
    }
    near as f64 / (span.to_ms - span.from_ms) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_overlap_count_once() {
        let hour = 3_600_000;
        let span = Span { from_ms: 0, to_ms: 10 * hour };
        assert_eq!(near_share(&[], span), 0.0);
        assert_eq!(near_share(&[5 * hour], span), 0.05);
        assert_eq!(near_share(&[5 * hour + WINDOW_MS, 5 * hour], span), 0.075);
        assert_eq!(near_share(&[0, 10 * hour], span), 0.05, "what lies outside the span does not count");
    }
}
