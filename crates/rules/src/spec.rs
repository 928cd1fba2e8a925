//! A checked rule, and the set of rules an engine runs.
//!
//! Everything here passed the loader: names exist, durations divide, conditions are typed and folded. An engine
//! reads it and never asks again.

use crate::expr::eval::{Facts, holds};
use crate::expr::fold::Folded;
use crate::expr::ratio::Fault;
use crate::expr::typed::{Condition, Params};
use crate::template::Template;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::RuleIdentity;
use vigie_model::event::Incident;
use vigie_model::metric::MetricSpec;
use vigie_model::space::Space;

/// The rules of one control record, checked and ready to run; shared by all engines.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) centre: Arc<str>,
    pub(crate) zone: TimeZone,
    pub(crate) rules: Vec<Rule>,
    pub(crate) spaces: BTreeMap<Arc<str>, Space>,
}

impl RuleSet {
    /// What the transitions of each rule have in common, in the order of the files.
    pub fn identities(&self) -> impl Iterator<Item = &Arc<RuleIdentity>> {
        self.rules.iter().map(|rule| &rule.identity)
    }

    /// Number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The name people know a space by; its id when nobody declared it.
    pub(crate) fn space_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.spaces.get(id).map_or(id, |space| &space.name)
    }
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Name, uid, version and severity.
    pub(crate) identity: Arc<RuleIdentity>,
    /// What it computes.
    pub(crate) kind: Kind,
    /// What its keys are.
    pub(crate) per: Per,
    /// What it reads.
    pub(crate) input: RuleInput,
    /// Spaces it is about; all when absent.
    pub(crate) scope: Option<Condition>,
    /// Hold and off-delay.
    pub(crate) delays: Delays,
    /// The raise condition as written; empty for absence.
    pub(crate) raise: String,
    /// The clear condition as written, when there is one.
    pub(crate) clear: Option<String>,
    /// Conditions and parameters; the first holds wherever `plan_of_space` names no other.
    pub(crate) plans: Vec<Plan>,
    /// Spaces with parameters of their own.
    pub(crate) plan_of_space: BTreeMap<Arc<str>, usize>,
    /// The author's words, instead of those of the kind.
    pub(crate) summary: Option<Template>,
    /// Label, unit and period of the metric.
    pub(crate) metric: MetricSpec,
}

/// What a rule computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The newest values, as long as they are valid.
    Threshold { agg: Aggregate, stale_after_ms: i64 },
    /// An aggregate over a sliding window of panes.
    Window { agg: Aggregate, window_ms: i64, pane_ms: i64, min_count: i64 },
    /// Silence.
    Absence { silence_ms: i64 },
}

/// How several values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// How many there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

impl Aggregate {
    /// The word used in rule files and evidence.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// What the keys of a rule are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// One key for each space.
    Space,
    /// One key for each sensor of a space.
    Sensor,
    /// One key for each edge node of a space.
    Node,
}

/// What a rule reads.
#[derive(Debug)]
pub(crate) enum RuleInput {
    /// Observations of a metric.
    Metric(Arc<str>),
    /// Incidents for which the condition holds.
    Incidents {
        /// The condition.
        filter: Condition,
        /// The one category it asks for, if that is all it does; for words.
        category: Option<Arc<str>>,
    },
}

/// How long a condition must hold, and how long an episode goes on after it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delays {
    /// `for`
    pub(crate) hold_ms: i64,
    /// `keep_firing_for`
    pub(crate) off_delay_ms: i64,
}

/// The conditions of a rule for one set of parameters.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Parameters in force.
    pub(crate) params: Params,
    /// When an episode begins.
    pub(crate) raise: Folded,
    /// When it begins to end; `None`: whenever raise is false.
    pub(crate) clear: Option<Folded>,
}

impl Rule {
    /// Whether the rule is about this space.
    ///
    /// # Errors
    /// The arithmetic fault met on the way.
    pub(crate) fn covers(&self, space: &Space) -> Result<bool, Fault> {
        let facts = Facts { space: Some(space), ..Facts::default() };
        self.scope.as_ref().map_or(Ok(true), |scope| holds(scope, &facts))
    }

    /// Whether the rule reads this incident.
    ///
    /// # Errors
    /// The arithmetic fault met on the way.
    pub(crate) fn reads(&self, incident: &Incident) -> Result<bool, Fault> {
        match &self.input {
            RuleInput::Metric(_) => Ok(false),
            RuleInput::Incidents { filter, .. } => {
                holds(filter, &Facts { incident: Some(incident), ..Facts::default() })
            }
        }
    }

    /// Whether the rule listens for silence.
    pub(crate) const fn is_absence(&self) -> bool {
        matches!(self.kind, Kind::Absence { .. })
    }

    /// Which of the plans holds in a space.
    pub(crate) fn plan_index(&self, space: &str) -> usize {
        self.plan_of_space.get(space).copied().unwrap_or(0)
    }
}
