//! The losses of absolute errors, quantiles and counts, and those of softened and weighted classes: gradients,
//! limits at which they are other losses, edges of their ranges, and their text.

mod common;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use backprop_losses::{
    Focal, Huber, LabelSmoothing, Loss, LossError, MeanAbsoluteError, MeanSquaredError, OutputKind,
    Poisson, Quantile, SoftmaxCrossEntropy, TargetsView, by_name, notation, option_names, parse,
};
use common::check_gradient;
use ndarray::{Array2, array};

fn evaluate(
    loss: &dyn Loss<f64>,
    output: &Array2<f64>,
    targets: TargetsView<'_, f64>,
) -> (f64, Array2<f64>) {
    let mut grad = Array2::from_elem(output.dim(), f64::NAN);
    let total = loss.value_and_grad(output.view(), targets, None, Some(grad.view_mut()));
    let alone = loss.value_and_grad(output.view(), targets, None, None);
    assert_eq!(total, alone, "{} with and without a gradient", loss.name());
    (total.mean(), grad)
}

fn assert_near(found: &Array2<f64>, expected: &Array2<f64>) {
    for (&found, &expected) in found.iter().zip(expected) {
        assert_abs_diff_eq!(found, expected, epsilon = 1e-15);
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    // No error is near 0 or near a delta, where a derivative jumps.
    let outputs = array![[0.3, -1.2, 2.0], [5.0, 0.1, -3.0], [-0.4, -0.5, 0.9]];
    let values = array![[1.0, 0.5, 0.0], [2.0, 1.4, 0.25], [0.0, 4.0, 1.3]];
    let shares = array![[0.2, 0.5, 0.3], [1.0, 0.0, 0.0], [0.1, 0.1, 0.1]];
    let (values, shares) = (
        TargetsView::Values(values.view()),
        TargetsView::Values(shares.view()),
    );
    let classes = TargetsView::Classes(&[2, 0, 1]);
    for weights in [None, Some(&[1.0, 0.5, 3.0][..])] {
        for text in [
            "mean-absolute-error",
            "huber:0.75",
            "huber:100",
            "quantile:0.2",
            "poisson",
        ] {
            check_gradient(&*parse(text).unwrap(), &outputs, values, weights);
        }
        for text in [
            "label-smoothing:0.3",
            "focal:0",
            "focal:0.5",
            "focal:1",
            "focal:3",
        ] {
            for targets in [classes, shares] {
                check_gradient(&*parse(text).unwrap(), &outputs, targets, weights);
            }
        }
    }
}

#[test]
fn at_the_ends_of_their_constants_they_are_other_losses() {
    let outputs = array![[0.3, -1.2, 2.0], [5.0, 0.1, -3.0]];
    let values = array![[1.0, 0.5, 0.0], [2.0, 1.4, 0.25]];
    let values = TargetsView::Values(values.view());
    let (squared, squared_grad) = evaluate(&MeanSquaredError, &outputs, values);
    let (huber, huber_grad) = evaluate(&Huber::new(1e3).unwrap(), &outputs, values);
    assert_relative_eq!(huber, squared / 2.0, max_relative = 1e-15);
    assert_near(&(huber_grad), &(squared_grad / 2.0));
    let (absolute, absolute_grad) = evaluate(&MeanAbsoluteError, &outputs, values);
    let (huber, huber_grad) = evaluate(&Huber::new(1e-9).unwrap(), &outputs, values);
    assert_relative_eq!(huber / 1e-9, absolute, max_relative = 1e-8);
    assert_near(&(huber_grad / 1e-9), &(absolute_grad));
    let (median, median_grad) = evaluate(&Quantile::default(), &outputs, values);
    assert_relative_eq!(median, absolute / 2.0, max_relative = 1e-15);
    assert_eq!(median_grad, absolute_grad / 2.0);

    let classes = TargetsView::Classes(&[2, 0]);
    let (entropy, entropy_grad) = evaluate(&SoftmaxCrossEntropy, &outputs, classes);
    for text in ["label-smoothing:0", "focal:0"] {
        let (found, grad) = evaluate(&*parse(text).unwrap(), &outputs, classes);
        assert_relative_eq!(found, entropy, max_relative = 1e-14);
        assert_near(&(grad), &(entropy_grad));
    }
}

/// The kinks: no error has no gradient, and an error of delta is on the side of the squares.
#[test]
fn at_a_kink_the_gradient_is_the_one_that_is_documented() {
    let (outputs, targets) = (array![[1.0, 1.0]], array![[1.0, 0.5]]);
    let targets = TargetsView::Values(targets.view());
    let grad = |loss: &dyn Loss<f64>| evaluate(loss, &outputs, targets).1;
    assert_eq!(grad(&MeanAbsoluteError), array![[0.0, 0.5]]);
    assert_eq!(grad(&Quantile::new(0.75).unwrap()), array![[0.0, 0.125]]);
    assert_eq!(grad(&Huber::new(0.5).unwrap()), array![[0.0, 0.25]]);
    let (loss, _) = evaluate(&Huber::new(0.5).unwrap(), &outputs, targets);
    assert_eq!(loss, 0.125 / 2.0);
}

#[test]
fn a_certain_class_costs_nothing_and_a_wrong_one_stays_finite() {
    let logits = array![[1e4, -1e4, 0.0]];
    for gamma in [0.0, 0.5, 1.0, 2.0] {
        let focal = Focal::new(gamma).unwrap();
        let (loss, grad) = evaluate(&focal, &logits, TargetsView::Classes(&[0]));
        assert_eq!(
            (loss, grad),
            (0.0, array![[0.0, 0.0, 0.0]]),
            "gamma {gamma}"
        );
        let (loss, grad) = evaluate(&focal, &logits, TargetsView::Classes(&[1]));
        assert_eq!(
            (loss, grad),
            (2e4, array![[1.0, -1.0, 0.0]]),
            "gamma {gamma}"
        );
    }
}

#[test]
fn nan_stays_nan() {
    let values = array![[0.5, 0.5]];
    for text in [
        "mean-absolute-error",
        "huber",
        "quantile:0.9",
        "poisson",
        "label-smoothing",
        "focal",
    ] {
        let loss = parse::<f64>(text).unwrap();
        let outputs = array![[f64::NAN, 1.0]];
        let (mean, grad) = evaluate_nan(&*loss, &outputs, &values);
        assert!(
            mean.is_nan() && grad[[0, 0]].is_nan(),
            "{text}: {mean}, {grad}"
        );
    }
}

fn evaluate_nan(
    loss: &dyn Loss<f64>,
    outputs: &Array2<f64>,
    values: &Array2<f64>,
) -> (f64, Array2<f64>) {
    let mut grad = Array2::zeros(outputs.dim());
    let targets = TargetsView::Values(values.view());
    let total = loss.value_and_grad(outputs.view(), targets, None, Some(grad.view_mut()));
    (total.mean(), grad)
}

#[test]
fn predictions_are_rates_and_values_and_probabilities() {
    let predictions = |text: &str| {
        let mut outputs = array![[0.0_f64, 2.0]];
        parse::<f64>(text).unwrap().activate(outputs.view_mut());
        outputs
    };
    assert_eq!(predictions("poisson"), array![[1.0, 2.0_f64.exp()]]);
    for text in ["huber", "quantile", "mean-absolute-error"] {
        assert_eq!(predictions(text), array![[0.0, 2.0]]);
        assert_eq!(
            parse::<f64>(text).unwrap().output_kind(),
            OutputKind::Values
        );
    }
    for text in ["focal", "label-smoothing"] {
        assert_eq!(predictions(text), predictions("softmax-cross-entropy"));
        assert_eq!(
            parse::<f64>(text).unwrap().output_kind(),
            OutputKind::Logits
        );
    }
    assert_eq!(Loss::<f64>::output_kind(&Poisson), OutputKind::Values);
}

#[test]
fn the_text_of_a_loss_makes_it_again() {
    for text in [
        "Huber:0.1",
        "Quantile:0.9",
        "LabelSmoothing:0",
        "Focal:1.5",
        "Poisson",
    ] {
        let loss = by_name::<f64>(text).unwrap();
        assert_eq!(notation(&*loss), text);
        assert_eq!(notation(&Box::new(loss)), text);
    }
    assert_eq!(
        notation(&*parse::<f32>("label-smoothing").unwrap()),
        "LabelSmoothing:0.1"
    );
    assert_eq!(notation(&*parse::<f32>("focal").unwrap()), "Focal:2");
    assert_eq!(
        notation(&*parse::<f32>("quantile").unwrap()),
        "Quantile:0.5"
    );
    assert!(option_names().contains(&"binary-cross-entropy-with-logits".to_owned()));
}

#[test]
fn a_text_that_is_no_loss_is_refused_with_what_to_write() {
    let refused = |text: &str| parse::<f64>(text).unwrap_err().to_string();
    let known = option_names().join(", ");
    assert_eq!(
        refused("hubert"),
        format!("there is no loss \"hubert\"; choose one of {known}")
    );
    assert_eq!(
        refused("huber:x"),
        "Huber takes a number after the colon, not \"x\""
    );
    assert_eq!(
        refused("poisson:1"),
        "Poisson has no constant; leave \":1\" out"
    );
    for (text, range) in [
        ("huber", "Huber takes a delta above 0"),
        ("quantile", "Quantile takes a quantile above 0 and below 1"),
        (
            "label-smoothing",
            "LabelSmoothing takes a smoothing of at least 0 and below 1",
        ),
        ("focal", "Focal takes a gamma of at least 0"),
    ] {
        for bad in ["-0.5", "NaN", "inf"] {
            let error = refused(&format!("{text}:{bad}"));
            assert_eq!(error, format!("{range}, not {bad}"));
        }
    }
    assert!(Huber::new(0.0).is_err() && Quantile::new(0.0).is_err() && Quantile::new(1.0).is_err());
    assert!(LabelSmoothing::new(1.0).is_err());
}

#[test]
fn targets_that_do_not_fit_are_named() {
    let (negative, classes) = (array![[1.0, -1.0]], TargetsView::Classes(&[0]));
    let negative = TargetsView::Values(negative.view());
    for loss in ["mean-absolute-error", "huber", "quantile", "poisson"] {
        let loss = parse::<f64>(loss).unwrap();
        let expected = LossError::NeedsValues { loss: loss.name() };
        assert_eq!(loss.check(2, classes), Err(expected));
    }
    let expected = LossError::Range {
        loss: "Poisson",
        row: 0,
        column: 1,
        value: -1.0,
        range: "finite counts of at least 0",
    };
    assert_eq!(Poisson.check(2, negative), Err(expected));
    for loss in ["label-smoothing", "focal"] {
        let loss = parse::<f64>(loss).unwrap();
        assert_eq!(loss.check(2, classes), Ok(()));
        let one = LossError::OneClass {
            loss: loss.name(),
            outputs: 1,
        };
        assert_eq!(loss.check(1, classes), Err(one));
        assert!(matches!(
            loss.check(2, negative),
            Err(LossError::Range { column: 1, .. })
        ));
    }
}
