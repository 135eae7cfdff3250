//! The flags of `train`, and the settings that they come to.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backprop_trainer::TrainConfig;
use backprop_trainer::layers::{LayerSpec, dropout, leaky_relu, linear, relu, sigmoid, tanh};
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, RmsProp, Schedule, Sgd};
use backprop_trainer::tensor::Scalar;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::common::Common;
use crate::source::Source;
use crate::table::{Missing, Task, Unknown};

// Defaults of the rules and of the step schedule, for flags and for settings files alike.
const MOMENTUM: f64 = 0.9;
const DECAY_RATE: f64 = 0.99;
const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const STEP_EVERY: u64 = 5;
const STEP_FACTOR: f64 = 0.5;

/// The flags as given. Those that are not given are `None`, so that `--resume` can tell.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TrainArgs {
    /// auto, mnist, fashion-mnist, sample or csv:FILE; auto is MNIST, or where it cannot be had the
    /// sample of it that comes with this program [default: auto]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub(crate) dataset: Option<Source>,
    /// The column of a CSV file that is to be predicted; several, divided by commas, are numbers
    #[arg(long, value_name = "COLUMN", help_heading = "Table")]
    pub(crate) target: Option<String>,
    /// The CSV file has no line that names its columns: they are called 1, 2, ...
    #[arg(
        long,
        num_args = 0,
        default_missing_value = "true",
        help_heading = "Table"
    )]
    pub(crate) no_header: Option<bool>,
    /// Whether classes or numbers are learnt; auto: text, and whole numbers of at most 20 different
    /// values, are classes [default: auto]
    #[arg(long, value_enum, help_heading = "Table")]
    pub(crate) task: Option<Task>,
    /// Columns of a CSV file to leave out, divided by commas
    #[arg(long, value_name = "COLUMN,...", help_heading = "Table")]
    pub(crate) ignore: Option<String>,
    /// A feature that is missing in a CSV file (an empty cell; among numbers also NA, NaN, null, ?)
    /// is refused, or taken as the mean of the training rows, of text as none of its values
    /// [default: refuse]
    #[arg(long, value_enum, help_heading = "Table")]
    pub(crate) missing: Option<Missing>,
    /// A text that no training row has in its column is refused, or taken as none of its values
    /// [default: refuse]
    #[arg(long, value_enum, help_heading = "Table")]
    pub(crate) unknown: Option<Unknown>,
    /// The folder that data sets are kept in [default: data]
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Use the first N training rows only, before the split [default: all]
    #[arg(long, value_name = "N", help_heading = "Data")]
    pub(crate) limit: Option<usize>,
    /// The share of training rows that is held out for validation, above 0 and below 1 [default: 0.2]
    #[arg(long, value_name = "SHARE", help_heading = "Data")]
    pub(crate) validation_fraction: Option<f64>,
    /// How much each class or row counts: none, balanced (rare classes more), or column:NAME of a
    /// CSV file [default: none]
    #[arg(long, value_name = "HOW", help_heading = "Data")]
    pub(crate) class_weights: Option<ClassWeights>,

    /// Widths of the hidden layers [default: 128,64]
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        help_heading = "Network"
    )]
    pub(crate) hidden: Option<Vec<usize>>,
    /// What follows each hidden layer [default: leaky-relu]
    #[arg(long, value_enum, help_heading = "Network")]
    pub(crate) activation: Option<Activation>,
    /// The share of each hidden layer's values that training drops, at least 0 and below 1
    /// [default: 0.1]
    #[arg(long, value_name = "SHARE", help_heading = "Network")]
    pub(crate) dropout: Option<f64>,
    /// Begin with the parameters of this model file instead of random ones
    #[arg(long, value_name = "MODEL", help_heading = "Network")]
    pub(crate) from: Option<PathBuf>,
    /// The type of all numbers [default: f32]
    #[arg(long, value_enum, help_heading = "Network")]
    pub(crate) precision: Option<Precision>,

    /// The rule that improves the parameters [default: adam]
    #[arg(long, value_enum, help_heading = "Optimizer")]
    pub(crate) optimizer: Option<Rule>,
    /// The highest learning rate of the run, above 0 [default: by optimizer: adam 0.004, sgd 0.5,
    /// nesterov 0.05, rmsprop 0.002]
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub(crate) learning_rate: Option<f64>,
    /// For nesterov: the share of its velocity that stays, at least 0 and below 1 [default: 0.9]
    #[arg(long, value_name = "MU", help_heading = "Optimizer")]
    pub(crate) momentum: Option<f64>,
    /// For rmsprop: the decay rate of the mean square, at least 0 and below 1 [default: 0.99]
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub(crate) decay_rate: Option<f64>,
    /// For adam: the decay rate of the mean, at least 0 and below 1 [default: 0.9]
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub(crate) beta1: Option<f64>,
    /// For adam: the decay rate of the mean square, at least 0 and below 1 [default: 0.999]
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub(crate) beta2: Option<f64>,
    /// For adam and rmsprop: added to the root of the mean square, above 0 [default: 1e-8]
    #[arg(long, value_name = "E", help_heading = "Optimizer")]
    pub(crate) epsilon: Option<f64>,
    /// The L2 penalty: this times each weight is added to its gradient [default: 0]
    #[arg(long, value_name = "LAMBDA", help_heading = "Optimizer")]
    pub(crate) l2: Option<f64>,
    /// Decoupled decay: each step takes learning rate times this off each weight [default: 0]
    #[arg(long, value_name = "LAMBDA", help_heading = "Optimizer")]
    pub(crate) weight_decay: Option<f64>,
    /// Scale the gradient down where its norm is above this [default: off]
    #[arg(long, value_name = "NORM", help_heading = "Optimizer")]
    pub(crate) clip: Option<f64>,

    /// How the learning rate changes over the run [default: one-cycle]
    #[arg(long, value_enum, help_heading = "Run")]
    pub(crate) schedule: Option<ScheduleName>,
    /// For the step schedule: epochs between two changes [default: 5]
    #[arg(long, value_name = "EPOCHS", help_heading = "Run")]
    pub(crate) step_every: Option<u64>,
    /// For the step schedule: what the learning rate is multiplied by [default: 0.5]
    #[arg(long, value_name = "FACTOR", help_heading = "Run")]
    pub(crate) step_factor: Option<f64>,
    /// Passes over the training data [default: 15]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) epochs: Option<u64>,
    /// Rows in one step [default: 64]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) batch_size: Option<usize>,
    /// Stop after so many epochs without a better validation loss, and keep the best parameters
    /// [default: off]
    #[arg(long, value_name = "EPOCHS", help_heading = "Run")]
    pub(crate) patience: Option<u64>,
    /// The folder for the model, the checkpoint and the history [default: runs/DATE-TIME]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    #[serde(skip)]
    pub(crate) run_dir: Option<PathBuf>,
    /// Go on with the run in --run-dir (the newest one where that is not given), with its settings
    #[arg(long, help_heading = "Run")]
    #[serde(skip)]
    pub(crate) resume: bool,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    #[serde(skip)]
    pub(crate) report: Option<PathBuf>,
}

