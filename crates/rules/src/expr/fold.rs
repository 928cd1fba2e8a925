//! Conditions prepared for the hot path: with the parameters known, a comparison linear in `value` is one comparison
//! with a constant.
//!
//! `value / 2 > params.max - 0.5` becomes `value > 7` for `max: 4.0`. The aggregates of the engine are a sum of
//! millionths over a count ([`Quantity`]), so that comparison is a product of integers on each side. What is not linear
//! is kept and evaluated exactly.
//!
//! **Invariant**: wherever the unfolded condition has no fault, the folded one gives the same answer (a property below).

use crate::expr::eval::{Facts, compare, holds, number};
use crate::expr::ratio::{Fault, Ratio};
use crate::expr::typed::{Arithmetic, Comparison, Condition, Number, Params};
use vigie_model::decimal::MICROS_PER_UNIT;

/// A value to be judged: `micros / (1,000,000 * count)`. A single value and a sum have a count of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// Sum in millionths.
    pub(crate) micros: i128,
    /// How many values it is the mean of, at least 1.
    pub(crate) count: i64,
}

impl Quantity {
    /// The same as a fraction.
    pub(crate) fn ratio(self) -> Result<Ratio, Fault> {
        Ratio::new(self.micros, i128::from(MICROS_PER_UNIT) * i128::from(self.count))
    }
}

/// A condition for one set of parameters.
#[derive(Clone, Debug)]
pub(crate) enum Folded {
    /// Decided by the parameters alone.
    Constant(bool),
    /// `value COMPARISON cut / scale`, the cut in millionths.
    Cut { comparison: Comparison, cut: i128, scale: i128 },
    /// `!a`.
    Not(Box<Folded>),
    /// `a && b`.
    All(Box<Folded>, Box<Folded>),
    /// `a || b`.
    Any(Box<Folded>, Box<Folded>),
    /// Anything else, evaluated as it stands.
    Other(Condition, Params),
}

impl Folded {
    /// Prepares a condition for these parameters.
    pub(crate) fn new(condition: &Condition, params: &Params) -> Self {
        let fold = |inner: &Condition| Box::new(Self::new(inner, params));
        match condition {
            Condition::Literal(truth) => Self::Constant(*truth),
            Condition::Not(inner) => Self::Not(fold(inner)),
            Condition::All(left, right) => Self::All(fold(left), fold(right)),
            Condition::Any(left, right) => Self::Any(fold(left), fold(right)),
            Condition::Compare(comparison, left, right) => {
                cut(*comparison, left, right, params).unwrap_or_else(|| Self::Other(condition.clone(), params.clone()))
            }
            Condition::NumberIn(..) | Condition::TextIn(..) => Self::Other(condition.clone(), params.clone()),
        }
    }

    /// Adds the constants that values are compared with, each in millionths over a scale; `false` when the condition is more
    /// than such comparisons.
    pub(crate) fn cuts(&self, cuts: &mut Vec<(i128, i128)>) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Cut { cut, scale, .. } => {
                cuts.push((*cut, *scale));
                true
            }
            Self::Not(inner) => inner.cuts(cuts),
            Self::All(left, right) | Self::Any(left, right) => left.cuts(cuts) && right.cuts(cuts),
            Self::Other(..) => false,
        }
    }

    /// Whether the condition holds for a value.
    ///
    /// # Errors
    /// The arithmetic fault met on the way.
    pub(crate) fn holds(&self, quantity: Quantity) -> Result<bool, Fault> {
        Ok(match self {
            Self::Constant(truth) => *truth,
            Self::Cut { comparison, cut, scale } => {
                let left = product(quantity.micros, *scale);
                let right = product(*cut, quantity.count.into());
                match (left, right) {
                    (Some(left), Some(right)) => match comparison {
                        Comparison::Less => left < right,
                        Comparison::LessOrEqual => left <= right,
                        Comparison::Greater => left > right,
                        Comparison::GreaterOrEqual => left >= right,
                        Comparison::Equal => left == right,
                        Comparison::NotEqual => left != right,
                    },
                    _ => compare(*comparison, quantity.ratio()?, Ratio::new(*cut, *scale)?.over(micros_per_unit())?),
                }
            }
            Self::Not(inner) => !inner.holds(quantity)?,
            Self::All(left, right) => left.holds(quantity)? && right.holds(quantity)?,
            Self::Any(left, right) => left.holds(quantity)? || right.holds(quantity)?,
            Self::Other(condition, params) => {
                let facts = Facts { value: Some(quantity.ratio()?), params: Some(params), ..Facts::default() };
                holds(condition, &facts)?
            }
        })
    }
}

/// The product, if it fits. Of numbers of 64 bits it always does, which spares most judgements the check.
fn product(left: i128, right: i128) -> Option<i128> {
    match (i64::try_from(left), i64::try_from(right)) {
        (Ok(left), Ok(right)) => Some(i128::from(left) * i128::from(right)),
        _ => left.checked_mul(right),
    }
}

/// `left COMPARISON right` as a cut, when both sides are linear in the value.
fn cut(comparison: Comparison, left: &Number, right: &Number, params: &Params) -> Option<Folded> {
    let (left, right) = (linear(left, params).ok()??, linear(right, params).ok()??);
    let slope = left.slope.minus(right.slope).ok()?;
    let constant = right.constant.minus(left.constant).ok()?;
    if slope == Ratio::ZERO {
        return Some(Folded::Constant(compare(comparison, Ratio::ZERO, constant)));
    }
    let comparison = if slope < Ratio::ZERO { mirrored(comparison) } else { comparison };
    let cut = constant.over(slope).and_then(|cut| cut.by(micros_per_unit())).ok()?;
    Some(Folded::Cut { comparison, cut: cut.numerator(), scale: cut.denominator() })
}

