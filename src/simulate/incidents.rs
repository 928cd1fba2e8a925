//! Incidents: an inhomogeneous Poisson process in each space, reported in part and late.

use super::draws::{Draw, Purpose, chance_of};
use super::options::{DAY_MS, START_MS};
use super::place::Light;
use super::truth::Truth;

/// What happens: category, severity, and its share of all incidents in percent.
pub const CATEGORIES: [(&str, &str, u64); 4] =
    [("theft", "low", 50), ("vandalism", "low", 20), ("harassment", "medium", 15), ("assault", "high", 15)];
/// The category that cameras look for.
pub const ASSAULT: usize = 3;
/// How incidents are reported.
const CHANNELS: [&str; 3] = ["dispatch", "app", "patrol"];
const MINUTE_MS: f64 = 60_000.0;
/// The longest delay of a report: a week.
const DELAY_MS_MAX: f64 = 7.0 * 86_400_000.0;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Index of [`CATEGORIES`].
    pub category: usize,
    /// When.
    pub time_ms: i64,
    /// Its report, if it was reported.
    pub report: Option<Report>,
    /// When a camera told of it, if one did.
    pub seen_ms: Option<i64>,
}

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub time_ms: i64,
    /// How.
    pub channel: &'static str,
    /// When it was sent again with a higher version, if it was.
    pub revised_ms: Option<i64>,
}

/// What happened in a space on a date, by day and then by night.
#[must_use]
pub fn happened_on(truth: &Truth, space: usize, day: i64) -> Vec<Incident> {
    let mut reports = chance_of(truth.seed, Purpose::Reports, space, day);
    let mut camera = chance_of(truth.seed, Purpose::Camera, space, day);
    let mut incidents = Vec::new();
    for (light, purpose) in [(Light::Day, Purpose::Day), (Light::Night, Purpose::Night)] {
        let mut chance = chance_of(truth.seed, purpose, space, day);
        for _ in 0..chance.poisson(truth.expected(space, day, light)) {
            let time_ms = light.instant_ms(day, chance.below(light.length_ms() as u64) as i64);
            let lot = chance.below(100);
            let sums = CATEGORIES.iter().scan(0, |sum, (_, _, percent)| {
                *sum += percent;
                Some(*sum)
            });
            let category = sums.take_while(|sum| *sum <= lot).count();
            // All lots are drawn whether they count or not, so that one more report moves no other.
            let (is_reported, delay_ms) = (reports.happens(truth.reported_share), delay_ms(truth, &mut reports));
            let channel = CHANNELS[reports.below(CHANNELS.len() as u64) as usize];
            let (is_revised, revision_ms) = (reports.happens(truth.revised_share), delay_ms_of(&mut reports, 600.0));
            let reported_ms = time_ms + delay_ms;
            let revised_ms = is_revised.then_some(reported_ms + revision_ms);
            let report = is_reported.then_some(Report { time_ms: reported_ms, channel, revised_ms });
            let (is_seen, after_ms) =
                (camera.happens(truth.camera.sensitivity), camera.between(0, truth.camera.within_s * 1_000));
            let seen_ms = (category == ASSAULT && is_seen).then_some(time_ms + after_ms);
            incidents.push(Incident { category, time_ms, report, seen_ms });
        }
    }
    incidents
}

/// How many incidents of a date were reported.
#[must_use]
pub fn reported_on(truth: &Truth, space: usize, day: i64) -> u64 {
    happened_on(truth, space, day).iter().filter(|incident| incident.report.is_some()).count() as u64
}

/// When cameras told of an assault that was none.
#[must_use]
pub fn false_detections_on(truth: &Truth, space: usize, day: i64) -> Vec<i64> {
    let mut chance = chance_of(truth.seed, Purpose::FalseDetections, space, day);
    (0..chance.poisson(truth.camera.false_per_day))
        .map(|_| START_MS + day * DAY_MS + chance.between(0, DAY_MS - 1))
        .collect()
}

fn delay_ms(truth: &Truth, chance: &mut impl Draw) -> i64 {
    delay_ms_of(chance, truth.report_delay_min)
}

fn delay_ms_of(chance: &mut impl Draw, mean_min: f64) -> i64 {
    chance.exponential(mean_min * MINUTE_MS).min(DELAY_MS_MAX) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::options::Options;
    use libm::sqrt;

    /// Over seeds, spaces and both sides of the measure: counts have the mean and the variance of a Poisson process.
    #[test]
    fn counts_have_the_planted_mean_and_spread() {
        let (mut score, mut squares, mut cells) = (0.0, 0.0, 0.0);
        for seed in 0..20 {
            let truth = Truth::plan(&Options { seed, spaces: 16, days: 200 });
            for space in 0..16 {
                for (from, until) in [(0, 100), (100, 200)] {
                    let found: u64 = (from..until).map(|day| reported_on(&truth, space, day)).sum();
                    let expected = truth.reports_expected(space, from, until);
                    let z = (found as f64 - expected) / sqrt(expected);
                    assert!(z.abs() < 5.0, "seed {seed} space {space}: {found} for {expected}");
                    (score, squares, cells) = (score + z, squares + z * z, cells + 1.0);
                }
            }
        }
        assert!((score / cells).abs() < 4.0 / sqrt(cells), "mean of z: {}", score / cells);
        assert!((squares / cells - 1.0).abs() < 4.0 * sqrt(2.0 / cells), "variance of z: {}", squares / cells);
    }

    #[test]
    fn reports_follow_what_happens_and_cameras_see_assaults() {
        let truth = Truth::plan(&Options { seed: 3, spaces: 9, days: 120 });
        let all: Vec<Incident> = (0..9)
            .flat_map(|space| (0..120).flat_map(move |day| [(space, day)]))
            .flat_map(|(s, d)| happened_on(&truth, s, d))
            .collect();
        for incident in &all {
            if let Some(report) = incident.report {
                assert!(
                    report.time_ms >= incident.time_ms && report.revised_ms.is_none_or(|again| again >= report.time_ms)
                );
            }
            assert!(incident.seen_ms.is_none_or(|seen| incident.category == ASSAULT && seen >= incident.time_ms));
        }
        let assaults = all.iter().filter(|incident| incident.category == ASSAULT).count() as f64;
        let share = assaults / all.len() as f64;
        assert!((share - 0.15).abs() < 0.04, "{share}");
        let false_ones: usize =
            (0..9).map(|space| (0..120).map(|day| false_detections_on(&truth, space, day).len()).sum::<usize>()).sum();
        assert!((false_ones as f64 - 21.6).abs() < 20.0, "{false_ones}");
    }
}
