//! Warnings about rules that can run, but can hardly do what their author means.
//!
//! They compare a rule with what the configuration says about metrics and spaces, and are silent where it says nothing.

use crate::expr::eval::{Facts, holds};
use crate::expr::typed::Condition;
use crate::fields::Fields;
use crate::kind::Among;
use crate::read_rule::around::Around;
use crate::yaml::{Problems, Spot};
use std::collections::BTreeMap;
use vigie_model::duration::format_ms;
use vigie_model::space::Space;

/// Whether a condition on spaces holds for a declared one; what cannot be computed does not hold.
pub(crate) fn covers(scope: Option<&Condition>, space: &Space) -> bool {
    let facts = Facts { space: Some(space), ..Facts::default() };
    scope.is_none_or(|scope| holds(scope, &facts).unwrap_or(false))
}

/// A hold that one missing value ends, and values that expire before the next one can come.
pub(crate) fn of_validity(
    hold_ms: i64,
    stale_after_ms: i64,
    period_ms: Option<i64>,
    fields: &Fields<'_>,
    problems: &mut Problems,
) {
    let stale_after = format_ms(stale_after_ms);
    if fields.has("for") && hold_ms >= stale_after_ms {
        let message = format!("'for' is not shorter than 'stale_after' ({stale_after})");
        problems.warning(fields.spot_of("for"), message).hint =
            Some("one missing value would end the hold; make 'stale_after' longer".to_owned());
    }
    if let Some(period_ms) = period_ms.filter(|period_ms| stale_after_ms <= *period_ms) {
        let spot = fields.spot_of(if fields.has("stale_after") { "stale_after" } else { "metric" });
        let period = format_ms(period_ms);
        let message = format!("'stale_after' ({stale_after}) is not longer than the period of the metric ({period})");
        problems.warning(spot, message).hint =
            Some("every value would expire before the next one comes; make 'stale_after' longer".to_owned());
    }
}

/// A silence that every pause between two values would be.
pub(crate) fn of_silence(silence_ms: i64, period_ms: Option<i64>, fields: &Fields<'_>, problems: &mut Problems) {
    if let Some(period_ms) = period_ms.filter(|period_ms| silence_ms < *period_ms) {
        let (silence, period) = (format_ms(silence_ms), format_ms(period_ms));
        let message = format!("'for' ({silence}) is shorter than the period of the metric ({period})");
        problems.warning(fields.spot_of("for"), message).hint =
            Some("every pause between two values would be an episode; make 'for' longer".to_owned());
    }
}

/// A change between two values of one sensor that never stand in one window.
pub(crate) fn of_change(over_ms: i64, period_ms: Option<i64>, fields: &Fields<'_>, problems: &mut Problems) {
    let is_per_sensor = fields.node("per").is_none_or(|node| node.is_word("sensor"));
    if let Some(period_ms) = period_ms.filter(|period_ms| is_per_sensor && over_ms <= *period_ms) {
        let (over, period) = (format_ms(over_ms), format_ms(period_ms));
        let message = format!("'over' ({over}) is not longer than the period of the metric ({period})");
        problems.warning(fields.spot_of("over"), message).hint =
            Some("there would never be two values of a sensor to compare; make 'over' longer".to_owned());
    }
}

/// More sensors than any space has of those that declare their sensors of the metric.
pub(crate) fn of_sensors(
    k: usize,
    metric: &str,
    scope: Option<&Condition>,
    around: Around<'_>,
    spot: Spot,
    problems: &mut Problems,
) {
    let declared = |space: &Space| space.sensors.iter().filter(|sensor| *sensor.metric == *metric).count();
    let covered = around.spaces.values().filter(|space| covers(scope, space));
    if let Some(most) = covered.map(declared).max().filter(|most| (1..k).contains(most)) {
        problems
            .warning(spot, format!("'k' is {k}, but no space declares more than {most} sensors of '{metric}'"))
            .hint = Some("declare the sensors in the spaces file, or make 'k' smaller".to_owned());
    }
}

/// More spaces than any group of declared spaces has.
pub(crate) fn of_groups(k: usize, among: Among, around: Around<'_>, spot: Spot, problems: &mut Problems) {
    let (most, hint) = match among {
        Among::District => {
            let mut districts: BTreeMap<&str, usize> = BTreeMap::new();
            for space in around.spaces.values().filter(|space| !space.district.is_empty()) {
                *districts.entry(&space.district).or_default() += 1;
            }
            (districts.into_values().max().unwrap_or(0), "say in the spaces file which district a space is in")
        }
        Among::Adjacent => {
            let most = around.neighbours.values().map(|neighbours| neighbours.len() + 1).max().unwrap_or(0);
            (most, "say which spaces are 'adjacent' in the spaces file")
        }
    };
    if !around.spaces.is_empty() && most < k {
        let message = match among {
            Among::District => format!("'k' is {k}, but no district has more than {most} spaces"),
            Among::Adjacent => format!("'k' is {k}, but no space and its neighbours are more than {most}"),
        };
        problems.warning(spot, message).hint = Some(hint.to_owned());
    }
}
