//! The ends of the number range: what is extreme stays finite and right, and long sums do not drift.

use std::sync::Arc;

use approx::{abs_diff_eq, assert_abs_diff_eq, assert_relative_eq, relative_eq};
use backprop_trainer::Trainer;
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::layers::{
    Key, LayerSpec, LeakyRelu, Linear, Mode, Pool, Sequential, Workspace, dropout, leaky_relu,
    linear, relu, sigmoid, softmax, tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy,
    TargetsView, WeightedSum,
};
use backprop_trainer::ndarray::{Array2, array};
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, OptimizerState, ParamInfo,
    RmsProp, Sgd, clip_scale, global_norm,
};
use backprop_trainer::tensor::Scalar;

fn workspace<T: Scalar>() -> Workspace<T> {
    Workspace::new(Arc::new(Pool::new(1)))
}

/// The loss and the gradient of one batch.
fn evaluate<T: Scalar>(
    loss: &dyn Loss<T>,
    output: &Array2<T>,
    targets: TargetsView<'_, T>,
) -> (WeightedSum, Array2<T>) {
    let mut grad = Array2::from_elem(output.dim(), T::nan());
    let total = loss.value_and_grad(output.view(), targets, None, Some(grad.view_mut()));
    (total, grad)
}

/// One class is certain: the loss is the distance of the logits, and the gradient the difference of
/// two certain distributions.
#[test]
fn logits_of_ten_thousand_in_f32_give_the_right_loss_and_gradient() {
    let certain = array![[1e4_f32, -1e4, 0.0]];
    let expected: [(u32, f64, [f32; 3]); 3] = [
        (0, 0.0, [0.0, 0.0, 0.0]),
        (1, 2e4, [1.0, -1.0, 0.0]),
        (2, 1e4, [1.0, 0.0, -1.0]),
    ];
    for (class, sum, gradient) in expected {
        let targets = TargetsView::Classes(std::slice::from_ref(&class));
        let (total, grad) = evaluate(&SoftmaxCrossEntropy, &certain, targets);
        assert_eq!((total.sum, total.weight), (sum, 1.0), "class {class}");
        assert_eq!(grad, array![gradient], "class {class}");
    }

    let logits = array![[1e4_f32, -1e4, 1e4, -1e4]];
    let labels = array![[1.0, 0.0, 0.0, 1.0]];
    let targets = TargetsView::Values(labels.view());
    let (total, grad) = evaluate(&BinaryCrossEntropyWithLogits, &logits, targets);
    assert_eq!(total.sum, 2e4 / 4.0);
    assert_eq!(grad, array![[0.0, 0.0, 0.25, -0.25]]);

    // Beyond all reason, where differences of two logits are infinite.
    let most = array![[f32::MAX, -f32::MAX]];
    let (total, grad) = evaluate(&SoftmaxCrossEntropy, &most, TargetsView::Classes(&[0]));
    assert_eq!((total.sum, grad), (0.0, array![[0.0, 0.0]]));
}

/// The gradient by the logits of a Softmax layer with CrossEntropy after it.
fn through_softmax<T: Scalar>(logits: &Array2<T>, class: u32) -> (f64, Vec<T>, T) {
    let width = logits.ncols();
    // The identity, whose gradient by the bias is that by the logits.
    let mut rows = vec![T::zero(); width * width];
    rows.iter_mut()
        .step_by(width + 1)
        .for_each(|w| *w = T::one());
    let identity = Linear::from_rows(width, width, &rows, &vec![T::zero(); width]);
    let softmax: Box<dyn backprop_trainer::layers::Layer<T>> =
        Box::new(backprop_trainer::layers::Softmax);
    let network = Sequential::from_layers(width, vec![Box::new(identity), softmax]).unwrap();
    let mut workspace = workspace();
    let mode = Mode::Train(Key::new(0));
    network.forward(&mut workspace, mode, logits.view());
    let probability = workspace.output()[[0, class as usize]];
    let (output, grad) = workspace.output_and_grad();
    let targets = TargetsView::Classes(std::slice::from_ref(&class));
    let total = CrossEntropy.value_and_grad(output, targets, None, Some(grad));
    network.backward(&mut workspace, logits.view());
    let bias = workspace.gradients().nth(1).unwrap().to_vec();
    (total.sum, bias, probability)
}

