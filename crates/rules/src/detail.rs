//! What a verdict was made of, taken down at the moment of the judgement, in the words of evidence.
//!
//! Values are exact decimals or fractions, as text; times are epoch milliseconds of event time.

use crate::expr::fold::Quantity;
use crate::figures::exact;
use crate::input::{MemberSource, Members};
use crate::kind::{Distinct, Kind, Source};
use crate::kinds::baseline::Expected;
use crate::kinds::change::Measured;
use crate::kinds::group::Group;
use crate::kinds::parts::Parts;
use crate::kinds::run::StepDone;
use crate::kinds::sources::{SourceId, Sources};
use crate::kinds::threshold::Values;
use crate::kinds::window::Window;
use crate::saved::{saved, saved_enum};
use crate::spec::{Rule, RuleSet};
use crate::state::State;
use serde::{Serialize, Serializer};
use std::sync::Arc;
use vigie_model::names::{NameKind, Names};

/// What a verdict was made of. Each variant has the fields of its kind's evidence.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail {
    /// Valid values of a threshold rule.
    Members { members: Vec<MemberValue> },
    /// Panes of a window.
    Panes { window: Bounds, panes: Vec<PaneValue> },
    /// Ends of a window.
    Ends { over: Bounds, first: MeasuredValue, last: MeasuredValue },
    /// Steps of a run.
    Steps { steps: Vec<StepValue> },
    /// Sources that match.
    Sources { sources: Vec<SourceMatch> },
    /// Valid values, and what is usual.
    Usual { members: Vec<MemberValue>, mean: f64, sigma: f64, hour_of_week: u8, weeks: u32 },
    /// Open episodes of the rules it names.
    Parts { rules: Vec<Arc<str>>, of: Vec<PartValue> },
    /// Spaces in which another rule's episodes began.
    Begun { begun: Vec<BegunValue> },
    /// Nothing but the value.
    None {},
}

/// A stretch of time; its end is not part of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bounds {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

/// One member's value.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MemberValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sensor: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Arc<str>>,
    #[serde(serialize_with = "exact_text")]
    pub(crate) value: i128,
    pub(crate) event_time_ms: i64,
}

/// One pane's inputs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PaneValue {
    pub(crate) start_ms: i64,
    pub(crate) count: i64,
    #[serde(serialize_with = "exact_text")]
    pub(crate) sum: i128,
    #[serde(serialize_with = "exact_text")]
    pub(crate) min: i128,
    #[serde(serialize_with = "exact_text")]
    pub(crate) max: i128,
}

/// A value and when it was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MeasuredValue {
    #[serde(serialize_with = "exact_text")]
    pub(crate) value: i128,
    pub(crate) event_time_ms: i64,
}

/// One step of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StepValue {
    pub(crate) step: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<Arc<str>>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    pub(crate) event_time_ms: i64,
    pub(crate) offset: u64,
}

/// One source's newest match.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SourceMatch {
    pub(crate) source: Option<Arc<str>>,
    pub(crate) event_time_ms: i64,
}

/// An open episode of another rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PartValue {
    pub(crate) rule: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) alert_id: String,
    pub(crate) active_ms: i64,
    pub(crate) stale: bool,
}

/// A space in which another rule's episode began.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BegunValue {
    pub(crate) space: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) alert_id: String,
    pub(crate) active_ms: i64,
}

saved_enum!(Detail {
    0 => Members { members },
    1 => Panes { window, panes },
    2 => Ends { over, first, last },
    3 => Steps { steps },
    4 => Sources { sources },
    5 => Usual { members, mean, sigma, hour_of_week, weeks },
    6 => Parts { rules, of },
    7 => Begun { begun },
    8 => None {},
});
saved!(Bounds { start_ms, end_ms });
saved!(MemberValue { sensor, node, value, event_time_ms });
saved!(PaneValue { start_ms, count, sum, min, max });
saved!(MeasuredValue { value, event_time_ms });
saved!(StepValue { step, metric, condition, incident, value, event_time_ms, offset });
saved!(SourceMatch { source, event_time_ms });
saved!(PartValue { rule, key, alert_id, active_ms, stale });
saved!(BegunValue { space, key, alert_id, active_ms });

/// What is known where a verdict is taken down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// When it was judged.
    pub(crate) at_ms: i64,
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// The rule.
    pub(crate) rule: &'a Rule,
    /// The members of the key.
    pub(crate) members: &'a Members,
    /// Names of the indices.
    pub(crate) names: &'a Names,
    /// What was usual, for a baseline.
    pub(crate) expected: Option<Expected>,
}

