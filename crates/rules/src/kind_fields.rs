//! Which fields each kind of rule has, and the check that a rule has no others.
//!
//! The tables are those of RULES.md.

use crate::fields::{Fields, one_of};
use crate::yaml::Problems;
use vigie_model::diagnostic::did_you_mean;

/// The kind of a rule as its file names it, before its figures are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindWord {
    /// The newest values.
    Threshold,
    /// An aggregate over a window.
    Window,
    /// The ends of a window.
    Change,
    /// Silence.
    Absence,
    /// One thing after the other.
    Sequence,
    /// Several sources.
    KOfN,
    /// What is usual.
    Baseline,
    /// All of other rules.
    AllOf,
    /// One of other rules.
    AnyOf,
    /// Another rule in several spaces.
    Spread,
}

/// Fields of every kind.
const COMMON: [&str; 12] = [
    "alert",
    "kind",
    "severity",
    "active",
    "params",
    "guidance",
    "procedure",
    "summary",
    "labels",
    "inhibited_by",
    "escalate",
    "shadow",
];

impl KindWord {
    /// Every kind.
    pub(crate) const ALL: [Self; 10] = [
        Self::Threshold,
        Self::Window,
        Self::Change,
        Self::Absence,
        Self::Sequence,
        Self::KOfN,
        Self::Baseline,
        Self::AllOf,
        Self::AnyOf,
        Self::Spread,
    ];

    /// The word itself.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Window => "window",
            Self::Change => "change",
            Self::Absence => "absence",
            Self::Sequence => "sequence",
            Self::KOfN => "k_of_n",
            Self::Baseline => "baseline",
            Self::AllOf => "all_of",
            Self::AnyOf => "any_of",
            Self::Spread => "spread",
        }
    }

    /// Whether a field is one of this kind's own.
    pub(crate) fn has(self, name: &str) -> bool {
        self.own().contains(&name)
    }

    /// Fields of this kind besides those of every kind.
    const fn own(self) -> &'static [&'static str] {
        match self {
            Self::Threshold => &["metric", "per", "agg", "raise", "clear", "for", "keep_firing_for", "stale_after"],
            Self::Window => &[
                "metric",
                "incident",
                "per",
                "window",
                "every",
                "agg",
                "min_count",
                "raise",
                "clear",
                "for",
                "keep_firing_for",
            ],
            Self::Change => &["metric", "per", "over", "every", "raise", "clear", "for", "keep_firing_for"],
            Self::Absence => &["metric", "per", "for"],
            Self::Sequence => &["steps", "per", "within", "without", "keep_firing_for"],
            Self::KOfN => &["metric", "incident", "per", "k", "within", "distinct", "match", "keep_firing_for"],
            Self::Baseline => &[
                "metric",
                "per",
                "z",
                "half_life_weeks",
                "min_weeks",
                "sigma_floor",
                "direction",
                "for",
                "keep_firing_for",
                "stale_after",
            ],
            Self::AllOf | Self::AnyOf => &["of", "per"],
            Self::Spread => &["of", "k", "within", "among"],
        }
    }

    /// Whether rules of this kind are judged per space and nothing else.
    pub(crate) const fn is_per_space(self) -> bool {
        matches!(self, Self::Sequence | Self::KOfN | Self::AllOf | Self::AnyOf | Self::Spread)
    }

    /// Whether rules of this kind have a raise condition of their author.
    pub(crate) const fn has_raise(self) -> bool {
        matches!(self, Self::Threshold | Self::Window | Self::Change)
    }

    /// Whether rules of this kind may read incidents instead of a metric.
    pub(crate) const fn may_read_incidents(self) -> bool {
        matches!(self, Self::Window | Self::KOfN)
    }
}

/// The kind of a rule; a word that is none is reported.
pub(crate) fn kind(fields: &Fields<'_>, problems: &mut Problems) -> Option<KindWord> {
    fields.missing("kind", "the rule", problems);
    let (word, node) = fields.text("kind", problems)?;
    let found = KindWord::ALL.into_iter().find(|kind| kind.as_str() == word);
    if found.is_none() {
        let known = KindWord::ALL.map(KindWord::as_str);
        let message = problems.error(node.spot, format!("unknown kind '{word}'"));
        message.expected = Some(one_of(&known));
        message.hint = did_you_mean(word, known);
    }
    found
}

/// Reports every field that a rule of this kind, or when that is unknown a rule of any kind, does not have.
pub(crate) fn check_names(kind: Option<KindWord>, fields: &Fields<'_>, problems: &mut Problems) {
    let own: Vec<&str> = match kind {
        Some(kind) => kind.own().to_vec(),
        None => KindWord::ALL.into_iter().flat_map(|kind| kind.own().iter().copied()).collect(),
    };
    for (name, spot) in fields.names() {
        if COMMON.contains(&name) || own.contains(&name) {
            continue;
        }
        let is_of_other_kind = KindWord::ALL.into_iter().any(|kind| kind.has(name));
        if name == "scope" {
            problems.error(spot, "'scope' is a field of the group").hint = Some("move it beside 'name'".to_owned());
        } else if let (Some(kind), true) = (kind, is_of_other_kind) {
            let kind = kind.as_str();
            problems.error(spot, format!("'{name}' is not a field of kind {kind}")).expected = Some(own.join(", "));
        } else {
            let message = problems.error(spot, format!("unknown field '{name}'"));
            message.hint = did_you_mean(name, COMMON.iter().chain(&own).copied());
        }
    }
}