/// Down to the smallest normal number the two agree; below it CrossEntropy is clamped, and finite.
fn clamps_below_the_normal_numbers<T: Scalar>(tolerance: f64) {
    let smallest = -T::min_positive_value().as_f64().ln();
    let (mut normal, mut clamped) = (0, 0);
    for tenth in 0..8000 {
        let logit = f64::from(tenth) / 10.0;
        let logits = array![[T::from_f64(logit), T::zero(), -T::one()]];
        let (loss, grad, probability) = through_softmax(&logits, 1);
        let (fused, fused_grad) =
            evaluate(&SoftmaxCrossEntropy, &logits, TargetsView::Classes(&[1]));
        assert!(
            loss.is_finite() && grad.iter().all(|g| g.is_finite()),
            "{logit}"
        );
        if probability.is_normal() {
            normal += 1;
            assert!(
                relative_eq!(loss, fused.sum, epsilon = 0.0, max_relative = tolerance),
                "{logit}: {loss}, fused {}",
                fused.sum
            );
            for (a, b) in grad.iter().zip(&fused_grad) {
                assert!(
                    abs_diff_eq!(a.as_f64(), b.as_f64(), epsilon = tolerance),
                    "{logit}: {grad:?}, fused {fused_grad}"
                );
            }
        } else {
            clamped += 1;
            assert_eq!(loss, smallest, "{logit}");
        }
    }
    assert!(normal > 800 && clamped > 800, "{normal} {clamped}");
}

#[test]
fn cross_entropy_after_a_softmax_is_the_fused_loss_wherever_the_probability_is_normal() {
    clamps_below_the_normal_numbers::<f64>(1e-13);
    clamps_below_the_normal_numbers::<f32>(1e-5);
}

#[test]
fn probabilities_of_exactly_zero_and_one_are_clamped() {
    fn check<T: Scalar>() {
        let exact = array![[T::zero(), T::one()]];
        let smallest = T::min_positive_value();
        let (total, grad) = evaluate(&CrossEntropy, &exact, TargetsView::Classes(&[0]));
        assert_eq!(total.sum, -smallest.as_f64().ln());
        assert_eq!(grad, array![[-T::one() / smallest, T::zero()]]);
        assert!(grad[[0, 0]].is_finite());
        let (total, grad) = evaluate(&CrossEntropy, &exact, TargetsView::Classes(&[1]));
        assert_eq!(total.sum, 0.0);
        assert_eq!(grad, array![[T::zero(), -T::one()]]);
        // The same as a distribution: 0 log 0 is 0.
        let shares = array![[T::zero(), T::one()]];
        let (total, grad) = evaluate(&CrossEntropy, &exact, TargetsView::Values(shares.view()));
        assert_eq!(total.sum, 0.0);
        assert!(grad.iter().all(|g| g.is_finite()));
    }
    check::<f32>();
    check::<f64>();
}

