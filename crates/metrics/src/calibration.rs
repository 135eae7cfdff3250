use serde::Serialize;

/// How well probabilities agree with how often predictions are right.
///
/// Rows are sorted into bins of equal width by the probability of the predicted class. A calibrated
/// classifier has accuracy = mean probability in each bin.
///
/// ```
/// use backprop_metrics::Calibration;
///
/// // In (0, 0.5]: mean probability 0.45, one of two right. In (0.5, 1]: 0.85, both right.
/// let found = Calibration::new(&[0.4, 0.5, 0.9, 0.8], &[true, false, true, true], 2);
/// assert_eq!(found.bins[0].accuracy, 0.5);
/// assert_eq!(format!("{:.4}", found.expected_error), "0.1000");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// The bins, from probability 0 to 1.
    pub bins: Vec<CalibrationBin>,
    /// The expected calibration error (ECE): the mean over all rows of `|accuracy - confidence|` of
    /// the row's bin (Naeini et al., 2015); NaN for no rows.
    pub expected_error: f64,
}

/// The predictions whose probability lies between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// The lower bound, excluded; the first bin includes 0.
    pub from: f64,
    /// The upper bound, included.
    pub to: f64,
    /// The number of predictions.
    pub rows: usize,
    /// The mean probability of the predicted class; 0 for no rows.
    pub confidence: f64,
    /// The fraction of the predictions that is right; 0 for no rows.
    pub accuracy: f64,
}

/// The sums of a bin while rows are counted.
#[derive(Clone, Copy, Default)]
struct Sums {
    rows: usize,
    confidence: f64,
    correct: usize,
}

impl Calibration {
    /// The calibration of predictions with these probabilities, in `bins` bins (at least 1). A
    /// probability that is not finite is left out.
    ///
    /// # Panics
    /// If the slices differ in length.
    #[track_caller]
    pub fn new(confidences: &[f64], correct: &[bool], bins: usize) -> Self {
        let (rows, flags) = (confidences.len(), correct.len());
        assert_eq!(rows, flags, "{rows} probabilities, but {flags} flags");
        let count = bins.max(1);
        let mut sums = vec![Sums::default(); count];
        for (&confidence, &correct) in confidences.iter().zip(correct) {
            if confidence.is_finite() {
                let bin = (confidence * count as f64).ceil().clamp(1.0, count as f64) as usize - 1;
                sums[bin].rows += 1;
                sums[bin].confidence += confidence;
                sums[bin].correct += usize::from(correct);
            }
        }
        let counted: usize = sums.iter().map(|sum| sum.rows).sum();
        let bin = |(k, sum): (usize, &Sums)| CalibrationBin {
            from: k as f64 / count as f64,
            to: (k + 1) as f64 / count as f64,
            rows: sum.rows,
            confidence: sum.confidence / sum.rows.max(1) as f64,
            accuracy: sum.correct as f64 / sum.rows.max(1) as f64,
        };
        let bins: Vec<CalibrationBin> = sums.iter().enumerate().map(bin).collect();
        let gaps = bins
            .iter()
            .map(|bin| bin.rows as f64 * (bin.accuracy - bin.confidence).abs());
        Calibration {
            expected_error: gaps.sum::<f64>() / counted as f64,
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// By hand, two bins: in (0, 0.5] the probabilities 0.4 and 0.5, one right: |0.5 - 0.45| = 0.05;
    /// in (0.5, 1] 0.9 and 0.8, both right: |1 - 0.85| = 0.15; ECE = (2 * 0.05 + 2 * 0.15) / 4.
    #[test]
    fn the_calibration_error_is_that_computed_by_hand() {
        let confidences = [0.4, 0.5, 0.9, 0.8, f64::NAN];
        let found = Calibration::new(&confidences, &[true, false, true, true, true], 2);
        assert_abs_diff_eq!(found.expected_error, 0.1, epsilon = 1e-12);
        assert_eq!((found.bins[0].rows, found.bins[1].rows), (2, 2));
        assert_eq!((found.bins[1].from, found.bins[1].to), (0.5, 1.0));
        assert_abs_diff_eq!(found.bins[1].confidence, 0.85, epsilon = 1e-12);
        assert_eq!((found.bins[0].accuracy, found.bins[1].accuracy), (0.5, 1.0));
    }

    #[test]
    fn bins_without_rows_and_probabilities_at_the_ends_count_for_nothing_else() {
        assert!(Calibration::new(&[], &[], 10).expected_error.is_nan());
        assert_eq!(Calibration::new(&[], &[], 0).bins.len(), 1);
        let found = Calibration::new(&[0.0, 1.0], &[false, true], 4);
        let rows: Vec<usize> = found.bins.iter().map(|bin| bin.rows).collect();
        assert_eq!(rows, [1, 0, 0, 1]);
        assert_eq!(found.bins[1].confidence, 0.0);
        assert_eq!(found.expected_error, 0.0);
    }

    #[test]
    #[should_panic(expected = "2 probabilities, but 1 flags")]
    fn each_probability_needs_a_flag() {
        Calibration::new(&[0.5, 0.5], &[true], 2);
    }
}
