//! Every loss against central differences, against each other, and at the edges of its range.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use approx::{assert_abs_diff_eq, assert_relative_eq};
use backprop_losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Loss, LossError, MeanSquaredError, OutputKind,
    RowTarget, SoftmaxCrossEntropy, TargetsView, WeightedSum, by_name, names,
};
use common::check_gradient;
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, array, s};

#[test]
fn gradients_agree_with_central_differences() {
    let logits = array![
        [0.3, -1.2, 2.0],
        [5.0, 0.1, -3.0],
        [-0.4, -0.5, 0.9],
        [1.0, 1.0, 1.5]
    ];
    let mut probabilities = logits.clone();
    Loss::<f64>::activate(&SoftmaxCrossEntropy, probabilities.view_mut());
    let shares = array![
        [0.2, 0.5, 0.3],
        [1.0, 0.0, 0.0],
        [0.0, 0.6, 0.4],
        [0.1, 0.1, 0.1]
    ];
    let (classes, shares) = (
        TargetsView::Classes(&[2, 0, 1, 1]),
        TargetsView::Values(shares.view()),
    );
    for weights in [None, Some(&[1.0, 0.5, 0.0, 3.0][..])] {
        for targets in [classes, shares] {
            check_gradient(&SoftmaxCrossEntropy, &logits, targets, weights);
            check_gradient(&CrossEntropy, &probabilities, targets, weights);
        }
        check_gradient(&MeanSquaredError, &logits, shares, weights);
        check_gradient(&BinaryCrossEntropyWithLogits, &logits, shares, weights);
    }
}

/// Through the Jacobian of the softmax, `dz = p (dp - sum dp p)`, the gradient of CrossEntropy
/// is the one of SoftmaxCrossEntropy wherever the probability is a normal number.
#[test]
fn cross_entropy_after_a_softmax_is_softmax_cross_entropy() {
    for logit in [0.0_f64, 3.0, 50.0, 300.0, 700.0] {
        let logits = array![[logit, 0.0, -1.0]];
        let targets = TargetsView::Classes(&[1]);
        let mut fused = Array2::zeros((1, 3));
        let whole = SoftmaxCrossEntropy.value_and_grad(
            logits.view(),
            targets,
            None,
            Some(fused.view_mut()),
        );
        let mut p = logits.clone();
        Loss::<f64>::activate(&SoftmaxCrossEntropy, p.view_mut());
        let mut dp = Array2::zeros((1, 3));
        let parts = CrossEntropy.value_and_grad(p.view(), targets, None, Some(dp.view_mut()));
        let mean = (&dp * &p).sum();
        let dz = &p * &(dp - mean);
        assert_relative_eq!(whole.sum, parts.sum, max_relative = 1e-12, epsilon = 0.0);
        for (a, b) in dz.iter().zip(&fused) {
            assert_abs_diff_eq!(a, b, epsilon = 1e-14);
        }
    }
}

#[test]
fn a_probability_of_zero_gives_a_large_and_finite_loss() {
    let mut grad = Array2::zeros((1, 2));
    let total = CrossEntropy.value_and_grad(
        array![[0.0_f32, 1.0]].view(),
        TargetsView::Classes(&[0]),
        None,
        Some(grad.view_mut()),
    );
    assert_eq!(total.sum, -f64::from(f32::MIN_POSITIVE).ln());
    assert_eq!(grad[[0, 0]], -1.0 / f32::MIN_POSITIVE);
}

#[test]
fn nan_stays_nan_and_is_not_taken_for_a_number() {
    let nan = array![[f64::NAN, 1.0]];
    let values = array![[1.0, 0.0]];
    let losses: [&dyn Loss<f64>; 4] = [
        &SoftmaxCrossEntropy,
        &CrossEntropy,
        &MeanSquaredError,
        &BinaryCrossEntropyWithLogits,
    ];
    for loss in losses {
        let total = loss.value_and_grad(nan.view(), TargetsView::Values(values.view()), None, None);
        assert!(total.sum.is_nan(), "{}", loss.name());
    }
}

#[test]
fn batches_add_up_to_the_whole() {
    let output = array![[1.0_f64], [2.0], [4.0]];
    let target = Array2::zeros((3, 1));
    let part = |from: usize, to: usize| {
        let (output, target) = (
            output.slice(ndarray::s![from..to, ..]),
            target.slice(ndarray::s![from..to, ..]),
        );
        MeanSquaredError.value_and_grad(
            output,
            TargetsView::Values(target),
            Some(&[1.0, 2.0, 3.0][from..to]),
            None,
        )
    };
    let mut total = part(0, 2);
    total += part(2, 3);
    assert_eq!(total, part(0, 3));
    assert_eq!(total.mean(), (1.0 + 2.0 * 4.0 + 3.0 * 16.0) / 6.0);
}