/// Forward and backward through each activation, from both ends of the range.
#[test]
fn activations_of_extreme_inputs_are_finite() {
    fn check<T: Scalar>(activation: LayerSpec) {
        let network = Sequential::<T>::new(4, [activation.clone(), linear(2)], 1);
        let network = network.unwrap();
        let mut workspace = workspace();
        let large = T::max_value().sqrt();
        let inputs = array![
            [
                T::from_f64(1e4),
                T::from_f64(-1e4),
                T::from_f64(1e4),
                T::zero()
            ],
            [large, -large, T::zero(), large],
            [
                T::min_positive_value(),
                -T::min_positive_value(),
                -large,
                T::zero()
            ],
        ];
        network.forward(&mut workspace, Mode::Train(Key::new(2)), inputs.view());
        let finite = workspace.output().iter().all(|y| y.is_finite());
        assert!(finite, "{activation:?} of {inputs}");
        workspace.output_and_grad().1.fill(T::one());
        network.backward(&mut workspace, inputs.view());
        let finite = workspace.gradients().flatten().all(|g| g.is_finite());
        assert!(finite, "{activation:?}, backward");
    }
    let activations = [
        relu(),
        leaky_relu(0.01),
        sigmoid(),
        tanh(),
        softmax(),
        dropout(0.5),
    ];
    for activation in activations {
        check::<f32>(activation.clone());
        check::<f64>(activation);
    }
    assert!(LeakyRelu::new(f64::INFINITY).is_err());
}

/// The sum of Neumaier (1974), whose error does not grow with the number of terms.
#[derive(Default)]
struct Exact {
    sum: f64,
    rest: f64,
}

impl Exact {
    fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.rest += if self.sum.abs() >= term.abs() {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.rest
    }
}

const SAMPLES: usize = 10_000_000;

/// How far a sum may be off, relatively. In f32 it would be off by more than a hundredth.
const DRIFT: f64 = 1e-11;

#[track_caller]
fn assert_near(found: f64, expected: f64, what: &str) {
    let drift = (found / expected - 1.0).abs();
    println!("{what}: off by {drift:e}");
    assert!(drift < DRIFT, "{what}: {found} is {drift:e} off {expected}");
}

/// The losses of ten million rows, batch after batch as `fit` adds them, and in one call.
#[test]
fn loss_sums_over_ten_million_samples_do_not_drift() {
    let rows = SAMPLES / 100;
    let key = Key::new(3);
    let logits = Array2::from_shape_fn((rows, 2), |(i, j)| {
        let draw = key.random_block(i as u64)[j];
        (f64::from(draw) / f64::from(u32::MAX) * 4.0) as f32
    });
    let classes: Vec<u32> = (0..rows as u32).map(|i| i % 2).collect();
    let weights: Vec<f32> = (0..rows).map(|i| [0.1, 0.7, 1.3][i % 3]).collect();
    let targets = TargetsView::Classes(&classes);
    let values = Array2::from_shape_fn((rows, 2), |(i, j)| ((i + j) % 2) as f32);

    let losses: [(&dyn Loss<f32>, TargetsView<'_, f32>); 3] = [
        (&SoftmaxCrossEntropy, targets),
        (&MeanSquaredError, TargetsView::Values(values.view())),
        (
            &BinaryCrossEntropyWithLogits,
            TargetsView::Values(values.view()),
        ),
    ];
    for (loss, targets) in losses {
        // One row at a time, summed without drift.
        let (mut sum, mut weight) = (Exact::default(), Exact::default());
        for row in 0..rows {
            let at = backprop_trainer::ndarray::s![row..=row, ..];
            let one = match targets {
                TargetsView::Classes(classes) => TargetsView::Classes(&classes[row..=row]),
                TargetsView::Values(values) => TargetsView::Values(values.slice_move(at)),
            };
            let total = loss.value_and_grad(logits.slice(at), one, None, None);
            sum.add(total.sum * f64::from(weights[row]));
            weight.add(f64::from(weights[row]));
        }
        let mut epoch = WeightedSum::default();
        let batch = loss.value_and_grad(logits.view(), targets, Some(&weights), None);
        for _ in 0..SAMPLES / rows {
            epoch += batch;
        }
        let repeated = (SAMPLES / rows) as f64;
        assert_near(epoch.sum, sum.value() * repeated, loss.name());
        assert_near(epoch.weight, weight.value() * repeated, "weights");
    }

    // One call with all of them, every term the same: rounding that leans to one side adds up.
    let zeros = Array2::<f32>::zeros((SAMPLES, 2));
    let classes = vec![1; SAMPLES];
    let total = SoftmaxCrossEntropy.value_and_grad(
        zeros.view(),
        TargetsView::Classes(&classes),
        None,
        None,
    );
    assert_eq!(total.weight, SAMPLES as f64);
    let drift = (total.mean() / std::f64::consts::LN_2 - 1.0).abs();
    println!("ten million equal terms: off by {drift:e}");
    // Ten million roundings to the nearest number.
    assert!(drift < 1e-9, "{drift:e}");
}

/// The loss that `fit` reports after an epoch of batches of one row is the mean over the rows.
#[test]
fn the_training_loss_of_many_small_batches_is_their_mean() {
    let rows = 50_000;
    let labels = Targets::Values {
        width: 1,
        values: vec![1.0_f32; rows],
    };
    let data = Dataset::from_values(1, vec![0.0; rows], labels).unwrap();
    let layer = Linear::from_rows(1, 1, &[0.0_f32], &[0.9]);
    let network = Sequential::from_layers(1, vec![Box::new(layer)]).unwrap();
    // So small a rate that the bias stays.
    let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(1e-30)).unwrap();
    let mut trainer = trainer.epochs(1).batch_size(1);
    trainer.fit_with(&data, None, &mut ()).unwrap();
    let expected = f64::from(0.9_f32 - 1.0).powi(2);
    let found = trainer.history().epochs()[0].train_loss;
    // Fifty thousand roundings to the nearest number come to at most 6e-12.
    assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 6e-12);
}

