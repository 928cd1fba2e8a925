//! Every line of `tests/oracle/golden/analysis.tsv`, which scipy and statsmodels computed, computed again; and, where
//! `VIGIE_PYTHON` names a Python that has them, the file itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use vigie_analysis::associate::{holm, spearman};
use vigie_analysis::displace::{BeforeAfter, displacement};
use vigie_analysis::error::AnalysisError;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::gap::{Gap, Place, gaps};
use vigie_analysis::night::{NightAndDay, night_change, night_to_day};
use vigie_analysis::rate::rate;
use vigie_analysis::series::{Fit, Model, Series, Spread, interrupted};
use vigie_analysis::share::{WeightedShare, share};
use vigie_analysis::smooth::empirical_bayes;
use vigie_analysis::standard::{Group, standardised_share};
use vigie_analysis::under_reporting::happened;

const GOLDEN: &str = include_str!("../../../tests/oracle/golden/analysis.tsv");
const SEED: u64 = 1;

fn all(estimate: Estimate) -> Vec<f64> {
    vec![estimate.value, estimate.low, estimate.high]
}

fn limits(estimate: &Estimate) -> [f64; 2] {
    [estimate.low, estimate.high]
}

/// What Vigie computes for a line.
fn computed(measure: &str, given: &[Vec<f64>]) -> Result<Vec<f64>, AnalysisError> {
    let one = |argument: usize| given[argument][0];
    Ok(match measure {
        "rate" => all(rate(one(0), one(1))?),
        "share" => all(share(one(0), one(1))?),
        "weighted_share" => {
            let mut answers = WeightedShare::default();
            for (says, weight) in given[0].iter().zip(&given[1]) {
                answers.take(*says, 1.0, *weight)?;
            }
            [all(answers.share()?), vec![answers.effective_n()]].concat()
        }
        "standardised_share" => {
            let group = |at: usize| Group { k: given[0][at], n: given[1][at], standard: given[2][at] };
            all(standardised_share(&(0..given[0].len()).map(group).collect::<Vec<_>>())?)
        }
        "happened" => all(happened(one(0), Estimate { value: one(1), low: one(2), high: one(3) })?),
        "empirical_bayes" => empirical_bayes(&given[0], &given[1])?,
        "gap" => gaps_of(given)?.iter().map(|gap| gap.index.value).collect(),
        "gap_limits" => gaps_of(given)?.iter().flat_map(|gap| limits(&gap.index)).collect(),
        "spearman" => {
            let found = spearman(&given[0], &given[1], SEED)?;
            vec![found.rho.value, found.p]
        }
        "spearman_limits" => limits(&spearman(&given[0], &given[1], SEED)?.rho).to_vec(),
        "holm" => holm(&given[0]),
        "series_poisson" => fitted(given, Spread::Poisson)?,
        "series_quasi" => fitted(given, Spread::Quasi)?,
        "series_without" => {
            let fit = fit(given, Spread::Quasi)?;
            [fit.expected.last().expect("a point").without_measure, fit.without_measure].map(all).concat()
        }
        "night_to_day" => all(night_to_day(NightAndDay { night: one(0), day: one(1) })?),
        "night_change" => {
            let (before, after) =
                (NightAndDay { night: one(0), day: one(1) }, NightAndDay { night: one(2), day: one(3) });
            all(night_change(before, after)?)
        }
        "displacement" | "displacement_limits" => {
            let area = |at: usize| BeforeAfter { before: one(at), after: one(at + 1) };
            let found = displacement(area(0), area(2), area(4), SEED)?;
            let parts = [found.success, found.buffer, found.quotient.expect("a clear success")];
            if measure == "displacement" {
                parts.map(|part| part.value).to_vec()
            } else {
                parts.iter().flat_map(limits).collect()
            }
        }
        other => panic!("the oracle has a measure {other} that nothing here computes"),
    })
}

fn gaps_of(given: &[Vec<f64>]) -> Result<Vec<Gap>, AnalysisError> {
    let place = |at: usize| Place {
        asked: given[0][at],
        feel_unsafe: given[1][at],
        observed: given[2][at],
        exposure: given[3][at],
    };
    gaps(&(0..given[0].len()).map(place).collect::<Vec<_>>(), SEED)
}

fn fit(given: &[Vec<f64>], spread: Spread) -> Result<Fit, AnalysisError> {
    let series = Series { times: &given[0], counts: &given[1], exposures: &given[2] };
    let (slope, harmonics) = (given[4][0] > 0.0, given[5][0] as usize);
    let model = Model { start: given[3][0], slope, harmonics, period: 12.0, spread };
    interrupted(&series, &model)
}

fn fitted(given: &[Vec<f64>], spread: Spread) -> Result<Vec<f64>, AnalysisError> {
    let Fit { coefficients, standard_errors, phi, level, .. } = fit(given, spread)?;
    Ok([coefficients, standard_errors, vec![phi], limits(&level).to_vec()].concat())
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(' ').map(|number| number.parse().unwrap_or_else(|_| panic!("{number} is no number"))).collect()
}

/// Near enough for the line's tolerance, relative to the number's size where that is above 1.
fn is_near(ours: &[f64], theirs: &[f64], tolerance: f64) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(our, their)| (our - their).abs() <= tolerance * their.abs().max(1.0))
}

#[test]
fn measures_are_those_of_scipy_and_statsmodels() {
    let mut lines = 0;
    for (at, line) in GOLDEN.lines().enumerate() {
        let [measure, given, expected, tolerance] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("analysis.tsv:{}: four columns were expected", at + 1);
        };
        let given: Vec<Vec<f64>> = given.split(';').map(numbers).collect();
        let (found, expected) = (computed(measure, &given).unwrap(), numbers(expected));
        let near = is_near(&found, &expected, tolerance.parse().unwrap());
        assert!(near, "analysis.tsv:{}: {measure}: {found:?} is not {expected:?}", at + 1);
        lines += 1;
    }
    assert!(lines > 150, "{lines} lines");
}

/// The Python that `VIGIE_PYTHON` names; says so when there is none.
fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("VIGIE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("VIGIE_REQUIRE_PYTHON").is_none(), "VIGIE_REQUIRE_PYTHON is set without VIGIE_PYTHON");
        // Past the test runner's capture, so that a skipped check is seen.
        let said = "VIGIE_PYTHON is not set; scripts/python-env.sh installs scipy, statsmodels and esda";
        writeln!(std::io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    }
    python
}

#[test]
fn python_computes_the_committed_file() {
    let Some(python) = python("python_computes_the_committed_file") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/analysis_oracle.py");
    let output = Command::new(python).arg(script).output().expect("VIGIE_PYTHON can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fresh = String::from_utf8(output.stdout).expect("the script writes ASCII");
    assert_eq!(fresh.lines().count(), GOLDEN.lines().count());
    for (at, (fresh, committed)) in fresh.lines().zip(GOLDEN.lines()).enumerate() {
        let (ours, theirs) = (committed.split('\t').collect::<Vec<_>>(), fresh.split('\t').collect::<Vec<_>>());
        let same = ours[..2] == theirs[..2] && is_near(&numbers(ours[2]), &numbers(theirs[2]), 1e-7);
        assert!(same, "analysis.tsv:{}: {committed}\nPython says: {fresh}", at + 1);
    }
}
