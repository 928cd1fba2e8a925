//! What is planted, drawn from the seed alone.
//!
//! `truth.json` is this, word for word, with what chance made of it ([`Counted`]). Rates are incidents that happen, per hour of
//! the window of day or night ([`super::place`]); what is reported of them is their `reported_share`.

use super::draws::{Draw, Purpose, chance_of};
use super::options::{DAY_MS, Options, START_MS};
use super::place::{Light, id, neighbours};
use libm::{cos, exp};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use vigie_model::time::format_utc;

/// Mean incidents of a space an hour by day.
const RATE_BY_DAY: f64 = 0.02;
/// Days of a year, for the season.
const YEAR_DAYS: f64 = 365.25;
/// Days between two waves of the survey, and before the first.
pub const WAVE_DAYS: i64 = 30;
/// Days that an answer looks back on.
pub const MONTH_DAYS: i64 = 30;

/// Everything planted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed of the run.
    pub seed: u64,
    /// First instant.
    pub start: String,
    /// Number of days.
    pub days: u32,
    /// The share of incidents that is reported, everywhere and always.
    pub reported_share: f64,
    /// Mean delay of a report, in minutes; exponential.
    pub report_delay_min: f64,
    /// Share of reports that are revised: sent again with a higher version.
    pub revised_share: f64,
    /// Rates swing by this much around their mean in a year.
    pub season: f64,
    /// The measure.
    pub measure: Measure,
    /// What answers follow.
    pub answers: Answers,
    /// What cameras see of assaults.
    pub camera: Camera,
    /// Days between the beginnings of two outages of a counter, on average.
    pub outage_every_days: f64,
    /// Spaces, in the order of their ids.
    pub spaces: Vec<SpaceTruth>,
}

/// A measure, say better lighting: it works at night.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// First day on which it works, from 0.
    pub from_day: u32,
    /// The same as an instant.
    pub from: String,
    /// Night rates are multiplied by this at its spaces.
    pub rate_ratio: f64,
    /// Share of what it prevents that happens at neighbouring spaces instead, in equal parts.
    pub displaced_share: f64,
    /// Its spaces; none is a neighbour of another.
    pub spaces: Vec<String>,
}

/// How answers come about: the logit of an unsafe answer is
/// `base + night + woman + incidents * ln((c + 1/2) / (m + 1/2)) + gap`, where `c` is what was reported in the space within the
/// 30 days that ended `lag_days` before the wave, and `m` the mean of `c` over all spaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Logit by day of men where nothing is planted.
    pub base: f64,
    /// What night adds.
    pub night: f64,
    /// What being a woman adds.
    pub woman: f64,
    /// Slope on the logarithm of lagged incidents.
    pub incidents: f64,
    /// How many days answers lag behind.
    pub lag_days: i64,
    /// People asked in each space, wave, period and group, on average.
    pub people: f64,
    /// Spaces with a gap, the largest first.
    pub gap_ranking: Vec<String>,
}

/// What cameras see of assaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// The probability that an assault that happens is seen: what recall of the rule `Disturbance` estimates.
    pub sensitivity: f64,
    /// False detections of a space a day.
    pub false_per_day: f64,
    /// It tells within so many seconds.
    pub within_s: i64,
}

/// What is planted in a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceTruth {
    /// Its id.
    pub id: String,
    /// Incidents an hour by day, at the mean of the season.
    pub day_rate: f64,
    /// Incidents an hour by night, at the mean of the season, before the measure.
    pub night_rate: f64,
    /// Incidents an hour by night from the measure on.
    pub night_rate_after: f64,
    /// What the gap adds to the logit of unsafe answers; 0 where none is planted.
    pub gap: f64,
    /// Mean visitors an hour at noon of a weekday.
    pub visitors: f64,
    /// Reports expected over the whole run.
    pub reports_expected: f64,
    /// What chance made of it; 0 until the events are written.
    pub counted: Counted,
}

/// What chance made of a space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Incidents that happened.
    pub happened: u64,
    /// Incidents that were reported.
    pub reported: u64,
    /// Reports sent again with a higher version.
    pub revised: u64,
    /// Assaults that were reported, and of these seen by the camera.
    pub assaults_reported: u64,
    /// Reported assaults that the camera saw.
    pub assaults_reported_and_seen: u64,
    /// Assaults seen by the camera, reported or not.
    pub seen: u64,
    /// False detections.
    pub false_detections: u64,
    /// Hours counted.
    pub hours_counted: u64,
    /// Hours without a count, the counter being out.
    pub hours_out: u64,
    /// Visitors counted.
    pub visitors: u64,
    /// People asked.
    pub asked: u64,
    /// People who felt unsafe.
    pub unsafe_answers: u64,
}

