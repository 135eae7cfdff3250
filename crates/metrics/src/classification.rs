use backprop_tensor::{Scalar, argmax};
use ndarray::ArrayView2;
use serde::Serialize;

/// The class of each row of `outputs` (rows, classes): the index of the largest output, the first of
/// equals; `None` for a row with a NaN.
///
/// ```
/// use backprop_metrics::predicted_classes;
/// use ndarray::array;
///
/// let outputs = array![[0.1, 0.9], [0.5, 0.5], [f64::NAN, 1.0]];
/// assert_eq!(predicted_classes(outputs.view()), [Some(1), Some(0), None]);
/// ```
pub fn predicted_classes<T: Scalar>(outputs: ArrayView2<'_, T>) -> Vec<Option<usize>> {
    outputs.rows().into_iter().map(argmax).collect()
}

/// The fraction of rows whose predicted class is the label; NaN for no rows.
///
/// A prediction is a class or, as an `Option`, none, which is wrong.
///
/// ```
/// use backprop_metrics::accuracy;
///
/// assert_eq!(accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
/// assert_eq!(accuracy(&[0, 1], &[Some(0), None]), 0.5);
/// ```
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn accuracy<P>(labels: &[usize], predicted: &[P]) -> f64
where
    P: Copy + Into<Option<usize>>,
{
    check_rows(labels.len(), predicted.len());
    let rows = labels.iter().zip(predicted);
    let correct = rows.filter(|&(&label, &class)| class.into() == Some(label));
    correct.count() as f64 / labels.len() as f64
}

/// The confusion matrix (label, prediction): how many rows of the first class were taken for the
/// second.
///
/// A row whose label or prediction is none of the `num_classes` classes is left out.
///
/// ```
/// use backprop_metrics::confusion_matrix;
///
/// assert_eq!(confusion_matrix(&[0, 0, 1], &[0, 1, 1], 2), [[1, 1], [0, 1]]);
/// ```
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn confusion_matrix<P>(labels: &[usize], predicted: &[P], num_classes: usize) -> Vec<Vec<u64>>
where
    P: Copy + Into<Option<usize>>,
{
    check_rows(labels.len(), predicted.len());
    let mut counts = vec![vec![0; num_classes]; num_classes];
    for (&label, &class) in labels.iter().zip(predicted) {
        match class.into() {
            Some(class) if label < num_classes && class < num_classes => counts[label][class] += 1,
            _ => {}
        }
    }
    counts
}

/// How well one class is found. A ratio with nothing below the line is NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ClassMetrics {
    /// The number of rows of this class, also called its support.
    pub rows: u64,
    /// The fraction of the rows predicted as this class that belong to it.
    pub precision: f64,
    /// The fraction of the rows of this class that were predicted as it.
    pub recall: f64,
    /// The harmonic mean of precision and recall: `2 correct / (rows + predicted rows)`.
    pub f1: f64,
}

/// The metrics of each class, from a [`confusion_matrix`].
///
/// ```
/// use backprop_metrics::class_metrics;
///
/// // Of three rows of class 0 two were found; class 1 was predicted for one row, wrongly.
/// let classes = class_metrics(&[vec![2, 1], vec![0, 0]]);
/// assert_eq!((classes[0].precision, classes[0].f1), (1.0, 0.8));
/// assert_eq!((classes[1].precision, classes[1].rows), (0.0, 0));
/// assert!(classes[1].recall.is_nan());
/// ```
pub fn class_metrics(confusion: &[Vec<u64>]) -> Vec<ClassMetrics> {
    let metrics = confusion.iter().enumerate().map(|(class, row)| {
        let correct = row.get(class).copied().unwrap_or(0) as f64;
        let rows: u64 = row.iter().sum();
        let predicted: u64 = confusion.iter().filter_map(|row| row.get(class)).sum();
        ClassMetrics {
            rows,
            precision: correct / predicted as f64,
            recall: correct / rows as f64,
            f1: 2.0 * correct / (rows + predicted) as f64,
        }
    });
    metrics.collect()
}

/// The macro average: the mean of `metric` over classes, each class counting the same.
///
/// A class without rows is left out; a class with rows whose metric is NaN counts as 0.
///
/// ```
/// use backprop_metrics::{class_metrics, macro_average};
///
/// // Class 2 has no rows. Recalls 1/2 and 1.
/// let classes = class_metrics(&[vec![1, 1, 0], vec![0, 2, 0], vec![0, 0, 0]]);
/// assert_eq!(macro_average(&classes, |class| class.recall), 0.75);
/// ```
pub fn macro_average(classes: &[ClassMetrics], metric: impl Fn(&ClassMetrics) -> f64) -> f64 {
    let present = || classes.iter().filter(|class| class.rows > 0);
    let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
    let sum: f64 = present().map(|class| finite(metric(class))).sum();
    sum / present().count() as f64
}

/// The balanced accuracy: the macro average of recall, which a frequent class cannot dominate.
///
/// ```
/// use backprop_metrics::balanced_accuracy;
///
/// // 9 rows of class 0, all found; 1 row of class 1, missed: accuracy 0.9, balanced accuracy 0.5.
/// assert_eq!(balanced_accuracy(&[vec![9, 0], vec![1, 0]]), 0.5);
/// ```
pub fn balanced_accuracy(confusion: &[Vec<u64>]) -> f64 {
    macro_average(&class_metrics(confusion), |class| class.recall)
}

