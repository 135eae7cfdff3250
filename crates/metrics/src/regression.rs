use serde::Serialize;

/// How far predicted values are from the true ones. All are NaN for no rows.
///
/// ```
/// use backprop_metrics::RegressionMetrics;
///
/// let (targets, predictions) = ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 2.0]);
/// let errors = RegressionMetrics::new(&targets, &predictions);
/// assert_eq!(errors.mean_squared_error, 1.0);
/// assert_eq!(errors.mean_absolute_error, 0.5);
/// // The squared differences from the mean 2.5 sum to 5, the squared errors to 4.
/// assert_eq!(format!("{:.2}", errors.r2), "0.20");
/// // Always to say 2.5 is worse: a mean squared error of 5/4.
/// let baseline = RegressionMetrics::mean_baseline(&targets);
/// assert_eq!((baseline.mean_squared_error, baseline.mean_absolute_error), (1.25, 1.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RegressionMetrics {
    /// The mean squared error (MSE), in the square of the targets' unit.
    pub mean_squared_error: f64,
    /// The mean absolute error (MAE), in the targets' unit.
    pub mean_absolute_error: f64,
    /// The coefficient of determination `1 - sum (y - p)² / sum (y - mean y)²`: 1 without error, 0
    /// for always predicting the mean, negative for worse; NaN where all targets are equal.
    pub r2: f64,
}

impl RegressionMetrics {
    /// The metrics of these predictions of one output.
    ///
    /// # Panics
    /// If the slices differ in length.
    #[track_caller]
    pub fn new(targets: &[f64], predictions: &[f64]) -> Self {
        let (rows, predicted) = (targets.len(), predictions.len());
        assert_eq!(
            rows, predicted,
            "{rows} targets, but {predicted} predictions"
        );
        let errors = || targets.iter().zip(predictions).map(|(y, p)| y - p);
        let n = rows as f64;
        let mean = targets.iter().sum::<f64>() / n;
        let squared: f64 = errors().map(|error| error.powi(2)).sum();
        let absolute: f64 = errors().map(f64::abs).sum();
        let total: f64 = targets.iter().map(|y| (y - mean).powi(2)).sum();
        RegressionMetrics {
            mean_squared_error: squared / n,
            mean_absolute_error: absolute / n,
            r2: if total > 0.0 {
                1.0 - squared / total
            } else {
                f64::NAN
            },
        }
    }

    /// The metrics of each of `width` outputs; the values are row after row, (rows, width).
    ///
    /// ```
    /// use backprop_metrics::RegressionMetrics;
    ///
    /// let (targets, predictions) = ([1.0, 10.0, 2.0, 20.0], [1.0, 10.0, 2.0, 24.0]);
    /// let outputs = RegressionMetrics::per_output(&targets, &predictions, 2);
    /// assert_eq!(outputs[0].mean_squared_error, 0.0);
    /// assert_eq!((outputs[1].mean_squared_error, outputs[1].mean_absolute_error), (8.0, 2.0));
    /// ```
    ///
    /// # Panics
    /// If the slices differ in length.
    #[track_caller]
    pub fn per_output(targets: &[f64], predictions: &[f64], width: usize) -> Vec<Self> {
        let mut outputs = Vec::with_capacity(width);
        for k in 0..width {
            let column = |values: &[f64]| -> Vec<f64> {
                values.iter().skip(k).step_by(width).copied().collect()
            };
            outputs.push(Self::new(&column(targets), &column(predictions)));
        }
        outputs
    }

    /// The mean of each metric over outputs, each output counting the same.
    ///
    /// ```
    /// use backprop_metrics::RegressionMetrics;
    ///
    /// let outputs = RegressionMetrics::per_output(&[1.0, 5.0], &[2.0, 2.0], 2);
    /// let mean = RegressionMetrics::average(&outputs);
    /// assert_eq!((mean.mean_squared_error, mean.mean_absolute_error), (5.0, 2.0));
    /// ```
    pub fn average(outputs: &[Self]) -> Self {
        let mean = |metric: fn(&Self) -> f64| {
            outputs.iter().map(metric).sum::<f64>() / outputs.len() as f64
        };
        RegressionMetrics {
            mean_squared_error: mean(|output| output.mean_squared_error),
            mean_absolute_error: mean(|output| output.mean_absolute_error),
            r2: mean(|output| output.r2),
        }
    }

