//! Networks as ONNX, to be run by other programs.
//!
//! Written for operator set 13 (ONNX 1.8, 2020), the oldest that has every operator in its present
//! form, so that old runtimes read it as well as new ones.

mod messages;

use std::path::Path;

use backprop_layers::{LayerSpec, Sequential};
use backprop_tensor::Scalar;
use prost::Message;

use crate::info::OutputActivation;
use crate::network::{StoredTensor, cannot_save, checked_tensors};
use crate::{FormatError, ModelInfo, OutputKind, write_atomic};
use messages::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, DOUBLE, Dimension, Entry, FLOAT, Graph, Model, Node,
    OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};

/// The operator set that the nodes are of.
const OPSET: i64 = 13;
/// The version of the file format that came with it.
const IR_VERSION: i64 = 7;
/// The most bytes that a protobuf message may have.
const MAX_BYTES: usize = i32::MAX as usize;

const INPUT: &str = "input";
const INPUT_SCALE: &str = "input_scale";

/// A network as the bytes of an ONNX file, of operator set 13.
///
/// | | name | shape |
/// | --- | --- | --- |
/// | input | `input` | (batch, inputs), raw: the graph multiplies by [`ModelInfo::input_scale`] |
/// | first output | `probabilities`, for a classifier | (batch, outputs) |
/// | second output | `logits`, if the network's last layer gives them | (batch, outputs) |
/// | only output | `values`, for a regression | (batch, outputs) |
///
/// The size of the batch is free. An image of bytes goes in as numbers from 0 to 255, so a program that
/// runs the file needs to know nothing about the scaling. The probabilities are those of
/// [`ModelInfo::activate`]: a softmax, or a sigmoid of each logit for a network trained with
/// `BinaryCrossEntropyWithLogits`.
///
/// A Linear layer is a `Gemm` with the weight as it is, (out, in), and its parameters are named as
/// in [`Model::to_bytes`](crate::Model::to_bytes): `0.weight`, `0.bias`. A Dropout is left out. A network
/// of `f64` has tensors of doubles; its LeakyReLU is a `Max` of `x` and `slope x`, as runtimes know
/// the operator for floats alone. Metadata entries are `output`, `class_names` (a JSON list) and
/// `info` (the [`ModelInfo`] as JSON). The same network gives the same bytes.
///
/// ```
/// use backprop_formats::{ModelInfo, OutputKind, onnx_bytes};
/// use backprop_layers::{Sequential, linear, relu};
///
/// let network = Sequential::<f32>::new(784, [linear(64), relu(), linear(10)], 0)?;
/// let info = ModelInfo::new(OutputKind::Logits).with_input_scale(1.0 / 255.0);
/// let bytes = onnx_bytes(&network, &info)?;
/// assert!(bytes.len() > 4 * network.parameter_count());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a parameter is not finite, two have the same name, `info` does not fit the network, a layer
/// is your own, or the file would be larger than the 2 GiB that protobuf allows.
pub fn onnx_bytes<T: Scalar>(
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    named_onnx_bytes("the network", network, info)
}

