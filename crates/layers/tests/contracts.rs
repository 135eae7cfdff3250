//! The contracts of layers, parameters and workspaces: descriptions, shapes, random draws, and the
//! panics of wrong calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use approx::assert_abs_diff_eq;
use backprop_layers::ndarray::{Array2, ArrayView2, ArrayViewMut2, array};
use backprop_layers::*;

/// The message of the panic of a call.
fn panic<R>(call: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).err();
    let payload = payload.expect("a panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| (*payload.downcast_ref::<&str>().expect("text")).to_owned())
}

fn workspace(threads: usize) -> Workspace<f64> {
    Workspace::new(Arc::new(Pool::with_meeting_time(threads, Duration::ZERO)))
}

#[test]
fn a_network_gives_back_the_descriptions_that_it_was_built_from() {
    let specs = [
        linear(3),
        relu(),
        leaky_relu(0.25),
        sigmoid(),
        tanh(),
        softmax(),
        dropout(0.5),
        linear(2).bias(false),
    ];
    let network = Sequential::<f64>::new(4, specs.clone(), 0).unwrap();
    assert_eq!(network.specs(), specs);
    assert_eq!((network.input_width(), network.output_width()), (4, 2));
    assert_eq!(network.parameter_count(), 4 * 3 + 3 + 3 * 2);
}

#[test]
fn descriptions_of_layers_elsewhere_compare_by_name_and_settings() {
    let custom = LayerSpec::custom("mine", "7");
    assert_eq!(custom, LayerSpec::custom("mine", "7"));
    assert_ne!(custom, LayerSpec::custom("mine", "8"));
    assert_ne!(custom, LayerSpec::custom("yours", "7"));
    let text = format!("{custom:?}");
    assert!(
        text.contains("\"mine\"") && text.contains("\"7\""),
        "{text}"
    );
    let error = Sequential::<f64>::new(4, [custom], 0).unwrap_err();
    assert!(error.to_string().contains("\"mine\""), "{error}");
}

#[test]
fn the_shapes_of_parameters_are_known_before_they_are_made() {
    let shapes = [("weight", vec![3, 4]), ("bias", vec![3])];
    assert_eq!(linear(3).parameter_shapes(4), shapes);
    assert_eq!(linear(3).bias(false).parameter_shapes(4), shapes[..1]);
    assert_eq!(relu().parameter_shapes(4), []);
    let built = linear(3).build::<f32>(4, Weights::Zeros).unwrap();
    for ((name, shape), parameter) in shapes.iter().zip(built.parameters()) {
        assert_eq!((parameter.name(), parameter.shape()), (*name, &shape[..]));
        assert!(parameter.to_array().iter().all(|&x| x == 0.0));
    }
}

#[test]
fn a_parameter_knows_its_shape_and_its_storage() {
    // In f64 a panel has 8 columns: 11 outputs fill two, the second with 5 columns of padding.
    let weight = Parameter::<f64>::weight(11, 3, &[1.0; 33]);
    assert_eq!(
        (weight.name(), weight.kind()),
        ("weight", ParameterKind::Weight)
    );
    assert_eq!((weight.shape(), weight.len()), (&[11, 3][..], 33));
    assert_eq!((weight.chunk_len(), weight.padding()), (3 * 8, 5));
    assert!(!weight.is_empty() && !weight.is_frozen());
    assert_eq!(weight.packed().iter().sum::<f64>(), 33.0);
    let whole = Parameter::<f64>::weight(16, 3, &[1.0; 48]);
    assert_eq!((whole.padding(), whole.packed().len()), (0, 48));

    let mut bias = Parameter::<f64>::bias(11);
    assert_eq!((bias.name(), bias.kind()), ("bias", ParameterKind::Bias));
    assert_eq!((bias.chunk_len(), bias.padding()), (8, 0));
    bias.assign(&[2.0; 11]);
    assert_eq!(bias.packed(), [2.0; 11]);
    assert_eq!(bias.unpack(&[3.0; 11]), [3.0; 11]);
    assert!(panic(|| bias.unpack(&[3.0; 10])).contains("numbers in the storage of bias [11]"));
    assert!(panic(|| bias.assign(&[3.0; 12])).contains("values of bias [11]"));

    let none = Parameter::<f64>::new("scale", ParameterKind::Bias, vec![0], vec![]);
    assert!(none.is_empty());
    assert_eq!(none.learning_rate_factor(), 1.0);
}

