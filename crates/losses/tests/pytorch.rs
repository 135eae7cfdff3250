//! Losses and their gradients against the figures that `reference/make.py` got from PyTorch.

use backprop_losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy,
    TargetsView, WeightedSum, parse,
};
use backprop_tensor::Scalar;
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

/// Either `classes` or `values` are the targets.
#[derive(Deserialize)]
struct Case {
    name: String,
    loss: String,
    output: Vec<Vec<f64>>,
    classes: Option<Vec<u32>>,
    values: Option<Vec<Vec<f64>>>,
    weights: Option<Vec<f64>>,
    sum: f64,
    weight: f64,
    mean: f64,
    mean_gradient: Vec<Vec<f64>>,
    /// Where `output` is the softmax of something: of what, and the gradient by that.
    logits: Option<Vec<Vec<f64>>>,
    logits_mean_gradient: Option<Vec<Vec<f64>>>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("reference/losses.json");
    let Reference { cases } = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 64);
    cases
}

fn loss<T: Scalar>(name: &str) -> Box<dyn Loss<T>> {
    match name {
        "softmax_cross_entropy" => Box::new(SoftmaxCrossEntropy),
        "cross_entropy" => Box::new(CrossEntropy),
        "mean_squared_error" => Box::new(MeanSquaredError),
        "binary_cross_entropy" => Box::new(BinaryCrossEntropyWithLogits),
        other => parse(other).unwrap(),
    }
}

fn array<T: Scalar>(rows: &[Vec<f64>]) -> Array2<T> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| {
        T::from_f64(rows[i][j])
    })
}

/// The loss and the gradient of `output` with the targets and weights of the case.
fn evaluate<T: Scalar>(
    loss: &dyn Loss<T>,
    case: &Case,
    output: &[Vec<f64>],
) -> (WeightedSum, Array2<f64>) {
    let output = array::<T>(output);
    let values = case.values.as_deref().map(array::<T>);
    let targets = match (&case.classes, &values) {
        (Some(classes), None) => TargetsView::Classes(classes),
        (None, Some(values)) => TargetsView::Values(values.view()),
        _ => panic!("{}: classes or values", case.name),
    };
    let weights: Option<Vec<T>> = case
        .weights
        .as_ref()
        .map(|weights| weights.iter().map(|&w| T::from_f64(w)).collect());
    loss.check(output.ncols(), targets).unwrap();
    let mut grad = Array2::from_elem(output.dim(), T::nan());
    let grad_view = Some(grad.view_mut());
    let total = loss.value_and_grad(output.view(), targets, weights.as_deref(), grad_view);
    (total, grad.mapv(|g| g.as_f64()))
}

/// The largest difference, relative to the largest element.
fn deviation(found: &Array2<f64>, expected: &[Vec<f64>]) -> f64 {
    let expected = array::<f64>(expected);
    let largest = |array: &Array2<f64>| array.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    let differences = found - &expected;
    assert!(!differences.iter().any(|d| d.is_nan()), "{found}");
    largest(&differences) / largest(&expected)
}

/// Whether `T` holds the probabilities of all targets as normal numbers; below the smallest,
/// CrossEntropy takes the smallest instead, and PyTorch does not.
fn is_normal<T: Scalar>(case: &Case) -> bool {
    let asked = |row: usize, column: usize| match (&case.classes, &case.values) {
        (Some(classes), _) => classes[row] as usize == column,
        (_, Some(values)) => values[row][column] > 0.0,
        _ => false,
    };
    let output = array::<f64>(&case.output);
    case.loss != "cross_entropy"
        || output
            .indexed_iter()
            .all(|((i, j), &p)| !asked(i, j) || p >= T::min_positive_value().as_f64())
}

/// Checks all cases whose probabilities are normal numbers; returns how many there are.
fn check_cases<T: Scalar>(allowed: f64) -> usize {
    let mut worst = 0.0_f64;
    let cases: Vec<Case> = cases().into_iter().filter(is_normal::<T>).collect();
    for case in &cases {
        let (total, grad) = evaluate(&*loss::<T>(&case.loss), case, &case.output);
        let relative = |found: f64, expected: f64| (found - expected).abs() / expected.abs();
        let off = [
            ("sum", relative(total.sum, case.sum)),
            ("weight", relative(total.weight, case.weight)),
            ("mean", relative(total.mean(), case.mean)),
            ("gradient", deviation(&grad, &case.mean_gradient)),
        ];
        for (what, off) in off {
            worst = worst.max(off);
            let name = &case.name;
            assert!(
                off <= allowed,
                "{name} in {}: {what} off by {off:e}",
                T::NAME
            );
        }
    }
    println!("{}: worst deviation {worst:e}", T::NAME);
    cases.len()
}

#[test]
fn losses_in_f64_are_pytorchs() {
    assert_eq!(check_cases::<f64>(1e-12), 64);
}

/// The four cases of CrossEntropy at large logits have probabilities below 1e-38.
#[test]
fn losses_in_f32_are_pytorchs() {
    assert_eq!(check_cases::<f32>(1e-5), 60);
}

/// PyTorch differentiated the cross-entropy of probabilities through the softmax that made them:
/// that is SoftmaxCrossEntropy of the logits.
#[test]
fn cross_entropy_through_a_softmax_is_softmax_cross_entropy() {
    let mut found = 0;
    for case in cases() {
        let (Some(logits), Some(expected)) = (&case.logits, &case.logits_mean_gradient) else {
            continue;
        };
        let (total, grad) = evaluate::<f64>(&SoftmaxCrossEntropy, &case, logits);
        let off = deviation(&grad, expected).max((total.sum / case.sum - 1.0).abs());
        assert!(off <= 1e-12, "{}: off by {off:e}", case.name);
        found += 1;
    }
    assert_eq!(found, 8);
}
