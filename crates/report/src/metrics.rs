//! What predictions are worth: for classes, for probabilities, for values.

/// The index of the largest value, the first of equals: the class that these probabilities mean. NaN is
/// never the largest; 0 where there is no other.
///
/// ```
/// assert_eq!(backprop_report::metrics::largest(&[0.1, 0.45, 0.45]), 1);
/// ```
pub fn largest(row: &[f64]) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, &value) in row.iter().enumerate() {
        if value > best.1 {
            best = (at, value);
        }
    }
    best.0
}

/// How often a row of the class of the first index was taken for the class of the second. Labels
/// that name no class are left out.
///
/// ```
/// use backprop_report::metrics::confusion;
///
/// assert_eq!(confusion(&[0, 0, 1], &[0, 1, 1], 2), [[1, 1], [0, 1]]);
/// ```
pub fn confusion(labels: &[usize], guesses: &[usize], classes: usize) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&label, &guess) in labels.iter().zip(guesses) {
        if label < classes && guess < classes {
            counts[label][guess] += 1;
        }
    }
    counts
}

/// How well one class is found. A share of nothing is NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Of the rows taken for this class, the share that belongs to it.
    pub precision: f64,
    /// Of the rows of this class, the share that was taken for it.
    pub recall: f64,
    /// The harmonic mean of the two: `2 hits / (rows + taken for it)`.
    pub f1: f64,
    /// The rows of this class.
    pub rows: u64,
}

/// The scores of each class of a [`confusion`] matrix.
pub fn class_scores(counts: &[Vec<u64>]) -> Vec<ClassScore> {
    let scores = counts.iter().enumerate().map(|(class, row)| {
        let hits = row.get(class).copied().unwrap_or(0) as f64;
        let rows: u64 = row.iter().sum();
        let taken: u64 = counts.iter().filter_map(|row| row.get(class)).sum();
        ClassScore {
            precision: hits / taken as f64,
            recall: hits / rows as f64,
            f1: 2.0 * hits / (rows + taken) as f64,
            rows,
        }
    });
    scores.collect()
}

/// The mean over classes, each counting the same; a class without a score counts as 0, unless it
/// has no rows either: then it does not count.
pub fn macro_mean(scores: &[ClassScore], of: impl Fn(&ClassScore) -> f64) -> f64 {
    let present = || scores.iter().filter(|score| score.rows > 0);
    let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
    present().map(|score| finite(of(score))).sum::<f64>() / present().count() as f64
}

/// The interval that holds the true share with 95 % probability, seen `hits` of `rows` (Wilson, 1927).
pub fn wilson(hits: u64, rows: u64) -> (f64, f64) {
    let (z, n) = (1.959_963_984_540_054_f64, rows as f64);
    let share = hits as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

/// How well probabilities agree with how often predictions come true.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// The probabilities from 0 to 1 in equal parts.
    pub bins: Vec<CalibrationBin>,
    /// The mean of `|accuracy - confidence|` over all rows, by bin (Naeini et al., 2015).
    pub expected_error: f64,
}

/// The predictions whose probability lies between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// The lower bound, which belongs to the bin before, except for 0.
    pub from: f64,
    /// The upper bound, which belongs to this bin.
    pub to: f64,
    /// How many predictions there are.
    pub rows: usize,
    /// Their mean probability; 0 if there are none.
    pub confidence: f64,
    /// The share that is right; 0 if there are none.
    pub accuracy: f64,
}

/// Sorts predictions into bins by the probability of the predicted class. A probability that is
/// not finite is left out.
pub fn calibration(confidences: &[f64], right: &[bool], bins: usize) -> Calibration {
    let bins = bins.max(1);
    let mut sums = vec![(0_usize, 0.0, 0_usize); bins];
    for (&confidence, &right) in confidences.iter().zip(right) {
        if confidence.is_finite() {
            let bin = (confidence * bins as f64).ceil().clamp(1.0, bins as f64) as usize - 1;
            let sum = &mut sums[bin];
            *sum = (sum.0 + 1, sum.1 + confidence, sum.2 + usize::from(right));
        }
    }
    let all: usize = sums.iter().map(|sum| sum.0).sum();
    let bins: Vec<CalibrationBin> = sums
        .iter()
        .enumerate()
        .map(|(k, &(rows, confidence, right))| CalibrationBin {
            from: k as f64 / bins as f64,
            to: (k + 1) as f64 / bins as f64,
            rows,
            confidence: confidence / rows.max(1) as f64,
            accuracy: right as f64 / rows.max(1) as f64,
        })
        .collect();
    let errors = bins
        .iter()
        .map(|bin| bin.rows as f64 * (bin.accuracy - bin.confidence).abs());
    Calibration {
        expected_error: errors.sum::<f64>() / all as f64,
        bins,
    }
}

