//! Names of a file's layers for the layers of a network, given or found by their shapes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FormatError;
use crate::error::{list, shape};

/// The network's layers that the layers of a file are, where the file has names of its own.
///
/// In a file that PyTorch saved, `fc1.weight` and `fc1.bias` are the parameters of the layer `fc1`. A network
/// here counts its layers from 0, those without parameters too. As text, and in settings, it is
/// `fc1=0,fc2=3`: the name of a layer in the file, and the index of the network's layer. A layer that is not
/// renamed keeps its name.
///
/// ```
/// use backprop_formats::Rename;
///
/// let rename: Rename = "fc1=0, fc2=3".parse()?;
/// assert_eq!(rename.to_string(), "fc1=0,fc2=3");
/// let error = "fc1=0,fc2=0".parse::<Rename>().unwrap_err();
/// assert!(error.to_string().contains("names the network's layer 0 again"), "{error}");
/// # Ok::<(), backprop_formats::FormatError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rename {
    /// Name in the file, and index in the network.
    pairs: Vec<(String, usize)>,
}

impl Rename {
    /// The name of each layer in the file, and its index in the network.
    pub fn pairs(&self) -> &[(String, usize)] {
        &self.pairs
    }

    /// Layers that may be one another by their names and shapes: each of a network with the only one
    /// of the file that has its shapes; `None` where there is a choice, or nothing fits.
    pub(crate) fn by_shapes(network: &[LayerShapes], file: &[LayerShapes]) -> Option<Rename> {
        let mut by_shapes: BTreeMap<_, (Vec<usize>, Vec<&str>)> = BTreeMap::new();
        for (index, layer) in network.iter().enumerate() {
            by_shapes
                .entry(&layer.parameters)
                .or_default()
                .0
                .push(index);
        }
        for layer in file {
            if let Some((_, names)) = by_shapes.get_mut(&layer.parameters) {
                names.push(&layer.name);
            }
        }
        let mut pairs = Vec::new();
        for (indices, names) in by_shapes.into_values() {
            match (&indices[..], &names[..]) {
                (_, []) => {}
                ([index], [name]) => pairs.push((*index, name.to_string())),
                _ => return None,
            }
        }
        pairs.sort_unstable();
        let number = |index: usize| network[index].name.parse().ok();
        let pairs = pairs
            .into_iter()
            .map(|(index, name)| Some((name, number(index)?)));
        let rename = Rename {
            pairs: pairs.collect::<Option<_>>()?,
        };
        // A name with a comma cannot be written.
        let is_readable = rename.to_string().parse().is_ok_and(|read| rename == read);
        (!rename.pairs.is_empty() && is_readable).then_some(rename)
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, index)) in self.pairs.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{name}={index}")?;
        }
        Ok(())
    }
}

impl FromStr for Rename {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let mut pairs: Vec<(String, usize)> = Vec::new();
        for entry in text.split(',') {
            let error = |problem: String| FormatError::RenameEntry {
                entry: entry.trim().to_owned(),
                problem,
            };
            let pair = entry.rsplit_once('=').and_then(|(name, index)| {
                Some((name.trim().to_owned(), index.trim().parse().ok()?))
            });
            let Some((name, index)) = pair else {
                return Err(error("is not NAME=NUMBER".to_owned()));
            };
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(error(format!("names the file's layer {name} again")));
            }
            if pairs.iter().any(|(_, other)| *other == index) {
                return Err(error(format!("names the network's layer {index} again")));
            }
            pairs.push((name, index));
        }
        Ok(Rename { pairs })
    }
}

impl TryFrom<String> for Rename {
    type Error = FormatError;

    fn try_from(text: String) -> Result<Self, FormatError> {
        text.parse()
    }
}

impl From<Rename> for String {
    fn from(rename: Rename) -> String {
        rename.to_string()
    }
}

/// A layer with the names and shapes of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayerShapes {
    pub(crate) name: String,
    pub(crate) parameters: BTreeMap<String, Vec<usize>>,
}

impl LayerShapes {
    /// The layers of parameters by name: `fc1.weight` is the parameter `weight` of the layer `fc1`.
    pub(crate) fn of<'a>(parameters: impl Iterator<Item = (&'a str, &'a [usize])>) -> Vec<Self> {
        let mut layers: Vec<LayerShapes> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, shape) in parameters {
            let (layer, parameter) = split(name);
            let place = *places.entry(layer).or_insert(layers.len());
            if place == layers.len() {
                layers.push(LayerShapes {
                    name: layer.to_owned(),
                    parameters: BTreeMap::new(),
                });
            }
            let parameters = &mut layers[place].parameters;
            parameters.insert(parameter.to_owned(), shape.to_vec());
        }
        layers
    }
}

/// `fc1 [weight (128, 784), bias (128)]`: the weight first.
impl fmt::Display for LayerShapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().rev();
        let all: Vec<String> = parameters
            .map(|(name, sizes)| format!("{name} {}", shape(sizes)))
            .collect();
        write!(f, "{} [{}]", self.name, all.join(", "))
    }
}

/// The layers as a list for an error.
pub(crate) fn listed(layers: &[LayerShapes]) -> String {
    let texts: Vec<String> = layers.iter().map(LayerShapes::to_string).collect();
    list(texts.iter().map(String::as_str))
}

/// The layer and the parameter of a tensor's name; a name without a dot is of the layer "".
pub(crate) fn split(tensor: &str) -> (&str, &str) {
    tensor.rsplit_once('.').unwrap_or(("", tensor))
}
