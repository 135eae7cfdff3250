//! Every gradient against central differences in f64.

use std::sync::Arc;

use approx::{abs_diff_eq, assert_abs_diff_eq};
use backprop_layers::ndarray::Array2;
use backprop_layers::*;

fn numbers(rows: usize, columns: usize, key: Key) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        f64::from(key.random_block((i * columns + j) as u64)[0]) / f64::from(u32::MAX) * 2.0 - 1.0
    })
}

/// The norm of the difference over the norm of the gradient.
fn relative(found: &[f64], expected: &[f64]) -> f64 {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    difference / norm(&mut expected.iter().copied()).max(1e-300)
}

/// Checks all parameters of a network under the loss `sum(output * coefficients)`; a leading
/// linear layer makes the gradient by every later layer's input count as well.
fn check(specs: &[LayerSpec]) {
    const STEP: f64 = 1e-5;
    let key = Key::new(11);
    let mut network = Sequential::<f64>::new(5, specs.to_vec(), 11).unwrap();
    let mut workspace = Workspace::new(Arc::new(Pool::new(2)));
    let mode = Mode::Train(key.derive("step", 1));
    let input = numbers(7, 5, key.derive("input", 0));
    let coefficients = numbers(7, network.output_width(), key.derive("loss", 0));

    network.forward(&mut workspace, mode, input.view());
    workspace.output_and_grad().1.assign(&coefficients);
    network.backward(&mut workspace, input.view());
    let grads: Vec<Vec<f64>> = workspace.gradients().map(<[f64]>::to_vec).collect();

    let count = network.parameters().count();
    assert_eq!(grads.len(), count);
    for (which, grad) in grads.iter().enumerate() {
        let (name, parameter) = network.parameters().nth(which).unwrap();
        let found = parameter.unpack(grad);
        let rows = parameter.to_array();
        let mut expected = Vec::new();
        for at in 0..rows.len() {
            let mut loss = |value: f64| {
                let mut changed = rows.clone();
                changed[at] = value;
                network
                    .parameters_mut()
                    .nth(which)
                    .unwrap()
                    .1
                    .assign(&changed);
                network.forward(&mut workspace, mode, input.view());
                (&workspace.output() * &coefficients).sum()
            };
            expected.push((loss(rows[at] + STEP) - loss(rows[at] - STEP)) / (2.0 * STEP));
        }
        network.parameters_mut().nth(which).unwrap().1.assign(&rows);
        let error = relative(&found, &expected);
        assert!(error < 1e-7, "{specs:?}, {name}: relative error {error:e}");
    }
}

#[test]
fn every_layer_agrees_with_central_differences() {
    let middles = [
        sigmoid(),
        tanh(),
        relu(),
        leaky_relu(0.01),
        leaky_relu(-0.5),
        gelu(),
        gelu_tanh(),
        silu(),
        elu(1.0),
        elu(0.25),
        selu(),
        softplus(),
        mish(),
        hard_swish(),
        softmax(),
        dropout(0.3),
    ];
    check(&[linear(4)]);
    check(&[linear(4).bias(false)]);
    check(&[linear(20).bias(false), tanh(), linear(3).bias(false)]);
    for middle in middles {
        check(&[linear(6), middle.clone()]);
        check(&[linear(20), middle, linear(3)]);
    }
    check(&[
        linear(17),
        leaky_relu(0.01),
        dropout(0.2),
        linear(9),
        tanh(),
        linear(4),
        softmax(),
    ]);
}

#[test]
fn prediction_is_the_same_in_rows_and_in_batches_and_skips_dropout() {
    let key = Key::new(3);
    let specs = [linear(33), relu(), dropout(0.5), linear(10)];
    let network = Sequential::<f64>::new(5, specs, 3).unwrap();
    let mut workspace = Workspace::new(Arc::new(Pool::default()));
    let input = numbers(9, 5, key);
    let mut batch = Array2::zeros((9, 10));
    network.predict_into(&mut workspace, input.view(), batch.view_mut());
    for i in 0..9 {
        let mut row = Array2::zeros((1, 10));
        let one = input.slice(ndarray::s![i..=i, ..]);
        network.predict_into(&mut workspace, one, row.view_mut());
        assert_eq!(row.row(0), batch.row(i));
    }
}

#[test]
fn dropout_keeps_the_mean_and_drops_the_share_asked_for() {
    let network = Sequential::<f64>::new(1000, [dropout(0.25)], 0).unwrap();
    let mut workspace = Workspace::new(Arc::new(Pool::default()));
    let ones = Array2::ones((100, 1000));
    network.forward(&mut workspace, Mode::Train(Key::new(1)), ones.view());
    let output = workspace.output();
    let dropped = output.iter().filter(|&&x| x == 0.0).count() as f64 / 1e5;
    // Five standard deviations of a binomial of 100,000 draws.
    assert_abs_diff_eq!(dropped, 0.25, epsilon = 0.007);
    assert!(
        output
            .iter()
            .all(|&x| x == 0.0 || abs_diff_eq!(x, 4.0 / 3.0, epsilon = 1e-15))
    );
}

#[test]
fn softmax_survives_large_logits_and_threads_share_one_network() {
    let network = Sequential::<f32>::new(3, [softmax()], 0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut workspace = Workspace::new(Arc::new(Pool::default()));
                let input = ndarray::array![[1e4_f32, -1e4, 1e4]];
                let mut output = Array2::zeros((1, 3));
                network.predict_into(&mut workspace, input.view(), output.view_mut());
                assert_eq!(output, ndarray::array![[0.5, 0.0, 0.5]]);
            });
        }
    });
}

/// `y = x^2`; `dx = 2 x dy`.
#[derive(Clone, Copy, Debug)]
struct Square;

impl Activation for Square {
    const NAME: &'static str = "square";
    const DERIVATIVE_OF: DerivativeOf = DerivativeOf::Input;

    fn f<T: Scalar>(&self, x: T) -> T {
        x * x
    }

    fn df<T: Scalar>(&self, x: T, dy: T) -> T {
        (x + x) * dy
    }
}

/// `y = x / (1 + |x|)`; `dx = (1 - |y|)^2 dy`.
#[derive(Clone, Copy, Debug)]
struct Softsign;

impl Activation for Softsign {
    const NAME: &'static str = "softsign";

    fn f<T: Scalar>(&self, x: T) -> T {
        x / (T::one() + x.abs())
    }

    fn df<T: Scalar>(&self, y: T, dy: T) -> T {
        let slope = T::one() - y.abs();
        slope * slope * dy
    }
}

#[test]
fn activations_of_another_crate_agree_with_central_differences() {
    for activation in [custom(Square), custom(Softsign)] {
        check(&[linear(6), activation.clone()]);
        check(&[linear(20), activation, linear(3)]);
    }
    let network = Sequential::<f32>::new(2, [custom(Softsign)], 0).unwrap();
    assert_eq!(network.specs(), [LayerSpec::custom("softsign", "")]);
}
