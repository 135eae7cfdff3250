//! The trained network that `evaluate`, `predict` and `export` are given.

use std::path::{Path, PathBuf};

use anyhow::{Error, Result, anyhow, bail};
use backprop_trainer::formats::{
    FormatError, MODEL_LIMIT, Model, ModelInfo, OutputKind, Rename, dtype_of, read_limited,
};
use backprop_trainer::layers::{LayerSpec, parse_layers};
use backprop_trainer::tensor::Scalar;
use clap::{Args, ValueEnum};

use crate::output::quoted;
use crate::program;
use crate::run_dir::RunDir;
use crate::settings::{Precision, Settings};

/// The heading of the flags that describe a network.
const FOREIGN: &str = "A network that another program saved";

/// The model, and its description where the file has none.
#[derive(Args)]
pub(crate) struct ModelArgs {
    /// The folder of a run, or a model file
    #[arg(value_name = "RUN_OR_MODEL")]
    path: PathBuf,
    /// The layers of a safetensors file of PyTorch or another program, for instance "linear 128, relu,
    /// linear 10": linear N, linear N no-bias, relu, leaky-relu, leaky-relu SLOPE, sigmoid, tanh, gelu,
    /// gelu-tanh, silu, elu, elu ALPHA, selu, softplus, mish, hard-swish, softmax and dropout P; the number of inputs is in the file
    #[arg(long, value_name = "LAYERS", value_parser = layers, help_heading = FOREIGN)]
    layers: Option<Layers>,
    /// The layers of the file that have names of their own, and the numbers of those in --layers that
    /// they are, counted from 0; for instance fc1=0,fc2=2
    #[arg(long, value_name = "NAME=N,...", requires = "layers", help_heading = FOREIGN)]
    rename: Option<Rename>,
    /// The kind of the last layer's outputs [default: logits after linear, probabilities after
    /// softmax, values after the others]
    #[arg(long, value_enum, requires = "layers", help_heading = FOREIGN)]
    outputs: Option<Outputs>,
    /// The factor of raw inputs before the first layer, a number or a fraction; 1/255 for pixels that
    /// were divided by 255 in training [default: 1]
    #[arg(
        long,
        value_name = "X",
        value_parser = factor,
        requires = "layers",
        help_heading = FOREIGN
    )]
    input_scale: Option<f64>,
    /// The names of the classes, in the order of the outputs [default: 0,1,...]
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        requires = "layers",
        help_heading = FOREIGN
    )]
    class_names: Vec<String>,
}

/// A list of layers, as a flag takes it.
#[derive(Clone)]
struct Layers(Vec<LayerSpec>);

fn layers(text: &str) -> Result<Layers, String> {
    let layers = parse_layers(text).map_err(|error| error.to_string())?;
    Ok(Layers(layers))
}

/// A number, or one over another.
fn factor(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let factor = match text.split_once('/') {
        Some((above, below)) => number(above).zip(number(below)).map(|(a, b)| a / b),
        None => number(text),
    };
    factor
        .filter(|factor| factor.is_finite() && *factor != 0.0)
        .ok_or_else(|| "expected a number other than 0, or a fraction such as 1/255".to_owned())
}

/// The kinds of outputs, as a flag takes them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Outputs {
    Logits,
    Probabilities,
    Values,
}

/// The layers of a file that does not say which it has, with all that is to be known.
struct Description {
    layers: Vec<LayerSpec>,
    rename: Rename,
    info: ModelInfo,
}

impl ModelArgs {
    /// The description in the flags, if they have one.
    fn description(&self) -> Option<Description> {
        let layers = self.layers.as_ref()?.0.clone();
        let output = match (self.outputs, layers.last()) {
            (Some(Outputs::Logits), _) | (None, Some(LayerSpec::Linear { .. })) => {
                OutputKind::Logits
            }
            (Some(Outputs::Probabilities), _) | (None, Some(LayerSpec::Softmax)) => {
                OutputKind::Probabilities
            }
            _ => OutputKind::Values,
        };
        let info = ModelInfo::new(output)
            .with_input_scale(self.input_scale.unwrap_or(1.0))
            .with_class_names(&self.class_names);
        Some(Description {
            layers,
            rename: self.rename.clone().unwrap_or_default(),
            info,
        })
    }
}

/// A model's file in memory.
pub(crate) struct ModelFile {
    /// The file, for errors and reports.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) precision: Precision,
    /// The settings of the run, if it is one's.
    pub(crate) settings: Option<Settings>,
    /// For a file of another program.
    description: Option<Description>,
}

impl ModelFile {
    /// Reads a model file, or that of a run's folder.
    pub(crate) fn read(args: &ModelArgs) -> Result<Self> {
        let (path, settings) = find(&args.path)?;
        let name = path.display().to_string();
        let bytes = read_limited(&path, MODEL_LIMIT)?;
        let precision = match dtype_of(&name, &bytes)? {
            "f64" => Precision::F64,
            _ => Precision::F32,
        };
        let description = args.description();
        if description.is_some() && ModelInfo::from_bytes(&name, &bytes).is_ok() {
            bail!("{name} says itself which layers it has; leave --layers out");
        }
        Ok(ModelFile {
            name,
            bytes,
            precision,
            settings,
            description,
        })
    }

    /// The model with elements of this type.
    pub(crate) fn model<T: Scalar>(&self) -> Result<Model<T>> {
        let (name, bytes) = (&self.name, &self.bytes);
        let model = match &self.description {
            None => Model::from_bytes(name, bytes),
            Some(Description {
                layers,
                rename,
                info,
            }) => Model::from_parameters(name, bytes, layers, rename, info.clone()),
        };
        model.map_err(by_flags)
    }
}

/// The error of a file of another program in the words of the command line.
pub(crate) fn by_flags(error: FormatError) -> Error {
    match error {
        FormatError::OtherNames {
            file,
            proposal: Some(rename),
            ..
        } => anyhow!(
            "{file} has layers with names of its own; they fit with --rename {}",
            quoted(&rename)
        ),
        FormatError::OtherNames {
            file,
            present,
            expected,
            ..
        } => anyhow!(
            "{file} has layers with names of its own; say with --rename NAME=NUMBER,NAME=NUMBER which \
             is which: the file has {present}, and the network {expected}"
        ),
        FormatError::OtherProgram { file, present } => anyhow!(
            "{file} was written by another program; say what network it is, for instance with \
             --layers \"linear 128, relu, linear 10\": the file has {present}"
        ),
        other => other.into(),
    }
}

fn find(run_or_model: &Path) -> Result<(PathBuf, Option<Settings>)> {
    if !run_or_model.is_dir() {
        return Ok((run_or_model.to_path_buf(), None));
    }
    let run = RunDir::unclaimed(run_or_model);
    let settings = run.settings()?;
    if !run.model().is_file() {
        let path = run_or_model.display();
        bail!(
            "the run in {path} has not finished; resume it with: {} train --resume --run-dir {path}",
            program::name()
        );
    }
    Ok((run.model(), Some(settings)))
}
