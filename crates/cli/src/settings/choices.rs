//! The values of flags that are names.

use backprop_trainer::StopMetric;
use backprop_trainer::layers::{LayerSpec, activations};
use backprop_trainer::losses::{self, Loss, OutputKind, TargetsView};
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, RmsProp, Sgd,
};
use backprop_trainer::tensor::Scalar;
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
    Momentum,
    Adagrad,
    Adamw,
    Nadam,
    Lion,
}

impl OptimizerKind {
    /// The rule with the library's defaults, from which flags, their help and errors know its name, its
    /// rate and its constants.
    fn rule(self) -> Box<dyn Optimizer<f64>> {
        match self {
            OptimizerKind::Adam => Box::new(Adam::default()),
            OptimizerKind::Sgd => Box::new(Sgd::default()),
            OptimizerKind::Nesterov => Box::new(Nesterov::default()),
            OptimizerKind::Rmsprop => Box::new(RmsProp::default()),
            OptimizerKind::Momentum => Box::new(Momentum::default()),
            OptimizerKind::Adagrad => Box::new(AdaGrad::default()),
            OptimizerKind::Adamw => Box::new(AdamW::default()),
            OptimizerKind::Nadam => Box::new(NAdam::default()),
            OptimizerKind::Lion => Box::new(Lion::default()),
        }
    }

    /// The default learning rate under the one-cycle schedule, chosen on validation data.
    pub(crate) fn learning_rate(self) -> f64 {
        self.rule().learning_rate()
    }

    pub(crate) fn name(self) -> &'static str {
        self.rule().name()
    }

    /// The default of a constant, if the rule has a constant of this name.
    pub(crate) fn constant(self, name: &str) -> Option<f64> {
        let mut constants = self.rule().settings().into_iter();
        constants.find(|known| known.0 == name).map(|known| known.1)
    }

    /// The rules that have a constant of this name, as words of a sentence.
    pub(crate) fn users(constant: &str) -> String {
        let all = OptimizerKind::value_variants().iter();
        let users = all.filter(|kind| kind.constant(constant).is_some());
        enumerated(&users.map(|kind| kind.name()).collect::<Vec<_>>(), "and")
    }

    /// All rules, as words of a sentence.
    pub(crate) fn all() -> String {
        let all = OptimizerKind::value_variants().iter();
        enumerated(&all.map(|kind| kind.name()).collect::<Vec<_>>(), "or")
    }

    /// The help of `--learning-rate`: the default of each rule.
    pub(crate) fn learning_rate_help() -> String {
        let all = OptimizerKind::value_variants().iter();
        let rates: Vec<String> = all
            .map(|kind| format!("{} {}", kind.name(), kind.learning_rate()))
            .collect();
        let rates = rates.join(", ");
        format!("The highest learning rate of the run, above 0 [default: by optimizer: {rates}]")
    }

    /// The help of a constant's flag: its users, the sentence and the defaults.
    pub(crate) fn constant_help(constant: &str, sentence: &str) -> String {
        let all = OptimizerKind::value_variants().iter();
        let of_kind = |kind: &OptimizerKind| Some((kind.name(), kind.constant(constant)?));
        let known: Vec<(&str, f64)> = all.filter_map(of_kind).collect();
        let usual = known.first().map_or(0.0, |first| first.1);
        let others = known.iter().filter(|other| other.1 != usual);
        let others: String = others.map(|(name, x)| format!("; {name} {x:?}")).collect();
        let users = OptimizerKind::users(constant);
        format!("For {users}: {sentence} [default: {usual:?}{others}]")
    }
}

/// The words as a list: `a, b and c`.
fn enumerated(words: &[&str], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// A loss by its name, with its constant after a colon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct LossName(String);

impl LossName {
    pub(crate) fn loss<T: Scalar>(&self) -> Box<dyn Loss<T>> {
        losses::parse(&self.0).expect("the text was parsed")
    }

    /// Whether the loss is of classes, and not of numbers.
    pub(crate) fn is_of_classes(&self) -> bool {
        is_of_classes(&*self.loss())
    }

    /// Whether the targets are counts.
    pub(crate) fn is_of_counts(&self) -> bool {
        is_of_counts(&*self.loss::<f64>())
    }

    /// The losses of classes, or those of numbers, as words of a sentence.
    pub(crate) fn all(of_classes: bool) -> String {
        let text = |name: String| {
            let loss = losses::parse::<f64>(&name).ok()?;
            let fits = match loss.output_kind() {
                OutputKind::Values => !of_classes,
                OutputKind::Logits | OutputKind::Probabilities => {
                    of_classes && is_of_classes(&*loss)
                }
            };
            let constant = loss.constant().map_or(String::new(), |c| format!(":{c}"));
            fits.then(|| name + &constant)
        };
        let all: Vec<String> = losses::option_names()
            .into_iter()
            .filter_map(text)
            .collect();
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        enumerated(&words, "or")
    }

    /// The help of `--loss`.
    pub(crate) fn help() -> String {
        let (classes, numbers) = (LossName::all(true), LossName::all(false));
        format!(
            "The loss: of classes {classes}; of numbers {numbers}. The number after a colon is the loss's \
             constant, and may be left out; poisson is of counts, and predicts rates [default: \
             softmax-cross-entropy or mean-squared-error]"
        )
    }
}

/// Whether the targets of the loss are counts.
pub(crate) fn is_of_counts<T: Scalar>(loss: &dyn Loss<T>) -> bool {
    loss.name() == "Poisson"
}

/// Whether the loss takes logits and classes, which is what the program's networks give and its data hold.
fn is_of_classes(loss: &dyn Loss<f64>) -> bool {
    let takes_classes = loss.check(2, TargetsView::Classes(&[0, 1])).is_ok();
    loss.output_kind() == OutputKind::Logits && takes_classes
}

impl TryFrom<String> for LossName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let loss = losses::parse::<f64>(&text).map_err(|error| error.to_string())?;
        if is_of_classes(&*loss) || loss.output_kind() == OutputKind::Values {
            return Ok(LossName(text));
        }
        let (classes, numbers) = (LossName::all(true), LossName::all(false));
        Err(format!(
            "{} is not of this program's networks and data; choose {classes} for classes, {numbers} for numbers",
            loss.name()
        ))
    }
}

impl std::str::FromStr for LossName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        LossName::try_from(text.to_owned())
    }
}

impl From<LossName> for String {
    fn from(loss: LossName) -> String {
        loss.0
    }
}

impl std::fmt::Display for LossName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
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
