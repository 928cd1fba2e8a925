//! Whether 95 % intervals hold the truth 95 times in a hundred, on data whose truth is known.
//!
//! Forty seeds of each in every run; `VIGIE_COVERAGE_SEEDS=500` asks for the promise itself, 93 to 97 %:
//!
//! ```text
//! VIGIE_COVERAGE_SEEDS=500 cargo test --release -p vigie-analysis --test coverage -- --nocapture
//! ```

use vigie_analysis::chance::Chance;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::gap::{Place, gaps};
use vigie_analysis::rate::rate;
use vigie_analysis::series::{Model, Series, Spread, interrupted};
use vigie_analysis::share::share;

fn seeds() -> u64 {
    std::env::var("VIGIE_COVERAGE_SEEDS").map_or(40, |seeds| seeds.parse().expect("a number of seeds"))
}

/// Runs a trial for every seed; each gives how many intervals held the truth, and of how many.
fn assert_covers(name: &str, trial: impl Fn(&mut Chance, u64) -> (u32, u32)) {
    let (mut held, mut all) = (0, 0);
    for seed in 0..seeds() {
        let (now, of) = trial(&mut Chance::new(seed), seed);
        held += now;
        all += of;
    }
    let covered = f64::from(held) / f64::from(all);
    println!("{name}: {held} of {all}, {:.1} %, seeds 0 to {}", covered * 100.0, seeds() - 1);
    // The promise is 93 to 97 %; with fewer than 500 trials chance adds three standard errors of its own.
    let slack = if seeds() >= 500 { 0.0 } else { 3.0 * (0.95 * 0.05 / seeds() as f64).sqrt() };
    assert!((0.93 - slack..=0.97 + slack).contains(&covered), "{name}: {held} of {all} hold the truth");
}

fn counted<'a>(estimates: impl Iterator<Item = (&'a Estimate, f64)>) -> (u32, u32) {
    estimates.fold((0, 0), |(held, all), (estimate, truth)| (held + u32::from(estimate.holds(truth)), all + 1))
}

#[test]
fn rates() {
    assert_covers("rate of 3 to 60 incidents", |chance, _| {
        let truths: Vec<f64> = (1..=20).map(|space| f64::from(space) * 3.0).collect();
        let found: Vec<_> = truths.iter().map(|mean| rate(chance.poisson(*mean), 1_000.0).unwrap()).collect();
        counted(found.iter().zip(truths))
    });
}

#[test]
fn shares() {
    assert_covers("share of 30 to 300 answers", |chance, _| {
        let asked: Vec<u64> = (1..=10).map(|space| space * 30).collect();
        let truth = |n: u64| 0.1 + 0.0015 * n as f64;
        let found: Vec<_> = asked.iter().map(|n| share(chance.binomial(*n, truth(*n)), *n as f64).unwrap()).collect();
        counted(found.iter().zip(asked.iter().map(|n| truth(*n))))
    });
}

/// Five years of months with trend, season and a measure that takes away a fifth; incidents come in pairs.
#[test]
fn level_of_an_interrupted_series() {
    let times: Vec<f64> = (1..=60).map(f64::from).collect();
    let exposures = vec![1.0; 60];
    assert_covers("level change of a series", |chance, _| {
        let season = |time: f64| 0.15 * (std::f64::consts::TAU * time / 12.0).sin();
        let mean = |time: f64| 30.0 * (0.004 * time + season(time)).exp() * if time >= 37.0 { 0.8 } else { 1.0 };
        let counts: Vec<f64> = times.iter().map(|time| 2.0 * chance.poisson(mean(*time))).collect();
        let model = Model { start: 37.0, slope: false, harmonics: 2, period: 12.0, spread: Spread::Quasi };
        let series = Series { times: &times, counts: &counts, exposures: &exposures };
        (u32::from(interrupted(&series, &model).unwrap().level.holds(0.8)), 1)
    });
}

fn scores(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    values.iter().map(|value| (value - mean) / deviation).collect()
}

/// Twenty spaces, 150 to 450 people asked in each, 15 to 120 incidents; the truth is the index of the true shares and rates.
#[test]
fn perception_gap_index() {
    assert_covers("gap index of 20 spaces", |chance, seed| {
        let spaces: Vec<(f64, f64, f64, f64)> = (0..20)
            .map(|_| {
                let (asked, exposure) = (150.0 + 300.0 * chance.unit(), 15.0 + 15.0 * chance.unit());
                (asked.round(), 0.1 + 0.4 * chance.unit(), exposure, 1.0 + 3.0 * chance.unit())
            })
            .collect();
        let places: Vec<Place> = spaces
            .iter()
            .map(|(asked, share, exposure, rate)| Place {
                asked: *asked,
                feel_unsafe: chance.binomial(*asked as u64, *share),
                observed: chance.poisson(exposure * rate),
                exposure: *exposure,
            })
            .collect();
        let (shares, rates): (Vec<f64>, Vec<f64>) = spaces.iter().map(|space| (space.1, space.3)).unzip();
        let truth = scores(&shares).into_iter().zip(scores(&rates)).map(|(feeling, incidents)| feeling - incidents);
        let found = gaps(&places, seed).unwrap();
        counted(found.iter().map(|gap| &gap.index).zip(truth))
    });
}
