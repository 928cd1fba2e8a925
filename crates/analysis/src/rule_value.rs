//! What a rule is worth: how often it is right, what it misses, how early it speaks, and what it costs.
//!
//! - **Precision**: alerts closed as true over those closed as true, false or nuisance, with Wilson's interval
//!   ([`share`](crate::share)). Alerts nobody judged, tests and duplicates count on neither side.
//! - **Recall**: reported incidents with an alert of the rule in the same space within ±[`WINDOW_MS`], over all of them.
//! - **Lead time**: how long before the incident's time the earliest such alert began; negative when it came later.
//! - **False alerts per operator-hour**: with Byar's interval ([`rate`](crate::rate)).
//!
//! **Caveats.** Recall is against what was reported, which is not what happened. Operators who know the rule's reputation
//! judge it by that. An incident whose time is only known to the hour or the month cannot be matched: leave it out.

use crate::error::{AnalysisError, positive};
use crate::estimate::Estimate;
use crate::rate::byar;
use crate::share::share;

/// How far an alert and an incident of one space may lie apart: 15 minutes.
pub const WINDOW_MS: i64 = 15 * 60 * 1_000;

/// For each incident of a space, by how many milliseconds the earliest alert within the window came before it, or `None`.
/// Both lists hold instants in milliseconds, in any order. Cost: both are sorted; then each is walked once.
#[must_use]
pub fn leads_ms(alerts_ms: &[i64], incidents_ms: &[i64], window_ms: i64) -> Vec<Option<i64>> {
    let mut alerts = alerts_ms.to_vec();
    alerts.sort_unstable();
    let earliest_after = |start: i64| alerts.partition_point(|alert| *alert < start);
    let lead = |incident: &i64| {
        let alert = *alerts.get(earliest_after(incident.saturating_sub(window_ms)))?;
        (alert <= incident.saturating_add(window_ms)).then(|| incident - alert)
    };
    incidents_ms.iter().map(lead).collect()
}

/// Recall from leads, as [`leads_ms`] gives them.
///
/// # Errors
/// When there is no incident.
pub fn recall(leads_ms: &[Option<i64>]) -> Result<Estimate, AnalysisError> {
    share(leads_ms.iter().flatten().count() as f64, leads_ms.len() as f64)
}

/// The median lead of the incidents that were found, in seconds.
///
/// # Errors
/// When none was found.
pub fn median_lead_s(leads_ms: &[Option<i64>]) -> Result<f64, AnalysisError> {
    let mut found: Vec<i64> = leads_ms.iter().flatten().copied().collect();
    found.sort_unstable();
    let (Some(below), Some(above)) = (found.get(found.len().saturating_sub(1) / 2), found.get(found.len() / 2)) else {
        return Err(AnalysisError::TooFew { what: "the incidents with an alert", found: 0, needed: 1 });
    };
    Ok((*below as f64 + *above as f64) / 2.0 / 1_000.0)
}

/// False alerts per operator-hour.
///
/// # Errors
/// When the count is negative or there are no operator-hours.
pub fn false_alerts(false_alerts: f64, operator_hours: f64) -> Result<Estimate, AnalysisError> {
    Ok(byar(false_alerts)?.times(1.0 / positive("the operator-hours", operator_hours)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn the_earliest_alert_in_the_window_counts() {
        let alerts = [MINUTE * 50, MINUTE * 10, MINUTE * 5];
        let leads = leads_ms(&alerts, &[MINUTE * 20, MINUTE * 30, MINUTE * 35, MINUTE * 66], WINDOW_MS);
        assert_eq!(leads, [Some(15 * MINUTE), None, Some(-15 * MINUTE), None]);
        assert_eq!(recall(&leads).unwrap().to_string(), "0.500 (0.150-0.850)");
        assert_eq!(median_lead_s(&leads).unwrap(), 0.0);
        assert_eq!(median_lead_s(&leads[..1]).unwrap(), 900.0);
    }

    #[test]
    fn nothing_to_judge_by_is_refused() {
        assert!(recall(&[]).is_err() && median_lead_s(&[None]).is_err() && false_alerts(1.0, 0.0).is_err());
        assert_eq!(false_alerts(10.0, 40.0).unwrap().to_string(), "0.250 (0.120-0.460)");
    }

    proptest! {
        #[test]
        fn leads_are_those_of_looking_at_every_pair(
            alerts in prop::collection::vec(0..500_i64, 0..20),
            incidents in prop::collection::vec(0..500_i64, 0..20),
        ) {
            let found = leads_ms(&alerts, &incidents, 15);
            for (incident, lead) in incidents.iter().zip(found) {
                let near = alerts.iter().filter(|alert| (*alert - incident).abs() <= 15);
                prop_assert_eq!(lead, near.min().map(|alert| incident - alert));
            }
        }
    }
}
