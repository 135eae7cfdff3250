//! The settings of a run as resolved: every default filled in, as `config.toml` holds them.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backprop_trainer::formats::Rename;
use backprop_trainer::layers::{LayerSpec, dropout, leaky_relu, linear, relu, sigmoid, tanh};
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, RmsProp, Schedule, Sgd};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{StopMetric, TrainConfig};
use serde::{Deserialize, Serialize};

use super::args::{DataArgs, NetworkArgs, OptimizerArgs, TrainArgs, TrainingArgs};
use super::choices::{Activation, ClassWeights, OptimizerKind, Precision, ScheduleName};
use crate::source::Source;
use crate::table::{Missing, Task, Unknown};

/// The fraction of a table's rows that is its test set.
const TEST_FRACTION: f64 = 0.2;

// Constants of the optimizers and of the step schedule.
const MOMENTUM: f64 = 0.9;
const DECAY_RATE: f64 = 0.99;
const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const STEP_EVERY: u64 = 5;
const STEP_FACTOR: f64 = 0.5;

/// All settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) data: DataSettings,
    pub(crate) network: NetworkSettings,
    pub(crate) optimizer: OptimizerSettings,
    pub(crate) training: TrainingSettings,
}

/// The rows to train on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DataSettings {
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
    /// The file of the validation rows, which the fraction is then not for.
    pub(crate) validation: Option<PathBuf>,
    /// The fraction of a table's rows that is the test set; `None` where the data set has a test set
    /// of its own.
    pub(crate) test_fraction: Option<f64>,
    /// The file of the test rows, which the fraction is then not for.
    pub(crate) test: Option<PathBuf>,
    /// The file of the names of the classes of idx: pictures.
    pub(crate) label_names: Option<PathBuf>,
    pub(crate) transpose: Option<bool>,
    pub(crate) class_weights: ClassWeights,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct NetworkSettings {
    pub(crate) hidden: Vec<usize>,
    pub(crate) activation: Activation,
    pub(crate) dropout: f64,
    pub(crate) from: Option<PathBuf>,
    /// The file's names of layers, where it has names of its own.
    pub(crate) rename: Option<Rename>,
    pub(crate) precision: Precision,
}

/// The optimizer; a constant that it does not have is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct OptimizerSettings {
    pub(crate) optimizer: OptimizerKind,
    pub(crate) learning_rate: f64,
    pub(crate) momentum: Option<f64>,
    pub(crate) decay_rate: Option<f64>,
    pub(crate) beta1: Option<f64>,
    pub(crate) beta2: Option<f64>,
    pub(crate) epsilon: Option<f64>,
    pub(crate) l2: f64,
    pub(crate) weight_decay: f64,
    pub(crate) clip: Option<f64>,
}

/// The length of the run and its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TrainingSettings {
    pub(crate) schedule: ScheduleName,
    pub(crate) step_every: Option<u64>,
    pub(crate) step_factor: Option<f64>,
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    pub(crate) patience: Option<u64>,
    /// `None` where there is no patience.
    pub(crate) stop_metric: Option<StopMetric>,
}

impl Settings {
    /// Fills in the defaults, and refuses flags that nothing would use.
    pub(crate) fn resolve(args: &TrainArgs, seed: Option<u64>) -> Result<Self> {
        Ok(Settings {
            seed: seed.unwrap_or(0),
            data: DataSettings::resolve(&args.data)?,
            network: NetworkSettings::resolve(&args.network)?,
            optimizer: OptimizerSettings::resolve(&args.optimizer)?,
            training: TrainingSettings::resolve(&args.training)?,
        })
    }

    /// Checks the settings of the optimizer and of the trainer, which need no data.
    pub(crate) fn check(&self) -> Result<()> {
        self.data.check()?;
        if self.training.patience.is_some() && !self.data.has_validation() {
            bail!(
                "--patience needs validation rows, but --validation-fraction is 0; leave --patience \
                 out, or name the rows with --validation FILE"
            );
        }
        self.optimizer.build::<f64>().check()?;
        self.train_config().check()?;
        Ok(())
    }

    /// The trainer's part of the settings.
    pub(crate) fn train_config(&self) -> TrainConfig {
        TrainConfig {
            epochs: self.training.epochs,
            batch_size: self.training.batch_size,
            schedule: self.training.schedule(),
            l2: self.optimizer.l2,
            weight_decay: self.optimizer.weight_decay,
            clip: self.optimizer.clip,
            patience: self.training.patience,
            stop_metric: self.training.stop_metric.unwrap_or_default(),
            seed: self.seed,
        }
    }
}

