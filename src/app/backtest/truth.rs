//! What alerts were worth, measured against reported incidents.
//!
//! An alert and an incident *match* when they are of the same space and the incident's event time lies at most the window
//! before or after the instant at which the alert became active. One incident may match several alerts and one alert
//! several incidents, so precision counts alerts and recall counts incidents. Alerts and incidents just outside the
//! range of the backtest are no part of any count, but may be what one inside matches.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The quantile of the normal distribution of a two-sided interval of 95 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// An alert at the instant it became active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Name of the rule.
    pub rule: Arc<str>,
    /// Id of the episode.
    pub id: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// The space.
    pub space: Arc<str>,
    /// The instant.
    pub active_ms: i64,
}

/// An incident that was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Its id, unique with its space and feed.
    pub id: Arc<str>,
    /// The space.
    pub space: Arc<str>,
    /// When it happened.
    pub event_time_ms: i64,
}

/// A part of a whole, with its Wilson interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The share; missing when there is no whole.
    pub share: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

impl Share {
    /// `count` of `of`.
    #[must_use]
    pub fn new(count: usize, of: usize) -> Self {
        if of == 0 {
            return Self { count, of, share: None, low: None, high: None };
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let z2 = Z_95 * Z_95;
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        Self {
            count,
            of,
            share: Some(share),
            low: Some((middle - half).max(0.0)),
            high: Some((middle + half).min(1.0)),
        }
    }
}

/// What some alerts were worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// Alerts that match an incident.
    pub precision: Share,
    /// Incidents that match an alert.
    pub recall: Share,
    /// Median over the incidents matched of how long before it their earliest matching alert became active; negative when
    /// it came after.
    pub lead_median_s: Option<f64>,
    /// Alerts that match no incident.
    pub false_alerts: usize,
}

/// Which alerts match which incidents.
#[derive(Debug)]
pub struct Matches {
    /// Alerts, with whether they are counted.
    pub alerts: Vec<(Alert, bool)>,
    /// Incidents, with whether they are counted.
    pub incidents: Vec<(Reported, bool)>,
    /// For each alert the incidents it matches.
    pub of_alert: Vec<Vec<usize>>,
    /// For each incident the alerts it matches, in the order of their instants.
    pub of_incident: Vec<Vec<usize>>,
}

impl Matches {
    /// Matches alerts and incidents; `[from_ms, to_ms)` says which of them are counted.
    #[must_use]
    pub fn new(
        mut alerts: Vec<Alert>,
        mut incidents: Vec<Reported>,
        window_ms: i64,
        (from_ms, to_ms): (i64, i64),
    ) -> Self {
        alerts.sort_by(|a, b| (a.active_ms, &a.rule, &a.key).cmp(&(b.active_ms, &b.rule, &b.key)));
        incidents.sort_by(|a, b| (a.event_time_ms, &a.space, &a.id).cmp(&(b.event_time_ms, &b.space, &b.id)));
        let mut by_space: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, incident) in incidents.iter().enumerate() {
            by_space.entry(&incident.space).or_default().push(index);
        }
        let mut of_alert: Vec<Vec<usize>> = vec![Vec::new(); alerts.len()];
        let mut of_incident: Vec<Vec<usize>> = vec![Vec::new(); incidents.len()];
        for (alert, matched) in alerts.iter().zip(&mut of_alert) {
            let near = by_space.get(alert.space.as_ref()).map_or(&[][..], Vec::as_slice);
            let first = near.partition_point(|index| incidents[*index].event_time_ms < alert.active_ms - window_ms);
            let within = near[first..]
                .iter()
                .take_while(|index| incidents[**index].event_time_ms <= alert.active_ms + window_ms);
            matched.extend(within);
        }
        for (alert, matched) in of_alert.iter().enumerate() {
            matched.iter().for_each(|incident| of_incident[*incident].push(alert));
        }
        let counts = |ms| (from_ms..to_ms).contains(&ms);
        let alerts = alerts
            .into_iter()
            .map(|alert| {
                let counts = counts(alert.active_ms);
                (alert, counts)
            })
            .collect();
        let incidents = incidents
            .into_iter()
            .map(|incident| {
                let counts = counts(incident.event_time_ms);
                (incident, counts)
            })
            .collect();
        Self { alerts, incidents, of_alert, of_incident }
    }

    /// What the alerts of one rule, or of all, were worth.
    #[must_use]
    pub fn worth(&self, rule: Option<&str>) -> Worth {
        let is_of = |alert: &Alert| rule.is_none_or(|rule| *alert.rule == *rule);
        let mine: Vec<_> = (0..self.alerts.len()).filter(|index| is_of(&self.alerts[*index].0)).collect();
        let counted: Vec<_> = mine.iter().filter(|index| self.alerts[**index].1).collect();
        let right = counted.iter().filter(|index| !self.of_alert[***index].is_empty()).count();
        let mine: BTreeSet<_> = mine.iter().copied().collect();
        let (mut incidents, mut leads_ms) = (0, Vec::new());
        for ((incident, counts), alerts) in self.incidents.iter().zip(&self.of_incident) {
            if !counts {
                continue;
            }
            incidents += 1;
            if let Some(earliest) = alerts.iter().find(|alert| mine.contains(alert)) {
                leads_ms.push(incident.event_time_ms - self.alerts[*earliest].0.active_ms);
            }
        }
        Worth {
            precision: Share::new(right, counted.len()),
            recall: Share::new(leads_ms.len(), incidents),
            lead_median_s: median_s(&mut leads_ms),
            false_alerts: counted.len() - right,
        }
    }

    /// How many counted alerts each rule has.
    #[must_use]
    pub fn alerts_by_rule(&self) -> BTreeMap<Arc<str>, usize> {
        let mut counts = BTreeMap::new();
        for (alert, _) in self.alerts.iter().filter(|(_, counts)| *counts) {
            *counts.entry(Arc::clone(&alert.rule)).or_default() += 1;
        }
        counts
    }
}

