//! The settings of a run as resolved: every default filled in, as `config.toml` holds them.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backprop_trainer::formats::Rename;
use backprop_trainer::layers::{LayerSpec, dropout, linear};
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, RmsProp, Schedule, Sgd,
};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{StopMetric, TrainConfig};
use serde::{Deserialize, Serialize};

use super::args::{NetworkArgs, OptimizerArgs, TrainArgs, TrainingArgs};
use super::choices::{Activation, LossName, OptimizerKind, Precision, ScheduleName};
use super::data::DataSettings;
use crate::source::Source;

/// The steps that a table is trained for by default, as epochs of a small table are few steps. Chosen
/// on validation rows of small tables, see docs/tables.md.
const TABLE_STEPS: u64 = 2000;
/// The dropout of a table's network by default: tables are small and noisy.
const TABLE_DROPOUT: f64 = 0.3;

// Constants of the step schedule; a rule's are the library's.
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
    /// `None` for the loss that fits the targets.
    pub(crate) loss: Option<LossName>,
    pub(crate) schedule: ScheduleName,
    pub(crate) step_every: Option<u64>,
    pub(crate) step_factor: Option<f64>,
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    pub(crate) patience: Option<u64>,
    /// `None` where there is no patience.
    pub(crate) stop_metric: Option<StopMetric>,
    pub(crate) refit: Option<bool>,
}

