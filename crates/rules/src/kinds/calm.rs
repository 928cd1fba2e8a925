//! Which values may enter a window without moving a rule, now or at any pane boundary.
//!
//! Means, minima and maxima of values that all lie in one range lie in it too, whichever of them leave; and the difference of
//! two values is never larger than that of the largest and the smallest. So while all values keep to a range, a window needs no
//! judgement and no timer.

use crate::saved::saved;

/// Values that may enter a window without moving a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calm {
    /// The smallest, in millionths.
    pub(crate) low: i64,
    /// The largest.
    pub(crate) high: i64,
    /// How far any two may lie apart.
    pub(crate) apart: i64,
}

saved!(Calm { low, high, apart });

impl Calm {
    /// Whether a value is among them.
    pub(crate) fn allows(self, micros: i64) -> bool {
        (self.low..=self.high).contains(&micros)
    }

    /// Those that may enter once one of them has.
    pub(crate) fn after(self, micros: i64) -> Self {
        let low = self.low.max(micros.saturating_sub(self.apart));
        let high = self.high.min(micros.saturating_add(self.apart));
        Self { low, high, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_stay_no_further_apart_than_they_may() {
        let calm = Calm { low: -10, high: 10, apart: 12 };
        assert!(calm.allows(-10) && calm.allows(10) && !calm.allows(11));
        assert_eq!(calm.after(5), Calm { low: -7, high: 10, apart: 12 });
        assert_eq!(Calm { apart: i64::MAX, ..calm }.after(-9), Calm { apart: i64::MAX, ..calm });
    }
}
