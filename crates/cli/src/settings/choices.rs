//! The values of flags that are names.

use backprop_trainer::StopMetric;
use backprop_trainer::layers::{LayerSpec, activations};
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, RmsProp, Sgd};
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Serialize};

/// The activation of hidden layers, with its usual settings, by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Activation(LayerSpec);

impl Activation {
    pub(crate) fn layer(&self) -> LayerSpec {
        self.0.clone()
    }

    fn names() -> impl Iterator<Item = &'static str> {
        activations().into_iter().map(|(name, _)| name)
    }
}

impl Default for Activation {
    fn default() -> Self {
        Activation(activations().swap_remove(0).1)
    }
}

impl TryFrom<String> for Activation {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = activations().into_iter().find(|known| known.0 == name);
        found.map(|(_, spec)| Activation(spec)).ok_or_else(|| {
            let names: Vec<&str> = Activation::names().collect();
            format!(
                "unknown activation `{name}`, expected one of {}",
                names.join(", ")
            )
        })
    }
}

impl From<Activation> for String {
    fn from(activation: Activation) -> String {
        let mut all = activations().into_iter();
        let found = all.find(|(_, spec)| *spec == activation.0);
        found.map_or_else(String::new, |(name, _)| name.to_owned())
    }
}

/// The names of the activations, as a flag takes them.
pub(crate) fn activation_names() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::names())
        .map(|name| Activation::try_from(name).expect("a possible value"))
}

/// The optimizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OptimizerKind {
    Adam,
    Sgd,
    Nesterov,
    Rmsprop,
}

impl OptimizerKind {
    /// The default learning rate under the one-cycle schedule, chosen on validation data; the
    /// library has the same.
    pub(crate) fn learning_rate(self) -> f64 {
        let optimizer: Box<dyn Optimizer<f64>> = match self {
            OptimizerKind::Adam => Box::new(Adam::default()),
            OptimizerKind::Sgd => Box::new(Sgd::default()),
            OptimizerKind::Nesterov => Box::new(Nesterov::default()),
            OptimizerKind::Rmsprop => Box::new(RmsProp::default()),
        };
        optimizer.learning_rate()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            OptimizerKind::Adam => "adam",
            OptimizerKind::Sgd => "sgd",
            OptimizerKind::Nesterov => "nesterov",
            OptimizerKind::Rmsprop => "rmsprop",
        }
    }
}

/// The schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScheduleName {
    OneCycle,
    Constant,
    Step,
    Cosine,
}

/// The names of the stop metrics, as a flag takes them.
pub(crate) fn stop_metrics() -> impl TypedValueParser<Value = StopMetric> {
    let of_name = |name: String| StopMetric::ALL.into_iter().find(|m| m.name() == name);
    PossibleValuesParser::new(StopMetric::ALL.map(StopMetric::name))
        .map(move |name| of_name(name).expect("a possible value"))
}

/// The floating-point types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Precision {
    #[serde(rename = "f32")]
    F32,
    #[serde(rename = "f64")]
    F64,
}

/// The weights of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ClassWeights {
    None,
    Balanced,
    Column(String),
}

impl std::str::FromStr for ClassWeights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("column:")) {
            ("none", _) => Ok(ClassWeights::None),
            ("balanced", _) => Ok(ClassWeights::Balanced),
            (_, Some(column)) => Ok(ClassWeights::Column(column.to_string())),
            _ => Err("expected none, balanced or column:NAME".to_string()),
        }
    }
}

impl TryFrom<String> for ClassWeights {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ClassWeights> for String {
    fn from(weights: ClassWeights) -> String {
        match weights {
            ClassWeights::None => "none".to_string(),
            ClassWeights::Balanced => "balanced".to_string(),
            ClassWeights::Column(column) => format!("column:{column}"),
        }
    }
}
