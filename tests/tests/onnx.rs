//! A runtime in Rust that knows nothing of this project reads exported networks, and predicts what
//! they predict. `tests/interop` does the same with onnxruntime, for a trained network.

use std::sync::Arc;

use approx::abs_diff_eq;
use backprop_datasets::mnist;
use backprop_trainer::data::Batch;
use backprop_trainer::formats::{ModelInfo, OutputKind, onnx_bytes};
use backprop_trainer::layers::{
    LayerSpec, Pool, Sequential, Workspace, dropout, elu, gelu, gelu_tanh, hard_swish, leaky_relu,
    linear, mish, relu, selu, sigmoid, silu, softmax, softplus, tanh,
};
use backprop_trainer::ndarray::Array2;
use backprop_trainer::tensor::Scalar;
use rten::{ModelOptions, Value, op_registry};

const ROWS: u32 = 1000;

/// Runs an ONNX file on raw inputs; gives its first output. The runtime computes in f32.
fn run(bytes: Vec<u8>, raw: &Array2<f32>) -> Vec<f32> {
    let operators = op_registry!(
        Abs, Add, Cast, Div, Erf, Exp, Gemm, LeakyRelu, Log, Max, Min, Mul, Neg, Relu, Sigmoid,
        Softmax, Sub, Tanh
    );
    let model = ModelOptions::with_ops(operators).load(bytes).unwrap();
    let input = Value::from_shape([raw.nrows(), raw.ncols()], raw.iter().copied().collect());
    let output = model.run_one(input.unwrap().into(), None).unwrap();
    let ([rows, _], values) = output.into_shape_vec::<f32, 2>().unwrap();
    assert_eq!(rows, raw.nrows());
    values
}

fn same_predictions<T: Scalar>(layers: Vec<LayerSpec>, info: ModelInfo) {
    let (_, test) = mnist::sample::<T>();
    let mut batch = Batch::new();
    test.gather(&(0..ROWS).collect::<Vec<_>>(), &mut batch);
    let raw = batch.inputs().mapv(|x| (255.0 * x.as_f64()).round() as f32);
    let info = info.with_input_scale(1.0 / 255.0);
    let network = Sequential::<T>::new(784, layers, 3).unwrap();
    let outputs = network.output_width();
    let mut ours = Array2::zeros((batch.rows(), outputs));
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    network.predict_into(&mut workspace, batch.inputs(), ours.view_mut());
    let ours = ours.as_slice_mut().unwrap();
    info.activate(outputs, ours);

    let theirs = run(onnx_bytes(&network, &info).unwrap(), &raw);
    assert_eq!(theirs.len(), ours.len());
    let specs = network.specs();
    for (row, (ours, theirs)) in ours.chunks(outputs).zip(theirs.chunks(outputs)).enumerate() {
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!(
                abs_diff_eq!(ours.as_f64(), f64::from(*theirs), epsilon = 1e-5),
                "row {row}: {ours}, not {theirs}, of {specs:?}"
            );
        }
    }
    // Rows that all look the same would say nothing about the weights.
    let column = || ours.iter().step_by(outputs).map(|x| x.as_f64());
    let spread = column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min);
    assert!(spread > 1e-3, "{spread} in {specs:?}");
}

#[test]
fn every_layer_and_kind_of_output_predicts_the_same_in_another_runtime() {
    let logits = || ModelInfo::new(OutputKind::Logits);
    let hidden = |activation: LayerSpec| {
        let (width, classes) = (linear(32), linear(10));
        vec![
            width,
            activation.clone(),
            dropout(0.2),
            linear(16),
            activation,
            classes,
        ]
    };
    let smooth = [
        gelu(),
        gelu_tanh(),
        silu(),
        elu(0.5),
        selu(),
        softplus(),
        mish(),
        hard_swish(),
    ];
    let others = [relu(), leaky_relu(0.01), leaky_relu(1.5), sigmoid(), tanh()];
    for activation in others.into_iter().chain(smooth) {
        same_predictions::<f32>(hidden(activation.clone()), logits());
        // The runtime takes doubles for floats and has no cast to them, which the error function needs.
        if activation != gelu() {
            same_predictions::<f64>(hidden(activation), logits());
        }
    }
    let probabilities = [hidden(relu()), vec![softmax()]].concat();
    same_predictions::<f32>(probabilities, ModelInfo::new(OutputKind::Probabilities));
    same_predictions::<f32>(vec![linear(3)], ModelInfo::new(OutputKind::Values));
    let binary = logits().with_loss("BinaryCrossEntropyWithLogits");
    same_predictions::<f32>(vec![linear(3)], binary);
    let rates = ModelInfo::new(OutputKind::Values).with_loss("Poisson");
    same_predictions::<f32>(vec![linear(3)], rates);
}