#[test]
fn parameters_come_with_their_gradients_and_their_storage() {
    let mut network = Sequential::<f64>::new(3, [linear(11), linear(2)], 0).unwrap();
    let mut workspace = workspace(1);
    let input = Array2::ones((2, 3));
    network.forward(&mut workspace, Mode::Train(Key::new(0)), input.view());
    workspace.output_and_grad().1.fill(1.0);
    network.backward(&mut workspace, input.view());
    let storage: Vec<_> = network
        .params_with_grads(&workspace)
        .map(|item| {
            (
                item.values.len(),
                item.grad.len(),
                item.chunk_len,
                item.padding,
                item.kind,
            )
        })
        .collect();
    let (weight, bias) = (ParameterKind::Weight, ParameterKind::Bias);
    assert_eq!(
        storage,
        [
            (48, 48, 24, 5, weight),
            (11, 11, 8, 0, bias),
            (88, 88, 88, 6, weight),
            (2, 2, 8, 0, bias),
        ]
    );
    // The gradient of the last bias is the sum over the rows.
    assert_eq!(workspace.gradients().last(), Some(&[2.0, 2.0][..]));
    let indexed: Vec<String> = network.parameters_mut().map(|(name, _)| name).collect();
    assert_eq!(indexed, ["0.weight", "0.bias", "1.weight", "1.bias"]);
}

#[test]
fn workspaces_and_predictors_keep_the_pool_that_they_were_given() {
    assert_eq!(workspace(3).pool().threads(), 3);
    let predictor = Predictor::<f64>::new(Arc::new(Pool::new(5)));
    assert_eq!(predictor.pool().threads(), 5);
}

#[test]
fn a_layer_saves_nothing_unless_it_says_so() {
    let kept = |layer: &dyn Layer<f64>| layer.saved_per_row(7);
    assert_eq!(kept(&Relu), 0);
    assert_eq!(kept(&Dropout::new(0.5).unwrap()), 7);
}

#[test]
fn workspaces_that_are_not_ready_are_refused() {
    let mut network = Sequential::<f64>::new(3, [linear(2)], 0).unwrap();
    let other = Sequential::<f64>::new(3, [linear(4)], 0).unwrap();
    let input = Array2::ones((2, 3));
    let mut workspace = workspace(1);
    let untrained = "run Sequential::forward with Mode::Train first";
    assert!(panic(|| workspace.output_and_grad().0.nrows()).contains(untrained));
    network.forward(&mut workspace, Mode::Predict, input.view());
    assert!(panic(|| network.backward(&mut workspace, input.view())).contains(untrained));
    assert!(panic(|| network.params_with_grads(&workspace).count()).contains(untrained));

    let train = Mode::Train(Key::new(0));
    other.forward(&mut workspace, train, input.view());
    let foreign = "the workspace last ran another network";
    assert!(panic(|| network.backward(&mut workspace, input.view())).contains(foreign));
    assert!(panic(|| network.params_with_grads(&workspace).count()).contains(foreign));

    network.forward(&mut workspace, train, input.view());
    let fewer = Array2::ones((1, 3));
    let rows = "rows of the input and of the forward pass";
    assert!(panic(|| network.backward(&mut workspace, fewer.view())).contains(rows));
    let wide = Array2::ones((2, 4));
    let width = "the network takes 3 inputs but the batch has the shape (2, 4)";
    assert!(panic(|| network.backward(&mut workspace, wide.view())).contains(width));
    assert!(panic(|| network.predict(wide.view())).contains(width));
    let mut output = Array2::zeros((2, 3));
    let shape = "shape of the output, (batch, outputs)";
    let call = || network.predict_into(&mut workspace, input.view(), output.view_mut());
    assert!(panic(call).contains(shape));
}