impl DataSettings {
    fn resolve(args: &DataArgs) -> Result<Self> {
        let dataset = args.dataset.clone().unwrap_or(Source::Auto);
        let class_weights = args.class_weights.clone().unwrap_or(ClassWeights::None);
        let (is_table, is_idx) = (
            matches!(dataset, Source::Csv(_)),
            matches!(dataset, Source::Idx(_)),
        );
        refuse_unused(args, &dataset)?;
        let has_test_rows = !dataset.has_no_test_rows();
        Ok(DataSettings {
            dataset,
            target: args.target.clone(),
            no_header: is_table.then(|| args.no_header.unwrap_or(false)),
            task: is_table.then(|| args.task.unwrap_or_default()),
            ignore: args.ignore.clone(),
            missing: is_table.then(|| args.missing.unwrap_or_default()),
            unknown: is_table.then(|| args.unknown.unwrap_or_default()),
            data_dir: args.data_dir.clone().unwrap_or_else(|| "data".into()),
            limit: args.limit,
            validation_fraction: match args.validation {
                Some(_) => 0.0,
                None => args.validation_fraction.unwrap_or(0.2),
            },
            validation: args.validation.clone(),
            test_fraction: (!has_test_rows && args.test.is_none())
                .then(|| args.test_fraction.unwrap_or(TEST_FRACTION)),
            test: args.test.clone(),
            label_names: args.label_names.clone(),
            transpose: is_idx.then(|| args.transpose.unwrap_or(false)),
            class_weights,
        })
    }
}

impl DataSettings {
    /// Whether each epoch is followed by an evaluation.
    pub(crate) fn has_validation(&self) -> bool {
        self.validation.is_some() || self.validation_fraction > 0.0
    }

    /// The fraction of the data set's own rows that is its test set: 0 where the test rows have a file.
    pub(crate) fn table_test_fraction(&self) -> f64 {
        if self.test.is_some() || !self.dataset.has_no_test_rows() {
            return 0.0;
        }
        self.test_fraction.unwrap_or(TEST_FRACTION)
    }

    /// Checks the fractions of rows.
    fn check(&self) -> Result<()> {
        for (flag, fraction) in [
            ("--validation-fraction", self.validation_fraction),
            ("--test-fraction", self.test_fraction.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&fraction) {
                bail!("{flag} is {fraction}; it must be at least 0 and below 1");
            }
        }
        Ok(())
    }
}

/// Refuses flags that the data set does not use, and asks for those that it needs.
fn refuse_unused(args: &DataArgs, dataset: &Source) -> Result<()> {
    let is_table = matches!(dataset, Source::Csv(_));
    for (flag, given) in [
        ("--target", args.target.is_some()),
        ("--no-header", args.no_header.is_some()),
        ("--task", args.task.is_some()),
        ("--ignore", args.ignore.is_some()),
        ("--missing", args.missing.is_some()),
        ("--unknown", args.unknown.is_some()),
        ("--validation", args.validation.is_some()),
        ("--test", args.test.is_some()),
    ] {
        if given && !is_table {
            bail!("{flag} belongs to csv:FILE data sets; leave it out");
        }
    }
    let is_idx = matches!(dataset, Source::Idx(_));
    for (flag, given) in [
        ("--label-names", args.label_names.is_some()),
        ("--transpose", args.transpose.is_some()),
    ] {
        if given && !is_idx {
            bail!("{flag} belongs to idx: data sets; leave it out");
        }
    }
    if args.test_fraction.is_some() && !dataset.has_no_test_rows() {
        bail!("--test-fraction belongs to data sets without test rows of their own; leave it out");
    }
    if is_table && args.target.is_none() {
        bail!("--dataset {dataset} needs --target COLUMN, the column to predict");
    }
    if matches!(args.class_weights, Some(ClassWeights::Column(_))) && !is_table {
        bail!("--class-weights column:NAME belongs to csv:FILE data sets");
    }
    Ok(())
}

