use std::path::Path;

use backprop_layers::{BuildError, Layer, LayerSpec, Sequential, Weights};
use backprop_tensor::Scalar;

use crate::safetensors_file::{SafetensorsFile, write};
use crate::{FormatError, ModelInfo, read_limited, write_atomic};

/// The largest file that [`load_model`] reads: 1 GiB. For a larger one, use [`read_limited`] with
/// a limit of your own and [`model_from_bytes`].
pub const MODEL_LIMIT: u64 = 1 << 30;

/// A network as the bytes of a safetensors file.
///
/// The tensors are the parameters in row-major (out, in) order, of type F32 or F64, named by layer
/// and parameter: `0.weight`, `0.bias`. `__metadata__` has `format` (`backprop`), `version` (`1`),
/// `input_width`, `layers` and `info` (JSON: the list of [`LayerSpec`]s and the [`ModelInfo`]) and
/// `crc32`. The same network gives the same bytes.
///
/// The checksum is the CRC-32 of the whole file with its own eight digits taken as zeros. Other
/// programs may ignore it; in Python it is
///
/// ```python
/// at = data.index(b'"crc32":"') + 9
/// "%08x" % zlib.crc32(data[:at] + b"00000000" + data[at + 8:])
/// ```
///
/// # Errors
/// If a parameter is not finite, two have the same name, or `info` does not fit the network.
pub fn model_bytes<T: Scalar>(
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    named_model_bytes("the network", network, info)
}

/// Writes [`model_bytes`] to a file, whole or not at all.
///
/// # Errors
/// As [`model_bytes`] and [`write_atomic`].
pub fn save_model<T: Scalar>(
    path: impl AsRef<Path>,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<(), FormatError> {
    let path = path.as_ref();
    let bytes = named_model_bytes(&path.display().to_string(), network, info)?;
    write_atomic(path, &bytes)
}

fn named_model_bytes<T: Scalar>(
    file: &str,
    network: &Sequential<T>,
    info: &ModelInfo,
) -> Result<Vec<u8>, FormatError> {
    let tensors = checked_tensors(file, network, info)?;
    let json = |text: serde_json::Result<String>| {
        text.map_err(|error| cannot_save(file, error.to_string()))
    };
    let metadata = [
        ("input_width", network.input_width().to_string()),
        ("layers", json(serde_json::to_string(&network.specs()))?),
        ("info", json(serde_json::to_string(info))?),
    ];
    write(file, &metadata, &tensors)
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

/// Reads a network from the bytes of a file that [`model_bytes`] made; `name` is what errors call
/// it.
///
/// Values stored as f64 are rounded for a network of f32. Every change of a byte is found. The
/// memory that it takes grows with the bytes and not with what they claim: at most some 20 times
/// as much as they are, for a layer of one neuron, whose storage is padded.
///
/// # Errors
/// If the bytes are damaged or no network of this crate, or a value is not finite; for a layer
/// of your own, use [`load_parameters`].
pub fn model_from_bytes<T: Scalar>(
    name: &str,
    bytes: &[u8],
) -> Result<(Sequential<T>, ModelInfo), FormatError> {
    let mut file = SafetensorsFile::parse(name, bytes)?;
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

/// Reads a network from a file of at most [`MODEL_LIMIT`] bytes.
///
/// # Errors
/// As [`read_limited`] and [`model_from_bytes`].
pub fn load_model<T: Scalar>(
    path: impl AsRef<Path>,
) -> Result<(Sequential<T>, ModelInfo), FormatError> {
    let path = path.as_ref();
    let bytes = read_limited(path, MODEL_LIMIT)?;
    model_from_bytes(&path.display().to_string(), &bytes)
}

/// The description in the bytes of a file that [`model_bytes`] made; `name` is the file in errors.
///
/// # Errors
/// If the bytes are damaged or no network of this crate.
pub fn model_info(name: &str, bytes: &[u8]) -> Result<ModelInfo, FormatError> {
    let file = SafetensorsFile::parse(name, bytes)?;
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
/// is what errors call it.
///
/// The file may be one of [`model_bytes`], with layers of your own too, or of another program:
/// for one saved from a PyTorch `nn.Sequential` of the same layers, names and shapes agree. It must
/// have every parameter, in its shape, and nothing else. On an error the network is as it was.
///
/// ```
/// use backprop_formats::{ModelInfo, load_parameters, model_bytes};
/// use backprop_layers::{Sequential, linear, relu};
///
/// let build = |seed| Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], seed);
/// let (trained, mut other) = (build(1)?, build(2)?);
/// let bytes = model_bytes(&trained, &ModelInfo::default())?;
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
    let mut file = SafetensorsFile::parse(name, bytes)?;
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

/// The number type that the bytes of a file hold: `"f64"` if one of its tensors is of it, else
/// `"f32"`. `name` is what errors call the file.
///
/// # Errors
/// If the bytes are damaged or a tensor is of another type.
pub fn dtype_of(name: &str, bytes: &[u8]) -> Result<&'static str, FormatError> {
    SafetensorsFile::parse(name, bytes)?.precision()
}
