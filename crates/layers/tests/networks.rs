//! Networks: initial weights, layers without a bias, frozen layers, and prediction from many threads.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use approx::assert_relative_eq;
use backprop_layers::ndarray::{Array2, ArrayView2};
use backprop_layers::*;

fn inputs(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        ((i * 31 + j * 17) % 101) as f32 / 101.0
    })
}

/// The standard deviation of the weight of the first layer.
fn deviation(layers: impl IntoIterator<Item = LayerSpec>) -> f64 {
    let network = Sequential::<f64>::new(300, layers, 7).unwrap();
    let rows = network.layers()[0].parameters()[0].to_array();
    (rows.iter().map(|x| x * x).sum::<f64>() / rows.len() as f64).sqrt()
}

// 60,000 draws give a standard deviation to about 0.3 %.
#[test]
fn weights_are_drawn_for_the_activation_that_follows_unless_told_otherwise() {
    let he = |slope: f64| (2.0 / ((1.0 + slope * slope) * 300.0)).sqrt();
    let glorot = (2.0_f64 / 500.0).sqrt();
    let cases = [
        (vec![linear(200)], he(1.0)),
        (vec![linear(200), relu()], he(0.0)),
        (vec![linear(200), leaky_relu(0.5)], he(0.5)),
        (vec![linear(200), dropout(0.5), tanh()], glorot),
        (vec![linear(200), sigmoid()], glorot),
        (vec![linear(200).init(Init::Glorot), relu()], glorot),
        (
            vec![linear(200).init(Init::He { slope: 0.0 }), tanh()],
            he(0.0),
        ),
    ];
    for (layers, expected) in cases {
        assert_relative_eq!(deviation(layers), expected, max_relative = 0.01);
    }
}

