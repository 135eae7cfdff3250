//! Layers, forward and backward, against the figures that `reference/make.py` got from PyTorch.

use backprop_layers::ndarray::{Array1, Array2};
use backprop_layers::{
    BackwardArgs, Dropout, Elu, Gelu, GeluTanh, HardSwish, Key, Layer, LeakyRelu, Linear, Mish,
    Mode, PassContext, Pool, Relu, Saved, Selu, Sigmoid, Silu, Softmax, Softplus, SparseIndex,
    Tanh,
};
use backprop_tensor::Scalar;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    layer: String,
    /// Of a LeakyReLU; the alpha of an ELU.
    slope: Option<f64>,
    /// The probability of a dropout, and the key of its mask.
    p: Option<f64>,
    key: Option<u64>,
    input: Vec<Vec<f64>>,
    parameters: Vec<Values>,
    output: Vec<Vec<f64>>,
    output_grad: Vec<Vec<f64>>,
    input_grad: Vec<Vec<f64>>,
    parameter_grads: Vec<Values>,
}

/// A weight (outputs, inputs) or a bias.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    Weight(Vec<Vec<f64>>),
    Bias(Vec<f64>),
}

impl Values {
    fn rows(&self) -> Vec<Vec<f64>> {
        match self {
            Values::Weight(rows) => rows.clone(),
            Values::Bias(values) => vec![values.clone()],
        }
    }
}

fn cases() -> Vec<Case> {
    let text = include_str!("reference/layers.json");
    let Reference { cases } = serde_json::from_str(text).unwrap();
    cases
}

fn rounded<T: Scalar>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&x| T::from_f64(x)).collect()
}

fn array<T: Scalar>(rows: &[Vec<f64>]) -> Array2<T> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rounded(&rows.concat())).unwrap()
}

fn layer<T: Scalar>(case: &Case) -> Box<dyn Layer<T>> {
    match case.layer.as_str() {
        "linear" => {
            let [Values::Weight(weight), Values::Bias(bias)] = &case.parameters[..] else {
                panic!("{}: a weight and a bias", case.name)
            };
            let (rows, bias) = (rounded::<T>(&weight.concat()), rounded(bias));
            let (outputs, inputs) = (weight.len(), weight[0].len());
            Box::new(Linear::from_rows(outputs, inputs, &rows, &bias))
        }
        "sigmoid" => Box::new(Sigmoid),
        "tanh" => Box::new(Tanh),
        "relu" => Box::new(Relu),
        "leaky_relu" => Box::new(LeakyRelu::new(case.slope.unwrap()).unwrap()),
        "gelu" => Box::new(Gelu),
        "gelu_tanh" => Box::new(GeluTanh),
        "silu" => Box::new(Silu),
        "elu" => Box::new(Elu::new(case.slope.unwrap()).unwrap()),
        "selu" => Box::new(Selu),
        "softplus" => Box::new(Softplus),
        "mish" => Box::new(Mish),
        "hard_swish" => Box::new(HardSwish),
        "softmax" => Box::new(Softmax),
        "dropout" => Box::new(Dropout::new(case.p.unwrap()).unwrap()),
        other => panic!("{other} is not a layer of ours"),
    }
}

/// `|found - expected| / |expected|` of the row that is furthest off; of a row of zeros nothing else
/// will do.
fn deviation<T: Scalar>(found: &Array2<T>, expected: &[Vec<f64>]) -> f64 {
    let expected = array::<f64>(expected);
    assert_eq!(found.dim(), expected.dim());
    let norm = |row: Array1<f64>| row.mapv(|x| x * x).sum().sqrt();
    let rows = found.rows().into_iter().zip(expected.rows());
    let of_row = rows.map(|(found, expected)| {
        let off = norm(found.mapv(|x| x.as_f64()) - expected);
        assert!(!off.is_nan());
        if off == 0.0 {
            0.0
        } else {
            off / norm(expected.to_owned())
        }
    });
    of_row.fold(0.0, f64::max)
}

/// The largest deviation of output, of the gradient by the input, and of those by the parameters.
fn deviations<T: Scalar>(case: &Case, pool: &Pool) -> [f64; 3] {
    let layer = layer::<T>(case);
    let context = PassContext {
        pool,
        mode: Mode::Train(Key::new(case.key.unwrap_or(0))),
    };
    let input = array::<T>(&case.input);
    // Whatever is in them, everything is overwritten.
    let mut output = Array2::from_elem((input.nrows(), case.output[0].len()), T::nan());
    let mut input_grad = Array2::from_elem(input.dim(), T::nan());
    let mut saved = vec![T::nan(); input.nrows() * layer.saved_per_row(input.ncols())];
    let mut sparse = SparseIndex::default();
    let parameters = layer.parameters().iter();
    let mut grads: Vec<Box<[T]>> = parameters
        .map(|parameter| vec![T::nan(); parameter.packed().len()].into())
        .collect();

    let buffers = Saved {
        values: &mut saved,
        sparse: &mut sparse,
    };
    layer.forward(&context, input.view(), output.view_mut(), buffers);
    let output_grad = array(&case.output_grad);
    let args = BackwardArgs {
        input: input.view(),
        output: output.view(),
        saved: &saved,
        sparse: &sparse,
        output_grad: output_grad.view(),
    };
    layer.backward(&context, args, Some(input_grad.view_mut()), &mut grads);

    assert_eq!(grads.len(), case.parameter_grads.len(), "{}", case.name);
    let parameters = layer.parameters().iter().zip(&grads);
    let found = parameters.map(|(parameter, grad)| parameter.unpack(grad));
    let of_parameters = found.zip(&case.parameter_grads).map(|(found, expected)| {
        let expected = expected.rows();
        let shape = (expected.len(), expected[0].len());
        deviation(&Array2::from_shape_vec(shape, found).unwrap(), &expected)
    });
    [
        deviation(&output, &case.output),
        deviation(&input_grad, &case.input_grad),
        of_parameters.fold(0.0, f64::max),
    ]
}

fn check<T: Scalar>(allowed: f64) {
    let mut worst = [0.0_f64; 3];
    let cases = cases();
    // 4 linear, 24 activations, a softmax and 4 dropouts; weighted and not.
    assert_eq!(cases.len(), 146);
    for threads in [1, 3] {
        let pool = Pool::new(threads);
        for case in &cases {
            let found = deviations::<T>(case, &pool);
            for ((what, off), worst) in ["output", "input gradient", "parameter gradient"]
                .iter()
                .zip(found)
                .zip(&mut worst)
            {
                *worst = worst.max(off);
                let name = &case.name;
                assert!(
                    off <= allowed,
                    "{name} in {}: {what} off by {off:e}",
                    T::NAME
                );
            }
        }
    }
    let [output, by_input, by_parameters] = worst;
    println!(
        "{}: worst deviation of an output {output:e}, of a gradient by the input {by_input:e}, by \
         the parameters {by_parameters:e}",
        T::NAME
    );
}

#[test]
fn layers_in_f64_are_pytorchs() {
    check::<f64>(1e-12);
}

#[test]
fn layers_in_f32_are_pytorchs() {
    check::<f32>(1e-5);
}