/// The median in seconds; of an even number the mean of the two in the middle.
fn median_s(values_ms: &mut [i64]) -> Option<f64> {
    values_ms.sort_unstable();
    let middle = values_ms.len() / 2;
    let upper = *values_ms.get(middle)?;
    let lower = if values_ms.len() % 2 == 1 { upper } else { values_ms[middle - 1] };
    Some((lower + upper) as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(rule: &str, space: &str, minute: i64) -> Alert {
        let id = format!("{rule}-{minute}").into();
        Alert { rule: rule.into(), id, key: space.into(), space: space.into(), active_ms: minute * 60_000 }
    }

    fn incident(space: &str, minute: i64) -> Reported {
        Reported { id: minute.to_string().into(), space: space.into(), event_time_ms: minute * 60_000 }
    }

    #[test]
    fn intervals_are_wilsons() {
        let share = Share::new(18, 40);
        let rounded = |value: Option<f64>| (value.unwrap() * 10_000.0).round() / 10_000.0;
        assert_eq!((rounded(share.low), rounded(share.high)), (0.3071, 0.6017));
        assert_eq!(Share::new(0, 0).share, None);
        assert_eq!((Share::new(0, 5).low, Share::new(5, 5).high), (Some(0.0), Some(1.0)));
    }

    /// By hand: window 15 min, range [0, 100) min. Alert 10 matches incidents 5 and 25 (exactly 15 later); alert 42 matches
    /// none (58 is 16 later); alert 98 matches 105, which is not counted; incident 2 is matched by alert -5, not counted.
    #[test]
    fn alerts_and_incidents_match_within_the_window_of_their_space() {
        let alerts = vec![
            alert("A", "a", 42),
            alert("A", "a", 10),
            alert("A", "a", 98),
            alert("A", "b", -5),
            alert("B", "b", 3),
        ];
        let incidents =
            vec![incident("a", 5), incident("a", 25), incident("a", 58), incident("a", 105), incident("b", 2)];
        let matches = Matches::new(alerts, incidents, 15 * 60_000, (0, 100 * 60_000));
        let a = matches.worth(Some("A"));
        assert_eq!((a.precision.count, a.precision.of, a.false_alerts), (2, 3, 1));
        assert_eq!((a.recall.count, a.recall.of), (3, 4), "5 and 25 in a, 2 in b; not 58");
        // Leads: 5 - 10 = -5 min, 25 - 10 = 15 min, 2 + 5 = 7 min.
        assert_eq!(a.lead_median_s, Some(420.0));
        let all = matches.worth(None);
        assert_eq!((all.precision.count, all.precision.of, all.recall.count), (3, 4, 3));
        assert_eq!(matches.alerts_by_rule(), BTreeMap::from([("A".into(), 3), ("B".into(), 1)]));
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median_s(&mut [4000, 1000, 2000, 9000]), Some(3.0));
        assert_eq!(median_s(&mut []), None);
    }
}