/// Calls a layer by itself with an output of this shape, and an output gradient and an input
/// gradient of those.
fn pass(
    layer: &dyn Layer<f64>,
    output: (usize, usize),
    grads: [(usize, usize); 2],
) -> (Option<String>, Option<String>) {
    let pool = Pool::new(1);
    let context = PassContext {
        pool: &pool,
        mode: Mode::Predict,
    };
    let (input, mut y) = (Array2::<f64>::ones((2, 3)), Array2::zeros(output));
    let mut sparse = SparseIndex::default();
    let saved = Saved {
        values: &mut [],
        sparse: &mut sparse,
    };
    let forward = || layer.forward(&context, input.view(), y.view_mut(), saved);
    let forward = catch_unwind(AssertUnwindSafe(forward)).err();
    let (dy, mut dx) = (Array2::<f64>::ones(grads[0]), Array2::zeros(grads[1]));
    let args = BackwardArgs {
        input: input.view(),
        output: y.view(),
        saved: &[],
        sparse: &sparse,
        output_grad: dy.view(),
    };
    let backward = || layer.backward(&context, args, Some(dx.view_mut()), &mut []);
    let backward = catch_unwind(AssertUnwindSafe(backward)).err();
    let text = |payload: Box<dyn std::any::Any + Send>| payload.downcast_ref::<String>().cloned();
    (forward.and_then(text), backward.and_then(text))
}

#[test]
fn layers_that_keep_the_shape_say_so_when_it_is_another() {
    let leaky = LeakyRelu::new(0.1).unwrap();
    let dropout = Dropout::new(0.5).unwrap();
    let layers: [(&str, &dyn Layer<f64>); 6] = [
        ("ReLU", &Relu),
        ("LeakyReLU", &leaky),
        ("Sigmoid", &Sigmoid),
        ("Tanh", &Tanh),
        ("Softmax", &Softmax),
        ("Dropout", &dropout),
    ];
    let right = (2, 3);
    for (name, layer) in layers {
        let begin = format!("a {name} layer keeps the shape of a batch");
        let says = |text: Option<String>| text.expect("a panic").contains(&begin);
        assert_eq!(pass(layer, right, [right; 2]), (None, None), "{name}");
        for wrong in [(2, 4), (3, 3)] {
            let (forward, backward) = pass(layer, wrong, [wrong; 2]);
            assert!(says(forward) && says(backward), "{name}");
            assert!(says(pass(layer, right, [wrong, right]).1), "{name}");
            assert!(says(pass(layer, right, [right, wrong]).1), "{name}");
        }
    }
    let linear = Linear::<f64>::zeros(3, 3).unwrap();
    let (_, backward) = pass(&linear, right, [right; 2]);
    assert!(
        backward
            .unwrap()
            .contains("a Linear layer has 2 gradients, not 0")
    );
}

/// Element `i` of a mask is draw `i % 4` of counter `i / 4`: so any thread may make any part of it.
fn mask(key: Key, probability: f64, elements: usize) -> Vec<f64> {
    let threshold = probability * 2.0_f64.powi(32);
    let draw = |i: usize| f64::from(key.random_block(i as u64 / 4)[i % 4]);
    let dropped = (0..elements).map(|i| draw(i) < threshold);
    let scale = 1.0 / (1.0 - probability);
    dropped
        .map(|dropped| if dropped { 0.0 } else { scale })
        .collect()
}

