//! What a rule computes: its kind with the figures that belong to it, and what it reads.

use crate::expr::typed::Condition;
use std::sync::Arc;

/// Index of a rule in its rule set.
pub(crate) type RuleIx = usize;

/// An index of a rule or of one of its plans in half the space: slots are many.
pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("rules and their plans are fewer than 2^32")
}

/// What a rule computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The newest values, as long as they are valid.
    Threshold { agg: Aggregate, stale_after_ms: i64 },
    /// An aggregate over a sliding window of panes.
    Window { agg: Aggregate, window_ms: i64, pane_ms: i64, min_count: i64 },
    /// The last value of a sliding window minus its first.
    Change { over_ms: i64, pane_ms: i64 },
    /// Silence.
    Absence { silence_ms: i64 },
    /// Things that happened one after the other.
    Sequence { within_ms: i64 },
    /// Several sources that say the same.
    KOfN { k: usize, within_ms: i64, distinct: Distinct },
    /// The newest values against what is usual for the hour of the week.
    Baseline { usual: Usual, stale_after_ms: i64 },
    /// Every rule it names holds in a space.
    AllOf,
    /// One of the rules it names holds in a space.
    AnyOf,
    /// Episodes of another rule begin in several spaces.
    Spread { k: usize, within_ms: i64, among: Among },
}

impl Kind {
    /// The word of rule files and evidence.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold { .. } => "threshold",
            Self::Window { .. } => "window",
            Self::Change { .. } => "change",
            Self::Absence { .. } => "absence",
            Self::Sequence { .. } => "sequence",
            Self::KOfN { .. } => "k_of_n",
            Self::Baseline { .. } => "baseline",
            Self::AllOf => "all_of",
            Self::AnyOf => "any_of",
            Self::Spread { .. } => "spread",
        }
    }

    /// Whether state kept under `self` means the same under `other`: every figure that state was built with is equal
    /// (RULES.md, "Reload").
    pub(crate) fn keeps_state(self, other: Self) -> bool {
        match (self, other) {
            (Self::Threshold { agg, .. }, Self::Threshold { agg: other, .. }) => agg == other,
            (
                Self::Window { agg, window_ms, pane_ms, .. },
                Self::Window { agg: other_agg, window_ms: other_window_ms, pane_ms: other_pane_ms, .. },
            ) => (agg, window_ms, pane_ms) == (other_agg, other_window_ms, other_pane_ms),
            (Self::Absence { .. }, Self::Absence { .. }) | (Self::Baseline { .. }, Self::Baseline { .. }) => true,
            (one, other) => one == other,
        }
    }
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

/// What makes one source of a `k_of_n` rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distinct {
    /// A sensor.
    Sensor,
    /// An edge node.
    Node,
    /// The channel an incident was reported by.
    Channel,
}

impl Distinct {
    /// The word used in rule files and evidence.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Node => "node",
            Self::Channel => "channel",
        }
    }
}

/// The figures of a baseline rule; the letters are those of `docs/rules.md`, "Baselines".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    /// How many deviations from the mean are unusual.
    pub(crate) z: f64,
    /// H: after so many weeks a week counts half.
    pub(crate) half_life_weeks: f64,
    /// Weeks that must be learnt before an hour of the week is judged.
    pub(crate) min_weeks: u32,
    /// The smallest deviation to reckon with.
    pub(crate) sigma_floor: f64,
    /// On which side values are unusual.
    pub(crate) direction: Direction,
}

/// On which side of the mean a value is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Above.
    Up,
    /// Below.
    Down,
    /// Either.
    Both,
}

impl Direction {
    /// The word used in rule files and evidence.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Both => "both",
        }
    }
}

/// Which spaces a `spread` rule looks at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// Those of a district.
    District,
    /// A space and its neighbours.
    Adjacent,
}

impl Among {
    /// The word used in rule files and evidence.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Adjacent => "adjacent",
        }
    }
}

/// What the keys of a rule are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Per {
    /// One key for each space; for a spread, for each group of spaces.
    Space,
    /// One key for each sensor of a space.
    Sensor,
    /// One key for each edge node of a space.
    Node,
}

/// What a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RuleInput {
    /// One source.
    One(Source),
    /// The steps of a sequence.
    Steps {
        /// The steps, at least two and at most [`STEPS_MAX`].
        steps: Vec<Source>,
        /// What ends a run.
        without: Option<Source>,
    },
    /// Other rules.
    Rules(Vec<RuleIx>),
}

/// The most steps of a sequence: one bit each, and one for `without`.
pub(crate) const STEPS_MAX: usize = 31;

/// A source of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
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