/// Writes [`onnx_bytes`] to a file, whole or not at all.
///
/// # Errors
/// As [`onnx_bytes`] and [`write_atomic`].
pub fn save_onnx<T: Scalar>(
    path: impl AsRef<Path>,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<(), FormatError> {
    let path = path.as_ref();
    let bytes = named_onnx_bytes(&path.display().to_string(), network, info)?;
    write_atomic(path, &bytes)
}

fn named_onnx_bytes<T: Scalar>(
    file: &str,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    let cannot_save = |problem| cannot_save(file, problem);
    let tensors = checked_tensors(file, network, info)?;
    let model = Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("backprop".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        model_version: Some(1),
        doc_string: Some(description(network, info)),
        graph: Some(graph(network, info, tensors).map_err(cannot_save)?),
        opset_import: vec![OperatorSet {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: metadata(info).map_err(|error| cannot_save(error.to_string()))?,
    };
    let length = model.encoded_len();
    if length > MAX_BYTES {
        return Err(cannot_save(format!(
            "as ONNX it would take {length} bytes but at most {MAX_BYTES} are allowed; \
             export it as safetensors"
        )));
    }
    Ok(model.encode_to_vec())
}

fn description<T: Scalar>(network: &Sequential<T>, info: &ModelInfo) -> String {
    let (inputs, outputs) = (network.input_width(), network.output_width());
    let scale = info.input_scale;
    let what = match info.output {
        OutputKind::Values => "values",
        _ => "classes",
    };
    format!(
        "A feed-forward network from {inputs} raw inputs to {outputs} {what}. The graph multiplies \
         the inputs by {scale}."
    )
}

fn metadata(info: &ModelInfo) -> serde_json::Result<Vec<Entry>> {
    let entry = |key: &str, value: String| Entry {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    let output = serde_json::to_value(info.output)?;
    Ok(vec![
        entry("output", output.as_str().unwrap_or_default().to_owned()),
        entry("class_names", serde_json::to_string(&info.class_names)?),
        entry("info", serde_json::to_string(info)?),
    ])
}

fn graph<T: Scalar>(
    network: &Sequential<T>,
    info: &ModelInfo,
    tensors: Vec<StoredTensor<T>>,
) -> Result<Graph, String> {
    let mut chain = GraphBuilder::new(tensors.into_iter().map(tensor).collect());
    if info.input_scale != 1.0 {
        chain.multiply::<T>("scale", INPUT_SCALE, info.input_scale);
    }
    for (index, spec) in network.specs().into_iter().enumerate() {
        chain.layer::<T>(index, spec)?;
    }
    let last = match info.output {
        OutputKind::Logits => "logits",
        OutputKind::Probabilities => "probabilities",
        OutputKind::Values => "values",
    };
    chain.name_output(last);
    let mut outputs = vec![last];
    let squash = match info.output_activation() {
        OutputActivation::Identity => None,
        OutputActivation::Softmax => Some(("Softmax", vec![int("axis", 1)])),
        OutputActivation::Sigmoid => Some(("Sigmoid", vec![])),
    };
    if let Some((operator, attributes)) = squash {
        chain.add_node("probabilities", operator, &[], attributes);
        chain.name_output("probabilities");
        outputs.insert(0, "probabilities");
    }
    let width = network.output_width();
    Ok(Graph {
        node: chain.nodes,
        name: Some("network".to_owned()),
        initializer: chain.tensors,
        input: vec![value::<T>(INPUT, network.input_width())],
        output: outputs
            .into_iter()
            .map(|name| value::<T>(name, width))
            .collect(),
    })
}

/// Nodes each of which takes the output of the one before, and the tensors that they use.
struct GraphBuilder {
    nodes: Vec<Node>,
    tensors: Vec<Tensor>,
    /// The value that the next node takes.
    value: String,
}

impl GraphBuilder {
    fn new(tensors: Vec<Tensor>) -> Self {
        GraphBuilder {
            nodes: Vec::new(),
            tensors,
            value: INPUT.to_owned(),
        }
    }

    /// A node called `name` on the last value and these others.
    fn add_node(&mut self, name: &str, operator: &str, others: &[&str], attribute: Vec<Attribute>) {
        let output = format!("{name}.output");
        let others = others.iter().map(|&other| other.to_owned());
        let input = [self.value.clone()].into_iter().chain(others).collect();
        self.nodes.push(Node {
            input,
            output: vec![output.clone()],
            name: Some(name.to_owned()),
            op_type: Some(operator.to_owned()),
            attribute,
        });
        self.value = output;
    }

    /// Multiplies the last value by a number, which becomes a tensor of this name.
    fn multiply<T: Scalar>(&mut self, name: &str, factor_name: &str, factor: f64) {
        let factor = (factor_name.to_owned(), vec![1], vec![T::from_f64(factor)]);
        self.tensors.push(tensor(factor));
        self.add_node(name, "Mul", &[factor_name], vec![]);
    }

    fn layer<T: Scalar>(&mut self, index: usize, spec: LayerSpec) -> Result<(), String> {
        let name = |kind: &str| format!("{index}.{kind}");
        match spec {
            LayerSpec::Linear { bias: true, .. } => {
                let (weight, bias) = (name("weight"), name("bias"));
                let attributes = vec![int("transB", 1)];
                self.add_node(&name("linear"), "Gemm", &[&weight, &bias], attributes);
            }
            LayerSpec::Linear { .. } => {
                let attributes = vec![int("transB", 1)];
                self.add_node(&name("linear"), "Gemm", &[&name("weight")], attributes);
            }
            LayerSpec::Relu => self.add_node(&name("relu"), "Relu", &[], vec![]),
            LayerSpec::LeakyRelu { slope } if T::SIZE == 4 => {
                let attributes = vec![float("alpha", slope as f32)];
                self.add_node(&name("leaky_relu"), "LeakyRelu", &[], attributes);
            }
            LayerSpec::LeakyRelu { slope } => {
                let before = self.value.clone();
                self.multiply::<T>(&name("below"), &name("slope"), slope);
                // The line through 0 that is the lower one above 0 is the higher one below it.
                let operator = if slope <= 1.0 { "Max" } else { "Min" };
                self.add_node(&name("leaky_relu"), operator, &[&before], vec![]);
            }
            LayerSpec::Sigmoid => self.add_node(&name("sigmoid"), "Sigmoid", &[], vec![]),
            LayerSpec::Tanh => self.add_node(&name("tanh"), "Tanh", &[], vec![]),
            LayerSpec::Softmax => {
                self.add_node(&name("softmax"), "Softmax", &[], vec![int("axis", 1)]);
            }
            LayerSpec::Dropout { .. } => {}
            other => {
                let kind = match other {
                    LayerSpec::Custom(custom) => custom.name,
                    other => format!("{other:?}"),
                };
                return Err(format!(
                    "layer {index} is \"{kind}\", a layer of your own, and ONNX has no \
                     operator for it; export the network as safetensors"
                ));
            }
        }
        Ok(())
    }

    /// Gives the last value this name; a network that does nothing gets a node that does nothing.
    fn name_output(&mut self, name: &str) {
        if self.nodes.is_empty() {
            self.add_node("identity", "Identity", &[], vec![]);
        }
        if let Some(node) = self.nodes.last_mut() {
            node.output = vec![name.to_owned()];
        }
        self.value = name.to_owned();
    }
}

fn tensor<T: Scalar>((name, shape, values): StoredTensor<T>) -> Tensor {
    let mut bytes = vec![0; values.len() * T::SIZE];
    for (place, value) in bytes.chunks_exact_mut(T::SIZE).zip(values) {
        value.write_le(place);
    }
    Tensor {
        dims: shape.into_iter().map(|size| size as i64).collect(),
        data_type: Some(element::<T>()),
        name: Some(name),
        raw_data: Some(bytes),
    }
}

fn element<T: Scalar>() -> i32 {
    if T::SIZE == 4 { FLOAT } else { DOUBLE }
}

/// An input or output of shape (batch, width).
fn value<T: Scalar>(name: &str, width: usize) -> ValueInfo {
    let batch = Dimension {
        value: None,
        param: Some("batch".to_owned()),
    };
    let width = Dimension {
        value: Some(width as i64),
        param: None,
    };
    let tensor = TensorType {
        elem_type: Some(element::<T>()),
        shape: Some(Shape {
            dim: vec![batch, width],
        }),
    };
    ValueInfo {
        name: Some(name.to_owned()),
        kind: Some(Type {
            tensor: Some(tensor),
        }),
        doc_string: None,
    }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        f: Some(value),
        i: None,
        kind: Some(ATTRIBUTE_FLOAT),
    }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        f: None,
        i: Some(value),
        kind: Some(ATTRIBUTE_INT),
    }
}

#[cfg(test)]
mod tests;
