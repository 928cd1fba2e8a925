//! Conditions on single values as an interval of millionths: `value > 75` is `75,000,001..`.
//!
//! A sequence or `k_of_n` rule asks of every value whether it counts, and for nearly all the answer is no. With the
//! interval known that costs two comparisons. What is not one interval, or beyond exact reckoning, stays as it was folded.
//!
//! **Invariant**: a [`Match`] gives the same answer as what it was made of, with a fault or without (a property below).

use crate::expr::cut::Cut;
use crate::expr::fold::{Folded, Quantity};
use crate::expr::ratio::Fault;
use crate::expr::typed::Comparison;

/// Which values a source of a rule takes.
#[derive(Clone, Debug)]
pub(crate) enum Match {
    /// Those between two, both included, in millionths; none when the first is the larger.
    Within(i64, i64),
    /// Those for which a condition holds.
    Where(Folded),
}

const NONE: (i64, i64) = (1, 0);

impl Match {
    /// Prepares a condition.
    pub(crate) fn new(condition: Folded) -> Self {
        match interval(&condition) {
            Some((low, high)) => Self::Within(low, high),
            None => Self::Where(condition),
        }
    }

    /// Whether it takes a value.
    ///
    /// # Errors
    /// The arithmetic fault met on the way.
    #[inline]
    pub(crate) fn takes(&self, micros: i64) -> Result<bool, Fault> {
        match self {
            Self::Within(low, high) => Ok(*low <= micros && micros <= *high),
            Self::Where(condition) => condition.holds(Quantity { micros: micros.into(), count: 1 }),
        }
    }
}

fn interval(condition: &Folded) -> Option<(i64, i64)> {
    match condition {
        Folded::Constant(true) => Some((i64::MIN, i64::MAX)),
        Folded::Constant(false) => Some(NONE),
        Folded::Cut { comparison, cut, scale } => of_cut(*comparison, Cut::new(*cut, *scale)?),
        Folded::All(left, right) => {
            let ((low, high), (other_low, other_high)) = (interval(left)?, interval(right)?);
            Some((low.max(other_low), high.min(other_high)))
        }
        Folded::Not(_) | Folded::Any(..) | Folded::Other(..) => None,
    }
}

/// The values that compare so with a cut.
const fn of_cut(comparison: Comparison, cut: Cut) -> Option<(i64, i64)> {
    let (floor, ceiling) = (cut.floor(), cut.ceiling());
    match comparison {
        Comparison::Less => Some((i64::MIN, ceiling - 1)),
        Comparison::LessOrEqual => Some((i64::MIN, floor)),
        Comparison::Greater => Some((floor + 1, i64::MAX)),
        Comparison::GreaterOrEqual => Some((ceiling, i64::MAX)),
        Comparison::Equal => Some(if cut.is_whole() { (floor, floor) } else { NONE }),
        Comparison::NotEqual => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::check::{Place, condition};
    use crate::expr::typed::Params;
    use proptest::prelude::*;

    fn folded(text: &str) -> Folded {
        Folded::new(&condition(text, Place::Verdict(&Params::new())).unwrap(), &Params::new())
    }

    #[test]
    fn one_interval_or_the_condition_itself() {
        let within = |text: &str| match Match::new(folded(text)) {
            Match::Within(low, high) => Some((low, high)),
            Match::Where(_) => None,
        };
        assert_eq!(within("value > 75"), Some((75_000_001, i64::MAX)));
        assert_eq!(within("value * 3 <= -1"), Some((i64::MIN, -333_334)));
        assert_eq!(within("value >= 10 && value < 20"), Some((10_000_000, 19_999_999)));
        assert_eq!(within("true"), Some((i64::MIN, i64::MAX)));
        assert_eq!(within("value != 3"), None);
        assert_eq!(within("value > 9223372036854"), None, "beyond exact reckoning");
    }

    proptest! {
        #[test]
        fn an_interval_changes_no_answer(
            comparisons in prop::collection::vec((0..6_usize, -40..40_i64, 1..7_i64), 1..4),
            near in -40..40_i64,
            extreme in prop::option::weighted(0.1, prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 61])),
        ) {
            let signs = ["<", "<=", ">", ">=", "==", "!="];
            let texts: Vec<_> =
                comparisons.iter().map(|(sign, limit, by)| format!("value * {by} {} {limit} / 1000000.0", signs[*sign])).collect();
            let text = texts.join(" && ");
            let condition = folded(&text);
            let micros = extreme.unwrap_or(near);
            let expected = condition.holds(Quantity { micros: micros.into(), count: 1 });
            prop_assert_eq!(Match::new(condition).takes(micros), expected, "{} for {}", text, micros);
        }
    }
}
