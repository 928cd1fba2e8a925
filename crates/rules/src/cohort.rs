//! Cohorts: rules that remember the same on a key, because they read the same and were built with the same figures.
//!
//! Five limits on one metric keep one newest value, not five. Keys to which the same rules apply with the same parameters
//! have the same cohort, so that what can be known of their conditions is reckoned once.
//!
//! **Invariant**: the rules of a cohort have equal kinds and ascend; they are always judged, at any time of day.

use crate::bands::{Bands, Moves, RULES_MAX, RuleBits, Verdicts};
use crate::expr::fold::Quantity;
use crate::judgement::compared;
use crate::kind::{Kind, RuleInput, RuleIx, Source, narrow};
use crate::kinds::panes::Span;
use crate::periods::Period;
use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use crate::spec::{Plan, Rule, RuleSet};
use crate::step::Counters;
use crate::verdict::Verdict;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Index of a cohort.
pub(crate) type CohortIx = u32;

/// A rule, and which of its plans holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CohortRule {
    rule: u32,
    plan: u32,
}

impl CohortRule {
    /// A rule in a space.
    pub(crate) fn new(rule: RuleIx, space: &str, rules: &RuleSet) -> Self {
        Self { rule: narrow(rule), plan: narrow(rules.rules[rule].plan_index(space)) }
    }

    /// Index of the rule.
    pub(crate) const fn rule(self) -> RuleIx {
        self.rule as RuleIx
    }

    fn plan(self, rules: &RuleSet) -> &Plan {
        &rules.rules[self.rule()].plans[self.plan as usize]
    }
}

saved!(CohortRule { rule, plan });

/// Rules that share what they remember of a key.
#[derive(Clone, Debug)]
pub(crate) struct Cohort {
    rules: Box<[CohortRule]>,
    /// What their state is built with.
    kind: Kind,
    bands: Option<Bands>,
}

impl Cohort {
    fn new(rules: &[CohortRule], set: &RuleSet) -> Self {
        let kind = set.rules[rules[0].rule()].kind;
        Self { rules: rules.into(), kind, bands: Bands::new(&rules.iter().map(|rule| rule.plan(set))) }
    }

    /// Its rules; the place of each is its bit.
    pub(crate) const fn rules(&self) -> &[CohortRule] {
        &self.rules
    }

    /// The kind of all of them.
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The window of all of them, if they have one.
    pub(crate) const fn span(&self) -> Option<Span> {
        match self.kind {
            Kind::Window { window_ms, pane_ms, .. } | Kind::Change { over_ms: window_ms, pane_ms } => {
                Some(Span { window_ms, pane_ms })
            }
            _ => None,
        }
    }

    /// How many they are, as what is counted once for each rule.
    pub(crate) const fn count(&self) -> u64 {
        self.rules.len() as u64
    }

    /// What moves them while none has an episode or a hold: a raise.
    pub(crate) const fn asleep(&self) -> Moves {
        let all = RuleBits::MAX >> (RULES_MAX - self.rules.len());
        Moves { missing: 0, raise: all, clear: 0, between: 0 }
    }

    /// What each rule finds in a value.
    pub(crate) fn verdicts(&self, quantity: Option<Quantity>, set: &RuleSet, counters: &mut Counters) -> Verdicts {
        let Some(quantity) = quantity else { return Verdicts { missing: true, ..Verdicts::default() } };
        let found = self.bands.as_ref().and_then(|bands| bands.verdicts(quantity));
        found.unwrap_or_else(|| {
            let mut verdicts = Verdicts::default();
            for (rule, bit) in self.rules.iter().zip(0..) {
                match compared(rule.plan(set), quantity, counters) {
                    Verdict::Raise => verdicts.raise |= 1 << bit,
                    Verdict::Clear => verdicts.clear |= 1 << bit,
                    Verdict::Between | Verdict::Missing => {}
                }
            }
            verdicts
        })
    }

    /// The widest range of single values around one that moves no rule, in millionths.
    pub(crate) fn quiet_around(&self, micros: i64, moves: Moves) -> Option<(i64, i64)> {
        self.bands.as_ref()?.quiet_around(micros, moves)
    }
}

/// All cohorts of an engine, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cohorts {
    all: Vec<Cohort>,
    known: HashMap<Box<[CohortRule]>, CohortIx, FixedState>,
}

/// The rules of each cohort are kept; what is known of their conditions is reckoned anew.
impl Saved for Cohorts {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { all, known: _ } = self;
        to.count(all.len());
        all.iter().for_each(|cohort| to.all(cohort.rules.iter()));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut cohorts = Self::default();
        for index in 0..from.count()? {
            let (rules, set) = (Vec::<CohortRule>::load(from)?, from.rules);
            let exists = |rule: &CohortRule| {
                let spec = set.rules.get(rule.rule());
                spec.is_some_and(|spec| can_share(spec) && (rule.plan as usize) < spec.plans.len())
            };
            require(rules.iter().all(exists), "rules share that cannot, or are not in force")?;
            let is_one =
                rules.is_sorted_by(|one, next| one.rule < next.rule) && together(rules.clone(), set).len() == 1;
            require(is_one, "rules share that remember different things")?;
            require(cohorts.of(&rules, set) as usize == index, "it has the same cohort twice")?;
        }
        Ok(cohorts)
    }
}

impl Cohorts {
    /// A cohort.
    pub(crate) fn get(&self, index: CohortIx) -> &Cohort {
        &self.all[index as usize]
    }

    /// How many they are.
    pub(crate) const fn count(&self) -> usize {
        self.all.len()
    }

    /// The cohort of these rules, which can share and remember the same; at most [`RULES_MAX`], ascending.
    pub(crate) fn of(&mut self, rules: &[CohortRule], set: &RuleSet) -> CohortIx {
        if let Some(known) = self.known.get(rules) {
            return *known;
        }
        let index = narrow(self.all.len());
        self.all.push(Cohort::new(rules, set));
        self.known.insert(rules.into(), index);
        index
    }
}

/// Whether a rule can share what it remembers with others.
pub(crate) fn can_share(rule: &Rule) -> bool {
    let shares = matches!(rule.kind, Kind::Threshold { .. } | Kind::Window { .. } | Kind::Change { .. });
    shares && rule.active == Period::Always && matches!(rule.input, RuleInput::One(Source::Metric(_)))
}

/// Puts rules that remember the same together, in the order of the first of each; the rules ascend.
pub(crate) fn together(rules: impl IntoIterator<Item = CohortRule>, set: &RuleSet) -> Vec<Vec<CohortRule>> {
    let kind = |rule: &CohortRule| set.rules[rule.rule()].kind;
    let mut groups: Vec<Vec<CohortRule>> = Vec::new();
    for rule in rules {
        let fits = |group: &&mut Vec<CohortRule>| group.len() < RULES_MAX && kind(&group[0]) == kind(&rule);
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(rule),
            None => groups.push(vec![rule]),
        }
    }
    groups
}
