//! Answers: waves of a survey whose unsafe share follows what was reported before, and gaps that nothing explains.

use super::draws::{Draw, Purpose, chance_of};
use super::incidents::reported_on;
use super::options::{DAY_MS, START_MS};
use super::place::Light;
use super::truth::{MONTH_DAYS, Truth, WAVE_DAYS};
use libm::{exp, log};

/// The question.
pub const QUESTION: &str = "How safe do you feel walking alone here?";
/// Its scale.
pub const SCALE: &str = "safe, unsafe";
/// Groups, by their value of `sex`.
pub const GROUPS: [&str; 2] = ["f", "m"];

/// The answers of a group in a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Space.
    pub space: usize,
    /// Number of the wave, from 1.
    pub wave: i64,
    /// What the question was about.
    pub light: Light,
    /// Index of [`GROUPS`].
    pub group: usize,
    /// People asked.
    pub n: u64,
    /// Of these felt unsafe.
    pub unsafe_count: u64,
    /// When.
    pub time_ms: i64,
}

/// The answers of a date: none, unless a wave begins on it.
#[must_use]
pub fn answers_on(truth: &Truth, day: i64) -> Vec<Answer> {
    let first = truth.answers.lag_days + MONTH_DAYS;
    if day < first || (day - first) % WAVE_DAYS != 0 {
        return Vec::new();
    }
    let until = day - truth.answers.lag_days;
    let month = |space| (until - MONTH_DAYS..until).map(|day| reported_on(truth, space, day)).sum::<u64>() as f64;
    let reported: Vec<f64> = (0..truth.spaces.len()).map(month).collect();
    let mean = reported.iter().sum::<f64>() / reported.len() as f64;
    let wave = (day - first) / WAVE_DAYS + 1;
    let time_ms = START_MS + day * DAY_MS + DAY_MS / 2;
    let mut answers = Vec::new();
    for (space, reported) in reported.into_iter().enumerate() {
        let mut chance = chance_of(truth.seed, Purpose::Answers, space, day);
        for light in Light::BOTH {
            for group in 0..GROUPS.len() {
                let n = chance.poisson(truth.answers.people);
                let unsafe_count = chance.binomial(n, unsafe_share(truth, space, light, group, reported, mean));
                answers.push(Answer { space, wave, light, group, n, unsafe_count, time_ms });
            }
        }
    }
    answers
}

/// The probability of an unsafe answer, as [`super::truth::Answers`] says.
#[must_use]
pub fn unsafe_share(truth: &Truth, space: usize, light: Light, group: usize, reported: f64, mean: f64) -> f64 {
    let planted = &truth.answers;
    let night = if light == Light::Night { planted.night } else { 0.0 };
    let woman = if GROUPS[group] == "f" { planted.woman } else { 0.0 };
    let incidents = planted.incidents * log((reported + 0.5) / (mean + 0.5));
    1.0 / (1.0 + exp(-(planted.base + night + woman + incidents + truth.spaces[space].gap)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::options::Options;

    #[test]
    fn waves_ask_everywhere_and_gaps_stand_out() {
        let truth = Truth::plan(&Options { seed: 4, spaces: 20, days: 120 });
        let waves: Vec<i64> = (0..120).filter(|day| !answers_on(&truth, *day).is_empty()).collect();
        assert_eq!(waves, [60, 90]);
        let answers = answers_on(&truth, 90);
        assert_eq!(answers.len(), 20 * 4);
        let share = |has_gap: bool| {
            let of = answers.iter().filter(|answer| (truth.spaces[answer.space].gap > 0.0) == has_gap);
            let (n, unsafe_count) = of.fold((0, 0), |(n, u), answer| (n + answer.n, u + answer.unsafe_count));
            unsafe_count as f64 / n as f64
        };
        assert!(share(true) > share(false) + 0.2, "{} {}", share(true), share(false));
        assert!(answers.iter().all(|answer| answer.unsafe_count <= answer.n));
    }
}