impl Detail {
    /// What a judgement of this state rests on.
    pub(crate) fn of(state: &State, scene: Scene<'_>) -> Self {
        match state {
            State::Threshold { values, .. } => Self::Members { members: members(values, scene) },
            State::Window(window) => panes(window, scene.at_ms),
            State::Change(change) => match change.ends() {
                Some((first, last)) => {
                    let (start_ms, end_ms) = change.span.bounds_ms(scene.at_ms);
                    let over = Bounds { start_ms, end_ms };
                    Self::Ends { over, first: measured(first), last: measured(last) }
                }
                None => Self::None {},
            },
            State::KOfN { sources: known, .. } => Self::Sources { sources: sources(known, scene) },
            State::Baseline(unusual) => match scene.expected {
                Some(Expected { mean, sigma, weeks, hour }) => {
                    Self::Usual { members: members(&unusual.values, scene), mean, sigma, hour_of_week: hour, weeks }
                }
                None => Self::Members { members: members(&unusual.values, scene) },
            },
            State::Parts(parts) => {
                let named = scene.rule.parts().iter().map(|part| &scene.rules.rules[*part].identity.name);
                Self::Parts { rules: named.cloned().collect(), of: open_parts(parts) }
            }
            State::Spread(spreading) => Self::Begun { begun: begun(&spreading.group) },
            State::Absence { .. } | State::Sequence(_) => Self::None {},
        }
    }

    /// The steps of a completed run.
    pub(crate) fn of_run(rule: &Rule, steps: &[StepDone]) -> Self {
        let steps =
            (1..).zip(steps).zip(rule.sources()).zip(&rule.matches).map(|(((step, done), source), condition)| {
                let (metric, incident) = match source {
                    Source::Metric(metric) => (Some(Arc::clone(metric)), None),
                    Source::Incidents { category, .. } => {
                        (None, Some(category.clone().unwrap_or_else(|| "incident".into())))
                    }
                };
                StepValue {
                    step,
                    metric,
                    condition: condition.clone(),
                    incident,
                    value: done.micros.map(decimal),
                    event_time_ms: done.event_time_ms,
                    offset: done.position.offset,
                }
            });
        Self::Steps { steps: steps.collect() }
    }
}

fn members(values: &Values, scene: Scene<'_>) -> Vec<MemberValue> {
    let values = values.valid().map(|(member, newest)| {
        let (sensor, node) = match scene.members.get(member).map(|member| member.source) {
            Some(MemberSource::Sensor(sensor)) => (scene.names.get(NameKind::Sensor, sensor).cloned(), None),
            Some(MemberSource::Node(node)) => (None, scene.names.get(NameKind::Node, node).cloned()),
            Some(MemberSource::Anonymous) | None => (None, None),
        };
        MemberValue { sensor, node, value: newest.micros.into(), event_time_ms: newest.event_time_ms }
    });
    values.collect()
}

fn panes(window: &Window, at_ms: i64) -> Detail {
    let (start_ms, end_ms) = window.span.bounds_ms(at_ms);
    let panes = window.panes.iter().map(|pane| PaneValue {
        start_ms: pane.index * window.span.pane_ms,
        count: pane.content.count,
        sum: pane.content.sum_micros,
        min: pane.content.min_micros.into(),
        max: pane.content.max_micros.into(),
    });
    Detail::Panes { window: Bounds { start_ms, end_ms }, panes: panes.collect() }
}

fn measured(measured: Measured) -> MeasuredValue {
    MeasuredValue { value: measured.micros.into(), event_time_ms: measured.event_time_ms }
}

fn sources(sources: &Sources, scene: Scene<'_>) -> Vec<SourceMatch> {
    let name_kind = match scene.rule.kind {
        Kind::KOfN { distinct: Distinct::Node, .. } => NameKind::Node,
        _ => NameKind::Sensor,
    };
    let matches = sources.iter().map(|(source, event_time_ms)| {
        let source = match source {
            SourceId::Name(name) => scene.names.get(name_kind, *name).cloned(),
            SourceId::Channel(channel) => Some(Arc::clone(channel)).filter(|channel| !channel.is_empty()),
        };
        SourceMatch { source, event_time_ms }
    });
    let mut matches: Vec<_> = matches.collect();
    matches.sort_by(|one, other| (one.event_time_ms, &one.source).cmp(&(other.event_time_ms, &other.source)));
    matches
}

fn open_parts(parts: &Parts) -> Vec<PartValue> {
    let parts = parts.iter().map(|(key, open)| PartValue {
        rule: Arc::clone(&open.rule),
        key: Arc::clone(key),
        alert_id: open.alert_id.as_str().to_owned(),
        active_ms: open.active_ms,
        stale: open.stale,
    });
    parts.collect()
}

fn begun(group: &Group) -> Vec<BegunValue> {
    let begun = group.begun().map(|(space, begun)| BegunValue {
        space: Arc::clone(space),
        key: Arc::clone(&begun.key),
        alert_id: begun.alert_id.as_str().to_owned(),
        active_ms: begun.active_ms,
    });
    begun.collect()
}

fn decimal(micros: i64) -> String {
    text(micros.into())
}

fn text(micros: i128) -> String {
    exact(Quantity { micros, count: 1 })
}

/// Writes millionths as the exact decimal. Most verdicts that are taken down are never told: the text is made for those that are.
fn exact_text<S: Serializer>(micros: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*micros))
}
