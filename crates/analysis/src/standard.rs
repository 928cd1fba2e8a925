//! Shares standardised for who was asked.
//!
//! Two places whose samples differ in age or sex cannot be compared by their crude shares. The directly standardised share
//! is `sum W_g p_g`, W_g the group's part of a standard population. Its interval is MOVER (Zou, Huang & Zhang 2009,
//! doi:10.1016/j.csda.2008.09.033): `p - sqrt(sum W_g² (p_g - l_g)²)` and `p + sqrt(sum W_g² (u_g - p_g)²)` with Wilson's limits
//! l_g, u_g of each group, so that a group in which nobody or everybody said so does not pretend to certainty.
//!
//! **Caveats.** Every group of the standard has to have answers in every place; with an empty group there is no such share.

use crate::error::{AnalysisError, paired, positive};
use crate::estimate::Estimate;
use crate::share::share;

/// Groups of a standard population.
pub const GROUPS_MAX: usize = 10_000;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// Answers of the group; effective number when weighted.
    pub n: f64,
    /// Of them, those who said so.
    pub k: f64,
    /// The group's size in the standard population, in any unit.
    pub standard: f64,
}

/// The directly standardised share.
///
/// # Errors
/// When there is no group, one has no answers, or one has no place in the standard.
pub fn standardised_share(groups: &[Group]) -> Result<Estimate, AnalysisError> {
    paired(("the groups", groups.len()), ("the groups", groups.len()), 1, GROUPS_MAX)?;
    let mut total = 0.0;
    for group in groups {
        total += positive("a group's size in the standard population", group.standard)?;
    }
    let (mut value, mut below, mut above) = (0.0, 0.0, 0.0);
    for group in groups {
        let (own, part) = (share(group.k, group.n)?, group.standard / total);
        value += part * own.value;
        below += (part * (own.value - own.low)).powi(2);
        above += (part * (own.high - own.value)).powi(2);
    }
    Ok(Estimate { value, low: (value - below.sqrt()).max(0.0), high: (value + above.sqrt()).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_count_as_in_the_standard() {
        let groups = [Group { n: 40.0, k: 18.0, standard: 3.0 }, Group { n: 20.0, k: 2.0, standard: 1.0 }];
        // 0.75 * 0.45 + 0.25 * 0.1; limits from Wilson's 0.3071, 0.6017 and 0.0279, 0.3010.
        assert_eq!(standardised_share(&groups).unwrap().to_string(), "0.363 (0.254-0.487)");
        let one = [Group { n: 40.0, k: 18.0, standard: 7.0 }];
        assert_eq!(standardised_share(&one).unwrap().to_string(), share(18.0, 40.0).unwrap().to_string());
    }

    #[test]
    fn an_empty_group_is_refused() {
        let empty = [Group { n: 0.0, k: 0.0, standard: 1.0 }, Group { n: 5.0, k: 1.0, standard: 1.0 }];
        assert!(standardised_share(&empty).is_err());
        assert!(standardised_share(&[Group { n: 5.0, k: 1.0, standard: 0.0 }]).is_err());
        assert!(standardised_share(&[]).is_err());
    }
}
