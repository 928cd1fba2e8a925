use super::*;
use crate::chance::Chance;

const MODEL: Model = Model { start: 37.0, slope: false, harmonics: 0, period: 12.0, spread: Spread::Poisson };

fn times(points: usize) -> Vec<f64> {
    (1..=points).map(|time| time as f64).collect()
}

/// Two groups and no trend have a closed form: the ratio of the two mean rates, here taken apart by a balanced trend.
#[test]
fn without_noise_the_planted_effect_comes_back() {
    let times = times(60);
    let exposures: Vec<f64> = times.iter().map(|time| 1_000.0 + 10.0 * time).collect();
    let mean = |time: f64, exposure: f64| {
        let held = if time >= 37.0 { (0.8_f64.ln()) + 0.01 * (time - 37.0) } else { 0.0 };
        exposure * (-2.0 + 0.005 * time + held + 0.1 * (TAU * time / 12.0).sin()).exp()
    };
    let counts: Vec<f64> = times.iter().zip(&exposures).map(|(time, exposure)| mean(*time, *exposure)).collect();
    let series = Series { times: &times, counts: &counts, exposures: &exposures };
    let fit = interrupted(&series, &Model { slope: true, harmonics: 2, ..MODEL }).unwrap();
    assert!((fit.level.value - 0.8).abs() < 1e-6 && (fit.slope.unwrap().value.ln() - 0.01).abs() < 1e-8, "{fit:?}");
    assert!((fit.trend.value.ln() - 0.005).abs() < 1e-8 && (fit.coefficients[4] - 0.1).abs() < 1e-6, "{fit:?}");
    assert!(fit.phi < 1e-6);
}

/// What would have been without the measure goes on as before, and the interval of one coefficient is the one told of it.
#[test]
fn without_the_measure_things_would_have_gone_on() {
    let times = times(60);
    let exposures = vec![1.0; 60];
    let before = |time: f64| (3.0 + 0.01 * time + 0.2 * (TAU * time / 12.0).cos()).exp();
    let counts: Vec<f64> = times.iter().map(|time| before(*time) * if *time >= 37.0 { 0.5 } else { 1.0 }).collect();
    let series = Series { times: &times, counts: &counts, exposures: &exposures };
    let fit = interrupted(&series, &Model { harmonics: 1, ..MODEL }).unwrap();
    for (time, expected) in times.iter().zip(&fit.expected) {
        let own = expected.without_measure;
        assert!((own.value - before(*time)).abs() < 1e-6, "{time}: {own}");
        assert!((expected.mean - own.value * if *time >= 37.0 { 0.5 } else { 1.0 }).abs() < 1e-6);
        assert!(own.low < own.value && own.value < own.high);
    }
    let total: f64 = times.iter().filter(|time| **time >= 37.0).map(|time| before(*time)).sum();
    assert!((fit.without_measure.value - total).abs() < 1e-5 && fit.without_measure.holds(total));
    // At time 0, without season, the mean is exp(b0) times what the cosine adds: without harmonics it is exp(b0) itself.
    let shifted: Vec<f64> = times.iter().map(|time| time - 1.0).collect();
    let series = Series { times: &shifted, counts: &counts, exposures: &exposures };
    let plain = interrupted(&series, &Model { start: 36.0, ..MODEL }).unwrap();
    let first = plain.expected[0].without_measure;
    assert!((first.high.ln() - plain.coefficients[0] - Z95 * plain.standard_errors[0]).abs() < 1e-9, "{first}");
}

/// The analysis of Bernal et al. 2017, with their data, whose terms of use are not plain enough to copy them: `VIGIE_SICILY`
/// names their file `sicily.csv`, supplementary to doi:10.1093/ije/dyw098.
#[test]
fn the_smoking_ban_of_sicily() {
    use std::io::Write;
    let Some(file) = std::env::var_os("VIGIE_SICILY") else {
        let said = "SKIPPED the_smoking_ban_of_sicily: VIGIE_SICILY does not name sicily.csv";
        return writeln!(std::io::stderr(), "{said}").unwrap();
    };
    let text = std::fs::read_to_string(file).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let column = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<f64>>();
    let (counts, times, exposures) = (column(2), column(3), column(6));
    let series = Series { times: &times, counts: &counts, exposures: &exposures };
    assert_eq!(interrupted(&series, &MODEL).unwrap().level.to_string(), "0.894 (0.865-0.925)");
    let seasonal = interrupted(&series, &Model { harmonics: 2, spread: Spread::Quasi, ..MODEL }).unwrap();
    assert_eq!(seasonal.level.to_string(), "0.885 (0.839-0.933)");
    assert_eq!(format!("{:.2}", seasonal.phi), "2.26");
}

