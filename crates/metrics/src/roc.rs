use serde::Serialize;

/// The receiver operating characteristic (ROC) of a score: true positives over false positives, for
/// every threshold.
///
/// ```
/// use backprop_metrics::RocCurve;
///
/// let curve = RocCurve::new(&[0.9, 0.8, 0.3, 0.1], &[true, false, true, false]);
/// // Of the 4 pairs of a positive and a negative row, 3 have the higher score at the positive.
/// assert_eq!(curve.area(), 0.75);
/// assert_eq!(curve.points[1].true_positive_rate, 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RocCurve {
    /// The points, from (0, 0) at an infinite threshold to (1, 1) at the lowest score.
    pub points: Vec<RocPoint>,
}

/// The rates of one threshold: rows with at least this score are predicted positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RocPoint {
    /// The threshold.
    pub threshold: f64,
    /// The fraction of negative rows that are predicted positive; NaN without negative rows.
    pub false_positive_rate: f64,
    /// The fraction of positive rows that are predicted positive (recall); NaN without positive rows.
    pub true_positive_rate: f64,
}

impl RocCurve {
    /// The curve of these scores, with a point for each distinct score. A row whose score is NaN is
    /// left out.
    ///
    /// # Panics
    /// If the slices differ in length.
    #[track_caller]
    pub fn new(scores: &[f64], positive: &[bool]) -> Self {
        let (rows, flags) = (scores.len(), positive.len());
        assert_eq!(rows, flags, "{rows} scores, but {flags} flags");
        let pairs = scores.iter().copied().zip(positive.iter().copied());
        let mut pairs: Vec<(f64, bool)> = pairs.filter(|(score, _)| !score.is_nan()).collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = pairs.iter().filter(|(_, positive)| *positive).count();
        let negatives = pairs.len() - positives;
        let (mut false_positives, mut true_positives) = (0, 0);
        let mut point = |threshold: f64, group: &[(f64, bool)]| {
            let hits = group.iter().filter(|(_, positive)| *positive).count();
            true_positives += hits;
            false_positives += group.len() - hits;
            RocPoint {
                threshold,
                false_positive_rate: false_positives as f64 / negatives as f64,
                true_positive_rate: true_positives as f64 / positives as f64,
            }
        };
        let mut points = vec![point(f64::INFINITY, &[])];
        // Equal scores cannot be told apart by a threshold, so they are one point.
        let groups = pairs.chunk_by(|a, b| a.0 == b.0);
        points.extend(groups.map(|group| point(group[0].0, group)));
        RocCurve { points }
    }

    /// The area under the curve (AUC), by the trapezoidal rule; NaN without positive or without
    /// negative rows.
    ///
    /// The area is the probability that a positive row has a higher score than a negative one, equal
    /// scores counting half (Mann and Whitney, 1947): 1 for a perfect ranking, 0.5 for a random one.
    pub fn area(&self) -> f64 {
        let trapezoid = |pair: &[RocPoint]| {
            let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
            0.5 * width * (pair[0].true_positive_rate + pair[1].true_positive_rate)
        };
        match self.points.len() {
            0 | 1 => f64::NAN,
            _ => self.points.windows(2).map(trapezoid).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_area_is_one_for_a_perfect_order_and_zero_for_the_reverse() {
        let scores = [0.1, 0.4, 0.6, 0.7];
        assert_eq!(
            RocCurve::new(&scores, &[false, false, true, true]).area(),
            1.0
        );
        assert_eq!(
            RocCurve::new(&scores, &[true, true, false, false]).area(),
            0.0
        );
        assert_eq!(
            RocCurve::new(&[0.5; 4], &[true, false, true, false]).area(),
            0.5
        );
    }

    /// By hand, of 2 * 3 pairs: 0.8 beats all three, 0.5 beats 0.2, loses to 0.6 and ties with 0.5:
    /// (3 + 1 + 0.5) / 6.
    #[test]
    fn ties_count_half() {
        let scores = [0.8, 0.6, 0.5, 0.5, 0.2, f64::NAN];
        let curve = RocCurve::new(&scores, &[true, false, true, false, false, true]);
        assert_abs_diff_eq!(curve.area(), 4.5 / 6.0, epsilon = 1e-12);
        let thresholds: Vec<f64> = curve.points.iter().map(|point| point.threshold).collect();
        assert_eq!(thresholds, [f64::INFINITY, 0.8, 0.6, 0.5, 0.2]);
        let point = curve.points[3];
        assert_abs_diff_eq!(point.false_positive_rate, 2.0 / 3.0, epsilon = 1e-12);
        assert_eq!(point.true_positive_rate, 1.0);
        let rates = |point: &RocPoint| (point.false_positive_rate, point.true_positive_rate);
        assert_eq!(rates(&curve.points[0]), (0.0, 0.0));
        assert_eq!(curve.points.last().map(rates), Some((1.0, 1.0)));
    }

    #[test]
    fn one_class_alone_has_no_area() {
        assert!(RocCurve::new(&[], &[]).area().is_nan());
        assert!(RocCurve::new(&[0.5, 0.6], &[true, true]).area().is_nan());
        assert!(RocCurve::default().area().is_nan());
    }

    #[test]
    #[should_panic(expected = "2 scores, but 0 flags")]
    fn each_score_needs_a_flag() {
        RocCurve::new(&[0.0, 1.0], &[]);
    }
}
