//! Parameters of a safetensors file, of this crate or of another program, for the layers of a network.

use std::collections::BTreeSet;

use backprop_layers::{LayerSpec, Parameter, Sequential};
use backprop_tensor::Scalar;

use crate::error::list;
use crate::rename::{LayerShapes, listed};
use crate::safetensors_file::SafetensorsFile;
use crate::{FormatError, Rename, network};

/// The layers of a file that are tried as the first of a network.
const CANDIDATES: usize = 64;

/// Sets all parameters of a network that you built, from the bytes of a safetensors file; `name`
/// is the name of the file in errors.
///
/// The file may be that of a [`Model`](crate::Model), with layers of your own too, or of another program:
/// in a file saved from a PyTorch `nn.Sequential` of the same layers, names and shapes agree. The file must
/// have every parameter, in its shape, and nothing else. On an error the network is as it was. For a file
/// with names of its own, see [`Model::from_parameters`](crate::Model::from_parameters).
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
        .collect::<Result<Vec<Vec<T>>, _>>()
        .map_err(|error| with_whole(error, &file, &[shapes_of(network)]))?;
    file.finish()?;
    for ((_, parameter), values) in network.parameters_mut().zip(values) {
        parameter.assign(&values);
    }
    Ok(())
}

/// The layers of a network that took their parameters from a file, and those that did not.
///
/// Layers are counted from 0, as in the names of parameters; layers without parameters are in no list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchedLayers {
    /// Layers whose parameters are those of the file.
    pub kept: Vec<usize>,
    /// Layers that the file has in other shapes: they are as they were drawn.
    pub reshaped: Vec<usize>,
    /// Layers that the file does not have: they are as they were drawn.
    pub missing: Vec<usize>,
    /// The names with which more layers of the file would fit, if there is only one way.
    pub proposal: Option<Rename>,
}

/// Sets the parameters of every layer that a safetensors file has in the same shapes, and leaves the other
/// layers as they are: the start of fine-tuning for another number of classes. `name` is the name
/// of the file in errors; `rename` says which layers of the file are which, where they have other names.
///
/// ```
/// use backprop_formats::{Model, ModelInfo, Rename, load_matching_parameters};
/// use backprop_layers::{Sequential, linear, relu};
///
/// let trained = Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], 1)?;
/// let bytes = Model::new(trained.clone(), ModelInfo::default())?.to_bytes()?;
///
/// let mut other = Sequential::<f32>::new(4, [linear(8), relu(), linear(5)], 2)?;
/// let as_named = Rename::default();
/// let layers = load_matching_parameters(&mut other, "trained.safetensors", &bytes, &as_named)?;
/// assert_eq!((layers.kept, layers.reshaped), (vec![0], vec![2]));
/// assert!(trained.parameters().next() == other.parameters().next());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the bytes are damaged, a value is not finite, a name is not there, or no layer fits: the error then has
/// the first parameter, or the layers of both sides where they have other names. The network is as it was.
pub fn load_matching_parameters<T: Scalar>(
    network: &mut Sequential<T>,
    name: &str,
    bytes: &[u8],
    rename: &Rename,
) -> Result<MatchedLayers, FormatError> {
    let mut file = SafetensorsFile::parse_network(name, bytes)?;
    let shapes = shapes_of(network);
    file.rename(rename)?;
    check_targets(name, rename, &shapes)?;
    let mut layers = MatchedLayers {
        kept: Vec::new(),
        reshaped: Vec::new(),
        missing: Vec::new(),
        proposal: None,
    };
    let (mut values, mut first_mismatch) = (Vec::new(), None);
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
            let is_there = |p: &Parameter<T>| file.shape_of(&named(p.name())).is_some();
            match parameters.iter().any(is_there) {
                true => layers.reshaped.push(index),
                false => layers.missing.push(index),
            }
            continue;
        }
        for parameter in parameters {
            let taken: Vec<T> = file.take(&named(parameter.name()), parameter.shape())?;
            values.push((named(parameter.name()), taken));
        }
        layers.kept.push(index);
    }
    if let Some(error) = first_mismatch {
        if layers.kept.is_empty() {
            let proposal = Rename::by_shapes(&shapes, &file.layers());
            return Err(with_names(error, &file, &shapes, proposal));
        }
        let fits_more = |proposal: &Rename| proposal.pairs().len() > layers.kept.len();
        layers.proposal = Rename::by_shapes(&shapes, &file.layers()).filter(fits_more);
    }
    let mut values = values.into_iter().peekable();
    for (name, parameter) in network.parameters_mut() {
        if let Some((_, values)) = values.next_if(|(next, _)| *next == name) {
            parameter.assign(&values);
        }
    }
    Ok(layers)
}

