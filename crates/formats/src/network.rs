//! The parameters of a network in the container of models and checkpoints.

use backprop_layers::{BuildError, Layer, LayerSpec, Sequential, Weights};
use backprop_tensor::Scalar;

use crate::safetensors_file::SafetensorsFile;
use crate::safetensors_writer::{TensorToWrite, write};
use crate::{FormatError, ModelInfo};

/// The bytes of a network's file; `file` is the name of the file in errors.
pub(crate) fn to_bytes<T: Scalar>(
    file: &str,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    let parameters = checked_tensors(file, network, info)?;
    let json = |text: serde_json::Result<String>| {
        text.map_err(|error| cannot_save(file, error.to_string()))
    };
    let metadata = [
        ("input_width", network.input_width().to_string()),
        ("layers", json(serde_json::to_string(&network.specs()))?),
        ("info", json(serde_json::to_string(info))?),
    ];
    let tensors: Vec<_> = parameters
        .iter()
        .map(|(name, shape, values)| TensorToWrite::values(name, shape, values))
        .collect();
    write(&metadata, &tensors).map_err(|problem| cannot_save(file, problem))
}

/// A parameter as it is stored: its name, its shape and its values in row-major order.
pub(crate) type StoredTensor<T> = (String, Vec<usize>, Vec<T>);

/// The parameters of a network, if they and its description can be saved; `file` is what errors
/// call it.
pub(crate) fn checked_tensors<T: Scalar>(
    file: &str,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<StoredTensor<T>>, FormatError> {
    if let Some(problem) = info.invalid_reason(network.output_width()) {
        return Err(cannot_save(file, format!("its description {problem}")));
    }
    let mut tensors: Vec<StoredTensor<T>> = Vec::new();
    for (name, parameter) in network.parameters() {
        if tensors.iter().any(|(other, ..)| *other == name) {
            let problem = format!("two parameters are called {name}; give them names of their own");
            return Err(cannot_save(file, problem));
        }
        let values = parameter.to_array();
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let problem = format!(
                "value {index} of the parameter {name} is {}; train it with a smaller learning rate",
                values[index]
            );
            return Err(cannot_save(file, problem));
        }
        tensors.push((name, parameter.shape().to_vec(), values));
    }
    Ok(tensors)
}

pub(crate) fn cannot_save(file: &str, problem: String) -> FormatError {
    FormatError::Unsavable {
        file: file.to_owned(),
        problem,
    }
}

/// The network and its description in the bytes of a file; `name` is the name of the file in errors.
pub(crate) fn from_bytes<T: Scalar>(
    name: &str,
    bytes: &[u8],
) -> Result<(Sequential<T>, ModelInfo), FormatError> {
    let mut file = SafetensorsFile::parse_network(name, bytes)?;
    file.require_backprop()?;
    let specs: Vec<LayerSpec> = file.json("layers")?;
    let input_width: usize = file.json("input_width")?;
    let info: ModelInfo = file.json("info")?;

    let network = build(&mut file, name, &specs, input_width)?;
    if let Some(problem) = info.invalid_reason(network.output_width()) {
        return Err(file.metadata("info", problem));
    }
    Ok((network, info))
}

/// The network of these layers with the parameters of a file, all of which it takes.
pub(crate) fn build<T: Scalar>(
    file: &mut SafetensorsFile<'_>,
    name: &str,
    specs: &[LayerSpec],
    input_width: usize,
) -> Result<Sequential<T>, FormatError> {
    let mut layers = Vec::with_capacity(specs.len());
    let mut width = input_width;
    let build = |source| FormatError::Build {
        file: name.to_owned(),
        source,
    };
    for (index, spec) in specs.iter().enumerate() {
        let layer = layer(file, name, index, spec, width)?;
        width = layer.output_width(width).map_err(build)?;
        layers.push(layer);
    }
    file.finish()?;
    Sequential::from_layers(input_width, layers).map_err(build)
}

/// Builds one layer with the parameters in the file. The shapes of its tensors are compared with the
/// description before memory is allocated for them.
fn layer<T: Scalar>(
    file: &mut SafetensorsFile<'_>,
    file_name: &str,
    index: usize,
    spec: &LayerSpec,
    inputs: usize,
) -> Result<Box<dyn Layer<T>>, FormatError> {
    if let LayerSpec::Custom(custom) = spec {
        let (file, name) = (file_name.to_owned(), custom.name.clone());
        return Err(FormatError::Custom { file, index, name });
    }
    for (name, shape) in spec.parameter_shapes(inputs) {
        // An empty parameter is an error of the layer.
        if !shape.contains(&0) {
            file.check_shape(&format!("{index}.{name}"), &shape)?;
        }
    }
    let mut layer = spec.build(inputs, Weights::Zeros).map_err(|source| {
        let source = Box::new(source);
        FormatError::Build {
            file: file_name.to_owned(),
            source: BuildError::At { index, source },
        }
    })?;
    for parameter in layer.parameters_mut() {
        let name = format!("{index}.{}", parameter.name());
        let values: Vec<T> = file.take(&name, parameter.shape())?;
        parameter.assign(&values);
    }
    Ok(layer)
}

/// The number type of the tensors in the bytes of a file: `"f64"` if one of them is of that type, else
/// `"f32"`. `name` is the name of the file in errors.
///
/// # Errors
/// If the bytes are damaged or a tensor is of another type.
pub fn dtype_of(name: &str, bytes: &[u8]) -> Result<&'static str, FormatError> {
    SafetensorsFile::parse_network(name, bytes)?.precision()
}