#[test]
fn a_mask_is_drawn_by_counter_whichever_thread_draws_it() {
    let dropout = Dropout::new(0.25).unwrap();
    let key = Key::new(5);
    // Below and above the size from which on the threads divide the rows, whole blocks and parts.
    for (rows, columns) in [(1, 1), (3, 7), (5, 64), (301, 67), (512, 128)] {
        for threads in [1, 3] {
            let pool = Pool::with_meeting_time(threads, Duration::from_nanos(300));
            let context = PassContext {
                pool: &pool,
                mode: Mode::Train(key),
            };
            let input = Array2::<f64>::from_shape_fn((rows, columns), |(i, j)| (i + j + 1) as f64);
            let mut output = Array2::zeros((rows, columns));
            let mut values = vec![f64::NAN; rows * columns];
            let mut sparse = SparseIndex::default();
            let saved = Saved {
                values: &mut values,
                sparse: &mut sparse,
            };
            dropout.forward(&context, input.view(), output.view_mut(), saved);
            let mask = mask(key, 0.25, rows * columns);
            assert_eq!(values, mask, "{rows} x {columns}, {threads} threads");
            let mask = Array2::from_shape_vec((rows, columns), mask).unwrap();
            assert_eq!(output, &input * &mask);

            // Backward, the same mask.
            let mut dx = Array2::zeros((rows, columns));
            let args = BackwardArgs {
                input: input.view(),
                output: output.view(),
                saved: &values,
                sparse: &sparse,
                output_grad: input.view(),
            };
            dropout.backward(&context, args, Some(dx.view_mut()), &mut []);
            assert_eq!(dx, &input * &mask);
        }
    }
}

/// An element is dropped with the probability `threshold / 2^32`: of the draws 0 to 2^32 - 1 those
/// below the threshold.
#[test]
fn a_draw_at_the_threshold_keeps_its_element() {
    let key = Key::new(5);
    let draw = key.random_block(0)[0];
    let dropout = Dropout::new(f64::from(draw) / 2.0_f64.powi(32)).unwrap();
    let pool = Pool::new(1);
    let context = PassContext {
        pool: &pool,
        mode: Mode::Train(key),
    };
    let (input, mut output) = (array![[1.0]], array![[0.0]]);
    let (mut values, mut sparse) = ([f64::NAN], SparseIndex::default());
    let saved = Saved {
        values: &mut values,
        sparse: &mut sparse,
    };
    dropout.forward(&context, input.view(), output.view_mut(), saved);
    assert!(output[[0, 0]] > 1.0, "{output}");
}

#[test]
fn slopes_that_are_not_finite_are_refused() {
    for slope in [f64::NAN, f64::INFINITY] {
        let init = Init::He { slope };
        let error = Linear::<f64>::new(3, 2, init, Key::new(0)).unwrap_err();
        assert!(matches!(error, BuildError::Slope(_)), "{error}");
        assert!(matches!(LeakyRelu::new(slope), Err(BuildError::Slope(_))));
    }
}

#[test]
fn a_dropout_passes_everything_on_in_prediction() {
    let network = Sequential::<f64>::new(3, [dropout(0.5)], 0).unwrap();
    let input = array![[1.0, -2.0, 3.0]];
    assert_eq!(network.predict(input.view()), input);

    let (pool, dropout) = (Pool::new(1), Dropout::new(0.5).unwrap());
    let context = PassContext {
        pool: &pool,
        mode: Mode::Predict,
    };
    let mut dx = Array2::zeros((1, 3));
    let args = BackwardArgs {
        input: input.view(),
        output: input.view(),
        saved: &[],
        sparse: &SparseIndex::default(),
        output_grad: input.view(),
    };
    dropout.backward(&context, args, Some(dx.view_mut()), &mut []);
    assert_eq!(dx, input);
}

/// The stream of a random layer is named by the Linear layers before it, and by the random layers
/// since the last of them.
#[test]
fn each_dropout_of_a_network_has_a_stream_of_its_own() {
    let drop = || -> Box<dyn Layer<f64>> { Box::new(Dropout::new(0.5).unwrap()) };
    let identity = Linear::from_rows(2, 2, &[1.0, 0.0, 0.0, 1.0], &[0.0; 2]);
    let layers = vec![
        drop(),
        Box::new(Relu), // draws nothing, and is not counted
        drop(),
        Box::new(identity),
        drop(),
        drop(),
    ];
    let network = Sequential::from_layers(2, layers).unwrap();
    let (mut workspace, key) = (workspace(1), Key::new(9));
    let ones = Array2::ones((50, 2));
    network.forward(&mut workspace, Mode::Train(key), ones.view());
    let mut expected = vec![1.0; 100];
    for (linears, random) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let stream = key
            .derive("random/linear", linears)
            .derive("random/layer", random);
        for (value, factor) in expected.iter_mut().zip(mask(stream, 0.5, 100)) {
            *value *= factor;
        }
    }
    assert_eq!(workspace.output().as_slice(), Some(&expected[..]));
}