#[test]
fn a_layer_without_a_bias_has_the_same_weights_and_adds_nothing() {
    let build = |bias| Sequential::<f32>::new(5, [linear(7).bias(bias)], 3).unwrap();
    let (with, without) = (build(true), build(false));
    let names: Vec<String> = without.parameters().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.weight"]);
    assert_eq!(without.parameter_count(), 35);
    // The bias of a new layer is zero, so both give the same bits.
    assert_eq!(
        with.predict(inputs(9, 5).view()),
        without.predict(inputs(9, 5).view())
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_bias_is_written_only_where_it_is_left_out() {
    let text = |spec: &LayerSpec| serde_json::to_string(spec).unwrap();
    let read = |text: &str| serde_json::from_str::<LayerSpec>(text);
    let plain = r#"{"kind":"linear","outputs":3}"#;
    assert_eq!(text(&linear(3)), plain);
    assert_eq!(text(&linear(3).init(Init::Glorot)), plain);
    assert_eq!(read(plain).unwrap(), linear(3));
    let without = r#"{"kind":"linear","outputs":3,"bias":false}"#;
    assert_eq!(text(&linear(3).bias(false)), without);
    assert_eq!(read(without).unwrap(), linear(3).bias(false));
    let custom = r#"{"kind":"custom","name":"mine","settings":"7"}"#;
    assert_eq!(text(&LayerSpec::custom("mine", "7")), custom);
    assert_eq!(read(custom).unwrap(), LayerSpec::custom("mine", "7"));
    assert!(read(r#"{"kind":"linear","outputs":3,"slope":1.0}"#).is_err());
}

#[test]
fn a_layer_of_zeros_is_that_of_from_rows() {
    let zeros = Linear::<f32>::zeros(3, 2).unwrap();
    assert_eq!(zeros, Linear::from_rows(2, 3, &[0.0; 6], &[0.0; 2]));
    assert!(matches!(
        Linear::<f32>::zeros(3, 0),
        Err(BuildError::Zero { .. })
    ));
    let huge = Linear::<f32>::zeros(usize::MAX / 2, 2);
    assert!(matches!(huge, Err(BuildError::TooLarge { .. })));
}

/// The parameters after some steps of gradient descent, with the factors of the layers.
fn descend(mut network: Sequential<f32>, streamed: bool) -> Vec<Vec<f32>> {
    let pool = Arc::new(Pool::with_meeting_time(2, Duration::ZERO));
    let (mut workspace, input) = (Workspace::new(Arc::clone(&pool)), inputs(8, 4));
    for step in 1..=3 {
        let mode = Mode::Train(Key::new(step));
        network.forward(&mut workspace, mode, input.view());
        workspace.output_and_grad().1.fill(0.5);
        let rate = |factor: f64| 0.1 * factor as f32;
        if streamed {
            network.backward_streamed(&mut workspace, input.view(), |_, parameter, grad| {
                let (unit, rate) = (
                    parameter.chunk_len(),
                    rate(parameter.learning_rate_factor()),
                );
                if !parameter.is_frozen() {
                    grad.sgd_step(&pool, unit, parameter.packed_mut(), rate);
                }
            });
        } else {
            network.backward(&mut workspace, input.view());
            for item in network.params_with_grads(&workspace) {
                let rate = rate(item.learning_rate_factor);
                for (value, grad) in item.values.iter_mut().zip(item.grad) {
                    *value -= rate * grad;
                }
            }
        }
    }
    network.parameters().map(|(_, p)| p.to_array()).collect()
}

#[test]
fn frozen_layers_stay_and_factors_scale_the_first_step() {
    let network = || Sequential::<f32>::new(4, [linear(6), tanh(), linear(3)], 1).unwrap();
    let before: Vec<Vec<f32>> = network().parameters().map(|(_, p)| p.to_array()).collect();
    for streamed in [false, true] {
        let mut frozen = network();
        frozen.freeze(0);
        let flags: Vec<bool> = frozen.parameters().map(|(_, p)| p.is_frozen()).collect();
        assert_eq!(flags, [true, true, false, false]);
        let after = descend(frozen.clone(), streamed);
        assert_eq!(after[..2], before[..2]);
        assert!(after[2] != before[2] && after[3] != before[3]);

        // A factor of 1 thaws the layer; copies of a network keep the factors.
        frozen.set_learning_rate_factor(0, 1.0);
        assert_eq!(descend(frozen, streamed), descend(network(), streamed));

        // The gradient by the last bias is the same in every step, so its way is in proportion.
        let mut slow = network();
        slow.set_learning_rate_factor(2, 0.25);
        let (slow, fast) = (descend(slow, streamed), descend(network(), streamed));
        for ((slow, fast), before) in slow[3].iter().zip(&fast[3]).zip(&before[3]) {
            assert_relative_eq!(slow - before, 0.25 * (fast - before), max_relative = 1e-6);
        }
    }
}

#[test]
fn factors_out_of_range_and_layers_that_are_not_there_are_refused() {
    let set = |layer, factor| {
        std::panic::catch_unwind(|| {
            let mut network = Sequential::<f32>::new(4, [linear(2)], 0).unwrap();
            network.set_learning_rate_factor(layer, factor);
        })
    };
    assert!(set(0, 0.0).is_ok() && set(0, 7.5).is_ok());
    for factor in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(set(0, factor).is_err(), "{factor}");
    }
    assert!(set(1, 1.0).is_err());
}

#[test]
fn eight_threads_predict_the_same_bits_with_one_predictor() {
    // Wide enough that a prediction of all rows is split between the threads of the pool.
    let network = Sequential::<f32>::new(64, [linear(128), relu(), linear(10)], 2).unwrap();
    let rows = inputs(300, 64);
    let expected = network.predict(rows.view());
    let bits = |output: ArrayView2<'_, f32>| output.mapv(f32::to_bits);
    for threads in [1, 2, 3] {
        let pool = Pool::with_meeting_time(threads, Duration::from_nanos(100));
        let predictor = Predictor::new(Arc::new(pool));
        let begin = Barrier::new(8);
        std::thread::scope(|scope| {
            for caller in 0..8 {
                let (network, predictor, rows) = (&network, &predictor, &rows);
                let (expected, begin) = (&expected, &begin);
                scope.spawn(move || {
                    begin.wait();
                    // Each caller asks for other numbers of rows, so workspaces change hands.
                    for count in [300, 1 + caller, 64 + caller] {
                        let part = rows.slice(ndarray::s![..count, ..]);
                        let found = predictor.predict(network, part);
                        let expected = expected.slice(ndarray::s![..count, ..]);
                        assert_eq!(bits(found.view()), bits(expected), "{count} rows");
                    }
                });
            }
        });
    }
}

#[test]
fn one_predictor_serves_networks_of_different_widths_and_survives_a_panic() {
    let predictor = Predictor::<f32>::default();
    for width in [3, 40, 3] {
        let network = Sequential::new(5, [linear(width), softmax()], 1).unwrap();
        let found = predictor.predict(&network, inputs(4, 5).view());
        assert_eq!(found, network.predict(inputs(4, 5).view()));
        let narrow =
            std::panic::AssertUnwindSafe(|| predictor.predict(&network, inputs(4, 2).view()));
        assert!(std::panic::catch_unwind(narrow).is_err());
    }
}

#[test]
fn classes_are_the_first_of_the_largest_outputs() {
    let network = Sequential::<f64>::new(3, [relu()], 0).unwrap();
    let rows = ndarray::array![[0.0, 2.0, 1.0], [5.0, 5.0, 0.0], [1.0, f64::NAN, 0.0]];
    assert_eq!(network.classify(rows.view()), [Some(1), Some(0), None]);
}

#[test]
fn the_smooth_activations_are_drawn_for_and_checked() {
    // He's deviation before a relative of the rectifier, that of LeCun before SELU.
    for (activation, factor) in [(gelu(), 2.0), (elu(1.0), 2.0), (mish(), 2.0), (selu(), 1.0)] {
        let network = Sequential::<f64>::new(200, [linear(300), activation], 0).unwrap();
        let (_, weight) = network.parameters().next().unwrap();
        let squares: f64 = weight.to_array().iter().map(|w| w * w).sum();
        let variance = squares / 60_000.0 * 200.0;
        assert!((variance / factor - 1.0).abs() < 0.03, "{variance}");
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Sequential::<f32>::new(2, [linear(2), elu(bad)], 0).unwrap_err();
        let expected = format!("layer 1: alpha of an ELU is {bad}; it must be above 0 and finite");
        assert_eq!(error.to_string(), expected);
    }
}

/// Far from zero each is the function that it tends to, and nothing is NaN for a number.
#[test]
fn the_smooth_activations_are_right_at_the_ends_of_the_range() {
    fn check<T: Scalar>(activation: LayerSpec, below: f64, factor: f64) {
        let layer = Sequential::<T>::new(1, [activation.clone()], 0).unwrap();
        for size in [100.0, 1e4, 1e15] {
            let input = ndarray::array![[T::from_f64(size)], [T::from_f64(-size)]];
            let output = layer.predict(input.view()).mapv(|y| y.as_f64());
            let (above, found) = (output[[0, 0]] / size, output[[1, 0]]);
            assert!(
                (above / factor - 1.0).abs() < 1e-6,
                "{activation} at {size}: {above}"
            );
            assert!(
                (found - below).abs() < 1e-6,
                "{activation} at {size}: {found}"
            );
        }
        let broken = ndarray::array![[T::nan()]];
        assert!(
            layer.predict(broken.view())[[0, 0]].is_nan(),
            "{activation}"
        );
    }
    let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
    for (activation, below, factor) in [
        (gelu(), 0.0, 1.0),
        (gelu_tanh(), 0.0, 1.0),
        (silu(), 0.0, 1.0),
        (elu(0.5), -0.5, 1.0),
        (selu(), -scale * alpha, scale),
        (softplus(), 0.0, 1.0),
        (mish(), 0.0, 1.0),
        (hard_swish(), 0.0, 1.0),
    ] {
        check::<f32>(activation.clone(), below, factor);
        check::<f64>(activation, below, factor);
    }
}
