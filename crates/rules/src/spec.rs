//! A checked rule, and the set of rules an engine runs.
//!
//! Everything here passed the loader: names exist, durations divide, conditions are typed and folded. An engine
//! reads it and never asks again.

use crate::expr::eval::{Facts, holds};
use crate::expr::fold::Folded;
use crate::expr::interval::Match;
use crate::expr::ratio::Fault;
use crate::expr::typed::{Condition, Params};
use crate::kind::{Among, Delays, Kind, Per, RuleInput, RuleIx, Source};
use crate::periods::{Period, Periods};
use crate::template::Template;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::alert::RuleIdentity;
use vigie_model::event::Incident;
use vigie_model::metric::MetricSpec;
use vigie_model::severity::Severity;
use vigie_model::space::Space;

/// The rules of one control record, checked and ready to run; shared by all engines.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) centre: Arc<str>,
    pub(crate) zone: TimeZone,
    pub(crate) rules: Vec<Rule>,
    pub(crate) spaces: BTreeMap<Arc<str>, Space>,
    /// For each space its neighbours, both ways round.
    pub(crate) neighbours: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// When the periods of rules hold.
    pub(crate) periods: Periods,
}

impl RuleSet {
    /// What the transitions of each rule have in common, in the order of the files.
    pub fn identities(&self) -> impl Iterator<Item = &Arc<RuleIdentity>> {
        self.rules.iter().map(|rule| &rule.identity)
    }

    /// The word for the kind of each rule, in the same order.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().map(|rule| rule.kind.as_str())
    }

    /// Each rule that is made of others, with those.
    pub fn composites(&self) -> impl Iterator<Item = (&Arc<str>, Vec<&Arc<str>>)> {
        let name = |rule: &RuleIx| &self.rules[*rule].identity.name;
        let composites = self.rules.iter().filter(|rule| !rule.parts().is_empty());
        composites.map(move |rule| (&rule.identity.name, rule.parts().iter().map(name).collect()))
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

/// The neighbours of each space, as declared by either side.
pub(crate) fn neighbours(spaces: &BTreeMap<Arc<str>, Space>) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let mut neighbours: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    for space in spaces.values() {
        for other in space.adjacent.iter().filter(|other| **other != space.id) {
            neighbours.entry(Arc::clone(&space.id)).or_default().push(Arc::clone(other));
            neighbours.entry(Arc::clone(other)).or_default().push(Arc::clone(&space.id));
        }
    }
    for list in neighbours.values_mut() {
        list.sort();
        list.dedup();
    }
    neighbours
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
    /// When it is judged.
    pub(crate) active: Period,
    /// Hold and off-delay.
    pub(crate) delays: Delays,
    /// When an open episode becomes more severe.
    pub(crate) escalate: Option<Escalation>,
    /// The raise condition as written; empty where the kind has none.
    pub(crate) raise: String,
    /// The clear condition as written, when there is one.
    pub(crate) clear: Option<String>,
    /// The match conditions as written: of a `k_of_n` rule, or of each step and then `without`.
    pub(crate) matches: Vec<Option<String>>,
    /// Conditions and parameters; the first holds wherever `plan_of_space` names no other.
    pub(crate) plans: Vec<Plan>,
    /// Spaces with parameters of their own.
    pub(crate) plan_of_space: BTreeMap<Arc<str>, usize>,
    /// The author's words, instead of those of the kind.
    pub(crate) summary: Option<Template>,
    /// Label, unit and period of the metric.
    pub(crate) metric: MetricSpec,
}

/// When an open episode becomes more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Escalation {
    /// How long after its beginning.
    pub(crate) after_ms: i64,
    /// How severe.
    pub(crate) severity: Severity,
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
    /// Which inputs count, in the order of [`Rule::matches`]; `None`: all.
    pub(crate) matches: Vec<Option<Match>>,
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

    /// The sources it reads, in the order of [`Rule::matches`].
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        let (one, steps, without) = match &self.input {
            RuleInput::One(source) => (Some(source), &[][..], None),
            RuleInput::Steps { steps, without } => (None, steps.as_slice(), without.as_ref()),
            RuleInput::Rules(_) => (None, &[][..], None),
        };
        one.into_iter().chain(steps).chain(without)
    }

    /// Which of its sources read a metric: one bit for each.
    pub(crate) fn reading(&self, metric: &str) -> u32 {
        self.bits(|source| matches!(source, Source::Metric(read) if **read == *metric))
    }

    /// Whether it reads incidents at all.
    pub(crate) fn reads_incidents(&self) -> bool {
        self.sources().any(|source| matches!(source, Source::Incidents { .. }))
    }

    /// Which of its sources an incident belongs to: one bit for each; `faults` counts filters that could not be computed.
    pub(crate) fn matching(&self, incident: &Incident, faults: &mut u64) -> u32 {
        self.bits(|source| match source {
            Source::Metric(_) => false,
            Source::Incidents { filter, .. } => {
                let facts = Facts { incident: Some(incident), ..Facts::default() };
                holds(filter, &facts).unwrap_or_else(|_| {
                    *faults += 1;
                    false
                })
            }
        })
    }

    fn bits(&self, mut is_set: impl FnMut(&Source) -> bool) -> u32 {
        self.sources().zip(0..).fold(0, |bits, (source, index)| bits | u32::from(is_set(source)) << index)
    }

    /// How many steps a sequence has.
    pub(crate) fn steps(&self) -> usize {
        match &self.input {
            RuleInput::Steps { steps, .. } => steps.len(),
            _ => 0,
        }
    }

    /// Whether its keys are districts.
    pub(crate) const fn is_spread_of_districts(&self) -> bool {
        matches!(self.kind, Kind::Spread { among: Among::District, .. })
    }

    /// The rules it is made of.
    pub(crate) fn parts(&self) -> &[RuleIx] {
        match &self.input {
            RuleInput::Rules(parts) => parts,
            _ => &[],
        }
    }

    /// Which of the plans holds in a space.
    pub(crate) fn plan_index(&self, space: &str) -> usize {
        self.plan_of_space.get(space).copied().unwrap_or(0)
    }
}