/// All settings of a run, as its `config.toml` holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) dataset: Source,
    pub(crate) target: Option<String>,
    pub(crate) no_header: Option<bool>,
    pub(crate) task: Option<Task>,
    pub(crate) ignore: Option<String>,
    pub(crate) missing: Option<Missing>,
    pub(crate) unknown: Option<Unknown>,
    pub(crate) data_dir: PathBuf,
    pub(crate) limit: Option<usize>,
    pub(crate) validation_fraction: f64,
    pub(crate) class_weights: ClassWeights,
    pub(crate) hidden: Vec<usize>,
    pub(crate) activation: Activation,
    pub(crate) dropout: f64,
    pub(crate) from: Option<PathBuf>,
    pub(crate) precision: Precision,
    pub(crate) optimizer: Rule,
    pub(crate) learning_rate: f64,
    pub(crate) momentum: Option<f64>,
    pub(crate) decay_rate: Option<f64>,
    pub(crate) beta1: Option<f64>,
    pub(crate) beta2: Option<f64>,
    pub(crate) epsilon: Option<f64>,
    pub(crate) l2: f64,
    pub(crate) weight_decay: f64,
    pub(crate) clip: Option<f64>,
    pub(crate) schedule: ScheduleName,
    pub(crate) step_every: Option<u64>,
    pub(crate) step_factor: Option<f64>,
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    pub(crate) patience: Option<u64>,
    pub(crate) seed: u64,
}

