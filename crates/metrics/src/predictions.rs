use ndarray::ArrayView2;
use serde::Serialize;

use crate::{
    Calibration, ClassMetrics, RegressionMetrics, accuracy, class_metrics, confusion_matrix,
    predicted_classes,
};

/// The predictions for a test set, beside what is true.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Predictions {
    /// One of several classes for each row.
    Classes(ClassPredictions),
    /// One or several values for each row.
    Values(ValuePredictions),
}

impl Default for Predictions {
    fn default() -> Self {
        Predictions::Values(ValuePredictions::default())
    }
}

/// The probabilities of classes, for each row of a test set.
///
/// ```
/// use backprop_metrics::ClassPredictions;
///
/// let predictions = ClassPredictions {
///     names: vec!["cat".into(), "dog".into()],
///     labels: vec![0, 1, 1],
///     probabilities: vec![0.9, 0.1, 0.4, 0.6, 0.7, 0.3],
///     worst: Vec::new(),
/// };
/// assert_eq!(predictions.predicted(), [Some(0), Some(1), Some(0)]);
/// assert_eq!(predictions.correct(), [true, true, false]);
/// assert_eq!(predictions.confusion_matrix(), [[1, 0], [1, 1]]);
/// assert_eq!(predictions.class_metrics()[0].precision, 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClassPredictions {
    /// The names of the classes.
    pub names: Vec<String>,
    /// The true class of each row.
    pub labels: Vec<usize>,
    /// The probability of each class, row after row, (rows, classes).
    pub probabilities: Vec<f64>,
    /// The rows whose true class got the least probability, least first; may be empty.
    pub worst: Vec<WorstPrediction>,
}

/// A row of a test set whose true class got little probability.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorstPrediction {
    /// The index of the row.
    pub row: usize,
    /// The inputs of the row, if they are an image; empty otherwise.
    pub pixels: Vec<f64>,
}

/// The predicted values of one or several outputs, for each row of a test set.
///
/// ```
/// use backprop_metrics::ValuePredictions;
///
/// let predictions = ValuePredictions {
///     names: vec!["price".into()],
///     targets: vec![1.0, 3.0],
///     predictions: vec![1.0, 2.0],
///     training_means: vec![],
/// };
/// assert_eq!(predictions.metrics()[0].mean_absolute_error, 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ValuePredictions {
    /// The names of the outputs.
    pub names: Vec<String>,
    /// The true values, row after row, (rows, outputs).
    pub targets: Vec<f64>,
    /// The predicted values, row after row, (rows, outputs).
    pub predictions: Vec<f64>,
    /// The mean of each output over the training rows, in the unit of `targets`; empty where the
    /// means are not known.
    pub training_means: Vec<f64>,
}

impl ClassPredictions {
    /// The number of rows: those that have a label and all their probabilities.
    pub fn rows(&self) -> usize {
        self.labels
            .len()
            .min(self.probabilities.len() / self.names.len().max(1))
    }

    /// The probabilities (rows, classes).
    #[expect(
        clippy::missing_panics_doc,
        reason = "never: the slice has as many elements as the view"
    )]
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        let (rows, classes) = (self.rows(), self.names.len());
        ArrayView2::from_shape((rows, classes), &self.probabilities[..rows * classes])
            .expect("rows() whole rows of probabilities")
    }

    /// The predicted class of each row; `None` for a row with a NaN.
    pub fn predicted(&self) -> Vec<Option<usize>> {
        predicted_classes(self.probabilities())
    }

    /// The probability of the predicted class of each row; NaN where no class is predicted.
    pub fn confidences(&self) -> Vec<f64> {
        let rows = self.probabilities();
        let rows = rows.rows().into_iter().zip(self.predicted());
        rows.map(|(row, class)| class.map_or(f64::NAN, |class| row[class]))
            .collect()
    }

    /// Whether the predicted class of each row is the true one.
    pub fn correct(&self) -> Vec<bool> {
        let pairs = self.predicted().into_iter().zip(&self.labels);
        pairs.map(|(class, &label)| class == Some(label)).collect()
    }

    /// The [accuracy](crate::accuracy).
    pub fn accuracy(&self) -> f64 {
        accuracy(&self.labels[..self.rows()], &self.predicted())
    }

    /// The [confusion matrix](crate::confusion_matrix).
    pub fn confusion_matrix(&self) -> Vec<Vec<u64>> {
        let labels = &self.labels[..self.rows()];
        confusion_matrix(labels, &self.predicted(), self.names.len())
    }

    /// The [metrics of each class](crate::class_metrics).
    pub fn class_metrics(&self) -> Vec<ClassMetrics> {
        class_metrics(&self.confusion_matrix())
    }

    /// The [`Calibration`] in this number of bins.
    pub fn calibration(&self, bins: usize) -> Calibration {
        Calibration::new(&self.confidences(), &self.correct(), bins)
    }
}

impl ValuePredictions {
    /// The [`RegressionMetrics`] of each output.
    ///
    /// # Panics
    /// If there are not as many predictions as targets.
    #[track_caller]
    pub fn metrics(&self) -> Vec<RegressionMetrics> {
        RegressionMetrics::per_output(&self.targets, &self.predictions, self.names.len())
    }

