//! The values of a cohort's conditions in bands: between two neighbouring cuts every rule gives the same verdict.
//!
//! A rule file says `value >= 85` or `value < 80 && value > 10`: each comparison is one cut on the axis of values. With all
//! cuts of several rules in order, a value is looked up once, and one mask says which of the rules it raises.
//!
//! **Invariant**: within a band no condition of any rule changes its answer, and none meets an arithmetic fault.

use crate::expr::cut::Cut;
use crate::expr::fold::Quantity;
use crate::saved::saved;
use crate::spec::Plan;
use std::cmp::Ordering;

/// One bit for each rule of a cohort.
pub(crate) type RuleBits = u64;
/// The most rules of a cohort.
pub(crate) const RULES_MAX: usize = RuleBits::BITS as usize;

/// What the rules of a cohort find in one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdicts {
    /// Whether there is no value to judge.
    pub(crate) missing: bool,
    /// The rules whose raise is true.
    pub(crate) raise: RuleBits,
    /// Of the others, those whose clear is true.
    pub(crate) clear: RuleBits,
}

/// The rules whose state a verdict would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    /// When the value is missing.
    pub(crate) missing: RuleBits,
    /// When raise is true.
    pub(crate) raise: RuleBits,
    /// When clear is true, and raise is not.
    pub(crate) clear: RuleBits,
    /// When neither is.
    pub(crate) between: RuleBits,
}

saved!(Moves { missing, raise, clear, between });

impl Moves {
    /// The rules that these verdicts move.
    pub(crate) const fn of(self, verdicts: Verdicts) -> RuleBits {
        let Verdicts { missing, raise, clear } = verdicts;
        if missing {
            return self.missing;
        }
        (self.raise & raise) | (self.clear & clear) | (self.between & !raise & !clear)
    }
}

/// The places of the bits that are set, ascending.
pub(crate) fn bits(mut set: RuleBits) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(bit)
    })
}

/// The bands of a cohort: below the first cut, at it, between it and the next, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    cuts: Vec<Cut>,
    verdicts: Vec<Verdicts>,
}

impl Bands {
    /// The bands of these plans, at most [`RULES_MAX`]; `None` when a condition is more than comparisons with constants, or its
    /// cuts are beyond exact reckoning.
    pub(crate) fn new<'a>(plans: &(impl Iterator<Item = &'a Plan> + Clone)) -> Option<Self> {
        let mut found = Vec::new();
        let mut conditions = plans.clone().flat_map(|plan| std::iter::once(&plan.raise).chain(&plan.clear));
        if !conditions.all(|condition| condition.cuts(&mut found)) {
            return None;
        }
        let cuts = found.into_iter().map(|(cut, scale)| Cut::new(cut, scale));
        let mut cuts = cuts.collect::<Option<Vec<_>>>()?;
        cuts.sort_by(Cut::order);
        cuts.dedup_by(|one, other| one.order(other) == Ordering::Equal);
        let bands = 0..=2 * cuts.len();
        let verdicts = bands.map(|band| verdicts(plans.clone(), sample(&cuts, band)));
        let verdicts = verdicts.collect::<Option<_>>()?;
        Some(Self { cuts, verdicts })
    }

    /// What the rules find in a value; `None` when it is beyond exact reckoning.
    pub(crate) fn verdicts(&self, quantity: Quantity) -> Option<Verdicts> {
        Some(self.verdicts[self.band(quantity)?])
    }

    /// The widest range of single values around `micros` that moves no rule, both ends included, in millionths.
    pub(crate) fn quiet_around(&self, micros: i64, moves: Moves) -> Option<(i64, i64)> {
        let band = self.band(Quantity { micros: micros.into(), count: 1 })?;
        let is_quiet = |band: &usize| moves.of(self.verdicts[*band]) == 0;
        if !is_quiet(&band) {
            return None;
        }
        let first = (0..band).rev().take_while(is_quiet).last().unwrap_or(band);
        let last = (band + 1..self.verdicts.len()).take_while(is_quiet).last().unwrap_or(band);
        let low = match first {
            0 => i64::MIN,
            at if at % 2 == 1 => self.cuts[at / 2].ceiling(),
            above => self.cuts[above / 2 - 1].floor() + 1,
        };
        let high = match last {
            at if at % 2 == 1 => self.cuts[at / 2].floor(),
            last if last + 1 == self.verdicts.len() => i64::MAX,
            below => self.cuts[below / 2].ceiling() - 1,
        };
        Some((low, high))
    }

    /// The band a value lies in.
    fn band(&self, quantity: Quantity) -> Option<usize> {
        if i64::try_from(quantity.micros).is_err() {
            return None;
        }
        let below = self.cuts.partition_point(|cut| cut.compare(quantity) == Ordering::Greater);
        let is_at = self.cuts.get(below).is_some_and(|cut| cut.compare(quantity) == Ordering::Equal);
        Some(2 * below + usize::from(is_at))
    }
}