/// What follows a hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activation {
    LeakyRelu,
    Relu,
    Sigmoid,
    Tanh,
}

/// The optimizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    Adam,
    Sgd,
    Nesterov,
    Rmsprop,
}

impl Rule {
    /// The default learning rate under the one-cycle schedule, chosen on validation data.
    fn learning_rate(self) -> f64 {
        let optimizer: Box<dyn Optimizer<f64>> = match self {
            Rule::Adam => Box::new(Adam::default()),
            Rule::Sgd => Box::new(Sgd::default()),
            Rule::Nesterov => Box::new(Nesterov::default()),
            Rule::Rmsprop => Box::new(RmsProp::default()),
        };
        optimizer.learning_rate()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Rule::Adam => "adam",
            Rule::Sgd => "sgd",
            Rule::Nesterov => "nesterov",
            Rule::Rmsprop => "rmsprop",
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

/// The number types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Precision {
    #[serde(rename = "f32")]
    F32,
    #[serde(rename = "f64")]
    F64,
}

/// How much each row counts.
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

impl Config {
    /// Fills in the defaults, and refuses flags that nothing would use.
    pub(crate) fn new(args: &TrainArgs, common: &Common) -> Result<Self> {
        let optimizer = args.optimizer.unwrap_or(Rule::Adam);
        let schedule = args.schedule.unwrap_or(ScheduleName::OneCycle);
        let dataset = args.dataset.clone().unwrap_or(Source::Auto);
        let class_weights = args.class_weights.clone().unwrap_or(ClassWeights::None);
        let used_by = |rules: &[Rule], flag: &str, value: Option<f64>, default: f64| {
            let used = rules.contains(&optimizer);
            if value.is_some() && !used {
                let names: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
                let (names, name) = (names.join(" and "), optimizer.name());
                bail!("{flag} belongs to {names}, but the optimizer is {name}; leave it out");
            }
            Ok(used.then(|| value.unwrap_or(default)))
        };
        let momentum = used_by(&[Rule::Nesterov], "--momentum", args.momentum, MOMENTUM)?;
        let decay_rate = used_by(
            &[Rule::Rmsprop],
            "--decay-rate",
            args.decay_rate,
            DECAY_RATE,
        )?;
        let beta1 = used_by(&[Rule::Adam], "--beta1", args.beta1, BETA1)?;
        let beta2 = used_by(&[Rule::Adam], "--beta2", args.beta2, BETA2)?;
        let epsilon = used_by(
            &[Rule::Adam, Rule::Rmsprop],
            "--epsilon",
            args.epsilon,
            EPSILON,
        )?;
        let stepped = schedule == ScheduleName::Step;
        for (flag, given) in [
            ("--step-every", args.step_every.is_some()),
            ("--step-factor", args.step_factor.is_some()),
        ] {
            if given && !stepped {
                bail!("{flag} belongs to the step schedule; add --schedule step, or leave it out");
            }
        }
        let is_table = matches!(dataset, Source::Csv(_));
        for (flag, given) in [
            ("--target", args.target.is_some()),
            ("--no-header", args.no_header.is_some()),
            ("--task", args.task.is_some()),
            ("--ignore", args.ignore.is_some()),
            ("--missing", args.missing.is_some()),
            ("--unknown", args.unknown.is_some()),
        ] {
            if given && !is_table {
                bail!("{flag} belongs to csv:FILE data sets; leave it out");
            }
        }
        if is_table && args.target.is_none() {
            bail!("--dataset {dataset} needs --target COLUMN, the column to predict");
        }
        if matches!(class_weights, ClassWeights::Column(_)) && !is_table {
            bail!("--class-weights column:NAME belongs to csv:FILE data sets");
        }
        Ok(Config {
            dataset,
            target: args.target.clone(),
            no_header: is_table.then(|| args.no_header.unwrap_or(false)),
            task: is_table.then(|| args.task.unwrap_or_default()),
            ignore: args.ignore.clone(),
            missing: is_table.then(|| args.missing.unwrap_or_default()),
            unknown: is_table.then(|| args.unknown.unwrap_or_default()),
            data_dir: args
                .data_dir
                .clone()
                .unwrap_or_else(|| PathBuf::from("data")),
            limit: args.limit,
            validation_fraction: args.validation_fraction.unwrap_or(0.2),
            class_weights,
            hidden: args.hidden.clone().unwrap_or_else(|| vec![128, 64]),
            activation: args.activation.unwrap_or(Activation::LeakyRelu),
            dropout: args.dropout.unwrap_or(0.1),
            from: args.from.clone(),
            precision: args.precision.unwrap_or(Precision::F32),
            optimizer,
            learning_rate: args
                .learning_rate
                .unwrap_or_else(|| optimizer.learning_rate()),
            momentum,
            decay_rate,
            beta1,
            beta2,
            epsilon,
            l2: args.l2.unwrap_or(0.0),
            weight_decay: args.weight_decay.unwrap_or(0.0),
            clip: args.clip,
            schedule,
            step_every: stepped.then(|| args.step_every.unwrap_or(STEP_EVERY)),
            step_factor: stepped.then(|| args.step_factor.unwrap_or(STEP_FACTOR)),
            epochs: args.epochs.unwrap_or(15),
            batch_size: args.batch_size.unwrap_or(64),
            patience: args.patience,
            seed: common.seed.unwrap_or(0),
        })
    }