#[test]
fn norms_of_extreme_gradients_are_finite_in_f64_and_clip_as_they_should() {
    let large = [1e30_f32; 4];
    assert_eq!(
        global_norm([&large[..]].into_iter()),
        2.0 * f64::from(1e30_f32)
    );
    let scale = clip_scale([&large[..]].into_iter(), 1.0);
    let clipped = f64::from(1e30_f32) * f64::from(scale as f32);
    assert_abs_diff_eq!(clipped, 0.5, epsilon = 1e-6);
    let many = vec![0.1_f32; SAMPLES];
    let expected = f64::from(0.1_f32) * (SAMPLES as f64).sqrt();
    assert_near(global_norm([&many[..]].into_iter()), expected, "norm");
    assert_eq!(clip_scale([&[0.0_f32; 3][..]].into_iter(), 1.0), 1.0);
}

/// Gradients from nothing to nearly too much, in f32: a step is finite, and goes downhill.
#[test]
fn every_rule_takes_a_finite_step_for_every_size_of_gradient() {
    let rules: [Box<dyn Optimizer<f32>>; 9] = [
        Box::new(Momentum::default()),
        Box::new(AdaGrad::default()),
        Box::new(AdamW::default()),
        Box::new(NAdam::default()),
        Box::new(Lion::default()),
        Box::new(Sgd::default()),
        Box::new(Nesterov::default()),
        Box::new(RmsProp::default()),
        Box::new(Adam::default()),
    ];
    for rule in &rules {
        for exponent in -38..=18 {
            let size = 10.0_f32.powi(exponent);
            let (mut values, grads) = ([0.0_f32; 3], [size, -size, 0.0]);
            let mut state = OptimizerState::new();
            for _ in 0..3 {
                let item = (&mut values[..], &grads[..], ParamInfo::new(3));
                state.step(&Pool::new(1), &**rule, 1e-3, 1.0, [item].into_iter());
            }
            let case = format!("{}, {size}: {values:?}", rule.name());
            assert!(values.iter().all(|v| v.is_finite()), "{case}");
            assert!(values[0] <= 0.0 && values[1] == -values[0], "{case}");
            assert_eq!(values[2], 0.0, "{case}");
            if exponent > -30 {
                assert!(values[0] < 0.0, "{case}");
            }
        }
    }
}