#[test]
fn weights_of_zero_give_no_gradient_and_no_mean() {
    let mut grad = array![[f64::NAN]];
    let (output, target) = (array![[1.0]], array![[0.0]]);
    let target = TargetsView::Values(target.view());
    let total =
        MeanSquaredError.value_and_grad(output.view(), target, Some(&[0.0]), Some(grad.view_mut()));
    assert!(total.mean().is_nan());
    assert_eq!(grad[[0, 0]], 0.0);
}

#[test]
fn targets_that_do_not_fit_are_named() {
    let check = |loss: &dyn Loss<f64>, targets| loss.check(2, targets).unwrap_err();
    let error = check(&SoftmaxCrossEntropy, TargetsView::Classes(&[0, 1, 2]));
    assert_eq!(
        error.to_string(),
        "row 2 is of class 2, but the network has 2 outputs (classes 0 to 1)"
    );
    assert_eq!(
        check(&MeanSquaredError, TargetsView::Classes(&[0])),
        LossError::NeedsValues {
            loss: "MeanSquaredError"
        }
    );
    let wide = Array2::zeros((1, 3));
    assert_eq!(
        check(&CrossEntropy, TargetsView::Values(wide.view())),
        LossError::Width {
            expected: 2,
            found: 3
        }
    );
    let values = array![[0.5, 1.5], [f64::NAN, 0.0]];
    let error = check(
        &BinaryCrossEntropyWithLogits,
        TargetsView::Values(values.view()),
    );
    assert_eq!(
        error.to_string(),
        "the target at row 0, column 1 is 1.5; BinaryCrossEntropyWithLogits takes numbers from 0 to 1"
    );
    let error = check(&MeanSquaredError, TargetsView::Values(values.view()));
    assert!(
        error.to_string().contains("row 1, column 0 is NaN"),
        "{error}"
    );
    let negative = array![[-0.5, 1.5]];
    assert!(
        SoftmaxCrossEntropy
            .check(2, TargetsView::Values(negative.view()))
            .is_err()
    );
}

#[test]
fn predictions_are_probabilities() {
    let mut output = array![[1.0_f64, 1.0], [800.0, 0.0]];
    SoftmaxCrossEntropy.activate(output.view_mut());
    assert_eq!(output, array![[0.5, 0.5], [1.0, 0.0]]);
    let mut output = array![[0.0_f64, -800.0]];
    BinaryCrossEntropyWithLogits.activate(output.view_mut());
    assert_eq!(output, array![[0.5, 0.0]]);
}

#[test]
fn every_loss_is_found_by_its_name_and_no_other() {
    let names = names();
    // A model keeps the name in its file.
    assert_eq!(
        names,
        [
            "SoftmaxCrossEntropy",
            "CrossEntropy",
            "BinaryCrossEntropyWithLogits",
            "MeanSquaredError",
            "MeanAbsoluteError",
            "Huber",
            "Quantile",
            "Poisson",
            "LabelSmoothing",
            "Focal",
        ]
    );
    for name in names {
        assert_eq!(by_name::<f32>(name).unwrap().name(), name);
        assert_eq!(by_name::<f64>(name).unwrap().name(), name);
    }
    assert!(by_name::<f64>("softmaxcrossentropy").is_none());
}

#[test]
fn every_loss_states_the_kind_of_output_that_it_takes() {
    let kind = |name: &str| by_name::<f64>(name).unwrap().output_kind();
    assert_eq!(kind("SoftmaxCrossEntropy"), OutputKind::Logits);
    assert_eq!(kind("CrossEntropy"), OutputKind::Probabilities);
    assert_eq!(kind("BinaryCrossEntropyWithLogits"), OutputKind::Logits);
    assert_eq!(kind("MeanSquaredError"), OutputKind::Values);
}

/// A loss of a user's own with the methods that have no default: the first output, whatever the target.
#[derive(Debug)]
struct FirstOutput;

impl Loss<f64> for FirstOutput {
    fn name(&self) -> &'static str {
        "FirstOutput"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn row(
        &self,
        output: ArrayView1<'_, f64>,
        _target: RowTarget<'_, f64>,
        row_weight: f64,
        grad: Option<ArrayViewMut1<'_, f64>>,
    ) -> f64 {
        if let Some(mut grad) = grad {
            grad.fill(0.0);
            grad[0] = row_weight;
        }
        output[0]
    }
}

#[test]
fn a_loss_on_logits_takes_classes_and_values_by_default() {
    assert_eq!(FirstOutput.check(2, TargetsView::Classes(&[1, 0])), Ok(()));
    let values = array![[0.0, 7.0]];
    let values = TargetsView::Values(values.view());
    assert_eq!(FirstOutput.check(2, values), Ok(()));
    let mut logits = array![[1.0, 1.0]];
    FirstOutput.activate(logits.view_mut());
    assert_eq!(logits, array![[0.5, 0.5]]);
}