/// The macro F1: the macro average of F1, which a frequent class cannot dominate.
///
/// ```
/// use backprop_metrics::macro_f1;
///
/// // 9 rows of class 0, all found, and 1 row of class 1, missed: F1 is 18/19 and 0.
/// assert_eq!(macro_f1(&[vec![9, 0], vec![1, 0]]), 9.0 / 19.0);
/// ```
pub fn macro_f1(confusion: &[Vec<u64>]) -> f64 {
    macro_average(&class_metrics(confusion), |class| class.f1)
}

/// The baseline of a classifier: the most frequent class and its share of the rows.
///
/// A classifier that always predicts the most frequent class has this accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MajorityClass {
    /// The class, the first of equals.
    pub class: usize,
    /// The share of the rows that are of the class, from 0 to 1.
    pub share: f64,
    /// The ratio of the rows of the class to those of the rarest class that has rows.
    pub imbalance: f64,
}

impl MajorityClass {
    /// The majority class of a [`confusion_matrix`]; `None` without rows.
    ///
    /// ```
    /// use backprop_metrics::MajorityClass;
    ///
    /// let majority = MajorityClass::new(&[vec![1, 0, 0], vec![2, 1, 0], vec![0, 0, 0]]).unwrap();
    /// assert_eq!((majority.class, majority.share, majority.imbalance), (1, 0.75, 3.0));
    /// assert_eq!(MajorityClass::new(&[vec![0]]), None);
    /// ```
    pub fn new(confusion: &[Vec<u64>]) -> Option<Self> {
        let rows = confusion.iter().map(|row| row.iter().sum());
        Self::of_counts(&rows.collect::<Vec<u64>>())
    }

    /// The majority class of the number of rows of each class; `None` without rows.
    ///
    /// ```
    /// use backprop_metrics::MajorityClass;
    ///
    /// let majority = MajorityClass::of_counts(&[1, 3, 0]).unwrap();
    /// assert_eq!((majority.class, majority.share, majority.imbalance), (1, 0.75, 3.0));
    /// ```
    pub fn of_counts(rows: &[u64]) -> Option<Self> {
        let rarest = *rows.iter().filter(|&&rows| rows > 0).min()?;
        let largest = *rows.iter().max()?;
        Some(MajorityClass {
            class: rows.iter().position(|&rows| rows == largest)?,
            share: largest as f64 / rows.iter().sum::<u64>() as f64,
            imbalance: largest as f64 / rarest as f64,
        })
    }

    /// Whether the classes are so uneven that accuracy says little: the most frequent class has more
    /// than half as many rows again as the rarest.
    pub fn is_uneven(&self) -> bool {
        self.imbalance > 1.5
    }
}

#[track_caller]
fn check_rows(labels: usize, predicted: usize) {
    assert_eq!(
        labels, predicted,
        "{labels} labels, but {predicted} predictions"
    );
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// By hand: class 0 has 3 rows, 2 found; class 1 has 2 rows, 1 found; class 2 has 1 row, none
    /// found, and one row of class 1 was taken for it; class 3 has no row and none was taken for it.
    #[test]
    fn class_metrics_are_those_computed_by_hand() {
        let counts = confusion_matrix(&[0, 0, 0, 1, 1, 2, 9], &[0, 0, 1, 1, 2, 0, 0], 4);
        assert_eq!(
            counts,
            [[2, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
        );
        let classes = class_metrics(&counts);
        let close = |a: f64, b: f64| assert_abs_diff_eq!(a, b, epsilon = 1e-12);
        close(classes[0].precision, 2.0 / 3.0);
        close(classes[0].recall, 2.0 / 3.0);
        close(classes[0].f1, 2.0 / 3.0);
        close(classes[1].precision, 0.5);
        close(classes[1].recall, 0.5);
        close(classes[2].precision, 0.0);
        close(classes[2].f1, 0.0);
        assert_eq!(classes[2].rows, 1);
        let none = classes[3];
        assert!(none.precision.is_nan() && none.recall.is_nan() && none.f1.is_nan());
        close(
            macro_average(&classes, |class| class.recall),
            (2.0 / 3.0 + 0.5) / 3.0,
        );
        close(balanced_accuracy(&counts), (2.0 / 3.0 + 0.5) / 3.0);
    }

    /// Precision 2/3, recall 1/2, F1 = 2 * 2/3 * 1/2 / (2/3 + 1/2) = 4/7.
    #[test]
    fn f1_is_the_harmonic_mean() {
        let class = class_metrics(&[vec![2, 2], vec![1, 5]])[0];
        let (precision, recall) = (class.precision, class.recall);
        assert_abs_diff_eq!(class.f1, 4.0 / 7.0, epsilon = 1e-12);
        assert_abs_diff_eq!(
            class.f1,
            2.0 * precision * recall / (precision + recall),
            epsilon = 1e-12
        );
    }

    #[test]
    fn a_class_that_was_never_predicted_counts_as_zero_precision() {
        let classes = class_metrics(&[vec![4, 0], vec![4, 0]]);
        assert!(classes[1].precision.is_nan());
        assert_eq!(macro_average(&classes, |class| class.precision), 0.25);
        assert!(macro_average(&[], |class| class.f1).is_nan());
    }

    #[test]
    fn labels_and_predictions_beyond_the_classes_are_left_out() {
        assert_eq!(
            confusion_matrix(&[0, 2, 1, 0], &[Some(0), Some(0), Some(2), None], 2),
            [[1, 0], [0, 0]]
        );
        assert!(accuracy::<usize>(&[], &[]).is_nan());
    }

    #[test]
    #[should_panic(expected = "2 labels, but 1 predictions")]
    fn each_label_needs_a_prediction() {
        accuracy(&[0, 1], &[0]);
    }
}