    /// The metrics of the baseline that always predicts the mean of `targets`.
    ///
    /// The mean squared error is then the variance (divided by n), and R² is 0. A model that is
    /// not better has learnt nothing from its inputs.
    pub fn mean_baseline(targets: &[f64]) -> Self {
        Self::constant_baseline(targets, targets.iter().sum::<f64>() / targets.len() as f64)
    }

    /// The metrics of the baseline that always predicts `value`, such as the mean of the training
    /// targets.
    ///
    /// ```
    /// use backprop_metrics::RegressionMetrics;
    ///
    /// let baseline = RegressionMetrics::constant_baseline(&[1.0, 3.0], 1.0);
    /// assert_eq!((baseline.mean_absolute_error, baseline.mean_squared_error), (1.0, 2.0));
    /// ```
    pub fn constant_baseline(targets: &[f64], value: f64) -> Self {
        Self::new(targets, &vec![value; targets.len()])
    }

    /// The root mean squared error (RMSE), in the targets' unit.
    ///
    /// ```
    /// use backprop_metrics::RegressionMetrics;
    ///
    /// let errors = RegressionMetrics::new(&[0.0, 0.0], &[3.0, -3.0]);
    /// assert_eq!(errors.root_mean_squared_error(), 3.0);
    /// ```
    pub fn root_mean_squared_error(&self) -> f64 {
        self.mean_squared_error.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// By hand: differences 0.5, 0, -1, 0.5 around targets of mean 2.5 and squared deviations of 5.
    #[test]
    fn errors_are_those_computed_by_hand() {
        let found = RegressionMetrics::new(&[1.0, 2.0, 3.0, 4.0], &[0.5, 2.0, 4.0, 3.5]);
        assert_abs_diff_eq!(found.mean_squared_error, 1.5 / 4.0, epsilon = 1e-12);
        assert_abs_diff_eq!(found.mean_absolute_error, 0.5, epsilon = 1e-12);
        assert_abs_diff_eq!(found.r2, 1.0 - 1.5 / 5.0, epsilon = 1e-12);
        assert!(RegressionMetrics::new(&[2.0, 2.0], &[2.0, 3.0]).r2.is_nan());
        assert!(RegressionMetrics::new(&[], &[]).mean_squared_error.is_nan());
    }

    #[test]
    fn the_mean_has_the_variance_for_its_error_and_explains_nothing() {
        let baseline = RegressionMetrics::mean_baseline(&[1.0, 2.0, 6.0]);
        assert_abs_diff_eq!(baseline.mean_squared_error, 14.0 / 3.0, epsilon = 1e-12);
        assert_abs_diff_eq!(baseline.mean_absolute_error, 2.0, epsilon = 1e-12);
        assert_eq!(baseline.r2, 0.0);
    }

    #[test]
    fn the_average_counts_each_output_the_same() {
        let outputs =
            RegressionMetrics::per_output(&[0.0, 0.0, 2.0, 4.0], &[0.0, 2.0, 2.0, 4.0], 2);
        let mean = RegressionMetrics::average(&outputs);
        assert_eq!(
            (mean.mean_squared_error, mean.mean_absolute_error),
            (1.0, 0.5)
        );
        assert_abs_diff_eq!(mean.r2, 0.75, epsilon = 1e-12);
        assert!(RegressionMetrics::average(&[]).r2.is_nan());
    }

    #[test]
    #[should_panic(expected = "2 targets, but 1 predictions")]
    fn each_target_needs_a_prediction() {
        RegressionMetrics::new(&[0.0, 1.0], &[0.0]);
    }
}
