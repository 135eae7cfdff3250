//! Networks as ONNX, to be run by other programs.
//!
//! Written for operator set 13 (ONNX 1.8, 2020), the oldest that has every operator in its present
//! form, so that old runtimes read it as well as new ones.

mod activations;
mod builder;
mod messages;
mod table;

use std::path::Path;

use backprop_layers::Sequential;
use backprop_tensor::Scalar;
use prost::Message;

use crate::network::{StoredTensor, cannot_save, checked_tensors};
use crate::{FormatError, ModelInfo, OutputKind, write_atomic};
use builder::{GraphBuilder, ML_DOMAIN, ML_OPSET, element, tensor, value_info};
use messages::{Entry, Graph, Model, OperatorSet};
pub use table::{OnnxColumn, OnnxTable, OnnxTarget};

/// The operator set that the nodes are of.
const OPSET: i64 = 13;
/// The version of the file format that came with it.
const IR_VERSION: i64 = 7;
/// The most bytes that a protobuf message may have.
const MAX_BYTES: usize = i32::MAX as usize;

const INPUT: &str = "input";

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
/// `BinaryCrossEntropyWithLogits`; the values of one trained with `Poisson` are rates.
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
    bytes("the network", network, info, None)
}

/// A network with the encoding of its table as the bytes of an ONNX file: the graph takes the table's columns
/// as they are.
///
/// | | name | type and shape |
/// | --- | --- | --- |
/// | an input for each column of numbers | its name | double (batch, 1); NaN is a missing number |
/// | an input for each column of text | its name | string (batch, 1); "" is a missing text |
/// | first output of a classifier | `label` | string (batch): the name of the most probable class |
/// | second output of a classifier | `probabilities` | (batch, classes) |
/// | an output for each target value | its name | double (batch, 1), in the units of the table |
///
/// Numbers are standardised as doubles before they become the type of the network. Texts become
/// ones and zeros by `OneHotEncoder` of `ai.onnx.ml`; all else are operators of ONNX itself.
///
/// # Errors
/// As [`onnx_bytes`], and if the table does not fit the network, or a column has a name that the graph needs.
pub fn onnx_table_bytes<T: Scalar>(
    network: &Sequential<T>,
    info: &ModelInfo,
    table: &OnnxTable,
) -> Result<Vec<u8>, FormatError> {
    bytes("the network", network, info, Some(table))
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
    save(path.as_ref(), network, info, None)
}

/// Writes [`onnx_table_bytes`] to a file, whole or not at all.
///
/// # Errors
/// As [`onnx_table_bytes`] and [`write_atomic`].
pub fn save_onnx_table<T: Scalar>(
    path: impl AsRef<Path>,
    network: &Sequential<T>,
    info: &ModelInfo,
    table: &OnnxTable,
) -> Result<(), FormatError> {
    save(path.as_ref(), network, info, Some(table))
}

fn save<T: Scalar>(
    path: &Path,
    network: &Sequential<T>,
    info: &ModelInfo,
    table: Option<&OnnxTable>,
) -> Result<(), FormatError> {
    let bytes = bytes(&path.display().to_string(), network, info, table)?;
    write_atomic(path, &bytes)
}

fn bytes<T: Scalar>(
    file: &str,
    network: &Sequential<T>,
    info: &ModelInfo,
    table: Option<&OnnxTable>,
) -> Result<Vec<u8>, FormatError> {
    let cannot_save = |problem| cannot_save(file, problem);
    let tensors = checked_tensors(file, network, info)?;
    let set = |domain: &str, version| OperatorSet {
        domain: Some(domain.to_owned()),
        version: Some(version),
    };
    let mut opset_import = vec![set("", OPSET)];
    let graph = match table {
        None => graph(network, info, tensors),
        Some(table) => {
            opset_import.push(set(ML_DOMAIN, ML_OPSET));
            table.graph(network, info, tensors)
        }
    };
    let model = Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("backprop".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        model_version: Some(1),
        doc_string: Some(match table {
            None => description(network, info),
            Some(table) => table.description(network.output_width()),
        }),
        graph: Some(graph.map_err(cannot_save)?),
        opset_import,
        metadata_props: metadata(info).map_err(|error| cannot_save(error.to_string()))?,
    };
    check_length(model.encoded_len()).map_err(cannot_save)?;
    Ok(model.encode_to_vec())
}

/// That a message of this many bytes is allowed.
fn check_length(length: usize) -> Result<(), String> {
    if length <= MAX_BYTES {
        return Ok(());
    }
    Err(format!(
        "as ONNX it would take {length} bytes but at most {MAX_BYTES} are allowed; export it as \
         safetensors"
    ))
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
    let mut chain = GraphBuilder::new(tensors.into_iter().map(tensor).collect(), INPUT);
    let outputs = chain.network(network, info)?;
    let (inputs, width) = (network.input_width(), network.output_width());
    let value = |name, width| value_info(name, element::<T>(), Some(width));
    Ok(Graph {
        node: chain.nodes,
        name: Some("network".to_owned()),
        initializer: chain.tensors,
        input: vec![value(INPUT, inputs)],
        output: outputs.iter().map(|name| value(name, width)).collect(),
    })
}

#[cfg(test)]
mod tests;