impl Truth {
    /// Draws what is planted.
    #[must_use]
    pub fn plan(options: &Options) -> Self {
        let count = options.spaces as usize;
        let mut chance = chance_of(options.seed, Purpose::Truth, 0, 0);
        let mut spaces: Vec<SpaceTruth> = (0..count)
            .map(|space| {
                let day_rate = RATE_BY_DAY * exp(0.4 * chance.normal());
                let night_rate = day_rate * 2.0 * exp(0.15 * chance.normal());
                let visitors = 300.0 * exp(0.6 * chance.normal());
                let gap = 0.0;
                let (night_rate_after, reports_expected) = (night_rate, 0.0);
                let counted = Counted::default();
                SpaceTruth {
                    id: id(space),
                    day_rate,
                    night_rate,
                    night_rate_after,
                    gap,
                    visitors,
                    reports_expected,
                    counted,
                }
            })
            .collect();
        let from_day = options.days / 2;
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, chance.below(last as u64 + 1) as usize);
        }
        let planted = (count / 10).max(2);
        let treated = apart(&order, planted, count);
        let (rate_ratio, displaced_share) = (0.6, 0.3);
        for space in &treated {
            let prevented = spaces[*space].night_rate * (1.0 - rate_ratio);
            spaces[*space].night_rate_after -= prevented;
            let around = neighbours(*space, count);
            for other in &around {
                spaces[*other].night_rate_after += prevented * displaced_share / around.len() as f64;
            }
        }
        let gaps: Vec<usize> = order.into_iter().filter(|space| !treated.contains(space)).take(planted).collect();
        for (rank, space) in gaps.iter().enumerate() {
            spaces[*space].gap = 2.0 - 0.6 * rank as f64 / planted as f64;
        }
        let ids = |of: &[usize]| of.iter().map(|space| id(*space)).collect();
        let mut truth = Self {
            seed: options.seed,
            start: format_utc(START_MS),
            days: options.days,
            reported_share: 0.6,
            report_delay_min: 40.0,
            revised_share: 0.05,
            season: 0.1,
            measure: Measure {
                from_day,
                from: format_utc(START_MS + i64::from(from_day) * DAY_MS),
                rate_ratio,
                displaced_share,
                spaces: ids(&treated),
            },
            answers: Answers {
                base: -1.8,
                night: 0.9,
                woman: 0.5,
                incidents: 0.5,
                lag_days: 30,
                people: 40.0,
                gap_ranking: ids(&gaps),
            },
            camera: Camera { sensitivity: 0.7, false_per_day: 0.02, within_s: 120 },
            outage_every_days: 60.0,
            spaces,
        };
        for space in 0..count {
            truth.spaces[space].reports_expected = truth.reports_expected(space, 0, i64::from(options.days));
        }
        truth
    }

    /// Incidents expected to happen in a space in the window of a date.
    #[must_use]
    pub fn expected(&self, space: usize, day: i64, light: Light) -> f64 {
        let planted = &self.spaces[space];
        let rate = match light {
            Light::Day => planted.day_rate,
            Light::Night if day < i64::from(self.measure.from_day) => planted.night_rate,
            Light::Night => planted.night_rate_after,
        };
        let season = 1.0 + self.season * cos(TAU * day as f64 / YEAR_DAYS);
        rate * season * light.length_ms() as f64 / 3_600_000.0
    }

    /// Reports expected of a space from a day on and before another.
    #[must_use]
    pub fn reports_expected(&self, space: usize, from_day: i64, until_day: i64) -> f64 {
        let days = (from_day..until_day).flat_map(|day| Light::BOTH.map(|light| self.expected(space, day, light)));
        self.reported_share * days.sum::<f64>()
    }
}

/// The first `wanted` of `order` of which none is a neighbour of another, nor of its neighbours; two at least exist from 9 spaces on.
fn apart(order: &[usize], wanted: usize, count: usize) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::with_capacity(wanted);
    for space in order {
        let around = neighbours(*space, count);
        let is_near = |other: &usize| {
            around.contains(other) || around.iter().any(|near| neighbours(*near, count).contains(other))
        };
        if found.len() < wanted && !found.iter().any(|other| other == space || is_near(other)) {
            found.push(*space);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_moves_what_it_says_and_gaps_lie_elsewhere() {
        for seed in 0..50 {
            let truth = Truth::plan(&Options { seed, spaces: 30, days: 365 });
            let sum = |of: fn(&SpaceTruth) -> f64| truth.spaces.iter().map(of).sum::<f64>();
            let treated: Vec<_> =
                truth.spaces.iter().filter(|space| truth.measure.spaces.contains(&space.id)).collect();
            assert!(!treated.is_empty());
            let prevented: f64 = treated.iter().map(|space| space.night_rate * 0.4).sum();
            let lost = sum(|space| space.night_rate) - sum(|space| space.night_rate_after);
            assert!((lost - prevented * 0.7).abs() < 1e-9, "seed {seed}: {lost} of {prevented}");
            for space in treated {
                assert!(
                    (space.night_rate_after / space.night_rate - 0.6).abs() < 1e-9,
                    "seed {seed}: no neighbour of another"
                );
                assert_eq!(space.gap.to_bits(), 0f64.to_bits());
            }
            let ranked: Vec<f64> = truth
                .answers
                .gap_ranking
                .iter()
                .map(|id| truth.spaces.iter().find(|s| &s.id == id).unwrap().gap)
                .collect();
            assert!(ranked.len() == 3 && ranked.is_sorted_by(|a, b| a > b) && ranked[2] > 1.0, "{ranked:?}");
        }
    }
}