/// The network of these layers with the parameters in the bytes of a file of another program.
pub(crate) fn from_parameters<T: Scalar>(
    name: &str,
    bytes: &[u8],
    specs: &[LayerSpec],
    rename: &Rename,
) -> Result<Sequential<T>, FormatError> {
    let mut file = SafetensorsFile::parse_network(name, bytes)?;
    file.rename(rename)?;
    let first = specs
        .iter()
        .enumerate()
        .find_map(|(index, spec)| match spec {
            LayerSpec::Linear { outputs, .. } => Some((index, *outputs)),
            _ => None,
        });
    let Some((index, outputs)) = first else {
        return Err(FormatError::Parameters {
            file: name.to_owned(),
            problem: "the list of layers has no linear layer, and so no parameters; add one"
                .to_owned(),
        });
    };
    let weight = format!("{index}.weight");
    let Some(&[_, inputs]) = file.shape_of(&weight) else {
        // The file has no such layer: its number of inputs is that of one that might be it.
        let candidates: BTreeSet<usize> = file
            .layers()
            .iter()
            .filter_map(|layer| match layer.parameters.get("weight")?[..] {
                [rows, inputs] if rows == outputs => Some(inputs),
                _ => None,
            })
            .take(CANDIDATES)
            .collect();
        let networks: Vec<_> = candidates
            .iter()
            .map(|&n| shapes_of_specs(specs, n))
            .collect();
        let error = file.mismatch(&weight, format!("({outputs}, inputs)"));
        return Err(with_whole(error, &file, &networks));
    };
    check_targets(name, rename, &shapes_of_specs(specs, inputs))?;
    network::build(&mut file, name, specs, inputs)
        .map_err(|error| with_whole(error, &file, &[shapes_of_specs(specs, inputs)]))
}

/// That every layer that is named has parameters.
fn check_targets(file: &str, rename: &Rename, network: &[LayerShapes]) -> Result<(), FormatError> {
    let has = |index: &usize| network.iter().any(|l| l.name == index.to_string());
    match rename.pairs().iter().find(|(_, index)| !has(index)) {
        None => Ok(()),
        Some((layer, index)) => {
            let present = list(network.iter().map(|l| l.name.as_str()));
            Err(FormatError::Parameters {
                file: file.to_owned(),
                problem: format!(
                    "its layer {layer} is to be layer {index}, but the network's layers with parameters \
                     are {present}; name one of these"
                ),
            })
        }
    }
}

/// The names with which the layers of the file are those of one of these networks, each of them, if there is
/// only one way.
fn whole(file: &SafetensorsFile<'_>, networks: &[Vec<LayerShapes>]) -> Option<Rename> {
    let layers = file.layers();
    let fits = |network: &Vec<LayerShapes>| {
        let rename = Rename::by_shapes(network, &layers)?;
        let all = network.len().max(layers.len());
        (rename.pairs().len() == all).then_some(rename)
    };
    let mut proposals: Vec<Rename> = networks.iter().filter_map(fits).collect();
    proposals.pop().filter(|_| proposals.is_empty())
}

/// The error of a parameter that is not there in a file that is to be one of these networks and no more.
fn with_whole(
    error: FormatError,
    file: &SafetensorsFile<'_>,
    networks: &[Vec<LayerShapes>],
) -> FormatError {
    let first = networks.first().map_or(&[][..], Vec::as_slice);
    with_names(error, file, first, whole(file, networks))
}

/// The error of a parameter that is not there, with the names that make it be, or the layers of both
/// sides where the file has none of the network's.
fn with_names(
    error: FormatError,
    file: &SafetensorsFile<'_>,
    network: &[LayerShapes],
    proposal: Option<Rename>,
) -> FormatError {
    let FormatError::Missing { file: name, .. } = &error else {
        return error;
    };
    let present = file.layers();
    let is_named = |layer: &LayerShapes| present.iter().any(|other| other.name == layer.name);
    if proposal.is_none() && network.iter().any(is_named) {
        return error;
    }
    FormatError::OtherNames {
        file: name.clone(),
        present: listed(&present),
        expected: listed(network),
        proposal: proposal.map(String::from),
    }
}

/// The layers of a network that have parameters.
fn shapes_of<T: Scalar>(network: &Sequential<T>) -> Vec<LayerShapes> {
    let parameters: Vec<_> = network.parameters().collect();
    LayerShapes::of(
        parameters
            .iter()
            .map(|(name, p)| (name.as_str(), p.shape())),
    )
}

/// The layers with parameters of a network that is not built.
fn shapes_of_specs(specs: &[LayerSpec], inputs: usize) -> Vec<LayerShapes> {
    let mut width = inputs;
    let mut parameters = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let shapes = spec.parameter_shapes(width).into_iter();
        parameters.extend(shapes.map(|(name, shape)| (format!("{index}.{name}"), shape)));
        if let LayerSpec::Linear { outputs, .. } = spec {
            width = *outputs;
        }
    }
    LayerShapes::of(
        parameters
            .iter()
            .map(|(name, shape)| (name.as_str(), shape.as_slice())),
    )
}