/// How far predicted values are from the true ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ValueErrors {
    /// The mean of the squared differences.
    pub mean_squared: f64,
    /// The mean of the differences without their sign.
    pub mean_absolute: f64,
    /// The coefficient of determination: 1 for no error, 0 for as good as the mean of the true
    /// values, below 0 for worse; NaN where the true values are all the same.
    pub r2: f64,
}

/// Compares values with predictions.
pub fn value_errors(targets: &[f64], predictions: &[f64]) -> ValueErrors {
    let pairs = || targets.iter().zip(predictions);
    let rows = pairs().count() as f64;
    let mean = pairs().map(|(target, _)| target).sum::<f64>() / rows;
    let squares: f64 = pairs()
        .map(|(target, value)| (target - value).powi(2))
        .sum();
    let absolute: f64 = pairs().map(|(target, value)| (target - value).abs()).sum();
    let spread: f64 = pairs().map(|(target, _)| (target - mean).powi(2)).sum();
    ValueErrors {
        mean_squared: squares / rows,
        mean_absolute: absolute / rows,
        r2: if spread > 0.0 {
            1.0 - squares / spread
        } else {
            f64::NAN
        },
    }
}

/// As [`value_errors`], of each of `width` outputs; the values are row after row.
///
/// ```
/// use backprop_report::metrics::output_errors;
///
/// let errors = output_errors(&[1.0, 10.0, 2.0, 20.0], &[1.0, 10.0, 2.0, 24.0], 2);
/// assert_eq!(errors[0].mean_squared, 0.0);
/// assert_eq!((errors[1].mean_squared, errors[1].mean_absolute), (8.0, 2.0));
/// ```
pub fn output_errors(targets: &[f64], predictions: &[f64], width: usize) -> Vec<ValueErrors> {
    let column =
        |values: &[f64], k| -> Vec<f64> { values.iter().skip(k).step_by(width).copied().collect() };
    let errors = |k| value_errors(&column(targets, k), &column(predictions, k));
    (0..width).map(errors).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    /// By hand: class 0 has 3 rows, 2 found; class 1 has 2 rows, 1 found; class 2 has 1 row, none
    /// found, and one row of class 1 was taken for it; class 3 has no row and none was taken for it.
    #[test]
    fn class_scores_are_those_computed_by_hand() {
        let counts = confusion(&[0, 0, 0, 1, 1, 2, 9], &[0, 0, 1, 1, 2, 0, 0], 4);
        assert_eq!(
            counts,
            [[2, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
        );
        let scores = class_scores(&counts);
        close(scores[0].precision, 2.0 / 3.0);
        close(scores[0].recall, 2.0 / 3.0);
        close(scores[0].f1, 2.0 / 3.0);
        close(scores[1].precision, 0.5);
        close(scores[1].recall, 0.5);
        close(scores[2].precision, 0.0);
        close(scores[2].f1, 0.0);
        assert_eq!(scores[2].rows, 1);
        assert!(scores[3].precision.is_nan() && scores[3].recall.is_nan() && scores[3].f1.is_nan());
        close(
            macro_mean(&scores, |score| score.recall),
            (2.0 / 3.0 + 0.5) / 3.0,
        );
    }

    /// By hand, two bins: in (0, 0.5] the probabilities 0.4 and 0.5, one right: |0.5 - 0.45| = 0.05;
    /// in (0.5, 1] 0.9 and 0.8, both right: |1 - 0.85| = 0.15; ECE = (2 * 0.05 + 2 * 0.15) / 4.
    #[test]
    fn the_calibration_error_is_that_computed_by_hand() {
        let confidences = [0.4, 0.5, 0.9, 0.8, f64::NAN];
        let found = calibration(&confidences, &[true, false, true, true, true], 2);
        close(found.expected_error, 0.1);
        assert_eq!((found.bins[0].rows, found.bins[1].rows), (2, 2));
        close(found.bins[1].confidence, 0.85);
        assert!(calibration(&[], &[], 10).expected_error.is_nan());
    }

    /// By hand: differences 0.5, 0, -1, 0.5 around targets of mean 2.5 and spread 5.
    #[test]
    fn value_errors_are_those_computed_by_hand() {
        let found = value_errors(&[1.0, 2.0, 3.0, 4.0], &[0.5, 2.0, 4.0, 3.5]);
        close(found.mean_squared, 1.5 / 4.0);
        close(found.mean_absolute, 0.5);
        close(found.r2, 1.0 - 1.5 / 5.0);
        assert!(value_errors(&[2.0, 2.0], &[2.0, 3.0]).r2.is_nan());
        assert!(value_errors(&[], &[]).mean_squared.is_nan());
    }

    /// Brown, Cai and DasGupta's form for 8 of 10, by hand: middle 0.716740, half 0.226574.
    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = wilson(8, 10);
        assert!(
            (low - 0.490_162).abs() < 1e-5 && (high - 0.943_318).abs() < 1e-5,
            "{low} {high}"
        );
        let (low, high) = wilson(10, 10);
        assert!(low > 0.7 && (high - 1.0).abs() < 1e-12);
    }
}