/// A value of a band.
fn sample(cuts: &[Cut], band: usize) -> Quantity {
    let index = band / 2;
    let value = |micros: i64, count| Quantity { micros: micros.into(), count };
    if band % 2 == 1 {
        return value(cuts[index].micros, cuts[index].scale);
    }
    match (index.checked_sub(1).map(|before| cuts[before]), cuts.get(index)) {
        (None, None) => value(0, 1),
        (None, Some(next)) => value(next.micros - next.scale, next.scale),
        (Some(before), None) => value(before.micros + before.scale, before.scale),
        (Some(before), Some(next)) => value(before.micros + next.micros, before.scale + next.scale),
    }
}

/// What plans find in a value; `None` when one meets an arithmetic fault.
fn verdicts<'a>(plans: impl Iterator<Item = &'a Plan>, quantity: Quantity) -> Option<Verdicts> {
    let mut verdicts = Verdicts::default();
    for (plan, rule) in plans.zip(0..) {
        if plan.raise.holds(quantity).ok()? {
            verdicts.raise |= 1 << rule;
        } else if plan.clear.as_ref().map_or(Ok(true), |clear| clear.holds(quantity)).ok()? {
            verdicts.clear |= 1 << rule;
        }
    }
    Some(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::check::{Place, condition};
    use crate::expr::fold::Folded;
    use crate::expr::typed::Params;
    use proptest::prelude::*;

    fn plan((raise, clear): &(String, Option<String>)) -> Plan {
        let params = Params::new();
        let fold = |text: &String| Folded::new(&condition(text, Place::Verdict(&params)).unwrap(), &params);
        Plan { params: Params::new(), raise: fold(raise), clear: clear.as_ref().map(fold), matches: Vec::new() }
    }

    fn comparison() -> impl Strategy<Value = String> {
        let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        (operator, -30..30_i32, 1..4_u32).prop_map(|(operator, cut, scale)| format!("value * {scale} {operator} {cut}"))
    }

    fn conditions() -> impl Strategy<Value = String> {
        let joined = (comparison(), prop::sample::select(vec!["&&", "||"]), comparison());
        prop_oneof![comparison(), joined.prop_map(|(one, word, other)| format!("{one} {word} !({other})"))]
    }

    proptest! {
        #[test]
        fn a_band_gives_the_verdicts_of_each_rule(
            texts in prop::collection::vec((conditions(), prop::option::of(conditions())), 1..6),
            micros in prop::collection::vec(-40_000_000..40_000_000_i64, 20),
            count in 1..7_i64,
            moves in any::<[u64; 3]>(),
        ) {
            let plans: Vec<_> = texts.iter().map(plan).collect();
            let bands = Bands::new(&plans.iter()).unwrap();
            let moves = Moves { missing: 0, raise: moves[0], clear: moves[1], between: moves[2] & moves[0] };
            for micros in micros.into_iter().flat_map(|micros| [micros, micros / 1_000_000 * 1_000_000]) {
                let quantity = Quantity { micros: micros.into(), count };
                prop_assert_eq!(bands.verdicts(quantity), verdicts(plans.iter(), quantity));
                let found = |micros: i64| bands.verdicts(Quantity { micros: micros.into(), count: 1 }).unwrap();
                let Some((low, high)) = bands.quiet_around(micros, moves) else {
                    prop_assert_ne!(moves.of(found(micros)), 0);
                    continue;
                };
                prop_assert!((low..=high).contains(&micros));
                for inside in [low, high, low / 2 + high / 2] {
                    prop_assert_eq!(moves.of(found(inside)), 0, "{} in {}..={}", inside, low, high);
                }
                for outside in [low.checked_sub(1), high.checked_add(1)].into_iter().flatten() {
                    prop_assert_ne!(moves.of(found(outside)), 0, "{} beside {}..={}", outside, low, high);
                }
            }
        }
    }

    #[test]
    fn what_is_not_cuts_by_constants_has_no_bands() {
        let bands = |raise: &str| Bands::new(&[plan(&(raise.to_owned(), None))].iter());
        assert!(bands("value * value > 4").is_none());
        assert!(bands("value > 9223372036854775807").is_none(), "beyond exact reckoning");
        assert!(bands("true").is_some_and(|bands| bands.verdicts.len() == 1));
    }
}