/// `slope * value + constant`.
struct Linear {
    slope: Ratio,
    constant: Ratio,
}

/// The linear form of an expression; `None` when it is not linear in the value.
fn linear(expr: &Number, params: &Params) -> Result<Option<Linear>, Fault> {
    let (arithmetic, left, right) = match expr {
        Number::Value => return Ok(Some(Linear { slope: Ratio::whole(1), constant: Ratio::ZERO })),
        Number::Literal(_) | Number::Param(_) | Number::Capacity => {
            let constant = number(expr, &Facts { params: Some(params), ..Facts::default() })?;
            return Ok(Some(Linear { slope: Ratio::ZERO, constant }));
        }
        Number::Negated(inner) => {
            let Some(inner) = linear(inner, params)? else { return Ok(None) };
            return Ok(Some(Linear { slope: inner.slope.negated()?, constant: inner.constant.negated()? }));
        }
        Number::Arithmetic(arithmetic, left, right) => (arithmetic, left, right),
    };
    let (Some(left), Some(right)) = (linear(left, params)?, linear(right, params)?) else { return Ok(None) };
    let both = |combine: fn(Ratio, Ratio) -> Result<Ratio, Fault>| -> Result<Option<Linear>, Fault> {
        let (slope, constant) = (combine(left.slope, right.slope)?, combine(left.constant, right.constant)?);
        Ok(Some(Linear { slope, constant }))
    };
    let scaled = |line: &Linear, combine: fn(Ratio, Ratio) -> Result<Ratio, Fault>, factor: Ratio| {
        Ok(Some(Linear { slope: combine(line.slope, factor)?, constant: combine(line.constant, factor)? }))
    };
    match arithmetic {
        Arithmetic::Plus => both(Ratio::plus),
        Arithmetic::Minus => both(Ratio::minus),
        Arithmetic::Times if right.slope == Ratio::ZERO => scaled(&left, Ratio::by, right.constant),
        Arithmetic::Times if left.slope == Ratio::ZERO => scaled(&right, Ratio::by, left.constant),
        Arithmetic::Over if right.slope == Ratio::ZERO => scaled(&left, Ratio::over, right.constant),
        Arithmetic::Times | Arithmetic::Over => Ok(None),
    }
}

/// The comparison after both sides changed places.
const fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Equal | Comparison::NotEqual => comparison,
    }
}

fn micros_per_unit() -> Ratio {
    Ratio::whole(MICROS_PER_UNIT.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::check::{Place, condition};
    use proptest::prelude::*;

    fn params() -> Params {
        Params::from([("max".into(), "4".parse().unwrap()), ("zero".into(), "0".parse().unwrap())])
    }

    fn folded(text: &str) -> Folded {
        Folded::new(&condition(text, Place::Verdict(&params())).unwrap(), &params())
    }

    #[test]
    fn linear_comparisons_become_one_cut() {
        let found = folded("value / 2 > params.max - 0.5");
        assert!(
            matches!(found, Folded::Cut { comparison: Comparison::Greater, cut: 7_000_000, scale: 1 }),
            "{found:?}"
        );
        let found = folded("10 - 3 * value >= value");
        assert!(
            matches!(found, Folded::Cut { comparison: Comparison::LessOrEqual, cut: 2_500_000, scale: 1 }),
            "{found:?}"
        );
        assert!(matches!(folded("value - value < 1"), Folded::Constant(true)));
        assert!(matches!(folded("value * value > 1"), Folded::Other(..)));
        assert!(matches!(folded("value / params.zero > 1"), Folded::Other(..)));
    }

    #[test]
    fn a_mean_is_compared_without_dividing() {
        let third = Quantity { micros: 1_000_000, count: 3 };
        assert_eq!(folded("value * 3 == 1").holds(third), Ok(true));
        assert_eq!(folded("value > 0.333333").holds(third), Ok(true));
        assert_eq!(folded("value > 0.333334").holds(third), Ok(false));
    }

    fn number_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            3 => Just("value".to_owned()),
            1 => Just("params.max".to_owned()),
            1 => Just("params.zero".to_owned()),
            3 => (0..2_000_u32, 0..100_u32).prop_map(|(whole, cents)| format!("{whole}.{cents:02}")),
        ];
        leaf.prop_recursive(3, 12, 2, |inner| {
            let operator = prop::sample::select(vec!["+", "-", "*", "/"]);
            prop_oneof![
                (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
                inner.prop_map(|a| format!("-{a}")),
            ]
        })
    }

    fn condition_text() -> impl Strategy<Value = String> {
        let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let leaf = (number_text(), operator, number_text()).prop_map(|(a, operator, b)| format!("{a} {operator} {b}"));
        leaf.prop_recursive(2, 6, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn folding_changes_no_answer(text in condition_text(), micros in -10_000_000_000_i64..10_000_000_000, count in 1..50_i64) {
            let params = params();
            let condition = condition(&text, Place::Verdict(&params)).unwrap();
            let quantity = Quantity { micros: micros.into(), count };
            let facts = Facts { value: Some(quantity.ratio().unwrap()), params: Some(&params), ..Facts::default() };
            if let Ok(expected) = holds(&condition, &facts) {
                prop_assert_eq!(Folded::new(&condition, &params).holds(quantity), Ok(expected), "{}", text);
            }
        }
    }
}
