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

    let mut layers = Vec::with_capacity(specs.len());
    let mut width = input_width;
    let build = |source| FormatError::Build {
        file: name.to_owned(),
        source,
    };
    for (index, spec) in specs.iter().enumerate() {
        let layer = layer(&mut file, name, index, spec, width)?;
        width = layer.output_width(width).map_err(build)?;
        layers.push(layer);
    }
    file.finish()?;
    if let Some(problem) = info.invalid_reason(width) {
        return Err(file.metadata("info", problem));
    }
    let network = Sequential::from_layers(input_width, layers).map_err(build)?;
    Ok((network, info))
}

/// The description of the network in the bytes of a file; `name` is the name of the file in errors.
pub(crate) fn info_from_bytes(name: &str, bytes: &[u8]) -> Result<ModelInfo, FormatError> {
    let file = SafetensorsFile::parse_network(name, bytes)?;
    file.require_backprop()?;
    file.json("info")
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

/// Sets all parameters of a network that you built, from the bytes of a safetensors file; `name`
/// is the name of the file in errors.
///
/// The file may be that of a [`Model`](crate::Model), with layers of your own too, or of another program:
/// in a file saved from a PyTorch `nn.Sequential` of the same layers, names and shapes agree. The file must
/// have every parameter, in its shape, and nothing else. On an error the network is as it was.
///
/// ```
/// use backprop_formats::{Model, ModelInfo, load_parameters};
/// use backprop_layers::{Sequential, linear, relu};
///
/// let build = |seed| Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], seed);
/// let (trained, mut other) = (build(1)?, build(2)?);
/// let bytes = Model::new(trained.clone(), ModelInfo::default())?.to_bytes()?;
/// load_parameters(&mut other, "trained.safetensors", &bytes)?;
/// assert!(trained.parameters().eq(other.parameters()));
///
/// let mut small = Sequential::<f32>::new(4, [linear(2)], 0)?;
/// assert_eq!(
///     load_parameters(&mut small, "trained.safetensors", &bytes).unwrap_err().to_string(),
///     "trained.safetensors: the parameter 0.weight has the shape (2, 4) but the file's tensor \
///      (8, 4); it is of another network"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the bytes are damaged, a tensor is missing, not asked for or of another shape, or a value is
/// not finite; the message names the parameter.
pub fn load_parameters<T: Scalar>(
    network: &mut Sequential<T>,
    name: &str,
    bytes: &[u8],
) -> Result<(), FormatError> {
    let mut file = SafetensorsFile::parse_network(name, bytes)?;
    let values = network
        .parameters()
        .map(|(name, parameter)| file.take(&name, parameter.shape()))
        .collect::<Result<Vec<Vec<T>>, _>>()?;
    file.finish()?;
    for ((_, parameter), values) in network.parameters_mut().zip(values) {
        parameter.assign(&values);
    }
    Ok(())
}

/// The layers of a network that took their parameters from a file, and those that did not.
///
/// Layers are counted from 0, as in the names of parameters; layers without parameters are in neither list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedLayers {
    /// Layers whose parameters are those of the file.
    pub kept: Vec<usize>,
    /// Layers that the file has in another shape or not at all: they are as they were drawn.
    pub drawn: Vec<usize>,
}

/// Sets the parameters of every layer that a safetensors file has in the same shapes, and leaves the other
/// layers as they are: the start of fine-tuning for another number of classes. `name` is the name
/// of the file in errors.
///
/// ```
/// use backprop_formats::{Model, ModelInfo, load_matching_parameters};
/// use backprop_layers::{Sequential, linear, relu};
///
/// let trained = Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], 1)?;
/// let bytes = Model::new(trained.clone(), ModelInfo::default())?.to_bytes()?;
///
/// let mut other = Sequential::<f32>::new(4, [linear(8), relu(), linear(5)], 2)?;
/// let layers = load_matching_parameters(&mut other, "trained.safetensors", &bytes)?;
/// assert_eq!((layers.kept, layers.drawn), (vec![0], vec![2]));
/// assert!(trained.parameters().next() == other.parameters().next());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the bytes are damaged, a value is not finite, or no layer fits: the error is then that of the first
/// parameter. The network is as it was.
pub fn load_matching_parameters<T: Scalar>(
    network: &mut Sequential<T>,
    name: &str,
    bytes: &[u8],
) -> Result<MatchedLayers, FormatError> {
    let mut file = SafetensorsFile::parse_network(name, bytes)?;
    let (mut kept, mut drawn, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut first_mismatch = None;
    for (index, layer) in network.layers().iter().enumerate() {
        let parameters = layer.parameters();
        if parameters.is_empty() {
            continue;
        }
        let named = |name: &str| format!("{index}.{name}");
        let fits = parameters
            .iter()
            .try_for_each(|p| file.check_shape(&named(p.name()), p.shape()));
        if let Err(error) = fits {
            first_mismatch.get_or_insert(error);
            drawn.push(index);
            continue;
        }
        for parameter in parameters {
            let taken: Vec<T> = file.take(&named(parameter.name()), parameter.shape())?;
            values.push((named(parameter.name()), taken));
        }
        kept.push(index);
    }
    if let (true, Some(error)) = (kept.is_empty(), first_mismatch) {
        return Err(error);
    }
    let mut values = values.into_iter().peekable();
    for (name, parameter) in network.parameters_mut() {
        if let Some((_, values)) = values.next_if(|(next, _)| *next == name) {
            parameter.assign(&values);
        }
    }
    Ok(MatchedLayers { kept, drawn })
}

/// The number type of the tensors in the bytes of a file: `"f64"` if one of them is of that type, else
/// `"f32"`. `name` is the name of the file in errors.
///
/// # Errors
/// If the bytes are damaged or a tensor is of another type.
pub fn dtype_of(name: &str, bytes: &[u8]) -> Result<&'static str, FormatError> {
    SafetensorsFile::parse_network(name, bytes)?.precision()
}