impl NetworkSettings {
    fn resolve(args: &NetworkArgs) -> Result<Self> {
        if args.rename.is_some() && args.from.is_none() {
            bail!("--rename belongs to --from MODEL; add it, or leave --rename out");
        }
        Ok(NetworkSettings {
            hidden: args.hidden.clone().unwrap_or_else(|| vec![128, 64]),
            activation: args.activation.unwrap_or(Activation::LeakyRelu),
            dropout: args.dropout.unwrap_or(0.1),
            from: args.from.clone(),
            rename: args.rename.clone(),
            precision: args.precision.unwrap_or(Precision::F32),
        })
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

impl OptimizerSettings {
    fn resolve(args: &OptimizerArgs) -> Result<Self> {
        use OptimizerKind::{Adam, Nesterov, Rmsprop};

        let optimizer = args.optimizer.unwrap_or(Adam);
        let used_by = |users: &[OptimizerKind], flag: &str, value: Option<f64>, default: f64| {
            let used = users.contains(&optimizer);
            if value.is_some() && !used {
                let names: Vec<&str> = users.iter().map(|user| user.name()).collect();
                let (names, name) = (names.join(" and "), optimizer.name());
                bail!("{flag} belongs to {names}, but the optimizer is {name}; leave it out");
            }
            Ok(used.then(|| value.unwrap_or(default)))
        };
        Ok(OptimizerSettings {
            optimizer,
            learning_rate: args
                .learning_rate
                .unwrap_or_else(|| optimizer.learning_rate()),
            momentum: used_by(&[Nesterov], "--momentum", args.momentum, MOMENTUM)?,
            decay_rate: used_by(&[Rmsprop], "--decay-rate", args.decay_rate, DECAY_RATE)?,
            beta1: used_by(&[Adam], "--beta1", args.beta1, BETA1)?,
            beta2: used_by(&[Adam], "--beta2", args.beta2, BETA2)?,
            epsilon: used_by(&[Adam, Rmsprop], "--epsilon", args.epsilon, EPSILON)?,
            l2: args.l2.unwrap_or(0.0),
            weight_decay: args.weight_decay.unwrap_or(0.0),
            clip: args.clip,
        })
    }

    /// The optimizer with its rate and its constants.
    pub(crate) fn build<T: Scalar>(&self) -> Box<dyn Optimizer<T>> {
        let rate = self.learning_rate;
        let epsilon = self.epsilon.unwrap_or(EPSILON);
        match self.optimizer {
            OptimizerKind::Sgd => Box::new(Sgd::new(rate)),
            OptimizerKind::Nesterov => {
                let momentum = self.momentum.unwrap_or(MOMENTUM);
                Box::new(Nesterov::new(rate).momentum(momentum))
            }
            OptimizerKind::Rmsprop => {
                let decay_rate = self.decay_rate.unwrap_or(DECAY_RATE);
                Box::new(RmsProp::new(rate).decay_rate(decay_rate).epsilon(epsilon))
            }
            OptimizerKind::Adam => {
                let (beta1, beta2) = (self.beta1.unwrap_or(BETA1), self.beta2.unwrap_or(BETA2));
                Box::new(Adam::new(rate).betas(beta1, beta2).epsilon(epsilon))
            }
        }
    }
}

impl TrainingSettings {
    fn resolve(args: &TrainingArgs) -> Result<Self> {
        let schedule = args.schedule.unwrap_or(ScheduleName::OneCycle);
        let is_step = schedule == ScheduleName::Step;
        for (flag, given) in [
            ("--step-every", args.step_every.is_some()),
            ("--step-factor", args.step_factor.is_some()),
        ] {
            if given && !is_step {
                bail!("{flag} belongs to the step schedule; add --schedule step, or leave it out");
            }
        }
        if args.stop_metric.is_some() && args.patience.is_none() {
            bail!(
                "--stop-metric chooses the epoch that --patience goes back to; add --patience EPOCHS, or \
                 leave it out"
            );
        }
        let defaults = TrainConfig::default();
        Ok(TrainingSettings {
            schedule,
            step_every: is_step.then(|| args.step_every.unwrap_or(STEP_EVERY)),
            step_factor: is_step.then(|| args.step_factor.unwrap_or(STEP_FACTOR)),
            epochs: args.epochs.unwrap_or(defaults.epochs),
            batch_size: args.batch_size.unwrap_or(defaults.batch_size),
            patience: args.patience,
            stop_metric: args.patience.map(|_| args.stop_metric.unwrap_or_default()),
        })
    }

    fn schedule(&self) -> Schedule {
        match self.schedule {
            ScheduleName::OneCycle => Schedule::OneCycle,
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Cosine => Schedule::Cosine,
            ScheduleName::Step => Schedule::Step {
                every_epochs: self.step_every.unwrap_or(STEP_EVERY),
                factor: self.step_factor.unwrap_or(STEP_FACTOR),
            },
        }
    }
}
