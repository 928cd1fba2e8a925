//! Evidence: what an episode's beginning rests on, as JSON from which alone the verdict can be recomputed.
//!
//! Times are epoch milliseconds of event time; for absence, of log time. Values are exact decimals or fractions, as text.
//! The format is described in `docs/rules.md`; fields stand in the order of these structs on every build.

use crate::detail::{Detail, Scene};
use crate::expr::fold::Quantity;
use crate::figures::exact;
use crate::kind::{Aggregate, Kind};
use crate::kinds::absence::Silence;
use crate::saved::saved;
use crate::spec::{Plan, Rule};
use crate::state::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::position::Position;

/// Why raise became true: kept from that moment until the hold is over.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// When raise became true.
    pub(crate) since_ms: i64,
    /// When the value below was judged: then too, unless the rule changed during the hold.
    pub(crate) judged_ms: i64,
    /// The row or tick at which it was judged.
    pub(crate) position: Position,
    /// The value judged, if the kind has one.
    pub(crate) quantity: Option<Quantity>,
    /// What is usual for it, for a baseline.
    pub(crate) usual: Option<f64>,
    /// What the verdict was made of.
    pub(crate) detail: Detail,
}

saved!(Decision { since_ms, judged_ms, position, quantity, usual, detail });

impl Decision {
    /// What a judgement of this state rests on.
    pub(crate) fn of(state: &State, since_ms: i64, position: Position, scene: Scene<'_>) -> Self {
        Self {
            since_ms,
            judged_ms: scene.at_ms,
            position,
            quantity: state.quantity(),
            usual: scene.expected.map(|expected| expected.mean),
            detail: Detail::of(state, scene),
        }
    }

    /// Why a run of steps began an episode when it was complete.
    pub(crate) const fn of_run(at_ms: i64, position: Position, steps: Detail) -> Self {
        Self { since_ms: at_ms, judged_ms: at_ms, position, quantity: None, usual: None, detail: steps }
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    kind: &'static str,
    rule_version: &'a str,
    params: BTreeMap<&'a str, String>,
    #[serde(flatten)]
    body: T,
    for_ms: i64,
    position: Place,
}

#[derive(Serialize)]
struct Place {
    partition: u16,
    offset: u64,
}

#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    figures: Figures<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(flatten)]
    detail: &'a Detail,
    since_ms: i64,
    judged_ms: i64,
}

/// The figures of a rule that its verdict depends on.
#[derive(Default, Serialize)]
struct Figures<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    agg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raise: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clear: Option<&'a str>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_after_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distinct: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    among: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    z_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sigma_floor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_weeks: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
}

#[derive(Serialize)]
struct Silent {
    last_arrival_ms: Option<i64>,
    since_ms: i64,
    due_ms: i64,
    log_time_ms: i64,
}

/// Evidence of an episode that rests on a judgement.
pub(crate) fn of_decision(rule: &Rule, plan: &Plan, decision: &Decision) -> Arc<str> {
    let body = Judged {
        figures: figures(rule, decision),
        value: decision.quantity.map(exact),
        detail: &decision.detail,
        since_ms: decision.since_ms,
        judged_ms: decision.judged_ms,
    };
    json(rule, plan, body, rule.delays.hold_ms, decision.position)
}

/// Evidence of a silence.
pub(crate) fn of_silence(
    rule: &Rule,
    plan: &Plan,
    silence: &Silence,
    silence_ms: i64,
    log_time_ms: i64,
    position: Position,
) -> Arc<str> {
    let since_ms = silence.since_ms();
    let body = Silent { last_arrival_ms: silence.last_ms(), since_ms, due_ms: since_ms + silence_ms, log_time_ms };
    json(rule, plan, body, silence_ms, position)
}

fn figures<'a>(rule: &'a Rule, decision: &Decision) -> Figures<'a> {
    let compared = Figures { raise: Some(rule.raise.as_str()), clear: rule.clear.as_deref(), ..Figures::default() };
    match rule.kind {
        Kind::Threshold { agg, stale_after_ms } => {
            Figures { agg: Some(agg.as_str()), stale_after_ms: Some(stale_after_ms), ..compared }
        }
        Kind::Window { agg, min_count, .. } => {
            let min_count = (!matches!(agg, Aggregate::Count | Aggregate::Sum)).then_some(min_count);
            Figures { agg: Some(agg.as_str()), min_count, ..compared }
        }
        Kind::Change { .. } => compared,
        Kind::Sequence { within_ms } => Figures { within_ms: Some(within_ms), ..Figures::default() },
        Kind::KOfN { k, within_ms, distinct } => Figures {
            condition: rule.matches.first().and_then(Option::as_deref),
            k: Some(k),
            within_ms: Some(within_ms),
            distinct: Some(distinct.as_str()),
            ..Figures::default()
        },
        Kind::Baseline { usual, stale_after_ms } => Figures {
            stale_after_ms: Some(stale_after_ms),
            z_limit: Some(usual.z),
            z: deviations(decision, usual.sigma_floor),
            sigma_floor: Some(usual.sigma_floor),
            min_weeks: Some(usual.min_weeks),
            direction: Some(usual.direction.as_str()),
            ..Figures::default()
        },
        Kind::Spread { k, within_ms, among } => {
            Figures { k: Some(k), within_ms: Some(within_ms), among: Some(among.as_str()), ..Figures::default() }
        }
        Kind::AllOf | Kind::AnyOf | Kind::Absence { .. } => Figures::default(),
    }
}

/// How many deviations the value lies from the mean.
fn deviations(decision: &Decision, sigma_floor: f64) -> Option<f64> {
    let Detail::Usual { mean, sigma, .. } = decision.detail else { return None };
    let value = decision.quantity?.micros as f64 / MICROS_PER_UNIT as f64;
    Some((value - mean) / sigma.max(sigma_floor))
}

fn json(rule: &Rule, plan: &Plan, body: impl Serialize, for_ms: i64, position: Position) -> Arc<str> {
    let params = plan.params.iter().map(|(name, value)| (name.as_ref(), value.to_string())).collect();
    let position = Place { partition: position.partition, offset: position.offset };
    let kind = rule.kind.as_str();
    let envelope = Envelope { kind, rule_version: &rule.identity.version, params, body, for_ms, position };
    serde_json::to_string(&envelope).expect("texts and numbers are always JSON").into()
}
