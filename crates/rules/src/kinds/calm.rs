//! Which values may enter a window without moving a rule, now or at any pane boundary.
//!
//! Means, minima and maxima of values that all lie in one range lie in it too, whichever of them leave; and the difference of
//! two values is never larger than that of the largest and the smallest. So while all values keep to a range, a window needs no
//! judgement and no timer.

use crate::saved::saved;

/// Half of what 32 bits tell apart: what waits for a window is kept as distances from a base.
const HALF: i64 = 1 << 31;

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

    /// Those of them that are not too far from a value of the window to be kept as distances.
    pub(crate) fn near(self, micros: i64) -> Self {
        let low = self.low.max(micros.saturating_sub(HALF - 1));
        let high = self.high.min(micros.saturating_add(HALF - 1));
        Self { low, high, ..self }
    }

    /// What distances are reckoned from: no more than 32 bits below any of them if they are [`near`](Self::near) a value.
    pub(crate) const fn base_micros(self) -> i64 {
        i64::midpoint(self.low, self.high).saturating_sub(HALF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_from_the_base_have_32_bits() {
        for micros in [0, -5, i64::MIN, i64::MAX, i64::MAX - HALF, 101_325_000_000] {
            let all = Calm { low: i64::MIN, high: i64::MAX, apart: i64::MAX }.near(micros);
            assert!(all.allows(micros));
            for end in [all.low, all.high] {
                assert!((0..1 << 32).contains(&(i128::from(end) - i128::from(all.base_micros()))), "{all:?}");
            }
        }
    }
}