/// Months counted from the year 0 on, as `12 * year + month` does.
#[test]
fn times_far_from_zero_change_nothing() {
    let chance = &mut Chance::new(3);
    let near = times(60);
    let far: Vec<f64> = near.iter().map(|time| time + 24_000.0).collect();
    let counts: Vec<f64> = near.iter().map(|_| chance.poisson(40.0)).collect();
    let exposures = vec![1.0; 60];
    let model = Model { slope: true, harmonics: 2, spread: Spread::Quasi, ..MODEL };
    let fit = |times: &[f64], start: f64| {
        interrupted(&Series { times, counts: &counts, exposures: &exposures }, &Model { start, ..model }).unwrap()
    };
    let (one, other) = (fit(&near, 37.0), fit(&far, 24_037.0));
    let close = |one: Estimate, other: Estimate| {
        (one.value - other.value).abs() < 1e-8
            && (one.low - other.low).abs() < 1e-8
            && (one.high - other.high).abs() < 1e-8
    };
    assert!(close(one.level, other.level) && close(one.slope.unwrap(), other.slope.unwrap()), "{one:?} {other:?}");
    assert!((one.phi - other.phi).abs() < 1e-8);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let times = times(24);
    let counts: Vec<f64> = times.iter().map(|time| time % 5.0 + 1.0).collect();
    let exposures = vec![1.0; 24];
    let refused = |counts: &[f64], times: &[f64], exposures: &[f64], model: Model| {
        interrupted(&Series { times, counts, exposures }, &model).unwrap_err().to_string()
    };
    let model = Model { start: 13.0, ..MODEL };
    let late = refused(&counts, &times, &exposures, Model { start: 25.0, ..MODEL });
    assert_eq!(late, "the count from the start of the measure on is 0; it has to be a number greater than 0");
    let twins = refused(&counts, &[7.0; 24], &exposures, Model { start: 7.0, ..MODEL });
    assert_eq!(twins, "the count before the start of the measure is 0; it has to be a number greater than 0");
    let halves: Vec<f64> = times.iter().map(|time| if *time >= 13.0 { 1.0 } else { 0.0 }).collect();
    let same = refused(&counts, &halves, &exposures, Model { start: 1.0, ..MODEL });
    assert!(same.starts_with("the model cannot be fitted: its terms cannot be told apart"), "{same}");
    assert!(refused(&counts[..3], &times[..3], &exposures[..3], model).contains("at least 4 are needed"));
    assert!(refused(&counts, &times[..20], &exposures, model).contains("24 values where the times has 20"));
    assert!(refused(&counts, &times, &[0.0; 24], model).starts_with("an exposure is 0"));
    assert!(refused(&[-1.0; 24], &times, &exposures, model).starts_with("a count is -1"));
    assert!(refused(&counts, &[f64::NAN; 24], &exposures, model).starts_with("a time is NaN"));
    assert!(refused(&counts, &times, &exposures, Model { harmonics: 9, ..model }).contains("harmonics"));
    // With half a year there is no telling a yearly season from the rest.
    let short =
        refused(&counts[..9], &times[..9], &exposures[..9], Model { start: 5.0, harmonics: 2, period: 2.0, ..MODEL });
    assert!(short.contains("cannot be told apart"), "{short}");
}

/// A quasi-Poisson interval keeps its promise where the counts vary twice as much as Poisson's; the plain one does not.
#[test]
fn quasi_intervals_cover_what_poissons_do_not() {
    let (times, exposures) = (times(60), vec![1.0; 60]);
    let (mut quasi, mut plain) = (0, 0);
    for seed in 0..200 {
        let chance = &mut Chance::new(seed);
        // Pairs of incidents: mean 60, variance 120.
        let counts: Vec<f64> =
            times.iter().map(|time| 2.0 * chance.poisson(if *time >= 37.0 { 24.0 } else { 30.0 })).collect();
        let series = Series { times: &times, counts: &counts, exposures: &exposures };
        let covers = |spread| interrupted(&series, &Model { spread, ..MODEL }).unwrap().level.holds(0.8);
        quasi += u32::from(covers(Spread::Quasi));
        plain += u32::from(covers(Spread::Poisson));
    }
    assert!((183..=197).contains(&quasi), "{quasi} of 200");
    assert!(plain < 175, "{plain} of 200");
}