/// BinaryCrossEntropyWithLogits has a `check` and an `activate` of its own.
#[test]
fn a_boxed_loss_is_the_loss_in_the_box() {
    let boxed: Box<dyn Loss<f64>> = Box::new(BinaryCrossEntropyWithLogits);
    let boxed = Box::new(boxed);
    assert_eq!(boxed.name(), "BinaryCrossEntropyWithLogits");
    let values: Box<dyn Loss<f64>> = Box::new(MeanSquaredError);
    assert_eq!(Box::new(values).output_kind(), OutputKind::Values);
    assert_eq!(
        boxed.check(2, TargetsView::Classes(&[0])),
        Err(LossError::NeedsValues {
            loss: "BinaryCrossEntropyWithLogits"
        })
    );

    // At a logit of 0 a row costs ln 2, and its gradient is 1/2 - t.
    let (logits, target) = (array![[0.0]], array![[1.0]]);
    let mut grad = Array1::zeros(1);
    let row = RowTarget::Values(target.row(0));
    let loss = boxed.row(logits.row(0), row, 4.0, Some(grad.view_mut()));
    assert_eq!((loss, grad), (2.0_f64.ln(), array![-2.0]));

    let mut grad = Array2::zeros((1, 1));
    let targets = TargetsView::Values(target.view());
    let total = boxed.value_and_grad(logits.view(), targets, Some(&[3.0]), Some(grad.view_mut()));
    let expected = WeightedSum {
        sum: 3.0 * 2.0_f64.ln(),
        weight: 3.0,
    };
    assert_eq!((total, grad), (expected, array![[-0.5]]));

    let mut logits = array![[0.0, -800.0]];
    boxed.activate(logits.view_mut());
    assert_eq!(logits, array![[0.5, 0.0]]);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let output = array![[0.0, 1.0], [2.0, 3.0]];
    let (short, narrow) = (array![[0.0, 1.0]], array![[0.0], [1.0]]);
    let panic = |targets, weights: Option<&[f64]>, columns| {
        let mut grad = Array2::zeros((2, columns));
        let call = AssertUnwindSafe(|| {
            MeanSquaredError.value_and_grad(output.view(), targets, weights, Some(grad.view_mut()))
        });
        let payload = catch_unwind(call).expect_err("a panic");
        payload.downcast_ref::<String>().expect("a message").clone()
    };
    let fitting = TargetsView::Values(output.view());
    for (message, expected) in [
        (
            panic(TargetsView::Values(short.view()), None, 2),
            "rows of the targets and of the output",
        ),
        (
            panic(TargetsView::Values(narrow.view()), None, 2),
            "shape of the targets and of the output",
        ),
        (
            panic(fitting, Some(&[1.0; 3]), 2),
            "weights and rows of the output",
        ),
        (
            panic(fitting, None, 3),
            "shape of the gradient and of the output",
        ),
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_mean_squared_error_takes_views_of_any_strides() {
    let (output, target) = (array![[1.0, 9.0, 3.0]], array![[0.5, 1.0, 4.0]]);
    let (mut plain, mut strided) = (Array2::zeros((1, 2)), Array2::zeros((1, 3)));
    let (y, t) = (array![[1.0, 3.0]], array![[0.5, 4.0]]);
    let loss = MeanSquaredError;
    let targets = TargetsView::Values(t.view());
    let expected = loss.value_and_grad(y.view(), targets, None, Some(plain.view_mut()));
    let every_second = s![.., ..;2];
    let targets = TargetsView::Values(target.slice(every_second));
    let (y, grad) = (output.slice(every_second), strided.slice_mut(every_second));
    assert_eq!(loss.value_and_grad(y, targets, None, Some(grad)), expected);
    assert_eq!(strided.slice(every_second), plain);
    // Only the gradient has gaps.
    let (y, t) = (array![[1.0, 3.0]], array![[0.5, 4.0]]);
    let targets = TargetsView::Values(t.view());
    let grad = strided.slice_mut(every_second);
    assert_eq!(
        loss.value_and_grad(y.view(), targets, None, Some(grad)),
        expected
    );
}

#[test]
fn targets_none_of_which_is_a_number_are_refused_as_well() {
    let targets = array![[f64::NAN, f64::INFINITY]];
    let found = MeanSquaredError.check(2, TargetsView::Values(targets.view()));
    assert!(
        matches!(
            found,
            Err(LossError::Range {
                row: 0,
                column: 0,
                ..
            })
        ),
        "{found:?}"
    );
}
