//! Evidence: what an episode's beginning rests on, as JSON from which alone the verdict can be recomputed.
//!
//! Times are epoch milliseconds of event time; for absence, of log time. Values are exact decimals or fractions, as text.
//! The format is described in `docs/rules.md`; fields stand in the order of these structs on every build.

use crate::expr::fold::Quantity;
use crate::expr::typed::Params;
use crate::figures::exact;
use crate::kind::{Aggregate, Kind};
use crate::kinds::absence::Silence;
use crate::spec::{Plan, Rule};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::position::Position;

/// Why raise became true: kept from that moment until the hold is over.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// When raise became true.
    pub(crate) since_ms: i64,
    /// The row or tick that made it true.
    pub(crate) position: Position,
    /// The value judged.
    pub(crate) quantity: Quantity,
    /// What the value was made of.
    pub(crate) detail: Detail,
}

/// What a value was made of.
#[derive(Clone, Debug)]
pub(crate) enum Detail {
    /// Valid values of a threshold rule.
    Members(Vec<MemberValue>),
    /// Panes of a window.
    Panes {
        /// First instant of the window.
        start_ms: i64,
        /// End of the window, not part of it.
        end_ms: i64,
        /// Its panes that hold inputs, from the oldest.
        panes: Vec<PaneValue>,
    },
}

/// One member's value.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MemberValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sensor: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Arc<str>>,
    pub(crate) value: String,
    pub(crate) event_time_ms: i64,
}

/// One pane's inputs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PaneValue {
    pub(crate) start_ms: i64,
    pub(crate) count: i64,
    pub(crate) sum: String,
    pub(crate) min: String,
    pub(crate) max: String,
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
    agg: &'static str,
    raise: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clear: Option<&'a str>,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_after_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<&'a [MemberValue]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<WindowBounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panes: Option<&'a [PaneValue]>,
    since_ms: i64,
}

#[derive(Serialize)]
struct WindowBounds {
    start_ms: i64,
    end_ms: i64,
}

#[derive(Serialize)]
struct Silent {
    last_arrival_ms: Option<i64>,
    since_ms: i64,
    due_ms: i64,
    log_time_ms: i64,
}

/// Evidence of an episode of a threshold or window rule.
pub(crate) fn of_decision(rule: &Rule, plan: &Plan, decision: &Decision) -> Arc<str> {
    let (kind, agg, stale_after_ms, min_count) = match rule.kind {
        Kind::Threshold { agg, stale_after_ms } => ("threshold", agg.as_str(), Some(stale_after_ms), None),
        Kind::Window { agg: agg @ (Aggregate::Count | Aggregate::Sum), .. } => ("window", agg.as_str(), None, None),
        Kind::Window { agg, min_count, .. } => ("window", agg.as_str(), None, Some(min_count)),
        _ => unreachable!("a silence is no decision about a value"),
    };
    let (members, window, panes) = match &decision.detail {
        Detail::Members(members) => (Some(members.as_slice()), None, None),
        Detail::Panes { start_ms, end_ms, panes } => {
            (None, Some(WindowBounds { start_ms: *start_ms, end_ms: *end_ms }), Some(panes.as_slice()))
        }
    };
    let body = Judged {
        agg,
        raise: &rule.raise,
        clear: rule.clear.as_deref(),
        value: exact(decision.quantity),
        stale_after_ms,
        members,
        min_count,
        window,
        panes,
        since_ms: decision.since_ms,
    };
    json(kind, rule, &plan.params, body, rule.delays.hold_ms, decision.position)
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
    json("absence", rule, &plan.params, body, silence_ms, position)
}

fn json(
    kind: &'static str,
    rule: &Rule,
    params: &Params,
    body: impl Serialize,
    for_ms: i64,
    position: Position,
) -> Arc<str> {
    let params = params.iter().map(|(name, value)| (name.as_ref(), value.to_string())).collect();
    let position = Place { partition: position.partition, offset: position.offset };
    let envelope = Envelope { kind, rule_version: &rule.identity.version, params, body, for_ms, position };
    serde_json::to_string(&envelope).expect("texts and numbers are always JSON").into()
}