    /// The trainer's part of the settings.
    pub(crate) fn train_config(&self) -> TrainConfig {
        TrainConfig {
            epochs: self.epochs,
            batch_size: self.batch_size,
            schedule: match self.schedule {
                ScheduleName::OneCycle => Schedule::OneCycle,
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Cosine => Schedule::Cosine,
                ScheduleName::Step => Schedule::Step {
                    every_epochs: self.step_every.unwrap_or(STEP_EVERY),
                    factor: self.step_factor.unwrap_or(STEP_FACTOR),
                },
            },
            l2: self.l2,
            weight_decay: self.weight_decay,
            clip: self.clip,
            patience: self.patience,
            seed: self.seed,
        }
    }

    /// The optimizer with its rate and its constants.
    pub(crate) fn optimizer<T: Scalar>(&self) -> Box<dyn Optimizer<T>> {
        let rate = self.learning_rate;
        let epsilon = self.epsilon.unwrap_or(EPSILON);
        match self.optimizer {
            Rule::Sgd => Box::new(Sgd::new(rate)),
            Rule::Nesterov => {
                let momentum = self.momentum.unwrap_or(MOMENTUM);
                Box::new(Nesterov::new(rate).momentum(momentum))
            }
            Rule::Rmsprop => {
                let decay_rate = self.decay_rate.unwrap_or(DECAY_RATE);
                Box::new(RmsProp::new(rate).decay_rate(decay_rate).epsilon(epsilon))
            }
            Rule::Adam => {
                let (beta1, beta2) = (self.beta1.unwrap_or(BETA1), self.beta2.unwrap_or(BETA2));
                Box::new(Adam::new(rate).betas(beta1, beta2).epsilon(epsilon))
            }
        }
    }

    /// Checks the settings of the optimizer and of the trainer, which need no data.
    pub(crate) fn check(&self) -> Result<()> {
        self.optimizer::<f64>().check()?;
        self.train_config().check()?;
        Ok(())
    }

    /// The list of layers: each hidden one with its activation and dropout, then the output.
    pub(crate) fn layers(&self, outputs: usize) -> Vec<LayerSpec> {
        let mut layers = Vec::new();
        for &width in &self.hidden {
            layers.push(linear(width));
            layers.push(match self.activation {
                Activation::LeakyRelu => leaky_relu(0.01),
                Activation::Relu => relu(),
                Activation::Sigmoid => sigmoid(),
                Activation::Tanh => tanh(),
            });
            if self.dropout != 0.0 {
                layers.push(dropout(self.dropout));
            }
        }
        layers.push(linear(outputs));
        layers
    }
}
