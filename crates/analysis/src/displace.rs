//! Whether a measure moved incidents next door instead of ending them.
//!
//! The weighted displacement quotient (Bowers & Johnson 2003, doi:10.1023/A:1024909009240) compares three areas before (0)
//! and after (1) a measure: A, where it was taken; B, the buffer around it, into which incidents would move; C, a control
//! that neither reaches: `WDQ = (B1/C1 - B0/C0) / (A1/C1 - A0/C0)`. The denominator is the measure's success, below 0 when A
//! fell against C. Then a WDQ below 0 says displacement (below -1: more was moved than ended), above 0 that the buffer fell
//! along with it (diffusion of benefit).
//!
//! **The interval** is a parametric percentile bootstrap of the six counts (Poisson around each count, + 1/2 where it is 0).
//! A quotient is given only when the interval of the success lies below 0: without a success there is nothing that could
//! have moved, and a quotient of noise by noise takes any value.
//!
//! **Caveats.** Displacement to other times, places further away or other kinds of offence is not in it. The buffer has to be
//! chosen before looking, and the control has to live through the same events as A.

use crate::chance::Chance;
use crate::error::{AnalysisError, count, positive};
use crate::estimate::{Estimate, percentile_interval};

/// Replicates of the bootstrap.
pub const REPLICATES: usize = 2_000;

/// Incidents of an area before and after the measure, over periods of the same length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeforeAfter {
    /// Before it.
    pub before: f64,
    /// After it.
    pub after: f64,
}

/// What a measure changed, there and next door.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Displacement {
    /// `A1/C1 - A0/C0`: below 0 when the area fell against the control.
    pub success: Estimate,
    /// `B1/C1 - B0/C0`: above 0 when the buffer rose against the control.
    pub buffer: Estimate,
    /// The quotient of both, where the measure succeeded beyond chance.
    pub quotient: Option<Estimate>,
}

/// What a measure changed.
///
/// # Errors
/// When a count is negative, or the control had no incidents before or after.
pub fn displacement(
    area: BeforeAfter,
    buffer: BeforeAfter,
    control: BeforeAfter,
    seed: u64,
) -> Result<Displacement, AnalysisError> {
    positive("the control's count before", control.before)?;
    positive("the control's count after", control.after)?;
    for found in [area.before, area.after, buffer.before, buffer.after] {
        count("a count before or after", found)?;
    }
    let chance = &mut Chance::new(seed);
    let (mut successes, mut buffers, mut quotients) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPLICATES {
        let drawn_control = drawn(control, chance);
        // A control that happens to be empty can be divided by as little as it can be believed; half an incident is the least.
        let least = BeforeAfter { before: drawn_control.before.max(0.5), after: drawn_control.after.max(0.5) };
        let (success, moved) = (change(drawn(area, chance), least), change(drawn(buffer, chance), least));
        successes.push(success);
        buffers.push(moved);
        if success != 0.0 {
            quotients.push(moved / success);
        }
    }
    let success = percentile_interval(change(area, control), &mut successes);
    let moved = percentile_interval(change(buffer, control), &mut buffers);
    let is_success = success.value < 0.0 && success.high < 0.0;
    let quotient = is_success.then(|| percentile_interval(moved.value / success.value, &mut quotients));
    Ok(Displacement { success, buffer: moved, quotient })
}

fn change(area: BeforeAfter, control: BeforeAfter) -> f64 {
    area.after / control.after - area.before / control.before
}

fn drawn(area: BeforeAfter, chance: &mut Chance) -> BeforeAfter {
    let mut one = |count: f64| chance.poisson(if count == 0.0 { 0.5 } else { count });
    BeforeAfter { before: one(area.before), after: one(area.after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(before: f64, after: f64) -> BeforeAfter {
        BeforeAfter { before, after }
    }

    /// A falls from 200 to 100, the control stays at 400: success -0.25. B rises from 150 to 190: +0.1, so 40 % moved.
    #[test]
    fn part_of_it_moved() {
        let found = displacement(counts(200.0, 100.0), counts(150.0, 190.0), counts(400.0, 400.0), 1).unwrap();
        let quotient = found.quotient.unwrap();
        assert!((found.success.value + 0.25).abs() < 1e-12 && (found.buffer.value - 0.1).abs() < 1e-12, "{found:?}");
        assert!((quotient.value + 0.4).abs() < 1e-12 && quotient.holds(-0.4), "{quotient}");
        assert!(quotient.low > -1.5 && quotient.high < 0.5, "{quotient}");
    }

    #[test]
    fn without_a_success_there_is_no_quotient() {
        let found = displacement(counts(20.0, 18.0), counts(15.0, 19.0), counts(40.0, 40.0), 1).unwrap();
        assert!(found.quotient.is_none() && found.success.holds(0.0));
        let worse = displacement(counts(100.0, 200.0), counts(150.0, 190.0), counts(400.0, 400.0), 1).unwrap();
        assert!(worse.quotient.is_none() && worse.success.low > 0.0);
    }

    #[test]
    fn no_control_is_refused() {
        assert!(displacement(counts(1.0, 1.0), counts(1.0, 1.0), counts(0.0, 4.0), 1).is_err());
        assert!(displacement(counts(-1.0, 1.0), counts(1.0, 1.0), counts(4.0, 4.0), 1).is_err());
    }
}
