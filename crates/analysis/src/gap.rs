//! The perception gap index: where people feel less safe, or safer, than what is reported there suggests.
//!
//! `z(unsafe share) - z(theta)`: how far a space stands out from the others by the share of people who feel unsafe, less how
//! far it stands out by its steadied rate of incidents ([`smooth`](crate::smooth)). z is the standard score over the spaces
//! given, with divisor n; of values that are all the same it is 0. Take the spaces of **one** period (day or night), one
//! population group, one question and one wave at a time: the index says how these spaces differ from one another.
//!
//! **The interval** is a parametric percentile bootstrap: each of the [`REPLICATES`] replicates draws anew how many of the
//! people asked feel unsafe (binomial, around `(k + 1/2) / (n + 1)`) and how many incidents are reported (Poisson, around
//! `E theta`) in every space, and computes all indexes again. It says how far the index would wander if the same people and
//! the same streets were asked and watched again; it knows nothing of who was not asked or what was not reported. A label
//! is given only when it does not span 0.
//!
//! **Caveats.** It is relative: one space's index changes when others are added. Few people or few spaces make it wide, and
//! where sampling noise is as large as the differences between spaces it pulls all indexes towards 0: see docs/analysis.md.

use crate::chance::Chance;
use crate::error::{AnalysisError, paired, within};
use crate::estimate::{Estimate, percentile_interval};
use crate::moments::scores;
use crate::share::share;
use crate::smooth::Overall;

/// Replicates of the bootstrap.
pub const REPLICATES: usize = 1_000;
/// Spaces compared at once: a replicate of each is kept.
pub const PLACES_MAX: usize = 2_000;
/// People asked in one space, as far as the bootstrap draws them.
const ASKED_MAX: f64 = 1e9;

/// What is known of one space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// People asked; their effective number when answers have weights.
    pub asked: f64,
    /// Of them, those who feel unsafe.
    pub feel_unsafe: f64,
    /// Incidents reported.
    pub observed: f64,
    /// Exposure they are counted over: visitors, residents, hours.
    pub exposure: f64,
}

/// What an index that does not span 0 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// People feel less safe than what is reported suggests.
    FeltWorse,
    /// People feel safer than what is reported suggests.
    FeltBetter,
}

impl Label {
    /// The label as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FeltWorse => "felt_worse",
            Self::FeltBetter => "felt_better",
        }
    }
}

/// The gap of one space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The index, in standard deviations.
    pub index: Estimate,
    /// z(unsafe share).
    pub feeling: f64,
    /// z(theta).
    pub incidents: f64,
}

impl Gap {
    /// What it says; nothing when chance may have made it.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        match self.index {
            Estimate { low, .. } if low > 0.0 => Some(Label::FeltWorse),
            Estimate { high, .. } if high < 0.0 => Some(Label::FeltBetter),
            _ => None,
        }
    }
}

/// The gaps of all spaces.
///
/// # Errors
/// When there are fewer than three spaces or more than [`PLACES_MAX`], or a space has no answers, no exposure or numbers
/// that cannot be.
pub fn gaps(places: &[Place], seed: u64) -> Result<Vec<Gap>, AnalysisError> {
    paired(("the spaces", places.len()), ("the spaces", places.len()), 3, PLACES_MAX)?;
    let mut shares = Vec::with_capacity(places.len());
    for place in places {
        within(
            "the number of people asked",
            place.asked,
            |n| n > 0.0 && n <= ASKED_MAX,
            "greater than 0, at most 1e9",
        )?;
        shares.push(share(place.feel_unsafe, place.asked)?.value);
    }
    let observed: Vec<f64> = places.iter().map(|place| place.observed).collect();
    let exposures: Vec<f64> = places.iter().map(|place| place.exposure).collect();
    let rates = steadied(&observed, &exposures)?;
    let mut replicates = vec![Vec::with_capacity(REPLICATES); places.len()];
    let chance = &mut Chance::new(seed);
    for _ in 0..REPLICATES {
        let drawn_shares: Vec<f64> = places.iter().map(|place| drawn_share(place, chance)).collect();
        let drawn: Vec<f64> = rates.iter().zip(&exposures).map(|(theta, e)| chance.poisson(theta * e)).collect();
        let (feeling, incidents) = (scores(&drawn_shares), scores(&steadied(&drawn, &exposures)?));
        for (own, (feeling, incidents)) in replicates.iter_mut().zip(feeling.iter().zip(incidents)) {
            own.push(feeling - incidents);
        }
    }
    let (feeling, incidents) = (scores(&shares), scores(&rates));
    let gaps = feeling.into_iter().zip(incidents).zip(&mut replicates).map(|((feeling, incidents), own)| Gap {
        index: percentile_interval(feeling - incidents, own),
        feeling,
        incidents,
    });
    Ok(gaps.collect())
}

fn steadied(observed: &[f64], exposures: &[f64]) -> Result<Vec<f64>, AnalysisError> {
    let overall = Overall::of(observed, exposures)?;
    Ok(observed.iter().zip(exposures).map(|(o, e)| overall.steadied(*o, *e)).collect())
}

/// Effective numbers are rounded, as one cannot draw half a person.
fn drawn_share(place: &Place, chance: &mut Chance) -> f64 {
    let n = place.asked.round().max(1.0);
    chance.binomial(n as u64, (place.feel_unsafe + 0.5) / (place.asked + 1.0)) / n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(feel_unsafe: f64, observed: f64) -> Place {
        Place { asked: 400.0, feel_unsafe, observed, exposure: 1.0 }
    }

    /// z of 40, 80, 120, 160: -1.3416, -0.4472, 0.4472, 1.3416; of the steadied rates the same in reverse order.
    #[test]
    fn feelings_against_incidents_are_labelled() {
        let places = [place(40.0, 160.0), place(80.0, 120.0), place(120.0, 80.0), place(160.0, 40.0)];
        let gaps = gaps(&places, 1).unwrap();
        let found: Vec<String> = gaps.iter().map(|gap| format!("{:.3}", gap.index.value)).collect();
        assert_eq!(found, ["-2.683", "-0.894", "0.894", "2.683"]);
        assert_eq!(gaps[0].label(), Some(Label::FeltBetter));
        assert_eq!(gaps[3].label(), Some(Label::FeltWorse));
        assert_eq!(gaps, super::gaps(&places, 1).unwrap(), "a seed repeats itself");
    }

    #[test]
    fn chance_alone_gets_no_label() {
        let places = [place(98.0, 9.0), place(102.0, 11.0), place(100.0, 10.0), place(101.0, 8.0)];
        assert!(gaps(&places, 1).unwrap().iter().all(|gap| gap.label().is_none()));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let fine = place(40.0, 10.0);
        let with = |odd: Place| gaps(&[fine, fine, odd], 1).unwrap_err().to_string();
        assert_eq!(gaps(&[fine, fine], 1).unwrap_err().to_string(), "the spaces: 2 values; at least 3 are needed");
        assert!(with(Place { asked: 0.0, ..fine }).contains("the number of people asked"));
        assert!(with(Place { exposure: 0.0, ..fine }).contains("an exposure"));
        assert!(with(Place { feel_unsafe: 401.0, ..fine }).contains("who said so"));
    }
}