#[test]
fn weights_of_each_linear_layer_are_drawn_from_a_stream_of_its_own() {
    let network = Sequential::<f64>::new(4, [linear(4), relu(), linear(4)], 3).unwrap();
    for (layer, (number, slope)) in [(0, (0, 0.0)), (2, (1, 1.0))] {
        let key = Key::new(3).derive("init/linear", number);
        let alone = Linear::<f64>::new(4, 4, Init::He { slope }, key).unwrap();
        let found = &network.layers()[layer].parameters()[0];
        assert_eq!(found.to_array(), alone.parameters()[0].to_array());
    }
}

/// `y = x`, with a parameter that nothing depends on, whose gradient is 7.
#[derive(Clone, Debug)]
struct Idle(Vec<Parameter<f64>>);

impl Layer<f64> for Idle {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, f64>,
        mut output: ArrayViewMut2<'_, f64>,
        _saved: Saved<'_, f64>,
    ) {
        output.assign(&input);
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, f64>,
        input_grad: Option<ArrayViewMut2<'_, f64>>,
        grads: &mut [Box<[f64]>],
    ) {
        if let Some(mut dx) = input_grad {
            dx.assign(&args.output_grad);
        }
        grads[0].fill(7.0);
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("idle", "")
    }

    fn parameters(&self) -> &[Parameter<f64>] {
        &self.0
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<f64>] {
        &mut self.0
    }
}

/// By default a layer computes its gradients and hands them on, each with its parameter.
#[test]
fn gradients_are_handed_on_with_the_index_of_their_parameter() {
    let idle = Idle(vec![Parameter::bias(3)]);
    let layers: Vec<Box<dyn Layer<f64>>> = vec![
        Box::new(Linear::from_rows(3, 2, &[1.0; 6], &[0.0; 3])),
        Box::new(idle),
        Box::new(Linear::from_rows(1, 3, &[2.0; 3], &[0.0])),
    ];
    let mut network = Sequential::from_layers(2, layers).unwrap();
    let (mut workspace, input) = (workspace(1), array![[1.0, 3.0]]);
    network.forward(&mut workspace, Mode::Train(Key::new(0)), input.view());
    workspace.output_and_grad().1.fill(1.0);
    let mut found = Vec::new();
    network.backward_streamed(&mut workspace, input.view(), |index, parameter, grad| {
        if let Gradient::Values(grad) = grad {
            found.push((index, parameter.name(), grad.to_vec()));
        }
    });
    let expected = [
        (4, "bias", vec![1.0]),
        (2, "bias", vec![7.0; 3]),
        (1, "bias", vec![2.0; 3]),
    ];
    assert_eq!(found, expected);
}

/// Whether rows are contiguous is nothing that an activation may depend on.
#[test]
fn activations_take_views_of_any_layout() {
    let context = PassContext {
        pool: &Pool::new(1),
        mode: Mode::Predict,
    };
    let wide = array![[0.5, 9.0, -1.0, 9.0], [2.0, 9.0, 0.0, 9.0]];
    let input = wide.slice(ndarray::s![.., ..;2]);
    let mut output = Array2::zeros((2, 2));
    let mut sparse = SparseIndex::default();
    let saved = Saved {
        values: &mut [],
        sparse: &mut sparse,
    };
    Layer::<f64>::forward(&Tanh, &context, input, output.view_mut(), saved);
    assert_abs_diff_eq!(output, input.mapv(f64::tanh), epsilon = 1e-15);
}
