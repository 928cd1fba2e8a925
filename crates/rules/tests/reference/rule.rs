//! Rules as the reference knows them.

use crate::common::{Event, What};
use crate::condition::{Condition, Params};

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// Districts whose spaces it is about; empty means all spaces.
    pub(crate) districts: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) per: Per,
    /// `for`.
    pub(crate) hold_ms: i64,
    /// `keep_firing_for`.
    pub(crate) off_ms: i64,
    /// `active`: `night`, `day`, `event`, a calendar; none means always.
    pub(crate) period: Option<String>,
    pub(crate) escalate: Option<Escalate>,
    pub(crate) shadow: bool,
    pub(crate) params: Params,
}

/// `escalate`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Escalate {
    pub(crate) after_ms: i64,
    pub(crate) severity: String,
}

/// What its keys are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Per {
    Space,
    Sensor,
    Node,
}

/// The kinds with the fields of their own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Threshold {
        metric: String,
        agg: Agg,
        limits: Limits,
        stale_ms: i64,
    },
    Window {
        source: Source,
        window_ms: i64,
        every_ms: Option<i64>,
        agg: Agg,
        min_count: usize,
        limits: Limits,
    },
    Change {
        metric: String,
        over_ms: i64,
        every_ms: Option<i64>,
        limits: Limits,
    },
    /// Its `for` is the rule's `hold_ms`.
    Absence {
        metric: String,
    },
    Sequence {
        steps: Vec<Step>,
        within_ms: i64,
        without: Option<Step>,
    },
    KOfN {
        source: Source,
        k: usize,
        within_ms: i64,
        distinct: Distinct,
        matching: Option<Condition>,
    },
    Baseline(Baseline),
    Composite {
        all: bool,
        of: Vec<String>,
    },
    Spread {
        of: String,
        k: usize,
        within_ms: i64,
        among: Among,
    },
}

/// The fields of a baseline; numbers in millionths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Baseline {
    pub(crate) metric: String,
    pub(crate) z: i64,
    pub(crate) half_life_weeks: i64,
    pub(crate) min_weeks: u32,
    pub(crate) sigma_floor: i64,
    pub(crate) up: bool,
    pub(crate) down: bool,
    pub(crate) stale_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Agg {
    Count,
    Sum,
    Mean,
    Min,
    Max,
}

/// `raise` and `clear`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) raise: Condition,
    pub(crate) clear: Option<Condition>,
}

/// Which events a rule, or a step, reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Metric(String),
    /// Incidents whose category is one of these.
    Incidents(Vec<String>),
}

/// A step of a sequence, or its `without`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) source: Source,
    /// For a metric.
    pub(crate) matching: Option<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Distinct {
    Sensor,
    Node,
    Channel,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Among {
    District,
    Adjacent,
}

impl Source {
    pub(crate) fn reads(&self, event: &Event) -> bool {
        match (self, &event.what) {
            (Self::Metric(wanted), What::Observation { metric, .. }) => wanted == metric,
            (Self::Incidents(wanted), What::Incident { category, .. }) => wanted.contains(category),
            _ => false,
        }
    }
}

impl Rule {
    /// Whether the event is an input of the rule, quality aside.
    pub(crate) fn reads(&self, event: &Event) -> bool {
        let reads_metric = |metric: &String| Source::Metric(metric.clone()).reads(event);
        match &self.kind {
            Kind::Threshold { metric, .. } | Kind::Change { metric, .. } | Kind::Absence { metric } => {
                reads_metric(metric)
            }
            Kind::Baseline(baseline) => reads_metric(&baseline.metric),
            Kind::Window { source, .. } | Kind::KOfN { source, .. } => source.reads(event),
            Kind::Sequence { steps, without, .. } => steps.iter().chain(without).any(|step| step.source.reads(event)),
            Kind::Composite { .. } | Kind::Spread { .. } => false,
        }
    }

    /// The key an event belongs to; none when it lacks the field.
    pub(crate) fn key_of(&self, event: &Event) -> Option<String> {
        let part = match self.per {
            Per::Space => return Some(event.space.clone()),
            Per::Sensor => event.sensor.as_ref(),
            Per::Node => event.node.as_ref(),
        };
        part.map(|part| format!("{}/{part}", event.space))
    }
}

impl Step {
    /// Whether the event is what the step waits for.
    pub(crate) fn is_met_by(&self, event: &Event, params: &Params) -> bool {
        let matches = match (&self.matching, &event.what) {
            (Some(condition), What::Observation { value, .. }) => holds_for(condition, value.micros(), params),
            _ => true,
        };
        self.source.reads(event) && matches
    }
}

/// A `match` of one value.
pub(crate) fn holds_for(condition: &Condition, micros: i64, params: &Params) -> bool {
    condition.holds(crate::ratio::Ratio::of_micros(i128::from(micros)), params)
}
