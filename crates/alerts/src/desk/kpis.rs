//! The figures of a shift against what a good shift looks like (EEMUA 191, ISA-18.2; `docs/desk.md`).
//!
//! A figure that means nothing yet has no value and is judged neither good nor bad. Shares are in percent and everything is
//! rounded to one decimal, for people; what is compared with the target is what is shown.

use crate::desk::flood::in_flood_ms;
use crate::desk::ledger::{Figures, TOP_RULES};
use crate::desk::view::DeskView;
use serde::Serialize;
use vigie_model::severity::Severity;

/// Fewer alerts than this say nothing about a mix of severities.
const MIX_ALERTS_MIN: u64 = 20;
/// What is usual of low and medium alerts, in percent; only shown.
const LOW_PERCENT: f64 = 80.0;
const MEDIUM_PERCENT: f64 = 15.0;
const DAY_MS: f64 = 86_400_000.0;

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Kpi {
    /// What it is called in the API.
    pub name: &'static str,
    /// The figure; `None` when it means nothing yet.
    pub value: Option<f64>,
    /// What it should be.
    pub target: f64,
    /// The most that can be borne, where that is another figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What it is counted in.
    pub unit: &'static str,
    /// Whether it is as it should be; `None` when it is not judged.
    pub ok: Option<bool>,
}

/// The figures from `from_ms` up to `to_ms`; `stale` alerts have been active for more than a day.
#[must_use]
pub fn kpis(view: &DeskView, stale: usize, from_ms: i64, to_ms: i64) -> Vec<Kpi> {
    let figures = view.ledger.figures(from_ms, to_ms);
    let targets = &view.settings.desk.targets;
    let span_ms = (to_ms - from_ms).max(0);
    let rate =
        (span_ms > 0).then(|| figures.told as f64 * DAY_MS / (span_ms as f64 * f64::from(view.operators.max(1))));
    let flood_ms = in_flood_ms(view.flood.over(), view.flood.now(), from_ms, to_ms);
    let in_flood = (span_ms > 0).then(|| percent(flood_ms as f64, span_ms as f64));
    let top = (figures.rules > TOP_RULES).then(|| percent(figures.of_top_rules as f64, figures.told as f64));
    let acknowledged = figures.acknowledge_median_ms.map(|ms| ms as f64 / 1000.0);
    let at_most = |value: f64, target: f64| value <= target;
    let below = |value: f64, target: f64| value < target;
    let mut all = vec![
        Kpi {
            max: Some(f64::from(targets.alerts_per_day_max)),
            ..kpi("alerts_per_day_per_operator", rate, f64::from(targets.alerts_per_day), "alerts", at_most)
        },
        kpi("time_in_flood", in_flood, f64::from(targets.flood_permille) / 10.0, "percent", below),
        kpi("load_of_top_rules", top, f64::from(targets.top_rules_permille) / 10.0, "percent", below),
        kpi("chattering", Some(view.chattering.len() as f64), 0.0, "keys", at_most),
        kpi("active_over_a_day", Some(stale as f64), f64::from(targets.stale), "alerts", below),
    ];
    all.extend(mix(&figures, f64::from(targets.high_permille) / 10.0));
    all.push(kpi("time_to_acknowledge", acknowledged, targets.acknowledge_ms as f64 / 1000.0, "seconds", at_most));
    all
}

/// Low and informational, medium, high and critical; only the last is judged.
fn mix(figures: &Figures, high_percent: f64) -> [Kpi; 3] {
    let share = |severities: &[Severity]| {
        let count: u64 = severities.iter().map(|severity| figures.by_severity[*severity as usize]).sum();
        (figures.told >= MIX_ALERTS_MIN).then(|| percent(count as f64, figures.told as f64))
    };
    let shown = |name, value, target| Kpi { ok: None, ..kpi(name, value, target, "percent", |_, _| true) };
    [
        shown("share_low", share(&[Severity::Informational, Severity::Low]), LOW_PERCENT),
        shown("share_medium", share(&[Severity::Medium]), MEDIUM_PERCENT),
        kpi("share_high", share(&[Severity::High, Severity::Critical]), high_percent, "percent", |value, target| {
            value <= target
        }),
    ]
}

fn kpi(
    name: &'static str,
    value: Option<f64>,
    target: f64,
    unit: &'static str,
    is_ok: impl Fn(f64, f64) -> bool,
) -> Kpi {
    let value = value.map(|value| (value * 10.0).round() / 10.0);
    Kpi { name, value, target, max: None, unit, ok: value.map(|value| is_ok(value, target)) }
}

fn percent(part: f64, whole: f64) -> f64 {
    part * 100.0 / whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fold::Desk;
    use crate::desk::samples::Sample;

    const HOUR_MS: i64 = 3_600_000;

    /// Twenty-four alerts in eight hours, eleven of them at once, of twelve rules.
    fn shift() -> DeskView {
        let mut desk = Desk::default();
        for n in 0..24_i64 {
            let severity = if n < 2 { Severity::Critical } else { Severity::Low };
            let sample = Sample::new(&n.to_string(), &format!("rule {}", n % 12), "square", severity);
            let now_ms = if n < 11 { 0 } else { (n - 10) * HOUR_MS / 2 };
            desk.tick(now_ms, now_ms);
            desk.opened(&sample.alert(), now_ms, n.unsigned_abs(), now_ms);
            desk.told(&sample.alert(), now_ms);
        }
        desk.acknowledged(HOUR_MS, 240_000);
        desk.view(0)
    }

    #[test]
    fn a_shift_is_judged_by_its_figures() {
        let told: Vec<_> = kpis(&shift(), 5, 0, 8 * HOUR_MS)
            .into_iter()
            .map(|kpi| format!("{} {:?} of {} {}: {:?}", kpi.name, kpi.value, kpi.target, kpi.unit, kpi.ok))
            .collect();
        expect_test::expect![[r#"
            alerts_per_day_per_operator Some(72.0) of 150 alerts: Some(true)
            time_in_flood Some(6.3) of 1 percent: Some(false)
            load_of_top_rules Some(83.3) of 5 percent: Some(false)
            chattering Some(0.0) of 0 keys: Some(true)
            active_over_a_day Some(5.0) of 5 alerts: Some(false)
            share_low Some(91.7) of 80 percent: None
            share_medium Some(0.0) of 15 percent: None
            share_high Some(8.3) of 5 percent: Some(false)
            time_to_acknowledge Some(240.0) of 300 seconds: Some(true)"#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn what_means_nothing_yet_is_not_judged() {
        let none = kpis(&DeskView::default(), 0, 5, 5);
        let unjudged: Vec<_> = none.iter().filter(|kpi| kpi.value.is_none()).map(|kpi| kpi.name).collect();
        let expected = [
            "alerts_per_day_per_operator",
            "time_in_flood",
            "load_of_top_rules",
            "share_low",
            "share_medium",
            "share_high",
            "time_to_acknowledge",
        ];
        assert_eq!(unjudged, expected);
        assert!(none.iter().all(|kpi| kpi.value.is_some() || kpi.ok.is_none()));
    }
}