impl Settings {
    /// Fills in the defaults, and refuses flags that nothing would use.
    pub(crate) fn resolve(args: &TrainArgs, seed: Option<u64>) -> Result<Self> {
        let data = DataSettings::resolve(&args.data)?;
        Ok(Settings {
            seed: seed.unwrap_or(0),
            network: NetworkSettings::resolve(&args.network, &data.dataset)?,
            data,
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
        if self.training.refit == Some(true) && self.data.validation_fraction == 0.0 {
            bail!(
                "--refit trains on the validation rows too, but --validation-fraction takes none; \
                 leave --refit out"
            );
        }
        self.optimizer.build::<f64>().check()?;
        self.train_config().check()?;
        Ok(())
    }

    /// Fills in what a table's defaults depend on: as many epochs as make [`TABLE_STEPS`] steps, and for
    /// numbers the parameters of the best epoch, which rows that were only validated with tell.
    pub(crate) fn fit_to_table(&mut self, args: &TrainingArgs, rows: usize, is_classes: bool) {
        if args.epochs.is_some() || !matches!(self.data.dataset, Source::Csv(_)) {
            return;
        }
        let training = &mut self.training;
        let steps = rows.div_ceil(training.batch_size.max(1)).max(1) as u64;
        training.epochs = training.epochs.max(TABLE_STEPS.div_ceil(steps));
        if args.patience.is_none() && !is_classes && self.data.has_validation() {
            training.patience = Some(training.epochs);
            training.stop_metric = Some(StopMetric::default());
        }
    }

    /// The trainer's part of the settings.
    pub(crate) fn train_config(&self) -> TrainConfig {
        TrainConfig {
            epochs: self.training.epochs,
            batch_size: self.training.batch_size,
            schedule: self.training.schedule(),
            l2: self.optimizer.l2,
            weight_decay: self.optimizer.added_decay(),
            clip: self.optimizer.clip,
            patience: self.training.patience,
            stop_metric: self.training.stop_metric.unwrap_or_default(),
            seed: self.seed,
        }
    }
}

impl NetworkSettings {
    fn resolve(args: &NetworkArgs, dataset: &Source) -> Result<Self> {
        let default_dropout = match dataset {
            Source::Csv(_) => TABLE_DROPOUT,
            _ => 0.1,
        };
        if args.rename.is_some() && args.from.is_none() {
            bail!("--rename belongs to --from MODEL; add it, or leave --rename out");
        }
        Ok(NetworkSettings {
            hidden: args.hidden.clone().unwrap_or_else(|| vec![128, 64]),
            activation: args.activation.clone().unwrap_or_default(),
            dropout: args.dropout.unwrap_or(default_dropout),
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
            layers.push(self.activation.layer());
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
        let optimizer = args.optimizer.unwrap_or(OptimizerKind::Adam);
        let constant = |name: &str, value: Option<f64>| {
            let default = optimizer.constant(name);
            if value.is_some() && default.is_none() {
                let (users, flag) = (OptimizerKind::users(name), name.replace(' ', "-"));
                let name = optimizer.name();
                bail!("--{flag} belongs to {users}, but the optimizer is {name}; leave it out");
            }
            Ok(value.or(default))
        };
        let own_decay = optimizer.constant("weight decay");
        Ok(OptimizerSettings {
            optimizer,
            learning_rate: args
                .learning_rate
                .unwrap_or_else(|| optimizer.learning_rate()),
            momentum: constant("momentum", args.momentum)?,
            decay_rate: constant("decay rate", args.decay_rate)?,
            beta1: constant("beta1", args.beta1)?,
            beta2: constant("beta2", args.beta2)?,
            epsilon: constant("epsilon", args.epsilon)?,
            l2: args.l2.unwrap_or(0.0),
            weight_decay: args.weight_decay.or(own_decay).unwrap_or(0.0),
            clip: args.clip,
        })
    }

    /// The decoupled decay that the trainer adds to any rule: none where the rule has its own.
    fn added_decay(&self) -> f64 {
        match self.optimizer.constant("weight decay") {
            Some(_) => 0.0,
            None => self.weight_decay,
        }
    }

    /// The optimizer with its rate and its constants.
    pub(crate) fn build<T: Scalar>(&self) -> Box<dyn Optimizer<T>> {
        let rate = self.learning_rate;
        let kind = self.optimizer;
        let constant = |given: Option<f64>, name: &str| {
            // A rule takes its own constants only: what another has is never used.
            given.or_else(|| kind.constant(name)).unwrap_or_default()
        };
        let (beta1, beta2) = (constant(self.beta1, "beta1"), constant(self.beta2, "beta2"));
        let momentum = constant(self.momentum, "momentum");
        let decay_rate = constant(self.decay_rate, "decay rate");
        let epsilon = constant(self.epsilon, "epsilon");
        match kind {
            OptimizerKind::Sgd => Box::new(Sgd::new(rate)),
            OptimizerKind::Momentum => Box::new(Momentum::new(rate).momentum(momentum)),
            OptimizerKind::Nesterov => Box::new(Nesterov::new(rate).momentum(momentum)),
            OptimizerKind::Adagrad => Box::new(AdaGrad::new(rate).epsilon(epsilon)),
            OptimizerKind::Rmsprop => {
                Box::new(RmsProp::new(rate).decay_rate(decay_rate).epsilon(epsilon))
            }
            OptimizerKind::Adam => Box::new(Adam::new(rate).betas(beta1, beta2).epsilon(epsilon)),
            OptimizerKind::Adamw => {
                let adamw = AdamW::new(rate).betas(beta1, beta2).epsilon(epsilon);
                Box::new(adamw.decay(self.weight_decay))
            }
            OptimizerKind::Nadam => Box::new(NAdam::new(rate).betas(beta1, beta2).epsilon(epsilon)),
            OptimizerKind::Lion => Box::new(Lion::new(rate).betas(beta1, beta2)),
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
            loss: args.loss.clone(),
            schedule,
            step_every: is_step.then(|| args.step_every.unwrap_or(STEP_EVERY)),
            step_factor: is_step.then(|| args.step_factor.unwrap_or(STEP_FACTOR)),
            epochs: args.epochs.unwrap_or(defaults.epochs),
            batch_size: args.batch_size.unwrap_or(defaults.batch_size),
            patience: args.patience,
            stop_metric: args.patience.map(|_| args.stop_metric.unwrap_or_default()),
            refit: args.refit,
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