    /// The metrics of each output for the baseline that always predicts the training mean; empty where
    /// the means are not known.
    ///
    /// ```
    /// use backprop_metrics::ValuePredictions;
    ///
    /// let values = ValuePredictions {
    ///     names: vec!["price".to_owned()],
    ///     targets: vec![1.0, 3.0],
    ///     predictions: vec![1.0, 2.0],
    ///     training_means: vec![1.0],
    /// };
    /// assert_eq!(values.baselines()[0].mean_squared_error, 2.0);
    /// assert_eq!(values.metrics()[0].mean_squared_error, 0.5);
    /// ```
    pub fn baselines(&self) -> Vec<RegressionMetrics> {
        let outputs = self.training_means.iter().enumerate();
        let baseline = |(output, &mean): (usize, &f64)| {
            let targets = self.targets.iter().skip(output);
            let targets: Vec<f64> = targets.step_by(self.names.len()).copied().collect();
            RegressionMetrics::constant_baseline(&targets, mean)
        };
        outputs.map(baseline).collect()
    }

    /// The true and the predicted values of one output, row by row.
    ///
    /// ```
    /// use backprop_metrics::ValuePredictions;
    ///
    /// let predictions = ValuePredictions {
    ///     names: vec!["x".into(), "y".into()],
    ///     targets: vec![1.0, 2.0, 3.0, 4.0],
    ///     predictions: vec![1.5, 2.5, 3.5, 4.5],
    ///     training_means: vec![],
    /// };
    /// assert_eq!(predictions.pairs(1), [(2.0, 2.5), (4.0, 4.5)]);
    /// ```
    pub fn pairs(&self, output: usize) -> Vec<(f64, f64)> {
        let pairs = self.targets.iter().zip(&self.predictions);
        pairs
            .skip(output)
            .step_by(self.names.len().max(1))
            .map(|(&target, &prediction)| (target, prediction))
            .collect()
    }
}

/// The indices of the `count` rows whose true class got the least probability, least first, equals by
/// index; `probabilities` are row after row, (rows, `num_classes`).
///
/// A label beyond the classes has the probability 0. NaN stands behind all numbers.
///
/// ```
/// use backprop_metrics::worst_predictions;
///
/// let probabilities = [0.9, 0.1, 0.4, 0.6, 0.8, 0.2];
/// assert_eq!(worst_predictions(&[0, 1, 1], &probabilities, 2, 2), [2, 1]);
/// ```
pub fn worst_predictions(
    labels: &[usize],
    probabilities: &[f64],
    num_classes: usize,
    count: usize,
) -> Vec<usize> {
    let of_truth = |row: usize| match labels[row] {
        label if label < num_classes => probabilities.get(row * num_classes + label),
        _ => None,
    };
    let key = |row: usize| of_truth(row).copied().unwrap_or(0.0);
    let order = |a: &usize, b: &usize| key(*a).total_cmp(&key(*b)).then(a.cmp(b));
    let mut rows: Vec<usize> = (0..labels.len()).collect();
    if rows.len() > count {
        rows.select_nth_unstable_by(count, order);
        rows.truncate(count);
    }
    rows.sort_by(order);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_rows() -> ClassPredictions {
        ClassPredictions {
            names: vec!["a".into(), "b".into()],
            labels: vec![0, 1, 1, 0],
            probabilities: vec![0.75, 0.25, 0.5, 0.5, f64::NAN, 1.0, 0.0],
            worst: Vec::new(),
        }
    }

    #[test]
    fn a_row_that_is_not_whole_is_no_row_and_one_with_a_nan_is_wrong() {
        let found = three_rows();
        assert_eq!(found.rows(), 3);
        assert_eq!(found.predicted(), [Some(0), Some(0), None]);
        assert_eq!(found.correct(), [true, false, false]);
        assert_eq!(found.accuracy(), 1.0 / 3.0);
        assert_eq!(found.confusion_matrix(), [[1, 0], [1, 0]]);
        assert_eq!(found.confidences()[..2], [0.75, 0.5]);
        assert!(found.confidences()[2].is_nan());
        let calibration = found.calibration(1);
        assert_eq!(calibration.bins[0].rows, 2);
        assert_eq!(calibration.expected_error, 0.125);
        let none = ClassPredictions::default();
        assert_eq!((none.rows(), none.class_metrics().len()), (0, 0));
    }

    #[test]
    fn the_worst_rows_come_in_order_and_as_many_as_there_are() {
        let probabilities = [0.2, 0.8, 0.1, 0.9, 0.2, 0.8, 0.5, 0.5];
        let labels = [0, 0, 0, 1];
        assert_eq!(worst_predictions(&labels, &probabilities, 2, 3), [1, 0, 2]);
        assert_eq!(
            worst_predictions(&labels, &probabilities, 2, 9),
            [1, 0, 2, 3]
        );
        assert_eq!(
            worst_predictions(&labels, &probabilities, 2, 4),
            [1, 0, 2, 3]
        );
        // Classes 3 and 2 have no probability, and their rows come first.
        assert_eq!(worst_predictions(&[0, 3], &[0.5, 0.5, 1.0, 0.0], 2, 1), [1]);
        assert_eq!(worst_predictions(&[0, 2, 0], &[0.5; 6], 2, 1), [1]);
    }

    #[test]
    fn predictions_are_written_with_the_field_names() {
        let written = serde_json::to_value(three_rows().class_metrics()).expect("plain data");
        assert_eq!(written[0]["rows"], 1);
        assert_eq!(written[0]["precision"], 0.5);
        assert_eq!(written[1]["precision"], serde_json::Value::Null);
        let json = serde_json::to_string(&Predictions::default()).expect("plain data");
        assert_eq!(
            json,
            r#"{"Values":{"names":[],"targets":[],"predictions":[],"training_means":[]}}"#
        );
    }
}
