//! Means, standard scores and ranks.

/// The mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// How many standard deviations (of the values themselves, divisor n) each value lies above their mean. When all values
/// are the same, none of them stands out: all scores are 0.
pub(crate) fn scores(values: &[f64]) -> Vec<f64> {
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64;
    // Rounding leaves a trace of variance where there is none.
    let is_constant = variance.sqrt() <= 1e-12 * mean.abs().max(f64::MIN_POSITIVE);
    values.iter().map(|value| if is_constant { 0.0 } else { (value - mean) / variance.sqrt() }).collect()
}

/// The ranks of values, from 1; equal values share the mean of their ranks.
pub(crate) fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for same in order.chunk_by(|&one, &other| values[one] == values[other]) {
        let rank = first as f64 + (same.len() + 1) as f64 / 2.0;
        for &index in same {
            ranks[index] = rank;
        }
        first += same.len();
    }
    ranks
}

/// Pearson's correlation; `None` when one side does not vary.
pub(crate) fn correlation(xs: &[f64], ys: &[f64]) -> Option<f64> {
    let (mean_x, mean_y) = (mean(xs), mean(ys));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in xs.iter().zip(ys) {
        xx += (x - mean_x).powi(2);
        yy += (y - mean_y).powi(2);
        xy += (x - mean_x) * (y - mean_y);
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(mid_ranks(&[0.0, -0.0]), [1.5, 1.5]);
    }

    #[test]
    fn equal_values_have_no_score() {
        assert_eq!(scores(&[0.1, 0.1, 0.1]), [0.0, 0.0, 0.0]);
        assert_eq!(scores(&[1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
